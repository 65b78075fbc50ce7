"""Contacts between people: each gives separately, sees only what is given, and no longer than it is (promise P2)."""

import asyncio
import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.authentication.sessions import login_index
from gateway.actions.contacts.giving import OFFERED
from gateway.actions.contacts.overview import ContactLine, ContactList, see_contact, see_contacts
from gateway.actions.contacts.steps import accept_contact, change_contact, end_contact, refuse_contact
from gateway.actions.contacts.views import SeenValue, view_contact
from gateway.actions.contacts.wishes import REFILL, WISHES, ask_contact
from gateway.kit.errors import Refusal
from gateway.model.contacts import COOL_OFF, WAITS, ContactEventType, ContactState, GivenItem, Side
from gateway.model.people import Session
from gateway.store.accounts.logins import load_logins
from gateway.store.contacts.wishes import forget_lapsed
from scopes import Form
from tests.gateway.store.samples import act, rows
from tests.world import World

ASHA, BEN, AOIFE = "asha@lakeside.example", "ben@lakeside.example", "aoife@northfield.example"
EMAIL = GivenItem("email", Form.FULL)
MASKED = GivenItem("email", Form.MASKED)
PHONE = GivenItem("phone_number", Form.FULL)


class Two:
    """Asha and Ben, who act through their sessions."""

    def __init__(self, world: World) -> None:
        self.world = world

    def session(self, email: str) -> Session:
        login = self.world.store(load_logins, login_index(self.world.services, email))
        assert login is not None
        now = self.world.clock()
        return Session(
            session_digest=b"s",
            person=login.person,
            created_at=now,
            auth_time=now,
            last_seen_at=now,
        )

    def do(self, action: Callable[..., Any], email: str, *words: Any) -> Any:
        return self.world.run(action, self.world.services, self.session(email), *words)

    def ask(self, whom: str = BEN, items: Iterable[GivenItem] = (EMAIL,), by: str = ASHA) -> Any:
        return self.do(ask_contact, by, whom, items, "en")

    def listed(self, email: str) -> ContactList:
        found: ContactList = self.do(see_contacts, email)
        return found

    def wish(self, email: str = BEN) -> str:
        [line] = self.listed(email).to_answer
        return line.contact_id

    def meet(self, *gives: GivenItem) -> str:
        """Make a live contact in which Ben gives these items and Asha her e-mail."""
        assert self.ask() is None
        contact_id = self.wish()
        self.do(accept_contact, BEN, contact_id, gives, "en")
        return contact_id

    def view(self, email: str, contact_id: str) -> tuple[SeenValue, ...]:
        seen: tuple[SeenValue, ...] = self.do(view_contact, email, contact_id)
        return seen


@pytest.fixture
def two(each_world: World) -> Two:
    return Two(each_world)


def refused(two: Two, action: Callable[..., Any], email: str, *words: Any) -> str:
    with pytest.raises(Refusal) as caught:
        two.do(action, email, *words)
    return caught.value.code


def test_each_sees_what_the_other_gives_and_nothing_else(two: Two) -> None:
    contact_id = two.meet(MASKED, PHONE)
    [line] = two.listed(ASHA).live
    assert (line.name, line.own, line.given, line.got) == (
        "Ben Okafor",
        Side.ASKER,
        (EMAIL,),
        (MASKED, PHONE),
    )
    [line] = two.listed(BEN).live
    assert (line.name, line.own, line.given, line.got) == ("Asha Rao", Side.ASKED, (MASKED, PHONE), (EMAIL,))
    assert two.view(BEN, contact_id) == (SeenValue(EMAIL, ASHA),)
    seen = {each.item: each.text for each in two.view(ASHA, contact_id)}
    assert seen.keys() == {MASKED, PHONE}
    assert seen[MASKED] is not None
    assert seen[MASKED] != BEN


def test_a_wish_gives_nothing_until_it_is_accepted(two: Two) -> None:
    assert two.ask() is None
    [line] = two.listed(ASHA).asked
    assert (line.name, line.state, line.until) == (BEN, ContactState.WAITING, two.world.clock() + WAITS)
    contact_id = two.wish()
    [line] = two.listed(BEN).to_answer
    assert (line.name, line.got) == ("Asha Rao", (EMAIL,))
    for email in (ASHA, BEN):
        assert refused(two, view_contact, email, contact_id) == "stale_form"
    assert rows(two.world, "SELECT count(*) FROM contact_view") == [(0,)]


