"""Administrators' acts: append-only."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, func, or_, select

from gateway.model.administration.actions import BRAKES, BRAKES_OFF, GATE_CLOSES, GATE_OPENS
from gateway.model.administration.actions import AdminAction as AdminAction
from gateway.store.engine.backend import Operation
from gateway.store.engine.statements import insert_once
from gateway.store.letters import NewLetter, post_letters
from gateway.store.log_pending import NO_GRANT, await_places
from gateway.store.tables import admin_action

PlanT = TypeVar("PlanT")
OutcomeT = TypeVar("OutcomeT")


def append_actions(connection: Connection, actions: Sequence[AdminAction]) -> Sequence[None]:
    """Append acts; each waits for its place in the log.

    Raises:
        UnlistedAct: one is about a partner, and its page has no words for it.
        UnlistedDetail: one would say in its details what nobody has decided that it may.
    """
    if not actions:
        return []
    for each in actions:
        each.check()
    rows = [
        {
            "action_id": each.action_id,
            "actor_id": each.actor_id,
            "action": each.action,
            "target_kind": each.target_kind,
            "target_id": each.target_id,
            "reason": each.reason,
            "detail": json.dumps(each.detail, sort_keys=True),
            "at": each.at,
            "entry_version": each.entry_version,
        }
        for each in actions
    ]
    insert_once(connection, admin_action, rows)
    await_places(connection, "admin_action", [(NO_GRANT, each.action_id) for each in actions])
    return [None] * len(actions)


def on_record(operation: Operation[PlanT, OutcomeT]) -> Operation[tuple[PlanT, AdminAction], OutcomeT]:
    """Make an operation that commits each plan with its act; where nothing was done (False, 0), no act is kept."""

    def recorded(connection: Connection, pairs: Sequence[tuple[PlanT, AdminAction]]) -> Sequence[OutcomeT]:
        outcomes = operation(connection, [plan for plan, _ in pairs])
        did = [act for (_, act), outcome in zip(pairs, outcomes, strict=True) if outcome is None or outcome]
        append_actions(connection, did)
        return outcomes

    return recorded


def change_on_record(
    connection: Connection, statement: Any, action: AdminAction, letters: Sequence[NewLetter] = ()
) -> bool:
    """Run a conditional change that returns what it changed, and with it append the act and post its letters.

    False where it changed nothing: then there is no act and no letter.
    """
    if connection.execute(statement).first() is None:
        return False
    append_actions(connection, [action])
    post_letters(connection, letters)
    return True


def did_act(connection: Connection, action: AdminAction) -> bool:
    """Tell whether this very act was committed: a commit whose answer was lost is repeated with the same id."""
    statement = select(admin_action.c.action_id).where(admin_action.c.action_id == action.action_id)
    return connection.execute(statement).first() is not None


def count_acts(connection: Connection, asked: Sequence[tuple[str, int]]) -> Sequence[int]:
    """Count the acts of each name since a time: (name, since)."""
    own = admin_action.c
    return [
        connection.execute(
            select(func.count()).select_from(admin_action).where(own.at >= since, own.action == name)
        ).scalar_one()
        for name, since in asked
    ]


def load_actions(connection: Connection, targets: Sequence[tuple[str, str]]) -> Sequence[list[AdminAction]]:
    """Load the acts on each (kind, id), oldest first."""
    return [_of(connection, kind, target_id) for kind, target_id in targets]


def load_pause_acts(connection: Connection, asked: Sequence[tuple[str, str]]) -> Sequence[list[AdminAction]]:
    """Load the acts that hold consents for a partner back or let them go on, oldest first: (partner, school)."""
    found, own = [], admin_action.c
    for partner_id, organisation_id in asked:
        is_own_gate = own.detail == json.dumps({"organisation": organisation_id})
        for_all, for_school = sorted(BRAKES | BRAKES_OFF), sorted(GATE_CLOSES | GATE_OPENS)
        statement = (
            select(admin_action)
            .where(own.target_kind == "partner", own.target_id == partner_id)
            .where(or_(own.action.in_(for_all), and_(own.action.in_(for_school), is_own_gate)))
            .order_by(own.at, own.action_id)
        )
        found.append([_action(row) for row in connection.execute(statement)])
    return found


def _of(connection: Connection, kind: str, target_id: str) -> list[AdminAction]:
    statement = (
        select(admin_action)
        .where(admin_action.c.target_kind == kind, admin_action.c.target_id == target_id)
        .order_by(admin_action.c.at, admin_action.c.action_id)
    )
    return [_action(row) for row in connection.execute(statement)]


def _action(row: Any) -> AdminAction:
    return AdminAction(**{**row._mapping, "detail": json.loads(row.detail)})
