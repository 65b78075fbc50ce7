"""Holding the entries' times against those of the checkpoints around their places."""

from collections.abc import Iterator
from dataclasses import dataclass

TOLERANCE = 60
"""Seconds that nodes' clocks, and a slow commit, may make of it."""

BACK_DATED = "it is dated before a checkpoint that does not hold it: back-dated, or a clock was wrong"
POST_DATED = "it is dated after the checkpoint that holds it: post-dated, or a clock was wrong"
SET_BACK = "it is dated before the checkpoint before it: the log's clock was set back"


@dataclass(slots=True)
class DatingCheck:
    """Walks the log: a row gets its place within seconds of its commit, so its time lies between two checkpoints'.

    Where the sequencer stood still there is no checkpoint in between, and what waited is dated rightly for all that.

    Attributes:
        tolerance: in seconds.
    """

    tolerance: int = TOLERANCE
    _before: int | None = None
    _latest: tuple[int, str] | None = None

    def entry(self, subject: str, at: int) -> Iterator[str]:
        """Take the next entry; say what is wrong with its time."""
        if self._before is not None and at < self._before - self.tolerance:
            yield BACK_DATED
        if self._latest is None or at > self._latest[0]:
            self._latest = at, subject

    def checkpoint(self, subject: str, at: int) -> Iterator[tuple[str, str]]:
        """Take the checkpoint that ends here; of the entries since the one before, the latest is held against it."""
        if self._before is not None and at < self._before - self.tolerance:
            yield subject, SET_BACK
        if self._latest is not None and self._latest[0] > at + self.tolerance:
            yield self._latest[1], POST_DATED
        self._before, self._latest = at, None
