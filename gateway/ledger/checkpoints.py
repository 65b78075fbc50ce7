"""Checkpoints: the log's size and root at a moment, signed (C2SP tlog-checkpoint)."""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger.notes import NoteError, NoteKey, check_note, parse_note, sign_note

_BODY = re.compile(
    r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:time (0|[1-9][0-9]{0,18})\n)?(?:[^\n]+\n)*"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says about itself: `origin` names it, `root` is the tree's hash at `size`.

    Attributes:
        at: when it was signed, by the log's own clock; an extension line, so that nobody back-dates it afterwards.
    """

    origin: str
    size: int
    root: bytes
    at: int | None = None

    @property
    def body(self) -> str:
        """Spell it: origin, size, root and time, one a line."""
        time = "" if self.at is None else f"time {self.at}\n"
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{time}"


def sign_checkpoint(checkpoint: Checkpoint, private: Ed25519PrivateKey) -> str:
    """Sign a checkpoint; the key's name is the log's origin."""
    return sign_note(checkpoint.body, checkpoint.origin, private)


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint without believing it.

    Raises:
        NoteError: it is malformed.
    """
    return _from_body(parse_note(note).text)


def _from_body(text: str) -> Checkpoint:
    found = _BODY.fullmatch(text)
    if found is None:
        raise NoteError("not a checkpoint")
    at = None if found[4] is None else int(found[4])
    return Checkpoint(found[1], int(found[2]), b64decode(found[3]), at)


def check_checkpoint(note: str, keys: Iterable[NoteKey]) -> Checkpoint:
    """Check a checkpoint's signatures: one must be by a key that bears the log's own name.

    Raises:
        NoteError: malformed, forged, or not signed by this log.
    """
    text, signers = check_note(note, keys)
    checkpoint = _from_body(text)
    if checkpoint.origin not in {each.key.name for each in signers if each.at is None}:
        raise NoteError("the checkpoint is not signed by its own log")
    return checkpoint
