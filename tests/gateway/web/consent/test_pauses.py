"""Every pause names who and why, since when and the way on: on the page, in its history, in a letter (P4, P9, P17)."""

import re
from collections.abc import Callable, Mapping

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.grants.pauses import PAUSE_WORDS
from gateway.actions.guardians.ages import look_at_person
from gateway.actions.operation.upkeep import sweep
from gateway.actions.partners.ends import end_partner
from gateway.cli.browser import Page
from gateway.consent.locks import Hold
from gateway.consent.pauses import BRAKE_CAUSES, CAUSES, ON_RECORD, PauseCause
from gateway.model.administration.actions import BRAKES, BRAKES_OFF, GATE_CLOSES, GATE_OPENS
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from gateway.model.people import Role
from gateway.store.admin_actions import load_pause_acts
from gateway.store.consent.grants import HeldPage, load_held_page
from gateway.web.consent.consent_views import STATES
from gateway.web.consent.event_views import ACT_WORDS, CAUSE_WORDS
from tests.gateway.store.samples import act
from tests.gateway.web.consent.test_consent import closed
from tests.gateway.web.consent.test_consents import PHONE
from tests.gateway.web.guardians.test_requests import LAKSHMI, MEERA, THIRTEEN
from tests.protocol.test_paused_is_not_stopped import (
    ASHA,
    WAYS,
    Case,
    Way,
    a_birthday,
    an_age_corrected,
    complaints,
    no_guardian,
    opted_in,
    the_brake,
    the_brake_is_off,
    the_person,
    the_school,
    the_school_opens,
    the_school_wants_to_be_asked,
)
from tests.races.test_contacts import session
from tests.world import World


def said(page: Page) -> str:
    """The page's words, without the marks that keep foreign text and days together."""
    return re.sub(r"\s+([.,])", r"\1", re.sub(r"\s+", " ", page.text))


def look(case: Case) -> str:
    return said(case.browser.open(f"/connected/{case.grant_id}"))


def by_the_school(case: Case) -> None:
    closed(case.world, "deny")


def by_an_end(case: Case) -> None:
    administrator = Administrator(case.world.person_id("admin@platform.example"), Role.PLATFORM_ADMIN)
    case.world.run(end_partner, case.world.services, administrator, "quizco", ReasonCode.PARTNER_BREACH)


TOLD_BY: Mapping[Callable[[Case], None], Callable[[Case], None]] = {
    the_school: by_the_school,
    the_school_wants_to_be_asked: by_the_school,
}
"""Acts that a test elsewhere does behind the gateway's back, done as an administrator does them."""
WORDS: dict[str, tuple[PauseCause, str]] = {
    "the_person": (PauseCause.YOU, "Paused"),
    "new_terms_swept": (PauseCause.TERMS, "Paused"),
    "the_brake": (PauseCause.BRAKE, "Paused for everybody"),
    "complaints": (PauseCause.COMPLAINTS, "people complained about advertising"),
    "by_an_end": (PauseCause.ENDING, "end was announced"),
    "by_the_school": (PauseCause.SCHOOL, "Closed to your school's members"),
    "new_terms": (PauseCause.TERMS, "The terms changed"),
    "uses": (PauseCause.USES, "Read as often as was allowed"),
    "a_childs_wish": (PauseCause.WISH, "The guardian was asked"),
    "no_guardian": (PauseCause.GUARDIANS, ""),
    "an_age_corrected": (PauseCause.BASIS, "A guardian decides from now on"),
    "a_birthday": (PauseCause.AGE, ""),
}
"""By each way of holding back: who does it, and what stands in *What was decided*, where it has a time at all."""
ALL = [
    *(
        Way(TOLD_BY.get(way.begin, way.begin), way.lift, way.whose, way.duration)
        for hold, ways in WAYS.items()
        for way in ways
        # Nobody signs in to read it: a letter of its own tells, tests/gateway/web/administration/test_person.py.
        if hold is not Hold.ACCOUNT
    ),
    Way(by_an_end, the_brake_is_off),
]


def test_every_cause_has_its_words_and_every_hold_its_causes() -> None:
    assert set(CAUSES) == set(Hold)
    assert set(BRAKE_CAUSES) == BRAKES
    assert set().union(*CAUSES.values()) == set(PAUSE_WORDS) == set(STATES) == set(PauseCause)
    assert set(CAUSE_WORDS) == set().union(*(CAUSES[hold] for hold in Hold if hold not in ON_RECORD))
    assert set(ACT_WORDS) == BRAKES | BRAKES_OFF | GATE_CLOSES | GATE_OPENS | {"let_ask_again"}
    assert {cause for cause, _ in WORDS.values()} == set(PauseCause) - CAUSES[Hold.ACCOUNT]


