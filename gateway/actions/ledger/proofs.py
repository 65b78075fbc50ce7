"""Proofs out of the log: that an entry stands in it, and that one checkpoint continues another."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.actions.admin_record import record_look
from gateway.actions.contacts.overview import see_contact
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.ledger.checkpoints import Checkpoint
from gateway.ledger.merkle import ProofError, check_inclusion, consistency_ranges, inclusion_ranges, leaf_hash
from gateway.ledger.tiles import WIDTH, TilePath, bundle, hashes_of, keys_of, width_of
from gateway.model.people import Session
from gateway.store.consent.grants import load_details
from gateway.store.ledger.tree import (
    SignedCheckpoint,
    load_leaves,
    load_tiles,
    read_leaves,
)
from gateway.store.ledger.witness import load_shown_checkpoints

HASH = 32


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence that an entry stands in the log: all that a verifier needs besides the log's public key.

    Attributes:
        path: hashes from the leaf's neighbour upwards (RFC 6962 §2.1.1).
        note: the signed checkpoint that they lead to.
    """

    index: int
    entry: bytes
    path: tuple[bytes, ...]
    note: str
    signed_at: int

    def as_record(self, keys: Sequence[str]) -> dict[str, Any]:
        """Spell it for download (docs/specs/handoff-log.md)."""
        return {
            "index": self.index,
            "entry": self.entry.decode("ascii"),
            "proof": [each.hex() for each in self.path],
            "checkpoint": self.note,
            "keys": list(keys),
        }


@dataclass(frozen=True, slots=True)
class CheckedEvidence:
    """An entry's evidence after it was checked here, step by step: (left, right, their hash)."""

    evidence: Evidence
    checkpoint: Checkpoint
    steps: tuple[tuple[bytes, bytes, bytes], ...]


def log_key_words(services: Services) -> list[str]:
    """Spell the log's verifier keys, retired ones too, and those under the names that it bore before."""
    return [str(key) for key in services.own_log.note_keys()]


async def last_checkpoint(services: Services) -> SignedCheckpoint:
    """Give the newest checkpoint.

    Raises:
        Refusal: ``not_found`` while nothing was signed.
    """
    found = await services.store.read(load_shown_checkpoints, None)
    if found is None:
        raise Refusal("not_found", detail="no checkpoint yet")
    return found


async def find_evidence(services: Services, source_id: str) -> Evidence | None:
    """Make the evidence for a row; None while it waits for its place and signature, a second at most."""
    leaf = await services.store.read(load_leaves, source_id)
    signed = await services.store.read(load_shown_checkpoints, None)
    if leaf is None or signed is None or leaf.sequence >= signed.size:
        return None
    ranges = inclusion_ranges(leaf.sequence, signed.size)
    tiles = await services.store.read(load_tiles, keys_of(ranges))
    path = tuple(hashes_of(tiles, ranges))
    return Evidence(leaf.sequence, leaf.entry, path, signed.note, signed.signed_at)


async def find_own_evidence(
    services: Services, session: Session, grant_id: str, source_id: str
) -> Evidence | None:
    """Make the evidence for a hand-off or a consent event of one's own.

    Raises:
        Refusal: ``not_found`` for what is somebody else's, or of another grant, or not there at all.
    """
    detail = await services.store.read(load_details, grant_id)
    if detail is None or detail.line.grant.person_id != session.person.person_id:
        raise Refusal("not_found", detail="unknown grant, or somebody else's")
    found = await find_evidence(services, source_id)
    if found is not None and json.loads(found.entry).get("grant") != grant_id:
        raise Refusal("not_found", detail="an entry of another grant")
    return found


async def find_contact_evidence(
    services: Services, session: Session, contact_id: str, source_id: str
) -> Evidence | None:
    """Make the evidence for a decision or a look that stands on the page of a contact of one's own.

    Raises:
        Refusal: ``not_found`` for what is somebody else's, or not on that page: a "no" is not on its asker's.
    """
    found = await see_contact(services, session, contact_id)
    shown = {each.event_id for each in found.events} | {each.view_id for each in found.views}
    if source_id not in shown:
        raise Refusal("not_found", detail="not on the page of this contact")
    return await find_evidence(services, source_id)


async def find_any_evidence(services: Services, actor_id: str, source_id: str) -> Evidence | None:
    """Make the evidence for any entry; that is a read of the log, so it is put on record."""
    found = await find_evidence(services, source_id)
    if found is not None:
        await record_look(services, actor_id, "check_entry", "log", source_id)
    return found


def checked(services: Services, evidence: Evidence) -> CheckedEvidence:
    """Check evidence as anybody else would, and keep every step.

    Raises:
        NoteError: the checkpoint is not the log's.
        ProofError: the entry does not stand where it should.
    """
    checkpoint = services.own_log.check(evidence.note)
    steps = check_inclusion(
        leaf_hash(evidence.entry), evidence.index, checkpoint.size, evidence.path, checkpoint.root
    )
    return CheckedEvidence(evidence, checkpoint, tuple(steps))


async def prove_consistency(services: Services, old: int, new: int) -> Mapping[str, Any]:
    """Prove that the tree of one size continues that of a smaller one (RFC 6962 §2.1.2).

    Raises:
        Refusal: ``not_found`` for sizes that the newest checkpoint does not cover.
    """
    signed = await last_checkpoint(services)
    try:
        ranges = consistency_ranges(old, new)
    except ProofError as error:
        raise Refusal("not_found", detail=str(error)) from None
    if new > signed.size:
        raise Refusal("not_found", detail="beyond the newest checkpoint")
    tiles = await services.store.read(load_tiles, keys_of(ranges))
    return {"from": old, "to": new, "proof": [each.hex() for each in hashes_of(tiles, ranges)]}


async def read_tile(services: Services, path: TilePath) -> bytes:
    """Read a tile of hashes, full or as wide as asked (C2SP tlog-tiles).

    Raises:
        Refusal: ``not_found`` for what the newest checkpoint does not cover.
    """
    level = path.level or 0
    await _check_covered(services, path)
    tiles = await services.store.read(load_tiles, {(level, path.index)})
    return tiles[level, path.index][: path.width * HASH]


async def read_bundle(services: Services, actor_id: str, path: TilePath) -> bytes:
    """Read a bundle of entries; that is a read of the log, so it is put on record.

    Raises:
        Refusal: ``not_found`` for what the newest checkpoint does not cover, or what only an archive holds.
    """
    await _check_covered(services, path)
    start = path.index * WIDTH
    await record_look(services, actor_id, "read_entries", "log", f"{start}-{start + path.width - 1}")
    leaves = await services.store.read(read_leaves, (start, start + path.width))
    if len(leaves) != path.width:
        raise Refusal("not_found", detail="some of these entries are in an archive only")
    return bundle(each.entry for each in leaves)


async def _check_covered(services: Services, path: TilePath) -> None:
    signed = await last_checkpoint(services)
    if width_of(path.level or 0, path.index, signed.size) < path.width:
        raise Refusal("not_found", detail="beyond the newest checkpoint")
