"""Moves of the log to another name, as its entries tell them: each names the last checkpoint under the old one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.notes import NoteError, NoteKey
from gateway.model.administration.actions import MOVE_LOG

NO_CHECKPOINT = "it moves the log, and names no checkpoint that this log's key has signed"
OTHER_PLACE = "it moves the log, and does not stand right after the checkpoint that it names"
OTHER_ROOT = "it moves the log, and names another root than that of the leaves before it"
OTHER_NAME = "it moves the log away from a name that the log did not bear"
SAME_NAME = "it moves the log to the name that it bears already"


@dataclass(slots=True)
class MovesCheck:
    """Follows the log from name to name, leaf by leaf.

    Attributes:
        keys: of the log, under each of its names.
        moves: leaves before the move, and the name from then on.
    """

    keys: Sequence[NoteKey]
    moves: list[tuple[int, str]] = field(default_factory=list)

    def faults(self, place: int, entry: dict[str, Any], root: Callable[[], bytes]) -> Iterator[str]:
        """Take the next entry; say what is wrong with it, if it is a move.

        Args:
            root: gives the root of the leaves before it.
        """
        if entry["kind"] != "admin_action" or entry["action"] != MOVE_LOG:
            return
        try:
            last = check_checkpoint(entry["detail"]["checkpoint"], self.keys)
        except (NoteError, KeyError, TypeError, AttributeError):
            yield NO_CHECKPOINT
            return
        if last.size != place:
            yield OTHER_PLACE
        elif last.root != root():
            yield OTHER_ROOT
        if self.moves and last.origin != self.moves[-1][1]:
            yield OTHER_NAME
        if entry["target"] == last.origin:
            yield SAME_NAME
        self.moves.append((place, entry["target"]))
