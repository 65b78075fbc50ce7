"""What becomes of grants by time alone: ran out, unused, terms changed, came of age (consent.md rules 4 and 11)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.consent.decisions import Actor, Outcome, expire, pause
from gateway.kit.ids import Ids
from gateway.model.grants import ActorKind, Grant, GrantState, ReasonCode

SYSTEM = Actor(ActorKind.SYSTEM, "system", "upkeep")
WARNING = 14 * 86_400
"""A person is told so long before disuse, or the end of its term, ends a grant."""
SHORTEST = 2 * WARNING
"""Whoever chose a shorter term knows when it ends."""
DIGEST = 90 * 86_400
"""How often a person is told what is connected."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """A grant that ends soon by itself."""

    grant_id: str
    is_unused: bool
    ends_at: int


def soon_over(grants: Iterable[Grant], now: int) -> tuple[Lapse, ...]:
    """Find what ends within the time of a warning, unless the person does something."""
    return tuple(
        Lapse(each.grant_id, each.ends_at < each.valid_until, each.ends_at)
        for each in grants
        if each.is_live(now)
        and each.ends_at <= now + WARNING
        and each.valid_until - each.valid_from >= SHORTEST
    )


def what_time_did(
    grant: Grant, *, is_child: bool, material_version: int, now: int, ids: Ids
) -> Outcome | None:
    """Put on record what the release gate holds against a grant already; None where nothing changed.

    Args:
        is_child: whether a guardian decides with the person today.
        material_version: the offer's newest version that people have to decide about.
    """
    if now >= grant.ends_at:
        reason = ReasonCode.EXPIRED if now >= grant.valid_until else ReasonCode.UNUSED
        return expire(grant, SYSTEM, reason, now=now, ids=ids)
    if grant.state is not GrantState.ACTIVE:
        return None
    if grant.is_guarded and not is_child:
        return pause(grant, SYSTEM, ReasonCode.AGE_TRANSITION, now=now, ids=ids)
    if grant.terms_version < material_version:
        return pause(grant, SYSTEM, ReasonCode.NOTICE_CHANGED, now=now, ids=ids)
    return None
