"""Consents in a list, and what was received under each: by the hand-off log, whatever the grant says now."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.actions.grants.pauses import see_pauses
from gateway.actions.services import Services
from gateway.consent.pauses import Pause
from gateway.consent.retention import gone_by
from gateway.model.deletions import Deletion
from gateway.model.ledger.handoffs import ReceivedItem
from gateway.store.consent.grants import GrantLine
from gateway.store.ledger.handoffs import load_received
from partners import Offer
from scopes import Item


@dataclass(frozen=True, slots=True)
class Received:
    """An item that the partner received, by the hand-off log.

    Attributes:
        gone_by: the second by which it has to be gone; None while it may still be read.
    """

    item: Item
    first_at: int
    last_at: int
    gone_by: int | None


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A consent in the list of its person, or of a guardian.

    Attributes:
        pause: what holds it back now.
        received: the items that were ever handed over, where it is over.
    """

    line: GrantLine
    pause: Pause | None
    received: tuple[ReceivedItem, ...]


async def see_lines(services: Services, lines: Sequence[GrantLine]) -> tuple[OwnLine, ...]:
    """Tell of each consent what holds it back, and of those that are over what was received."""
    now = services.clock()
    over = frozenset(each.grant.grant_id for each in lines if each.over_at(now) is not None)
    received = await services.store.read(load_received, over)
    pauses = await see_pauses(services, lines)
    return tuple(
        OwnLine(each, pauses.get(each.grant.grant_id), received.get(each.grant.grant_id, ()))
        for each in lines
    )


async def see_received(
    services: Services, line: GrantLine, offer: Offer, deletion: Deletion | None
) -> tuple[Received, ...]:
    """Tell what a partner received under a grant, and by when it has to be gone.

    Args:
        offer: the version that the grant stands on.
        deletion: what the partner was asked to delete: none of it is to be there any longer than it was told.
    """
    grant, over_at = line.grant, line.over_at(services.clock())
    handed = await services.store.read(load_received, frozenset({grant.grant_id}))
    found = []
    for each in handed.get(grant.grant_id, ()):
        until = gone_by(grant, offer, each.item, over_at)
        if until is not None and deletion is not None:
            until = min(until, deletion.done_by)
        found.append(Received(each.item, each.first_at, each.last_at, until))
    return tuple(found)
