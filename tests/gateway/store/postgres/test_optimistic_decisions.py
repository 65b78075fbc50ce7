"""A common decision in one statement: whole or nothing, held against what stands (PostgreSQL)."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.util import await_only

from gateway.actions.accounts.erasure import erase_person
from gateway.model.grants import EventType, Grant, GrantedItem, GrantState, ReasonCode
from gateway.store.consent.decisions import Decision, commit_decisions
from gateway.store.consent.grant_changes import commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.consent.standing import StandingQuery, load_standings
from gateway.store.engine import driver
from gateway.store.mail.relay import NewRelay
from gateway.store.postgres.optimistic_decisions import commit_decisions as commit_ahead
from gateway.store.postgres.optimistic_decisions import is_common
from tests.gateway.consent.samples import EMAIL, NAME, PHONE
from tests.gateway.store.consent.test_consents import event, following
from tests.gateway.store.consent.test_grants import stop
from tests.gateway.store.samples import READERS, authorization_code, decision, given, rows, run_all, serve
from tests.world import NOW, World

AOIFE = "aoife@northfield.example"
Ahead = Callable[..., Sequence[bool]]
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def ahead(each_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ahead]:
    """Run the operation over the driver in a loop of the test's own: greenlets hide from the coverage."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(each_world.services.settings.database_url))
    here, in_greenlet = threading.get_ident(), await_only

    def wait(answer: Any) -> Any:
        return (loop.run_until_complete if threading.get_ident() == here else in_greenlet)(answer)

    monkeypatch.setattr(driver, "await_only", wait)
    held: Any = SimpleNamespace(connection=SimpleNamespace(driver_connection=connection), dialect=dialect())
    yield lambda *decisions: commit_ahead(held, decisions, lambda _: None)
    loop.run_until_complete(connection.close())
    loop.close()


def widened(world: World, seen: Grant, name: str, *items: GrantedItem, code: bool = False) -> Decision:
    """Plan an answer to a screen that was served about a live grant."""
    after = following(seen, name, items=items, valid_until=seen.valid_until + 5, use_limit=None)
    serve(world, f"srv_{name}", seen.person_id)
    said = replace(event(after, EventType.WIDENED), served_id=f"srv_{name}")
    return Decision(None, after, said, authorization_code(name, after) if code else None, None, NOW + 1)


def standing(world: World, grant: Grant) -> Grant | None:
    return world.store(load_standings, StandingQuery(grant.person_id, grant.offer_id)).grant


def everything(world: World) -> list[list[tuple[Any, ...]]]:
    """Look at every table that a decision writes."""
    tables = ("consent_grant", "grant_item", "consent_event", "log_pending", "letter", "authorization_code")
    return [sorted(rows(world, f"SELECT * FROM {table}"), key=repr) for table in tables]


def test_both_ways_leave_the_same(each_world: World, ahead: Ahead) -> None:
    """A first answer and one that changes everything, once by the statement and once by the transactions."""
    for name, email in (("one", "asha@lakeside.example"), ("two", AOIFE)):
        is_ahead = name == "one"
        first = decision(each_world, name, email=email, code=True)
        assert (
            ahead(first) == [True]
            if is_ahead
            else each_world.store(commit_decisions, first) is CommitVerdict.DONE
        )
        other = NAME._replace(needed=not NAME.needed, retention_days=3)
        then = widened(each_world, first.grant, f"{name}b", other, PHONE, code=True)
        assert (
            ahead(then) == [True]
            if is_ahead
            else each_world.store(commit_decisions, then) is CommitVerdict.DONE
        )
    asha, aoife = each_world.person_id(), each_world.person_id(AOIFE)
    written = [repr(row) for table in everything(each_world) for row in table]
    mine = [
        each.replace("_one", "_either").replace("code one", "code either").replace(asha, "P")
        for each in written
    ]
    theirs = [
        each.replace("_two", "_either").replace("code two", "code either").replace(aoife, "P")
        for each in written
    ]
    ours = sorted(each for each in mine if "_either" in each)
    assert len(ours) == 1 + 2 + 2 + 2 + 2 + 2
    assert ours == sorted(each for each in theirs if "_either" in each)


def test_an_answer_about_a_live_grant_changes_adds_keeps_and_drops_items(
    each_world: World, ahead: Ahead
) -> None:
    seen = given(each_world, "1", items=(NAME, EMAIL))
    plan = widened(
        each_world, seen, "2", NAME._replace(needed=not NAME.needed, retention_days=3), PHONE, code=True
    )
    assert ahead(plan) == [True]
    found = standing(each_world, seen)
    assert found is not None
    assert {each.item.field: each for each in found.items} == {
        each.item.field: each for each in plan.grant.items
    }
    assert (found.version, found.event_id, found.valid_until) == (2, "evt_2", plan.grant.valid_until)
    assert found.used_at == NOW + 1
    assert rows(each_world, "SELECT code_digest FROM authorization_code") == [(b"code 2",)]
    waits = "SELECT letter_id FROM letter JOIN log_pending ON source_id = letter_id WHERE letter_id = 'evt_2'"
    assert rows(each_world, waits) == [("evt_2",)]


def test_items_of_another_grant_stay(each_world: World, ahead: Ahead) -> None:
    """One statement drops what one answer leaves out, and of the grant beside it only what that one leaves out."""
    mine, theirs = given(each_world, "1"), given(each_world, "5", email=AOIFE)
    assert ahead(widened(each_world, mine, "2", NAME), widened(each_world, theirs, "6", EMAIL)) == [
        True,
        True,
    ]
    kept = "SELECT grant_id, field FROM grant_item ORDER BY grant_id"
    assert rows(each_world, kept) == [("gra_1", "name"), ("gra_5", "email")]


