"""Receipts by mail: whoever decides, its person is told, with proof, a way to stop, and no value."""

from urllib.parse import urlsplit

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.consent.receipt_letters import receipt_letters
from gateway.actions.consent.receipts import read_receipt, receipt_keys
from gateway.actions.grant_changes import commit_change
from gateway.actions.operation.upkeep import sweep
from gateway.consent.decisions import Actor, end
from gateway.kit.clock import DAY
from gateway.kit.mail import Letter
from gateway.model.grants import ActorKind, EventType, ReasonCode
from gateway.store.consent.grants import find_grants
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of, grant_id
from tests.gateway.web.consent.test_receipts import signed
from tests.gateway.web.guardians.test_requests import (
    BEN,
    EMAIL,
    LAKSHMI,
    MEERA,
    allow,
    say,
    second_guardian,
    wish,
)
from tests.world import PERSONAL_VALUES, QUIZCO_REDIRECT, World

PHONE = "phone_number.appointment_reminders"
ASHA = "asha@lakeside.example"


def check(world: World, letter: Letter, event: EventType) -> None:
    """A letter holds its event's signed receipt, and no value."""
    assert letter.attachment is not None
    content = read_receipt(letter.attachment.content.decode(), receipt_keys(world.services))
    assert content["event"] == event
    assert not [each for each in PERSONAL_VALUES if each in letter.text + letter.subject]


def last(world: World, to: str = ASHA) -> Letter:
    """Give the letter that came last. Those of one turn go out together, so each is looked at before the next step."""
    return [each for each in world.letters.letters if each.to == to][-1]


def stop_link(letter: Letter) -> str:
    (line,) = [each for each in letter.text.splitlines() if "/stop/gra_" in each]
    return line


def test_a_yes_comes_with_its_items_and_a_link_that_stops_without_signing_in(each_world: World) -> None:
    tokens = each_world.tokens(PHONE)
    letter = last(each_world)
    check(each_world, letter, EventType.GIVEN)
    assert "- Phone (last two digits): " in letter.text
    assert "QuizCo" in letter.subject
    browser = each_world.browser()
    page = browser.open(stop_link(letter))
    browser.submit(page, urlsplit(page.url).path)
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    check(each_world, last(each_world), EventType.WITHDRAWN)
    assert "/stop/" not in last(each_world).text


def test_every_change_is_told_and_a_no_thanks_is_not(each_world: World) -> None:
    each_world.tokens(PHONE)
    check(each_world, last(each_world), EventType.GIVEN)
    browser = each_world.signed_in()
    page = detail_of(browser)
    off = next(form for form in page.forms if "/off/phone_number/" in form.action)
    browser.submit(page, off.action)
    check(each_world, last(each_world), EventType.NARROWED)
    assert "Phone" not in last(each_world).text
    for name, event in (("pause", EventType.PAUSED), ("resume", EventType.RESUMED)):
        page = detail_of(browser)
        browser.submit(page, next(each.action for each in page.forms if each.action.endswith(f"/{name}")))
        check(each_world, last(each_world), event)
    count = len(each_world.letters.letters)
    ben = each_world.signed_in("ben@lakeside.example")
    ben.submit(each_world.ask(ben), "/consent", {}, button="refuse", stop_at=QUIZCO_REDIRECT)
    assert len(each_world.letters.letters) == count


def test_an_administrators_stop_and_times_own_are_told(world: World) -> None:
    world.tokens(PHONE)
    check(world, last(world), EventType.GIVEN)
    grant = world.run(world.services.store.read, find_grants, grant_id(world))
    actor = Actor(ActorKind.ADMIN, world.person_id("officer@platform.example"), "admin_page")
    outcome = end(grant, actor, ReasonCode.PHONE_REQUEST, now=world.clock(), ids=world.services.ids)
    world.run(commit_change, world.services, outcome, ReasonCode.PHONE_REQUEST)
    check(world, last(world), EventType.REVOKED)
    assert "An administrator decided this." in last(world).text
    world.tokens(PHONE)
    check(world, last(world), EventType.GIVEN)
    world.clock.pass_by(400 * DAY)
    world.run(sweep, world.services)
    check(world, last(world), EventType.EXPIRED)
    assert "Nobody pressed anything" in last(world).text


def test_a_letter_speaks_the_language_of_the_decision(world: World) -> None:
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "hi"})
    world.share(browser, world.ask(browser), PHONE)
    browser.submit(browser.open("/"), "/language", {"language": "kn"})
    assert "आपकी रसीद" in last(world).subject
    assert world.services.registry.offers["practice-quizzes"].notices.keys() >= {"hi"}


def test_a_childs_question_reaches_each_guardian_and_the_answer_the_child(each_world: World) -> None:
    second_guardian(each_world)
    wish(each_world, EMAIL)
    asked = list(each_world.letters.letters)
    assert {each.to for each in asked} == {LAKSHMI, BEN}
    assert all("/guardian/gra_" in each.text and each.attachment is None for each in asked)
    assert not [value for each in asked for value in PERSONAL_VALUES if value in each.text + each.subject]
    allow(each_world)
    words_of = {MEERA: "Your guardian decided this.", LAKSHMI: "for a child whose guardian you are"}
    for to, words in words_of.items():
        check(each_world, last(each_world, to), EventType.GIVEN)
        assert words in last(each_world, to).text
    assert last(each_world, BEN).attachment is None


def test_a_wish_that_waits_names_no_last_day(world: World) -> None:
    """Its time begins with the guardian's yes; what a child takes back of it is told all the same."""
    child = wish(world, EMAIL)
    detail = child.open(child.open("/connected").link("/connected/gra_"))
    child.submit(detail, f"/off/{EMAIL.replace('.', '/')}")
    check(world, last(world, MEERA), EventType.NARROWED)
    assert "It ends on" not in last(world, MEERA).text
    assert "/stop/gra_" in last(world, MEERA).text


def test_a_guardians_no_is_told_to_the_child(world: World) -> None:
    wish(world, EMAIL)
    say(world, "deny")
    check(world, last(world, MEERA), EventType.REFUSED)
    assert "The answer is no" in last(world, MEERA).text


def test_whoever_was_erased_gets_no_letter_any_more(world: World) -> None:
    world.tokens(PHONE)
    event_id = rows(world, "SELECT event_id FROM consent_event")[0][0]
    wish(world, EMAIL)
    (question,) = rows(world, "SELECT event_id FROM consent_event WHERE type = 'asked'")[0]
    world.run(erase_person, world.services, "cli", ASHA)
    world.run(erase_person, world.services, "cli", LAKSHMI)
    assert world.letters.letters == []
    assert world.run(receipt_letters, world.services, event_id) == []
    assert world.run(receipt_letters, world.services, question) == []
    assert world.run(receipt_letters, world.services, "evt_unknown") == []


def test_a_receipt_that_was_seen_before_is_the_one_that_is_sent(world: World) -> None:
    world.tokens(PHONE)
    seen = signed(world.signed_in())
    sent = last(world).attachment
    assert sent is not None
    assert sent.content.decode() == seen.strip()
