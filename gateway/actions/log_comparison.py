"""Comparing a checkpoint that somebody kept with the newest one: the log must only have grown since."""

from dataclasses import dataclass
from enum import StrEnum, auto

from gateway.actions.log_proofs import last_checkpoint
from gateway.actions.services import Services
from gateway.ledger.checkpoints import Checkpoint, check_checkpoint
from gateway.ledger.log_keys import note_keys
from gateway.ledger.merkle import ProofError, check_consistency, consistency_ranges
from gateway.ledger.notes import NoteError
from gateway.ledger.tiles import hashes_of, keys_of
from gateway.store.log_tree import load_tiles


class Finding(StrEnum):
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

    finding: Finding
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
    keys = note_keys(services.settings.log_origin, services.registry.log_keys)
    newest = check_checkpoint(signed.note, keys)
    try:
        kept = check_checkpoint(kept_note.replace("\r\n", "\n").strip() + "\n", keys)
    except NoteError:
        return Comparison(Finding.UNKNOWN, None, newest, signed.note)
    if kept.size > newest.size:
        return Comparison(Finding.SHORTER, kept, newest, signed.note)
    ranges = consistency_ranges(kept.size, newest.size)
    proof = tuple(hashes_of(await services.store.read(load_tiles, keys_of(ranges)), ranges))
    try:
        steps = check_consistency(kept.size, newest.size, proof, kept.root, newest.root)
    except ProofError:
        return Comparison(Finding.REWRITTEN, kept, newest, signed.note, proof)
    return Comparison(Finding.CONTINUES, kept, newest, signed.note, proof, tuple(steps))
