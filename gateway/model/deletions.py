"""What a partner was asked to delete when somebody stopped a service, and what it said."""

from dataclasses import dataclass
from enum import StrEnum, auto

RECEIVED_WITHIN = 72 * 3600
"""Seconds in which a partner has to take a request in."""


class DeletionOutcome(StrEnum):
    """What a partner says that it did; a law may oblige it to keep some of it."""

    DONE = auto()
    REFUSED = auto()


class DeletionState(StrEnum):
    """Where a request stands."""

    ASKED = auto()
    RECEIVED = auto()
    OVERDUE = auto()
    DONE = auto()
    REFUSED = auto()


@dataclass(frozen=True, slots=True)
class Deletion:
    """One request; a grant that ended has one at most.

    Attributes:
        done_by: until when the partner promised to keep nothing any more.
        due_at: when to try next; None when it was received or given up.
        attempts: that were begun; also what tells whether somebody else has begun one since.
    """

    request_id: str
    grant_id: str
    partner_id: str
    asked_at: int
    done_by: int
    due_at: int | None
    attempts: int = 0
    received_at: int | None = None
    outcome: DeletionOutcome | None = None
    answered_at: int | None = None

    @property
    def late_from(self) -> int:
        """The second from which on silence is late: to take it in first, to delete then."""
        return self.asked_at + RECEIVED_WITHIN if self.received_at is None else self.done_by

    def state(self, now: int) -> DeletionState:
        """Where it stands at this second."""
        if self.outcome is not None:
            return DeletionState(self.outcome)
        if now >= self.late_from:
            return DeletionState.OVERDUE
        return DeletionState.ASKED if self.received_at is None else DeletionState.RECEIVED
