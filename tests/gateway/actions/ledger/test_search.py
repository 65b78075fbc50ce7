"""The hand-off log: filters, the record of reading it, and the check of the whole, on both databases."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, text, update

from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.ledger.search import FoundHandoffs, LogCheck, LogSearch, check_log, read_log
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import load_actions
from gateway.store.ledger.handoffs import HandoffQuery
from gateway.store.tables import consent_event, consent_grant, handoff
from tests.world import NOW, World

AUDITOR = "per_an-auditor"


def read(world: World, **conditions: Any) -> FoundHandoffs:
    return world.run(read_log, world.services, AUDITOR, LogSearch(**conditions))


def check(world: World) -> LogCheck:
    return world.run(check_log, world.services)


def journey(world: World) -> str:
    """Two people opt in, each is read twice, one is revoked; give the token that is alive."""
    alive = world.tokens("phone_number.appointment_reminders")["access_token"]
    gone = world.tokens(email="aoife@northfield.example")["access_token"]
    for token in (alive, gone, alive, gone):
        world.clock.pass_by(10)
        assert world.userinfo(token).status_code == 200
    search = GrantSearch(email="aoife@northfield.example")
    (line,) = world.run(find_grants, world.services, AUDITOR, search).lines
    world.run(revoke_grant, world.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    assert world.userinfo(gone).status_code == 401
    return alive


def test_every_condition_narrows(each_world: World) -> None:
    journey(each_world)
    asha = each_world.person_id()
    assert [each.at for each in read(each_world).handoffs] == [NOW + 40, NOW + 30, NOW + 20, NOW + 10]
    assert {each.person_id for each in read(each_world, email="asha@lakeside.example").handoffs} == {asha}
    assert read(each_world, email="ben@lakeside.example") == read(each_world, email="nobody@x.example")
    assert len(read(each_world, partner_id="quizco").handoffs) == 4
    assert read(each_world, partner_id="campuspress").handoffs == ()
    assert {each.person_id for each in read(each_world, field="phone_number").handoffs} == {asha}
    assert read(each_world, field="alternate_email").handoffs == ()
    assert len(read(each_world, endpoint="userinfo").handoffs) == 4
    assert read(each_world, endpoint="release").handoffs == ()
    assert [each.at for each in read(each_world, since=NOW + 20, until=NOW + 40).handoffs] == [
        NOW + 30,
        NOW + 20,
    ]


def test_pages_follow_each_other(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    journey(each_world)
    monkeypatch.setattr("gateway.actions.ledger.search.PAGE", 3)
    first = read(each_world)
    second = read(each_world, before=first.older)
    assert [each.at for each in (*first.handoffs, *second.handoffs)] == [
        NOW + 40,
        NOW + 30,
        NOW + 20,
        NOW + 10,
    ]
    assert second.older is None


def test_what_no_index_finds_is_looked_for_a_bit_at_a_time(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where few hand-offs have it, or none, the whole log would be read: so many, and the key to go on with."""
    journey(each_world)
    monkeypatch.setattr("gateway.actions.ledger.search.HandoffQuery", partial(HandoffQuery, depth=3))
    for conditions in ({"endpoint": "release"}, {"field": "alternate_email", "partner_id": "quizco"}):
        first = read(each_world, **conditions)
        assert (first.handoffs, first.looked_through) == ((), 3)
        second = read(each_world, **conditions, before=first.older)
        assert second == FoundHandoffs((), None)
    found = read(each_world, field="phone_number")
    assert [each.at for each in found.handoffs] == [NOW + 30]
    rest = read(each_world, field="phone_number", before=found.older)
    assert ([each.at for each in rest.handoffs], rest.older) == ([NOW + 10], None)
    monkeypatch.setattr("gateway.actions.ledger.search.PAGE", 1)
    full = read(each_world, field="full_name_that_none_has", endpoint="userinfo")
    assert full.looked_through == 3
    assert read(each_world, endpoint="userinfo").looked_through is None


def test_reading_the_log_is_on_record_by_the_names_of_the_conditions(each_world: World) -> None:
    """handoff-log.md 2: who read, when, by what; never whom they were looking for."""
    read(each_world)
    each_world.clock.pass_by(1)
    read(each_world, email="asha@lakeside.example", field="email", since=NOW)
    looks = each_world.run(each_world.services.store.read, load_actions, ("log", "all"))
    assert [(each.action, each.actor_id, each.detail) for each in looks] == [
        ("read_log", AUDITOR, {}),
        ("read_log", AUDITOR, {"conditions": "email,field,since"}),
    ]


