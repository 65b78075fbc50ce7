"""Comparing a checkpoint that somebody kept with the newest one: the log must only have grown since."""

from dataclasses import dataclass
from enum import StrEnum, auto

from gateway.actions.ledger.proofs import last_checkpoint
from gateway.actions.services import Services
from gateway.ledger.checkpoints import Checkpoint
from gateway.ledger.merkle import ProofError, check_consistency, consistency_ranges
from gateway.ledger.notes import NoteError
from gateway.ledger.tiles import hashes_of, keys_of
from gateway.store.ledger.tree import load_tiles


class ComparisonFinding(StrEnum):
    """What comparing found."""

    CONTINUES = auto()
    UNKNOWN = auto()
    SHORTER = auto()
    REWRITTEN = auto()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A kept checkpoint beside the newest one, with every step from the proof to the new root.

    Attributes:
        kept: None when it is not a checkpoint that this log signed.
        proof: hashes of the consistency proof (RFC 6962 §2.1.2).
        steps: (left, right, their hash).
    """

    finding: ComparisonFinding
    kept: Checkpoint | None
    newest: Checkpoint
    note: str
    proof: tuple[bytes, ...] = ()
    steps: tuple[tuple[bytes, bytes, bytes], ...] = ()


async def compare_checkpoint(services: Services, kept_note: str) -> Comparison:
    """Check a kept checkpoint's signature, and that the newest tree continues it.

    Raises:
        Refusal: ``not_found`` while nothing was signed.
    """
    signed = await last_checkpoint(services)
    own = services.own_log
    newest = own.check(signed.note)
    try:
        kept = own.check(kept_note.replace("\r\n", "\n").strip() + "\n")
    except NoteError:
        return Comparison(ComparisonFinding.UNKNOWN, None, newest, signed.note)
    if kept.size > newest.size:
        return Comparison(ComparisonFinding.SHORTER, kept, newest, signed.note)
    ranges = consistency_ranges(kept.size, newest.size)
    proof = tuple(hashes_of(await services.store.read(load_tiles, keys_of(ranges)), ranges))
    try:
        steps = check_consistency(kept.size, newest.size, proof, kept.root, newest.root)
    except ProofError:
        return Comparison(ComparisonFinding.REWRITTEN, kept, newest, signed.note, proof)
    return Comparison(ComparisonFinding.CONTINUES, kept, newest, signed.note, proof, tuple(steps))
