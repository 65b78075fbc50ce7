"""Complaints: what a person can say went wrong, and when it stops a partner for everybody."""

from collections.abc import Iterable
from enum import StrEnum, auto


class ComplaintKind(StrEnum):
    """What went wrong: a closed list, so that no personal word is kept."""

    ADVERTISING = auto()
    TOO_MUCH = auto()
    NOT_STOPPED = auto()
    WRONG_USE = auto()
    OTHER = auto()


BRAKING = ComplaintKind.ADVERTISING
"""The kind that can pause a partner; every other kind is only a case for administrators."""

ENOUGH = 2
"""How many people must report advertisements after a hand-off before the partner is paused for review."""


def count_people(accounts: Iterable[frozenset[str]]) -> int:
    """Count the people behind accounts: accounts that share a mark, such as an address, belong to one person.

    Args:
        accounts: the marks of each; one without any counts as a person of its own.
    """
    people: list[frozenset[str]] = []
    for marks in accounts:
        others = [each for each in people if each & marks]
        people = [each for each in people if not each & marks]
        people.append(marks.union(*others))
    return len(people)
