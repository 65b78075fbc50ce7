"""What a partner writes is published when somebody has ticked that they have read it, and never before (promise P1)."""

import json

import pytest

from gateway.actions.partners.go_live import approve_partner
from gateway.actions.partners.review import ReadTexts, UnreadTextsError
from gateway.model.administration.waiting import Administrator
from gateway.store.partners.partners import publish_manifests
from partners import free_texts, texts_digest
from tests.gateway.actions.partners.test_partners import approve_as, see, texts_read
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_pages import all_read, as_, submit
from tests.gateway.web.administration.test_waiting import open_first, staff
from tests.gateway.web.partners.test_go_live import is_live, with_two
from tests.partners.samples import read_quizco
from tests.world import World

HERE = "/admin/partners/quizco"
SPONSORED = ("QuizCo builds quizzes", "Special offers of our spоnsors: QuizCo builds quizzes")
"""With a Cyrillic letter in *sponsors*."""


@pytest.fixture
def sponsored(each_world: World) -> World:
    submit(each_world, SPONSORED)
    return each_world


def test_a_reviewer_sees_each_word_with_its_place_and_language(sponsored: World) -> None:
    page = as_(sponsored, "manager").open(HERE)
    for words in (
        "“Special offers” (en, 1)",
        "“spоnsors” (en, 23)",
        "offer[0].benefit",
        "QuizCo Learning Limited",
    ):
        assert words in page.text, words
    assert ("text", "offer[0].benefit") in page.form("/approve").choices
    assert [name for name, _ in page.form("/approve").choices] == ["text", "texts"]


def test_nothing_is_published_until_every_text_is_ticked(sponsored: World) -> None:
    """Each that has words of marketing by itself, and all of them together; what was ticked stays ticked."""
    browser = as_(sponsored, "manager")
    page = browser.open(HERE)
    boxes = all_read(page)
    for ticked in ({}, {"texts": boxes["texts"]}, {"text": boxes["text"]}, {**boxes, "texts": ["0" * 64]}):
        answer = browser.submit(page, "/approve", ticked)
        assert answer.status == 422
        assert "tick that you have" in answer.text
        kept = {(name, value) for name, value in answer.form("/approve").fields if name in boxes}
        sound = {name: found for name, found in ticked.items() if found != ["0" * 64]}
        assert kept == {(name, value) for name, values in sound.items() for value in values}
    assert not is_live(sponsored)
    assert "Approved: manifest 2" in browser.submit(page, "/approve", boxes).text
    assert is_live(sponsored)


def test_the_act_holds_the_digest_of_what_was_read(sponsored: World) -> None:
    page = as_(sponsored, "manager").open(HERE)
    as_(sponsored, "manager").open(HERE)
    browser = as_(sponsored, "manager")
    browser.submit(browser.open(HERE), "/approve", all_read(page))
    ((detail,),) = rows(sponsored, "SELECT detail FROM admin_action WHERE action = 'approve_partner'")
    kept = json.loads(detail)
    assert kept["texts"] == all_read(page)["texts"][0]
    assert kept["flagged"] == 1


def test_each_of_two_administrators_reads(sponsored: World) -> None:
    """The second one's yes is none without the ticks either, and both are on record with what they read."""
    with_two(sponsored)
    first, second = as_(sponsored, "manager"), as_(sponsored, "admin")
    first.submit(first.open(HERE), "/approve", all_read(first.open(HERE)))
    assert second.submit(second.open(HERE), "/approve").status == 422
    assert not is_live(sponsored)
    page = second.open(HERE)
    texts = all_read(page)["texts"][0]
    second.submit(page, "/approve", all_read(page))
    assert is_live(sponsored)
    ((asked,),) = rows(sponsored, "SELECT content FROM waiting_act")
    ((done,),) = rows(sponsored, "SELECT detail FROM admin_action WHERE action = 'approve_partner'")
    assert json.loads(asked)["texts"] == json.loads(done)["texts"] == texts


def test_who_agrees_elsewhere_sees_the_words_too(sponsored: World) -> None:
    """On the page of what waits; what was asked for before anybody ticked texts does not go live."""
    with_two(sponsored)
    approve_as(sponsored, staff(sponsored, "manager"), 2)
    officer = as_(sponsored, "officer")
    page = open_first(officer)
    assert "offer[0].benefit: “Special offers” (en, 1)" in page.text
    ((act_id, content),) = rows(sponsored, "SELECT act_id, content FROM waiting_act")
    older = {name: value for name, value in json.loads(content).items() if name not in ("texts", "flagged")}
    act(
        sponsored,
        "UPDATE waiting_act SET content = :content WHERE act_id = :own",
        content=json.dumps(older, sort_keys=True, separators=(",", ":")),
        own=act_id,
    )
    assert officer.submit(page, "/approve").status == 409
    assert not is_live(sponsored)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("read", [ReadTexts(""), ReadTexts("0" * 64, frozenset({"offer[0].benefit"}))])
def test_no_way_to_approve_goes_without(sponsored: World, read: ReadTexts) -> None:
    """Page and command call the same action."""
    who = Administrator("cli")
    with pytest.raises(UnreadTextsError):
        sponsored.run(lambda: approve_partner(sponsored.services, who, "quizco", 2, read=read))
    assert not is_live(sponsored)


def test_one_action_publishes(sponsored: World) -> None:
    """Whatever hands a manifest in, registration too, only this one takes it live."""
    import pathlib

    import gateway

    users = [
        str(each.relative_to(pathlib.Path(gateway.__file__).parent))
        for each in sorted(pathlib.Path(gateway.__file__).parent.rglob("*.py"))
        if publish_manifests.__name__ in each.read_text()
    ]
    assert users == ["actions/partners/go_live.py", "store/partners/partners.py"]


def test_the_digest_names_each_text_at_its_place(world: World) -> None:
    quizco = free_texts(read_quizco())
    assert texts_digest(quizco) != texts_digest(quizco[::-1])
    assert texts_digest(quizco) != texts_digest(free_texts(read_quizco(SPONSORED)))
    submit(world, SPONSORED)
    review = see(world).review
    assert review
    assert texts_read(world).digest == review.digest
