"""What time does to grants: they run out, go unused, terms change, a child comes of age (rules 4, 11)."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.consent.decisions import Actor, DecisionOutcome, expire, pause
from gateway.kit.clock import DAY
from gateway.kit.ids import Ids
from gateway.model.grants import ActorKind, Grant, GrantState, ReasonCode

SYSTEM = Actor(ActorKind.SYSTEM, "system", "upkeep")
WARNING = 14 * DAY
"""How long before disuse or the end of its term ends a grant the person is warned."""
SHORTEST = 2 * WARNING
"""Grants with a shorter term get no warning, because the person who chose it knows when it ends."""
DIGEST = 90 * DAY
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
) -> DecisionOutcome | None:
    """Record a change that the release gate already heeds; None where nothing changed.

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
