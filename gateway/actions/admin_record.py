"""Administrators' looks, each put on record as an act of its own: who looked, and by which conditions."""

from dataclasses import fields
from typing import Any

from gateway.actions.services import Services
from gateway.kit.ids import Kind
from gateway.store.admin_actions import AdminAction, append_actions


async def record_look(
    services: Services, actor_id: str, act: str, target_kind: str, target_id: str, conditions: str = ""
) -> None:
    """Record that somebody looked.

    Args:
        conditions: names of the conditions that were searched by, never what they were.
    """
    look = act_of(services, actor_id, act, target_kind, target_id, conditions)
    await services.store.run(append_actions, look)


def act_of(
    services: Services, actor_id: str, act: str, target_kind: str, target_id: str, conditions: str = ""
) -> AdminAction:
    """Make the record of an act, to be committed together with what it does."""
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action=act,
        target_kind=target_kind,
        target_id=target_id,
        at=services.clock(),
        detail={"conditions": conditions} if conditions else {},
    )


def condition_names(search: Any) -> str:
    """Name the conditions that a search was given, in the order in which it lists them."""
    return ",".join(each.name for each in fields(search) if getattr(search, each.name) not in (None, ""))
