"""States of a partner and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class PartnerState(StrEnum):
    """Where a partner stands; only a live one gets anything."""

    DRAFT = "draft"
    REVIEW = "review"
    LIVE = "live"
    PAUSED = "paused"
    ENDED = "ended"


STANDING = frozenset({PartnerState.LIVE, PartnerState.PAUSED})
"""Where what a partner was given is not over."""

MOVES: Mapping[PartnerState, frozenset[PartnerState]] = MappingProxyType(
    {
        PartnerState.DRAFT: frozenset({PartnerState.REVIEW, PartnerState.ENDED}),
        PartnerState.REVIEW: frozenset({PartnerState.DRAFT, PartnerState.LIVE, PartnerState.ENDED}),
        PartnerState.LIVE: frozenset({PartnerState.PAUSED, PartnerState.ENDED}),
        PartnerState.PAUSED: frozenset({PartnerState.LIVE, PartnerState.ENDED}),
        PartnerState.ENDED: frozenset(),
    }
)


class MoveError(ValueError):
    """A move between two states that is not listed."""


def check_move(old: PartnerState, new: PartnerState) -> None:
    """Raise MoveError unless a partner may go from one state to the other."""
    if new not in MOVES[old]:
        allowed = ", ".join(sorted(MOVES[old])) or "nothing"
        raise MoveError(f"a partner that is {old} cannot become {new}; it can become {allowed}")