def test_a_change_and_an_end_count_at_the_next_look(two: Two) -> None:
    contact_id = two.meet(EMAIL)
    two.do(change_contact, BEN, contact_id, [PHONE], "kn")
    assert [each.item for each in two.view(ASHA, contact_id)] == [PHONE]
    two.do(change_contact, BEN, contact_id, [], "en")
    assert two.view(ASHA, contact_id) == ()
    two.do(end_contact, ASHA, contact_id, "en")
    assert refused(two, view_contact, ASHA, contact_id) == "stale_form"
    assert refused(two, change_contact, BEN, contact_id, [EMAIL], "en") == "stale_form"
    # Ending what has ended is done already.
    two.do(end_contact, BEN, contact_id, "en")
    for email in (ASHA, BEN):
        [line] = two.listed(email).over
        assert (line.state, line.given, line.got) == (ContactState.ENDED, (), ())


def test_both_see_every_decision_and_every_look(two: Two) -> None:
    contact_id = two.meet(EMAIL)
    two.world.clock.pass_by(5)
    two.view(ASHA, contact_id)
    for email in (ASHA, BEN):
        page = two.do(see_contact, email, contact_id)
        assert [each.type for each in page.events] == [ContactEventType.ACCEPTED, ContactEventType.ASKED]
        [look] = page.views
        assert (look.giver, look.viewer_id, look.at) == (
            Side.ASKED,
            two.world.person_id(ASHA),
            two.world.clock(),
        )
        assert page.is_fresh
    assert refused(two, see_contact, AOIFE, contact_id) == "not_found"
    assert refused(two, see_contact, ASHA, "con_none") == "not_found"


# Nobody learns who uses the service


def the_same_everywhere(two: Two, *addresses: str) -> None:
    """Ask each address and hold everything that the asker can see against what the first one shows."""
    shown, since = [], two.world.clock()
    for address in addresses:
        assert two.ask(address) is None
        assert two.ask(address) == "You have asked this address already, or you are in contact."
        [line] = [each for each in two.listed(ASHA).asked if each.name == address]
        page = two.do(see_contact, ASHA, line.contact_id)
        shown.append((without_names(line), page.views, [(each.type, each.side) for each in page.events]))
    assert all(each == shown[0] for each in shown)
    two.world.clock.pass_by(WAITS)
    over = [each for each in two.listed(ASHA).over if each.since == since]
    assert sorted(each.name for each in over) == sorted(addresses)
    assert len({without_names(each) for each in over}) == 1


def without_names(line: ContactLine) -> tuple[object, ...]:
    return (line.own, line.state, line.given, line.got, line.since, line.until)


def test_a_stranger_a_child_and_a_no_look_alike(two: Two) -> None:
    """P2: nobody with this address; somebody; under age; who said no; whose account was closed."""
    act(
        two.world,
        "UPDATE person SET needs_guardian = TRUE WHERE person_id = :person",
        person=two.world.person_id(AOIFE),
    )
    two.world.run(erase_person, two.world.services, "cli", "lakshmi@lakeside.example")
    assert two.ask() is None
    two.do(refuse_contact, BEN, two.wish(), "en")
    assert two.listed(BEN) == ContactList(True, (), (), (), ())
    [line] = two.listed(ASHA).asked
    two.do(end_contact, ASHA, line.contact_id, "en")
    two.world.clock.pass_by(1)
    the_same_everywhere(two, BEN, "nobody@nowhere.example", AOIFE, "lakshmi@lakeside.example")
    # The wish after the "no" did not reach him, nor did the child get one.
    assert two.listed(BEN).to_answer == ()
    assert rows(two.world, "SELECT count(*) FROM contact WHERE asked_id IS NOT NULL") == [(1,)]


def test_a_wish_that_meets_a_no_waits_like_any_other(two: Two) -> None:
    assert two.ask() is None
    [before] = two.listed(ASHA).asked
    two.do(refuse_contact, BEN, before.contact_id, "en")
    assert two.listed(ASHA).asked == (before,)
    page = two.do(see_contact, ASHA, before.contact_id)
    assert [each.type for each in page.events] == [ContactEventType.ASKED]
    two.world.clock.pass_by(WAITS)
    assert two.listed(ASHA).asked == ()
    two.world.clock.pass_by(COOL_OFF - WAITS + 1)
    assert two.ask() is None
    assert two.wish()


