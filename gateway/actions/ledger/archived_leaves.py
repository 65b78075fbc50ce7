"""Leaves whose entries are in archives only, as a check of the whole log walks over them."""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.actions.ledger.archive import look
from gateway.actions.ledger.folder import LogFolder
from gateway.actions.services import Services
from gateway.ledger.entries import decode
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tiles import HASH, WIDTH
from gateway.store.ledger.archive import Archive
from gateway.store.ledger.tree import load_tiles


@dataclass(frozen=True, slots=True)
class ArchivedLeaf:
    """One leaf: its hash as the tree has it, and its entry where a folder gave it."""

    leaf_hash: bytes
    entry: bytes | None
    faults: tuple[str, ...] = ()


class ArchivedLeaves:
    """Reads hashes from the tree's tiles, and entries from a folder."""

    def __init__(self, services: Services, archives: Sequence[Archive], folder: LogFolder | None) -> None:
        """Take the archives on record and, maybe, the folder that holds them."""
        self._services = services
        self._archives = archives
        self._starts = [each.first_leaf for each in archives]
        self._folder = folder
        self._index = -1
        self._hashes = b""
        self._entries: list[bytes] | None = None
        self.count = 0

    async def faults(self) -> list[tuple[str, str]]:
        """Check every archive in the folder."""
        found = []
        for each in self._archives:
            fault = await look(self._services, self._folder, each) if self._folder else None
            if fault:
                found.append((f"archive {each.first_leaf}-{each.end_leaf}", str(fault)))
        return found

    def holds(self, place: int) -> bool:
        """Whether a leaf is archived."""
        found = bisect_right(self._starts, place) - 1
        return found >= 0 and place < self._archives[found].end_leaf

    async def at(self, place: int) -> ArchivedLeaf:
        """Give a leaf; it is a hand-off, because nothing else leaves the database."""
        self.count += 1
        if place // WIDTH != self._index:
            await self._load(place // WIDTH)
        position = place % WIDTH
        # If the tile is missing or cut, the check of tiles says so, and any hash will do here.
        hashed = self._hashes[position * HASH : (position + 1) * HASH].ljust(HASH, b"\0")
        if self._entries is None:
            return ArchivedLeaf(hashed, None)
        entry = self._entries[position]
        if leaf_hash(entry) != hashed:
            return ArchivedLeaf(hashed, None, ("the archive's entry is not what the tree says",))
        try:
            kind = decode(entry)["kind"]
        except ValueError:
            return ArchivedLeaf(hashed, None, ("it is no entry of this log",))
        return ArchivedLeaf(
            hashed, entry, () if kind == "handoff" else ("it is missing, and it is no hand-off",)
        )

    async def _load(self, index: int) -> None:
        tiles = await self._services.store.read(load_tiles, {(0, index)})
        self._index, self._hashes, self._entries = index, tiles.get((0, index), b""), None
        if self._folder is not None:
            # Whatever is missing there is reported already, because each archive was checked as a whole before.
            self._entries = await asyncio.to_thread(self._folder.find_entries, index)
