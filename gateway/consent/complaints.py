"""Complaints: what a person can say went wrong, and when it stops a partner for everybody."""

from enum import StrEnum, auto


class ComplaintKind(StrEnum):
    """What went wrong: a closed list, so that no personal word is kept."""

    ADVERTISING = auto()
    TOO_MUCH = auto()
    NOT_STOPPED = auto()
    WRONG_USE = auto()
    OTHER = auto()


ENOUGH = 2
"""So many people who say that a partner advertised to them pause it, until an administrator has looked."""


def pauses(kind: ComplaintKind, people: int) -> bool:
    """Tell whether a complaint pauses its partner.

    Args:
        people: how many different people have complained of this since the partner's state last changed.
    """
    return kind is ComplaintKind.ADVERTISING and people >= ENOUGH
