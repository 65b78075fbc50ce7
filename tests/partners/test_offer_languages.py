"""The words of an offer in several languages: read, refused, weighed, and listed for the reviewer."""

import dataclasses

import pytest

from partners import diff_offers, offer_content, offer_from_content
from partners.review.free_texts import free_texts
from tests.partners.samples import faults_of, read_quizco

OFFER = read_quizco().offers[0]


def test_a_reader_gets_what_is_there_in_their_language_and_the_rest_as_it_is() -> None:
    hindi = OFFER.in_language("hi")
    assert (hindi.name, hindi.frequency) == (OFFER.names["hi"], OFFER.frequencies["hi"])
    assert OFFER.in_language("en") == OFFER
    some = dataclasses.replace(OFFER, benefits={}).in_language("kn")
    assert (some.name, some.benefit) == (OFFER.names["kn"], OFFER.benefit)
    assert OFFER.own_language == "en"
    assert dataclasses.replace(OFFER, language="hi").own_language == "hi"
    assert offer_from_content(offer_content(OFFER)) == OFFER


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        (('names = { hi = "', 'names = { en = "'), "offer[0].names.en", "own language: write it as name"),
        (('frequency = "Each time you open a quiz."\n', ""), "offer[0].frequencies", "there is no frequency"),
        (('names = { hi = "', 'language = "fr"\nnames = { hi = "'), "offer[0].language", "is not known"),
        (('names = { hi = "', 'language = 1\nnames = { hi = "'), "offer[0].language", "text in quotes"),
        (('names = { hi = "', 'names = { zz = "'), "offer[0].names.zz", "is not known"),
        (('hi = "जब भी', 'hi = "\\u202eजब भी'), "offer[0].frequencies.hi", "invisible or control"),
    ],
)
def test_a_text_stands_once_and_has_something_that_it_translates(
    change: tuple[str, str], key: str, words: str
) -> None:
    assert words in faults_of(read_quizco, change)[key]


def test_a_translation_that_comes_is_no_new_term_and_another_frequency_is_one() -> None:
    bare = dataclasses.replace(OFFER, names={}, benefits={}, frequencies={})
    came = diff_offers(bare, OFFER)
    assert {each.key: each.material for each in came} == dict.fromkeys(
        ("names", "benefits", "frequencies"), False
    )
    oftener = dataclasses.replace(OFFER, frequencies=OFFER.frequencies | {"hi": "हर घंटे।"})
    assert [(each.key, each.material) for each in diff_offers(OFFER, oftener)] == [("frequencies", True)]
    assert [each.material for each in diff_offers(OFFER, dataclasses.replace(OFFER, frequencies={}))] == [
        False
    ]
    assert [
        each.material for each in diff_offers(OFFER, dataclasses.replace(OFFER, names={}, language="hi"))
    ] == [
        False,
        False,
    ]


def test_the_reviewer_reads_each_text_in_each_language() -> None:
    keys = [each.key for each in free_texts(read_quizco())]
    for name in ("names", "benefits", "frequencies"):
        for language in ("hi", "kn"):
            assert f"offer[0].{name}.{language}" in keys
