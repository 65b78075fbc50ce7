"""Exporting the log: entries of a time range with their proofs and the checkpoint, as one signed archive."""

import asyncio
import hashlib
import json
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from gateway.actions.admin_record import record_look
from gateway.actions.ledger.proofs import last_checkpoint, log_key_words
from gateway.actions.services import Services
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.merkle import Range, inclusion_ranges
from gateway.ledger.notes import sign_note
from gateway.ledger.tiles import hash_of, keys_of
from gateway.model.ledger.tiles import Tiles
from gateway.store.ledger.tree import Leaf, load_tiles, read_leaves

SLICE = 1024
HEAD = "consent-gateway/archive/v1"


@dataclass(frozen=True, slots=True)
class Span:
    """From one second up to, not including, another; None: without a bound."""

    since: int | None = None
    until: int | None = None

    def holds(self, at: int) -> bool:
        """Whether a second lies within."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)

    def claim(self) -> tuple[str, str]:
        """Spell the lines by which an archive's signed note claims to hold everything of this time."""
        since, until = ("-" if bound is None else str(bound) for bound in (self.since, self.until))
        return f"since {since}", f"until {until}"


async def export_log(
    services: Services,
    actor_id: str,
    span: Span,
    file: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write an archive (docs/specs/handoff-log.md); it is a read of the log and is put on record.

    Returns:
        How many entries it has.

    Raises:
        Refusal: ``not_found`` while no checkpoint was signed.
    """
    signed = await last_checkpoint(services)
    await record_look(services, actor_id, "export_log", "log", f"size-{signed.size}")
    count, whole = 0, hashlib.sha256()
    with tempfile.TemporaryFile() as lines:
        for start in range(0, signed.size, SLICE):
            end = min(start + SLICE, signed.size)
            leaves = await services.store.read(read_leaves, (start, end))
            wanted = [leaf for leaf in leaves if span.holds(json.loads(leaf.entry)["at"])]
            ranges = {leaf.sequence: inclusion_ranges(leaf.sequence, signed.size) for leaf in wanted}
            keys = keys_of(part for parts in ranges.values() for part in parts)
            tiles = await services.store.read(load_tiles, keys) if wanted else {}
            content = await asyncio.to_thread(_lines, wanted, ranges, tiles)
            lines.write(content)
            whole.update(content)
            count += len(wanted)
            progress(end, signed.size)
        text = "\n".join(
            (
                HEAD,
                services.own_log.origin,
                f"entries {count}",
                f"sha256 {whole.hexdigest()}",
                *span.claim(),
                f"size {signed.size}",
                "",
            )
        )
        key = current_log_key(services.seal.ring.signing, services.registry.log_keys)
        small = {
            "archive": sign_note(text, services.own_log.origin, key),
            "checkpoint": signed.note,
            "keys": "".join(f"{each}\n" for each in log_key_words(services)),
        }
        await asyncio.to_thread(_write, file, small, lines)
    return count


def _lines(leaves: list[Leaf], ranges: dict[int, list[Range]], tiles: Tiles) -> bytes:
    known: dict[Range, str] = {}

    def spelled(part: Range) -> str:
        if part not in known:
            known[part] = hash_of(tiles, part).hex()
        return known[part]

    records = (
        {
            "index": leaf.sequence,
            "entry": leaf.entry.decode("ascii"),
            "proof": [spelled(part) for part in ranges[leaf.sequence]],
        }
        for leaf in leaves
    )
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in records).encode()


def _write(file: Path, small: dict[str, str], lines: IO[bytes]) -> None:
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in small.items():
            content = text.encode()
            archive.addfile(_member(name, len(content)), BytesIO(content))
        size = lines.tell()
        lines.seek(0)
        archive.addfile(_member("entries.jsonl", size), lines)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size = size
    return member
