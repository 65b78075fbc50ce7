"""A log by the names that it bears and has borne, and by its keys: which note is its own."""

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.ledger.checkpoints import Checkpoint, check_checkpoint
from gateway.ledger.log_keys import note_keys
from gateway.ledger.notes import NoteError, NoteKey, check_note
from gateway.model.registry import LogOrigin, SigningKey


@dataclass(frozen=True, slots=True)
class OwnLog:
    """This gateway's log.

    Attributes:
        origins: its names, oldest first; it has one at least.
    """

    origins: tuple[LogOrigin, ...]
    keys: tuple[SigningKey, ...]

    @property
    def origin(self) -> str:
        """The name under which it signs now."""
        return self.origins[-1].origin

    def origin_at(self, size: int) -> str:
        """Give the name under which a checkpoint of so many leaves is signed."""
        later = [each.origin for each in self.origins if each.start < size]
        return later[-1] if later else self.origins[0].origin

    def note_keys(self) -> list[NoteKey]:
        """Give the verifier keys, those under its present name first; whoever kept something older needs the rest."""
        names = dict.fromkeys(each.origin for each in reversed(self.origins))
        return [key for name in names for key in note_keys(name, self.keys)]

    def check(self, note: str, others: Iterable[NoteKey] = ()) -> Checkpoint:
        """Check that a checkpoint is this log's: signed by its key, under the name that it had at that size.

        Args:
            others: keys of witnesses, whose lines must hold where there are any.

        Raises:
            NoteError: it is not.
        """
        checkpoint = check_checkpoint(note, [*self.note_keys(), *others])
        own = self.origin_at(checkpoint.size)
        if checkpoint.origin != own:
            raise NoteError(
                f"it is signed under the name {checkpoint.origin}, and the log was {own} at that size"
            )
        return checkpoint

    def check_text(self, note: str) -> tuple[str, str]:
        """Check a note of another kind; give its text, and under which of its names the log has signed it.

        Raises:
            NoteError: it has not.
        """
        text, signers = check_note(note, self.note_keys())
        return text, signers[0].key.name
