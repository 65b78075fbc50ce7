"""A reviewer is pointed at what is allowed and unusual."""

import pytest

from partners import review_flags
from tests.partners.samples import read_campuspress, read_quizco


def test_an_ordinary_manifest_has_no_flags():
    assert review_flags(read_quizco()) == ()


def test_what_campuspress_needs_stands_out():
    assert [flag.key for flag in review_flags(read_campuspress())] == [
        "partner.storage_countries",
        "offer[0].item[1].field",
        "offer[0].item[1].forms",
    ]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("duration_days = 180", "duration_days = 181"), "offer[0].duration_days"),
        (("Each time you open a quiz.", "For our newsletter."), "offer[0].frequency"),
        (("The quiz fits your lecture.", "We show ads that fit."), "offer[0].item[1].why.en"),
        (('brand = "QuizCo"', 'brand = "QuizCo Ads"'), "partner.brand"),
        (("QuizCo builds quizzes", "QuizCo sends special offers and builds quizzes"), "offer[0].benefit"),
    ],
)
def test_one_unusual_thing_is_one_flag(change, key):
    assert [flag.key for flag in review_flags(read_quizco(change))] == [key]


def test_a_purpose_under_review_is_pointed_out():
    changes = (
        ('"results_delivery"', '"fraud_prevention"'),
        ("max_duration_days = 366", "max_duration_days = 180"),
    )
    assert [flag.key for flag in review_flags(read_quizco(*changes))] == ["offer[0].item[2].purpose"]


def test_a_text_in_another_script_is_no_reason_for_a_flag():
    assert review_flags(read_quizco(("why = { en =", 'why = { hi = "नाम", en ='))) == ()