def test_it_takes_as_many_statements_for_somebody_as_for_nobody(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert steps_of(two, BEN, monkeypatch) == steps_of(two, "nobody@nowhere.example", monkeypatch) > 3


def steps_of(two: Two, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    from sqlalchemy import event as events
    from sqlalchemy.engine import Engine

    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    from gateway.store.engine import statements
    from gateway.store.engine.driver import fetch

    def noted(*words: Any) -> Any:
        note()
        return fetch(*words)

    monkeypatch.setattr(statements, "fetch", noted)
    events.listen(Engine, "before_cursor_execute", note)
    try:
        assert two.ask(address) is None
    finally:
        events.remove(Engine, "before_cursor_execute", note)
        monkeypatch.undo()
    return count


# What cannot be


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    "address", ["", "ben", "ben@", "b\u202een@lakeside.example", "a" * 300 + "@x.example"]
)
def test_what_is_no_address_is_told(two: Two, address: str) -> None:
    assert two.ask(address) == "This is not an e-mail address."
    assert rows(two.world, "SELECT count(*) FROM contact") == [(0,)]


def test_nobody_is_their_own_contact(two: Two) -> None:
    assert two.ask(ASHA) == "This is your own address."
    assert two.ask(ASHA.upper()) == "This is your own address."


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    "items",
    [
        [GivenItem("email", Form.RELAY)],
        [GivenItem("birthdate", Form.FULL)],
        [GivenItem("course", Form.FULL)],
        [MASKED, EMAIL],
        [EMAIL, EMAIL],
    ],
)
def test_what_cannot_be_given_is_refused(two: Two, items: list[GivenItem]) -> None:
    contact_id = two.meet(EMAIL)
    assert refused(two, ask_contact, ASHA, AOIFE, items, "en") == "bad_form"
    assert refused(two, change_contact, BEN, contact_id, items, "en") == "bad_form"
    assert EMAIL in OFFERED


def test_asking_is_slowed_down(two: Two) -> None:
    for number in range(WISHES):
        assert two.ask(f"somebody{number}@nowhere.example") is None
    assert refused(two, ask_contact, ASHA, "one@nowhere.example", (), "en") == "too_many_attempts"
    two.world.clock.pass_by(REFILL)
    assert two.ask("one@nowhere.example") is None


def test_the_wrong_side_decides_nothing(two: Two) -> None:
    assert two.ask() is None
    contact_id = two.wish()
    assert refused(two, accept_contact, ASHA, contact_id, (), "en") == "stale_form"
    assert refused(two, refuse_contact, ASHA, contact_id, "en") == "stale_form"
    assert refused(two, change_contact, ASHA, contact_id, (), "en") == "stale_form"
    assert refused(two, end_contact, BEN, contact_id, "en") == "stale_form"
    for action, words in ((accept_contact, ((), "en")), (refuse_contact, ("en",)), (end_contact, ("en",))):
        assert refused(two, action, AOIFE, contact_id, *words) == "not_found"
    assert refused(two, view_contact, AOIFE, contact_id) == "not_found"


def test_a_wish_that_ran_out_or_was_taken_back_cannot_be_accepted(two: Two) -> None:
    assert two.ask() is None
    contact_id = two.wish()
    two.world.clock.pass_by(WAITS)
    assert two.listed(BEN).to_answer == ()
    assert refused(two, accept_contact, BEN, contact_id, (), "en") == "stale_form"
    assert two.world.store(forget_lapsed, two.world.clock()) == 1
    assert two.world.store(forget_lapsed, two.world.clock()) == 0
    assert two.ask() is None
    contact_id = two.wish()
    two.do(end_contact, ASHA, contact_id, "en")
    assert refused(two, accept_contact, BEN, contact_id, (), "en") == "stale_form"
    assert refused(two, see_contact, BEN, contact_id) == "not_found"