def test_of_two_answers_about_one_grant_one_wins_and_the_other_leaves_nothing(
    each_world: World, ahead: Ahead
) -> None:
    seen = given(each_world, "1")
    first, second = (
        widened(each_world, seen, "2", PHONE, code=True),
        widened(each_world, seen, "3", NAME, code=True),
    )
    assert ahead(first, second) == [True, False]
    assert ahead(second) == [False]
    assert each_world.store(commit_decisions, second) is CommitVerdict.STALE
    assert standing(each_world, seen) == replace(first.grant, used_at=NOW + 1)
    assert rows(each_world, "SELECT code_digest FROM authorization_code") == [(b"code 2",)]
    assert rows(each_world, "SELECT field FROM grant_item") == [("phone_number",)]


def test_an_answer_about_a_grant_that_has_ended_leaves_nothing(each_world: World, ahead: Ahead) -> None:
    seen = given(each_world, "1")
    plan = widened(each_world, seen, "2", PHONE, code=True)
    each_world.store(commit_changes, stop(seen, "9"))
    before = everything(each_world)
    assert ahead(plan) == [False]
    assert everything(each_world) == before


def test_only_one_live_grant_stands_for_an_offer(each_world: World, ahead: Ahead) -> None:
    first, second = decision(each_world, "1", code=True), decision(each_world, "2", code=True)
    assert ahead(first, second) == [True, False]
    assert rows(each_world, "SELECT grant_id FROM consent_grant") == [("gra_1",)]
    assert rows(each_world, "SELECT DISTINCT grant_id FROM grant_item") == [("gra_1",)]
    assert rows(each_world, "SELECT event_id FROM consent_event") == [("evt_1",)]


def test_whoever_was_erased_since_the_screen_gets_nothing(each_world: World, ahead: Ahead) -> None:
    late, other = decision(each_world, "late", code=True), decision(each_world, "1", email=AOIFE)
    each_world.run(erase_person, each_world.services, "cli", "asha@lakeside.example")
    assert ahead(late, other) == [False, True]
    assert rows(each_world, "SELECT grant_id FROM consent_grant") == [("gra_1",)]


def test_p4_a_record_of_serving_carries_one_decision(each_world: World, ahead: Ahead) -> None:
    """A screen that was answered before, by a no for instance, cannot be answered once more."""
    no = decision(each_world, "1", state=GrantState.REFUSED, items=())
    again = decision(each_world, "2")
    again = replace(again, event=replace(again.event, served_id=no.event.served_id))
    assert ahead(no) == [True]
    assert ahead(again) == [False]
    seen = given(each_world, "3", offer=READERS)
    widening = widened(each_world, seen, "4", PHONE)
    widening = replace(widening, event=replace(widening.event, served_id=no.event.served_id))
    assert ahead(widening) == [False]
    assert rows(each_world, "SELECT grant_id FROM consent_grant ORDER BY grant_id") == [
        ("gra_1",),
        ("gra_3",),
    ]


def test_p4_two_answers_to_one_screen_at_the_same_instant_leave_one_whole(
    each_world: World, ahead: Ahead
) -> None:
    """Neither sees the other yet; the database refuses the second event, and the transactions take them in turn."""
    no = decision(each_world, "1", state=GrantState.REFUSED, items=())
    yes = decision(each_world, "2", code=True)
    yes = replace(yes, event=replace(yes.event, served_id=no.event.served_id))
    moved = widened(each_world, given(each_world, "3", offer=READERS), "4", PHONE)
    before = everything(each_world)
    assert ahead(no, yes) == [False, False]
    assert everything(each_world) == before
    assert ahead(no, yes, moved) == [False, False, True]
    assert run_all(each_world, commit_decisions, [no, yes, moved]) == [
        CommitVerdict.DONE,
        CommitVerdict.STALE,
        CommitVerdict.DONE,
    ]
    assert rows(each_world, "SELECT grant_id FROM consent_grant ORDER BY grant_id") == [
        ("gra_1",),
        ("gra_3",),
    ]


def test_ones_own_decision_again_after_a_lost_commit_is_for_the_transaction_to_recognise(
    each_world: World, ahead: Ahead
) -> None:
    first = decision(each_world, "1", code=True)
    assert (ahead(first), ahead(first)) == ([True], [False])
    then = widened(each_world, first.grant, "2", PHONE)
    assert (ahead(then), ahead(then)) == ([True], [False])
    assert run_all(each_world, commit_decisions, [first, then]) == [CommitVerdict.DONE, CommitVerdict.DONE]
    assert rows(each_world, "SELECT count(*) FROM consent_event") == [(2,)]


def test_whatever_is_more_than_an_answer_about_one_grant_is_no_common_decision(each_world: World) -> None:
    plain = decision(each_world, "1")
    after = following(plain.grant, "2", state=GrantState.ENDED)
    ended = event(after, EventType.WITHDRAWN, reason=ReasonCode.USER_REQUEST)
    assert is_common(plain)
    for other in (
        replace(plain, request_digest=b"request"),
        replace(plain, superseded=(after, ended)),
        replace(plain, relay=NewRelay(b"d", plain.grant.person_id, "quizco", NOW)),
        replace(plain, event=replace(plain.event, use_limit=5)),
        replace(plain, event=replace(plain.event, type=EventType.ASKED)),
        Decision(None, after, ended, None, None, NOW),
    ):
        assert not is_common(other)
