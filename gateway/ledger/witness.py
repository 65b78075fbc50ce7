"""What a witness is asked and how it decides (C2SP tlog-witness): it cosigns only what continues what it saw before."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gateway.ledger.checkpoints import Checkpoint, check_checkpoint, parse_checkpoint
from gateway.ledger.merkle import ProofError, check_consistency
from gateway.ledger.notes import NoteError, NoteKey

_MOST_HASHES = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_HASH = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)


@dataclass(frozen=True, slots=True)
class Addition:
    """An ``add-checkpoint`` request: the size that the witness knows, the proof from there, the new checkpoint."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        """Spell it: ``old 12``, one hash a line, an empty line, the checkpoint."""
        hashes = "".join(f"{b64encode(each).decode()}\n" for each in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"


class NotCosigned(Exception):
    """The witness refuses; `status` is the HTTP status of the specification."""

    def __init__(self, status: int, why: str, *, known: int | None = None) -> None:
        """Keep the reason, and the size that the witness knows when it is another than the one named."""
        super().__init__(why)
        self.status = status
        self.known = known


def parse_addition(text: str) -> Addition:
    """Read a request.

    Raises:
        NotCosigned: 400, it is malformed.
    """
    head, gap, note = text.partition("\n\n")
    first, *lines = head.split("\n")
    old = _OLD.fullmatch(first)
    if not gap or old is None or len(lines) > _MOST_HASHES or not all(map(_HASH.fullmatch, lines)):
        raise NotCosigned(400, "not an add-checkpoint request")
    return Addition(int(old[1]), tuple(map(b64decode, lines)), note)


def consider(
    addition: Addition, keys: Iterable[NoteKey], latest: Callable[[str], Checkpoint | None]
) -> Checkpoint:
    """Decide whether a checkpoint may be cosigned.

    Args:
        keys: of the logs that are witnessed.
        latest: gives the checkpoint of a log that was cosigned last.

    Raises:
        NotCosigned: it is malformed, unknown, forged, not what comes next, or of another tree.
    """
    checkpoint = _believed(addition.note, list(keys))
    if addition.old > checkpoint.size:
        raise NotCosigned(400, "the old size is larger than the new one")
    before = latest(checkpoint.origin)
    known = before.size if before else 0
    if addition.old != known:
        raise NotCosigned(409, f"the last size cosigned here is {known}", known=known)
    if before is None or known == 0:
        if addition.proof:
            raise NotCosigned(422, "a proof from nothing has no hashes")
        return checkpoint
    if known == checkpoint.size and before.root != checkpoint.root:
        raise NotCosigned(409, "a fork: another root of the same size was cosigned here", known=known)
    try:
        check_consistency(known, checkpoint.size, addition.proof, before.root, checkpoint.root)
    except ProofError as error:
        raise NotCosigned(422, f"a fork, or no proof: {error}") from None
    return checkpoint


def _believed(note: str, keys: list[NoteKey]) -> Checkpoint:
    try:
        origin = parse_checkpoint(note).origin
    except NoteError as error:
        raise NotCosigned(400, str(error)) from None
    own = [key for key in keys if key.name == origin]
    if not own:
        raise NotCosigned(404, "a log that is not witnessed here")
    try:
        return check_checkpoint(note, own)
    except NoteError as error:
        raise NotCosigned(403, str(error)) from None
