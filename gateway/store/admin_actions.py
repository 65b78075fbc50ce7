"""Administrators' acts: append-only."""

import json
from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Connection, select

from gateway.model.admin_actions import AdminAction as AdminAction
from gateway.store.engine import Operation
from gateway.store.log_pending import NO_GRANT, await_places
from gateway.store.statements import insert_once
from gateway.store.tables import admin_action

Plan = TypeVar("Plan")
Outcome = TypeVar("Outcome")


def append_actions(connection: Connection, actions: Sequence[AdminAction]) -> Sequence[None]:
    """Append acts; each waits for its place in the log."""
    if not actions:
        return []
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
        }
        for each in actions
    ]
    insert_once(connection, admin_action, rows)
    await_places(connection, "admin_action", [(NO_GRANT, each.action_id) for each in actions])
    return [None] * len(actions)


def on_record(operation: Operation[Plan, Outcome]) -> Operation[tuple[Plan, AdminAction], Outcome]:
    """Make an operation that commits each plan with the act that it is; what did nothing (False, 0) is no act."""

    def recorded(connection: Connection, pairs: Sequence[tuple[Plan, AdminAction]]) -> Sequence[Outcome]:
        outcomes = operation(connection, [plan for plan, _ in pairs])
        did = [act for (_, act), outcome in zip(pairs, outcomes, strict=True) if outcome is None or outcome]
        append_actions(connection, did)
        return outcomes

    return recorded


def did_act(connection: Connection, action: AdminAction) -> bool:
    """Tell whether this very act was committed: a commit whose answer was lost is repeated with the same id."""
    statement = select(admin_action.c.action_id).where(admin_action.c.action_id == action.action_id)
    return connection.execute(statement).first() is not None


def load_actions(connection: Connection, targets: Sequence[tuple[str, str]]) -> Sequence[list[AdminAction]]:
    """Load the acts on each (kind, id), oldest first."""
    return [_of(connection, kind, target_id) for kind, target_id in targets]


def _of(connection: Connection, kind: str, target_id: str) -> list[AdminAction]:
    statement = (
        select(admin_action)
        .where(admin_action.c.target_kind == kind, admin_action.c.target_id == target_id)
        .order_by(admin_action.c.at, admin_action.c.action_id)
    )
    return [
        AdminAction(**{**row._mapping, "detail": json.loads(row.detail)})
        for row in connection.execute(statement)
    ]
