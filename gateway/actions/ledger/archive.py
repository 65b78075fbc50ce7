"""Retention: old leaves go to files that verify for ever; then hand-offs of ended consents may leave the database."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.actions.ledger.folder import (
    ArchiveFault,
    LogFolder,
    find_fault,
    manifest_name,
    manifest_text,
    tile_name,
)
from gateway.actions.ledger.proofs import last_checkpoint, log_key_words
from gateway.actions.services import Services
from gateway.kit.ids import Kind
from gateway.kit.progress import Progress
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.notes import sign_note
from gateway.ledger.tiles import WIDTH, TilePath, bundle, leaf_tile, width_of
from gateway.model.ledger.tiles import TileKey
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.ledger.archive import Archive, PruneAsk, add_archives, load_archives, prune_handoffs
from gateway.store.ledger.tree import Leaf, load_tiles, read_leaves

TILES = 64
"""Tiles that are read at a time."""
BATCH = 500


async def archive_log(
    services: Services,
    actor_id: str,
    before_at: int,
    folder: LogFolder,
    progress: Progress = lambda done, total: None,
) -> Archive | None:
    """Write the oldest leaves that no archive holds yet to files, up to the first that is not older than a second.

    Whole bundles of 256 only. The archive's digest becomes a leaf of the log itself. Nothing is deleted.

    Returns:
        The archive; None when nothing is old enough.

    Raises:
        Refusal: ``not_found`` while no checkpoint was signed.
        ArchiveFault: the log has a gap, or what was written does not read back.
    """
    signed = await last_checkpoint(services)
    done = await services.store.read(load_archives, None)
    first = end = done[-1].end_leaf if done else 0
    most, bundles = signed.size - signed.size % WIDTH, hashlib.sha256()
    while end < most:
        leaves = await services.store.read(read_leaves, (end, end + WIDTH))
        if any(json.loads(each.entry)["at"] >= before_at for each in leaves):
            break
        content = await _checked_bundle(services, end, leaves)
        await asyncio.to_thread(folder.write, tile_name(TilePath(None, end // WIDTH)), content)
        bundles.update(content)
        end += WIDTH
        progress(end, most)
    if end == first:
        return None
    await _write_tiles(services, folder, signed.size)
    origin = services.own_log.origin
    key = current_log_key(services.seal.ring.signing, services.registry.log_keys)
    note = sign_note(manifest_text(origin, first, end, before_at, bundles.digest()), origin, key).encode()
    folder.write("checkpoint", signed.note.encode())
    folder.write("keys", "".join(f"{each}\n" for each in log_key_words(services)).encode())
    folder.write(manifest_name(first, end), note)
    archive = Archive(first, end, before_at, hashlib.sha256(note).digest(), services.clock())
    await check(services, folder, archive)
    act = _act(services, actor_id, "archive_log", archive)
    if not await services.store.run(add_archives, (archive, act)):
        raise ArchiveFault(f"leaf {first} was archived by somebody else meanwhile")
    return archive


async def _checked_bundle(services: Services, start: int, leaves: list[Leaf]) -> bytes:
    """Bundle the entries of one tile, if they are what the tree says."""
    key = (0, start // WIDTH)
    tiles = await services.store.read(load_tiles, {key})
    if leaf_tile(each.entry for each in leaves) != tiles.get(key):
        raise ArchiveFault(
            f"leaves {start} to {start + WIDTH - 1} are not what the tree says: run log verify"
        )
    return bundle(each.entry for each in leaves)


def _tiles_of(size: int) -> Iterator[tuple[TileKey, int]]:
    """Name every tile of a tree, with how many hashes it has."""
    level = 0
    while size >> (8 * level):
        index = 0
        while width := width_of(level, index, size):
            yield (level, index), width
            index += 1
        level += 1


async def _write_tiles(services: Services, folder: LogFolder, size: int) -> None:
    """Write all hashes of the tree: they are few, and a verifier who has them needs nothing else from us."""
    due = [(key, path) for key, width in _tiles_of(size) if not folder.has(path := TilePath(*key, width))]
    for start in range(0, len(due), TILES):
        part = due[start : start + TILES]
        tiles = await services.store.read(load_tiles, [key for key, _ in part])
        for key, path in part:
            await asyncio.to_thread(folder.write, tile_name(path), tiles[key][: path.width * 32])


async def check(services: Services, folder: LogFolder, archive: Archive) -> None:
    """Check that a folder holds an archive.

    Raises:
        ArchiveFault: it does not.
    """
    fault = await look(services, folder, archive)
    if fault:
        raise fault


async def look(services: Services, folder: LogFolder, archive: Archive) -> ArchiveFault | None:
    """Find what is wrong with an archive in a folder."""
    return await asyncio.to_thread(find_fault, folder, archive, services.own_log)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What has left the database: hand-offs, out of leaves up to a number."""

    handoffs: int
    end_leaf: int


async def prune_log(
    services: Services, actor_id: str, folder: LogFolder, progress: Progress = lambda done, total: None
) -> Pruned:
    """Delete archived hand-offs of consents that are over, after every archive was read back from the folder.

    Consent events, administrators' acts and every hash stay, so each remaining leaf proves and verifies as before.

    Raises:
        ArchiveFault: the folder does not hold what is on record; nothing was deleted.
    """
    archives = await services.store.read(load_archives, None)
    if not archives:
        raise ArchiveFault("nothing was archived yet")
    for each in archives:
        await check(services, folder, each)
    end, count, after = archives[-1].end_leaf, 0, -1
    await services.store.run(append_actions, _act(services, actor_id, "prune_log", archives[-1]))
    while places := await services.store.run(prune_handoffs, PruneAsk(after, end, BATCH)):
        count, after = count + len(places), places[-1]
        progress(after + 1, end)
    return Pruned(count, end)


def _act(services: Services, actor_id: str, act: str, archive: Archive) -> AdminAction:
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action=act,
        target_kind="log",
        target_id=f"{archive.first_leaf}-{archive.end_leaf}",
        at=services.clock(),
        detail={"sha256": archive.manifest_digest.hex()},
    )