def test_who_asks_somebody_that_asks_them_has_to_answer_instead(two: Two) -> None:
    """So that two people have one contact and each decides in it; it tells nothing that the list does not."""
    assert two.ask() is None
    assert (
        two.ask(ASHA, (PHONE,), by=BEN) == "They have asked you already. Their question waits in your list."
    )
    two.do(accept_contact, BEN, two.wish(), (), "en")
    for one, other in ((ASHA, BEN), (BEN, ASHA)):
        assert two.ask(other, by=one) == "You have asked this address already, or you are in contact."
    two.do(end_contact, BEN, two.listed(BEN).live[0].contact_id, "en")
    assert two.ask(ASHA, (PHONE,), by=BEN) is None


def test_of_two_questions_that_cross_one_waits(two: Two) -> None:
    """Both at the same instant, again and again, on each database."""

    sessions = {email: two.session(email) for email in (ASHA, BEN)}

    async def cross() -> tuple[Any, ...]:
        services = two.world.services
        return await asyncio.gather(
            ask_contact(services, sessions[ASHA], BEN, (), "en"),
            ask_contact(services, sessions[BEN], ASHA, (), "en"),
        )

    for _ in range(4):
        assert sorted(map(str, two.world.run(cross))) == [
            "None",
            "They have asked you already. Their question waits in your list.",
        ]
        [waiting] = (*two.listed(ASHA).to_answer, *two.listed(BEN).to_answer)
        asker = BEN if two.listed(ASHA).to_answer else ASHA
        two.do(end_contact, asker, waiting.contact_id, "en")


# Under age, step-up, erasure


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("field", ["address", "alternate_email"])
def test_p15_no_action_gives_something_sensitive_after_an_older_log_in(two: Two, field: str) -> None:
    """Whatever the page asks: the action itself refuses, and takes less at any time."""
    given = GivenItem(field, Form.FULL)
    contact_id = two.meet(EMAIL)
    now = two.world.clock()
    old = {email: dataclasses.replace(two.session(email), auth_time=now - 601) for email in (ASHA, BEN)}

    def code(action: Callable[..., Any], *words: Any) -> str:
        with pytest.raises(Refusal) as caught:
            two.world.run(action, two.world.services, *words)
        return caught.value.code

    assert code(ask_contact, old[ASHA], AOIFE, (given,), "en") == "not_allowed"
    assert code(change_contact, old[BEN], contact_id, (EMAIL, given), "en") == "not_allowed"
    two.do(end_contact, ASHA, contact_id, "en")
    two.ask()
    assert code(accept_contact, old[BEN], two.wish(), (given,), "en") == "not_allowed"
    two.world.run(accept_contact, two.world.services, old[BEN], two.wish(), (EMAIL,), "en")


def under_age(two: Two, email: str, *, is_child: bool = True) -> None:
    act(
        two.world,
        "UPDATE person SET needs_guardian = :child WHERE person_id = :person",
        child=is_child,
        person=two.world.person_id(email),
    )


def test_who_is_corrected_to_be_a_child_meanwhile_asks_nobody(two: Two) -> None:
    """The session was read a moment before: nothing is kept, and the page does not say that it was asked."""
    session = two.session(ASHA)
    under_age(two, ASHA)
    with pytest.raises(Refusal) as caught:
        two.world.run(ask_contact, two.world.services, session, BEN, (EMAIL,), "en")
    assert caught.value.code == "not_allowed"
    assert two.listed(BEN).to_answer == ()


def test_contacts_are_closed_to_a_child_on_either_side(two: Two) -> None:
    """P9: also where somebody was corrected to be one after they met."""
    contact_id = two.meet(EMAIL)
    under_age(two, BEN)
    assert two.listed(BEN) == ContactList(False, (), (), (), ())
    assert refused(two, ask_contact, BEN, AOIFE, (), "en") == "not_allowed"
    assert refused(two, see_contact, BEN, contact_id) == "not_found"
    assert refused(two, view_contact, BEN, contact_id) == "not_found"
    assert refused(two, view_contact, ASHA, contact_id) == "stale_form"
    under_age(two, BEN, is_child=False)
    assert two.view(ASHA, contact_id)


def test_a_wish_is_not_accepted_once_either_is_a_child(two: Two) -> None:
    assert two.ask() is None
    contact_id = two.wish()
    under_age(two, ASHA)
    assert refused(two, accept_contact, BEN, contact_id, (), "en") == "stale_form"