def test_a_log_that_nobody_touched_is_sound(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the slices: every hand-off and every consent is looked at once."""
    assert check(each_world) == LogCheck(0, 0, ())
    journey(each_world)
    progress: list[tuple[int, int]] = []

    async def counted() -> LogCheck:
        return await check_log(each_world.services, lambda done, total: progress.append((done, total)))

    found = each_world.run(counted)
    assert (found.handoffs, found.grants, found.is_sound) == (4, 2, True)
    assert progress[-1] == (6, 6)
    for query in ("SliceQuery", "StoryQuery"):
        original = getattr(__import__("gateway.actions.ledger.search", fromlist=[query]), query)
        monkeypatch.setattr(f"gateway.actions.ledger.search.{query}", smaller(original))
    assert check(each_world) == found


def smaller(query: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **changes: query(**changes, limit=1)


# What a check finds. Whoever tampers here is the database's owner: the guards are taken off first.


def tamper(world: World, work: Callable[[Connection], object]) -> None:
    def operation(connection: Connection, _: Any) -> list[None]:
        for table in ("handoff", "consent_event"):
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
            else:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
        work(connection)
        return [None]

    world.store(operation, None)


def whats(world: World) -> set[str]:
    found = check(world)
    assert not found.is_sound
    return {fault.what for fault in found.faults}


def last_handoff(world: World) -> str:
    return read(world, email="aoife@northfield.example").handoffs[0].handoff_id


def test_a_changed_row_is_named(each_world: World) -> None:
    journey(each_world)
    changed = last_handoff(each_world)
    tamper(
        each_world,
        lambda connection: connection.execute(
            update(handoff).where(handoff.c.handoff_id == changed).values(endpoint="elsewhere")
        ),
    )
    (fault,) = check(each_world).faults
    assert (fault.subject, fault.what) == (changed, "its digest is not that of its content")


def test_a_hand_off_after_the_end_is_named(each_world: World) -> None:
    """handoff-log.md 6: order is truth."""
    journey(each_world)
    tamper(
        each_world,
        lambda connection: connection.execute(update(consent_grant).values(ended_at=NOW + 39)),
    )
    found = check(each_world)
    assert {fault.what for fault in found.faults} == {"it came after its grant had ended"}
    assert {fault.subject for fault in found.faults} == {last_handoff(each_world)}


def test_a_hand_off_without_its_consent_is_named(each_world: World) -> None:
    """An item that was never granted, a consent that had run out, an event of somebody else's grant."""
    journey(each_world)
    events = {each.person_id: each.event_id for each in read(each_world).handoffs}
    asha, aoife = events[each_world.person_id()], events[each_world.person_id("aoife@northfield.example")]

    def rewrite(connection: Connection) -> None:
        connection.execute(
            update(consent_event)
            .where(consent_event.c.event_id == aoife)
            .values(items=json.dumps([["course", "service_personalisation", "full"]]), valid_until=NOW + 35)
        )
        connection.execute(update(handoff).where(handoff.c.event_id == asha).values(event_id=aoife))

    tamper(each_world, rewrite)
    assert whats(each_world) == {
        "its digest is not that of its content",
        "it names a consent event of another grant",
        "name for learning_progress was not granted",
        "phone_number for appointment_reminders was not granted",
        "it came after its consent had run out",
    }


def test_a_story_that_does_not_add_up_is_named(each_world: World) -> None:
    journey(each_world)

    def rewrite(connection: Connection) -> None:
        connection.execute(
            update(consent_grant).where(consent_grant.c.state == "active").values(state="paused")
        )

    tamper(each_world, rewrite)
    assert whats(each_world) == {"it is paused, and its consent events say active"}


def test_an_event_that_comes_while_the_log_is_checked_is_no_fault(each_world: World) -> None:
    """The grant's row is read first; an event that was appended after that belongs to a later state."""
    journey(each_world)

    def read_the_row_before(connection: Connection) -> None:
        given = select(consent_event.c.event_id, consent_event.c.grant_id).where(
            consent_event.c.type == "given"
        )
        for row in connection.execute(given).all():
            own = consent_grant.c.grant_id == row.grant_id
            early = {"version": 1, "event_id": row.event_id, "state": "active", "ended_at": None}
            connection.execute(update(consent_grant).where(own).values(**early))

    tamper(each_world, read_the_row_before)
    assert check(each_world).is_sound


def test_a_missing_and_an_illegal_consent_event_are_named(each_world: World) -> None:
    journey(each_world)

    def rewrite(connection: Connection) -> None:
        given = select(consent_event).where(consent_event.c.type == "given")
        for row in connection.execute(given).all():
            grants = consent_grant.c.grant_id == row.grant_id
            state = connection.execute(select(consent_grant.c.state).where(grants)).scalar_one()
            own = consent_event.c.event_id == row.event_id
            if state == "active":
                connection.execute(update(consent_event).where(own).values(type="resumed"))
            else:
                connection.execute(update(consent_event).where(own).values(seq=0))

    tamper(each_world, rewrite)
    assert whats(each_world) == {
        "consent event 1 is missing",
        "consent event 1: resumed does not follow None",
    }


def test_a_grant_that_nobody_gave_is_named(each_world: World) -> None:
    journey(each_world)

    def forge(connection: Connection) -> None:
        row = dict(connection.execute(select(consent_grant)).mappings().first() or {})
        connection.execute(
            insert(consent_grant).values(**row | {"grant_id": "gra_forged", "state": "refused"})
        )

    tamper(each_world, forge)
    (fault,) = check(each_world).faults
    assert (fault.subject, fault.what) == ("gra_forged", "it is refused, and its consent events say None")
