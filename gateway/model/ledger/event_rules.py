"""Which consent event who may bring about, and what each may change: the log is held to this table."""

from collections.abc import Mapping
from enum import StrEnum, auto
from types import MappingProxyType

from gateway.model.grants import ActorKind, EventType


class Reach(StrEnum):
    """What an event may do to what the grant held before: its items with their forms, its end, how often it is read.

    Attributes:
        ANEW: all three are said anew.
        RENEW: end and number of reads are said anew; no item is added.
        WITHIN_WISH: nothing beyond what waits: no item more, no longer, no more reads.
        LESS: items go, or the end comes sooner; the number of reads stays.
        NOTHING: all three stay.
    """

    ANEW = auto()
    RENEW = auto()
    WITHIN_WISH = auto()
    LESS = auto()
    NOTHING = auto()


REACH: Mapping[EventType, Mapping[ActorKind, Reach]] = MappingProxyType(
    {
        EventType.ASKED: {ActorKind.SUBJECT: Reach.ANEW},
        EventType.GIVEN: {ActorKind.SUBJECT: Reach.ANEW, ActorKind.GUARDIAN: Reach.WITHIN_WISH},
        EventType.REFUSED: {ActorKind.SUBJECT: Reach.NOTHING, ActorKind.GUARDIAN: Reach.NOTHING},
        EventType.NARROWED: {ActorKind.SUBJECT: Reach.LESS},
        EventType.WIDENED: {ActorKind.SUBJECT: Reach.ANEW},
        EventType.RENEWED: {ActorKind.SUBJECT: Reach.RENEW},
        EventType.PAUSED: {ActorKind.SUBJECT: Reach.NOTHING, ActorKind.SYSTEM: Reach.NOTHING},
        EventType.RESUMED: {ActorKind.SUBJECT: Reach.NOTHING},
        EventType.WITHDRAWN: {ActorKind.SUBJECT: Reach.NOTHING},
        EventType.REVOKED: {
            ActorKind.GUARDIAN: Reach.NOTHING,
            ActorKind.ADMIN: Reach.NOTHING,
            ActorKind.PARTNER: Reach.NOTHING,
            ActorKind.COURT: Reach.NOTHING,
        },
        EventType.EXPIRED: {ActorKind.SYSTEM: Reach.NOTHING},
    }
)
"""Who is not listed beside an event cannot bring it about. `docs/specs/handoff-log.md` has the same table."""

ANSWERS = frozenset({EventType.GIVEN, EventType.REFUSED})
"""What a guardian says to a wish that waits, and to nothing else: so no yes of theirs begins with them."""