def test_values_take_a_recent_password(two: Two) -> None:
    contact_id = two.meet(EMAIL)
    session = two.session(ASHA)
    two.world.clock.pass_by(two.world.services.settings.reauthentication_ttl + 1)
    with pytest.raises(Refusal, match="step-up"):
        two.world.run(view_contact, two.world.services, session, contact_id)
    page = two.world.run(see_contact, two.world.services, session, contact_id)
    assert not page.is_fresh
    assert rows(two.world, "SELECT count(*) FROM contact_view") == [(0,)]


@pytest.mark.parametrize(("erased", "left"), [(ASHA, BEN), (BEN, ASHA)])
def test_erasing_one_ends_it_and_takes_name_and_values_away(two: Two, erased: str, left: str) -> None:
    contact_id = two.meet(EMAIL)
    two.view(ASHA, contact_id)
    two.world.run(erase_person, two.world.services, "cli", erased)
    [line] = two.listed(left).over
    assert (line.contact_id, line.name) == (contact_id, "")
    assert refused(two, view_contact, left, contact_id) == "stale_form"
    assert rows(two.world, "SELECT type, is_erasure FROM contact_event ORDER BY seq")[-1] == ("ended", True)


def test_a_wish_to_somebody_who_is_erased_goes_on_waiting(two: Two) -> None:
    """Its asker does not learn that there was somebody; a wish of the erased one is gone."""
    assert two.ask() is None
    assert two.ask(AOIFE, by=BEN) is None
    contact_id = two.wish()
    two.world.run(erase_person, two.world.services, "cli", BEN)
    [line] = two.listed(ASHA).asked
    assert (line.contact_id, line.name) == (contact_id, BEN)
    assert two.listed(AOIFE).to_answer == ()


# The database's own guards


def test_the_database_refuses_a_look_at_what_has_ended(two: Two) -> None:
    contact_id = two.meet(EMAIL)
    two.view(ASHA, contact_id)
    statement = (
        "INSERT INTO contact_view SELECT 'view_x', contact_id, event_id, giver, giver_id, viewer_id, items, at, "
        "entry_digest FROM contact_view"
    )
    act(two.world, statement)
    under_age(two, BEN)
    with pytest.raises(DBAPIError, match="a lock forbids this look"):
        act(two.world, statement.replace("view_x", "view_y"))
    under_age(two, BEN, is_child=False)
    two.do(end_contact, BEN, contact_id, "en")
    with pytest.raises(DBAPIError, match="a lock forbids this look"):
        act(two.world, statement.replace("view_x", "view_y") + " LIMIT 1")


@pytest.mark.parametrize("table", ["contact_event", "contact_view"])
def test_decisions_and_looks_are_append_only(two: Two, table: str) -> None:
    two.view(ASHA, two.meet(EMAIL))
    for statement in (f"UPDATE {table} SET at = 1", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append-only"):
            act(two.world, statement)


def test_a_look_that_is_run_again_after_a_change_shows_nothing(two: Two) -> None:
    """Its commit was done and the answer lost: the row says what was given then, and it gives nothing else."""
    contact_id = two.meet(MASKED)
    services = replace(two.world.services, ids=lambda kind: "view_1")
    two.world.run(view_contact, services, two.session(ASHA), contact_id)
    two.do(change_contact, BEN, contact_id, [EMAIL], "en")
    with pytest.raises(Refusal, match="stale_form"):
        two.world.run(view_contact, services, two.session(ASHA), contact_id)
    assert rows(two.world, "SELECT count(*) FROM contact_view") == [(1,)]


@pytest.mark.parametrize("since", ["erased", "a child"])
def test_whoever_said_no_stays_as_silent_whatever_became_of_them(two: Two, since: str) -> None:
    """P2: asking anew is answered as while the first wish waits, so that nobody learns of an erasure either."""
    assert two.ask() is None
    two.do(refuse_contact, BEN, two.wish(), "en")
    if since == "erased":
        two.world.run(erase_person, two.world.services, "cli", BEN)
    else:
        under_age(two, BEN)
    assert two.ask() == "You have asked this address already, or you are in contact."
    two.world.clock.pass_by(WAITS)
    assert two.ask() is None
