"""The database itself refuses a hand-off against a lock, whatever the gate above it does (promises P9, P13)."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError

from tests.gateway.store.samples import act, given, handed, rows
from tests.world import World


def child(world: World) -> None:
    act(world, "UPDATE person SET needs_guardian = TRUE WHERE person_id = :person", person=world.person_id())


def guarded(world: World) -> None:
    child(world)
    act(world, "UPDATE consent_grant SET legal_basis = 'guardian_consent'")


def answered(
    world: World, answer: str, guardian: str = "lakshmi@lakeside.example", state: str = "active"
) -> None:
    values = {"child": world.person_id(), "guardian": world.person_id(guardian)}
    act(
        world,
        "INSERT INTO guardian_link VALUES (:child, :guardian, 'm', 'e', :state, 1)",
        **values,
        state=state,
    )
    act(
        world,
        "INSERT INTO approval VALUES (:id, 'guardian', :target, :answer, :guardian, 1)",
        id=f"app_{guardian}",
        target=f"{values['child']}:practice-quizzes",
        guardian=values["guardian"],
        answer=answer,
    )


def gate(world: World, decision: str, organisation: str = "lakeside") -> None:
    act(
        world,
        "INSERT INTO org_policy VALUES (:organisation, 'quizco', :decision, 'per_1', 1)",
        organisation=organisation,
        decision=decision,
    )


def no_answer(world: World) -> None:
    guarded(world)


def an_answer_of_nobody_linked(world: World) -> None:
    guarded(world)
    answered(world, "allow", state="ended")


def yes_and_no(world: World) -> None:
    guarded(world)
    answered(world, "allow")
    answered(world, "deny", "ben@lakeside.example")


def came_of_age(world: World) -> None:
    act(world, "UPDATE consent_grant SET legal_basis = 'guardian_consent'")


def not_active(world: World) -> None:
    act(world, "UPDATE consent_grant SET state = 'paused'")


@pytest.mark.parametrize(
    "lock",
    [
        child, no_answer, an_answer_of_nobody_linked, yes_and_no, came_of_age, not_active,
        lambda world: gate(world, "deny"), lambda world: gate(world, "ask"),
    ],
)  # fmt: skip
def test_p9_each_lock_alone_keeps_a_hand_off_out(both: World, lock: Callable[[World], None]) -> None:
    grant = given(both, "1")
    lock(both)
    with pytest.raises(DBAPIError, match="a lock forbids this hand-off"):
        handed(both, "1", grant)
    assert rows(both, "SELECT count(*) FROM handoff") == [(0,)]


def allowed(world: World) -> None:
    guarded(world)
    answered(world, "allow")


@pytest.mark.parametrize(
    "state",
    [
        lambda _: None,
        allowed,
        lambda world: gate(world, "allow"),
        lambda world: gate(world, "deny", "northfield"),
    ],
)
def test_without_a_lock_it_goes_through(both: World, state: Callable[[World], None]) -> None:
    grant = given(both, "1")
    state(both)
    handed(both, "1", grant)
    assert rows(both, "SELECT count(*) FROM handoff") == [(1,)]