@pytest.mark.parametrize("way", [pytest.param(way, id=way.begin.__name__) for way in dict.fromkeys(ALL)])
def test_a_pause_says_who_and_why_since_when_and_the_way_on(world: World, way: Way) -> None:
    if way.begin is a_birthday:
        world.clock.now = THIRTEEN - 30
    case = opted_in(world, way.whose, duration=way.duration)
    world.letters.letters.clear()
    if way.begin not in (a_birthday, complaints):
        world.clock.pass_by(60)
    way.begin(case)
    cause, decided = WORDS[way.begin.__name__]
    why, on = (words.template % {"brand": "QuizCo"} for words in PAUSE_WORDS[cause])
    page = look(case)
    assert why in page
    assert on in page
    assert "nothing is shared" in page.lower()
    assert why in said(case.browser.open("/connected"))
    if decided:
        assert "Since" in page
        assert decided in page.partition("What was decided")[2]
    if way.begin in (no_guardian, an_age_corrected):
        # Done behind the gateway's back; how each is told stands below.
        return
    world.run(sweep, world.services)
    told = [each.text for each in world.letters.letters if why in each.text and on in each.text]
    assert len(told) == (2 if way.begin is complaints else 1), [each.text for each in world.letters.letters]


def test_what_went_on_again_before_the_letter_left_is_told_by_none(world: World) -> None:
    case = opted_in(world, ASHA)
    world.letters.letters.clear()
    the_brake(case)
    the_brake_is_off(case)
    assert world.letters.letters == []
    decided = look(case).partition("What was decided")[2]
    assert decided.index("The partner goes on") < decided.index("Paused for everybody")


def test_a_schools_own_gate_is_told_and_no_other_schools(world: World) -> None:
    case = opted_in(world, ASHA)
    the_school(case)
    the_school_opens(case)
    assert world.store(load_pause_acts, ("quizco", "lakeside")) == []
    by_the_school(case)
    assert [each.action for each in world.store(load_pause_acts, ("quizco", "lakeside"))] == ["gate_deny"]
    assert world.store(load_pause_acts, ("quizco", "northfield")) == []


def test_a_child_whose_guardian_is_erased_is_told(world: World) -> None:
    case = opted_in(world, MEERA)
    world.letters.letters.clear()
    world.run(erase_person, world.services, "cli", LAKSHMI)
    (letter,) = [each for each in world.letters.letters if "No guardian of yours" in each.text]
    assert letter.to == MEERA
    assert f"/connected/{case.grant_id}" in letter.text


def test_letters_go_out_page_after_page(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many people there are: each page puts the next one into the outbox."""
    monkeypatch.setattr(HeldPage.__init__, "__defaults__", ("", "", "", "", 1))
    for email in (ASHA, "ben@lakeside.example", "aoife@northfield.example"):
        each_world.tokens(email=email)
    each_world.letters.letters.clear()
    case = Case(each_world, each_world.browser(), "", {}, "")
    by_the_school(case)
    readers = [each.to for each in each_world.letters.letters if "does not allow QuizCo" in each.text]
    assert sorted(readers) == [ASHA, "ben@lakeside.example"]
    assert len(each_world.store(load_held_page, HeldPage(partner_id="quizco", limit=9))) == 3


def test_a_letter_about_what_is_gone_says_nothing(world: World) -> None:
    """The account is erased between the act and the letter."""
    case = opted_in(world, ASHA)
    the_brake(case)
    act(world, "UPDATE letter SET next_at = next_at + 5")
    world.run(erase_person, world.services, "cli", ASHA)
    world.letters.letters.clear()
    world.clock.pass_by(10)
    assert [each for each in world.letters.letters if each.to == ASHA] == []


def test_somebody_who_is_found_to_be_a_child_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The date of birth was corrected: what was allowed without a guardian waits."""
    opted_in(world, ASHA)
    world.letters.letters.clear()
    monkeypatch.setattr("gateway.actions.guardians.ages.needs_guardian", lambda *_: True)
    world.run(look_at_person, world.services, session(world, ASHA).person)
    (letter,) = world.letters.letters
    assert "By your date of birth, a guardian decides with you." in letter.text


def test_what_is_switched_off_meanwhile_is_not_called_readable(world: World) -> None:
    case = opted_in(world, ASHA, item=PHONE)
    the_person(case)
    world.letters.letters.clear()
    case.press(f"/off/{PHONE.replace('.', '/')}")
    (letter,) = world.letters.letters
    assert "Something was switched off. Nothing is shared for now." in letter.text
    assert "can still read" not in letter.text
