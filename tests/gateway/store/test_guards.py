"""The database itself refuses a hand-off against a lock, whatever the gate above it does (promises P9, P13)."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.model.people import ROLES_WITH_POWERS
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
        "INSERT INTO guardian_link (child_id, guardian_id, method, evidence, state, created_at) "
        "VALUES (:child, :guardian, 'm', 'e', :state, 1)",
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


def allowed(world: World) -> None:
    guarded(world)
    answered(world, "allow")


def no_answer(world: World) -> None:
    guarded(world)


def an_answer_of_nobody_linked(world: World) -> None:
    guarded(world)
    answered(world, "allow", state="ended")


def yes_and_no(world: World) -> None:
    guarded(world)
    answered(world, "allow")
    answered(world, "deny", "ben@lakeside.example")


def under_age(world: World) -> None:
    allowed(world)
    act(world, "UPDATE person SET is_adult = FALSE")


def a_guardian_with_a_guardian(world: World) -> None:
    allowed(world)
    act(
        world,
        "UPDATE person SET needs_guardian = TRUE WHERE person_id = :id",
        id=world.person_id("lakshmi@lakeside.example"),
    )


def of_role(role: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        allowed(world)
        guardian = world.person_id("lakshmi@lakeside.example")
        act(world, "UPDATE person SET role = :role WHERE person_id = :id", role=role, id=guardian)

    return change


def came_of_age(world: World) -> None:
    act(world, "UPDATE consent_grant SET legal_basis = 'guardian_consent'")


def not_active(world: World) -> None:
    act(world, "UPDATE consent_grant SET state = 'paused'")


@pytest.mark.parametrize(
    "lock",
    [
        child, no_answer, an_answer_of_nobody_linked, yes_and_no, came_of_age, not_active,
        under_age, a_guardian_with_a_guardian, *(of_role(role) for role in sorted(ROLES_WITH_POWERS)),
        lambda world: gate(world, "deny"), lambda world: gate(world, "ask"),
    ],
)  # fmt: skip
def test_p9_each_lock_alone_keeps_a_hand_off_out(each_world: World, lock: Callable[[World], None]) -> None:
    grant = given(each_world, "1")
    lock(each_world)
    with pytest.raises(DBAPIError, match="a lock forbids this hand-off"):
        handed(each_world, "1", grant)
    assert rows(each_world, "SELECT count(*) FROM handoff") == [(0,)]


def seconded(world: World) -> None:
    of_role("school_admin")(world)
    act(world, "UPDATE guardian_link SET is_seconded = TRUE")


def of_another_school(world: World) -> None:
    of_role("school_admin")(world)
    guardian = world.person_id("lakshmi@lakeside.example")
    act(world, "UPDATE person SET organisation_id = 'northfield' WHERE person_id = :id", id=guardian)


@pytest.mark.parametrize(
    "state",
    [
        lambda _: None,
        allowed,
        seconded,
        of_another_school,
        lambda world: gate(world, "allow"),
        lambda world: gate(world, "deny", "northfield"),
    ],
)
def test_without_a_lock_it_goes_through(each_world: World, state: Callable[[World], None]) -> None:
    grant = given(each_world, "1")
    state(each_world)
    handed(each_world, "1", grant)
    assert rows(each_world, "SELECT count(*) FROM handoff") == [(1,)]
