"""Checking the whole Merkle log against the database: leaves, rows, tiles, checkpoints, and the order of things."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gateway.actions.ledger.archived_leaves import ArchivedLeaves
from gateway.actions.ledger.folder import LogFolder
from gateway.actions.ledger.search import LogFault
from gateway.actions.services import Services
from gateway.ledger.checkpoints import Checkpoint
from gateway.ledger.dating import TOLERANCE, DatingCheck
from gateway.ledger.entries import encode
from gateway.ledger.log_moves import MovesCheck
from gateway.ledger.marks import MarksCheck
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.notes import NoteError, NoteKey, check_note
from gateway.ledger.tiles import TilePath
from gateway.ledger.tree_check import OrderCheck, TileBuilder
from gateway.model.contacts import ContactView
from gateway.model.ledger.tiles import TileKey
from gateway.store.ledger.archive import load_archives
from gateway.store.ledger.audit import (
    LeafSlice,
    SliceAsk,
    count_tiles,
    find_misattributed,
    find_miswaiting,
    find_unplaced,
    load_checkpoints,
    read_leaf_slices,
)
from gateway.store.ledger.tree import Leaf, load_last_checkpoints, load_tiles
from gateway.store.ledger.witness import find_cosigned_and_gone, load_cosigned_checkpoints

SLICE = 2000
MOST_TILES = 64


@dataclass(frozen=True, slots=True)
class TreeCheck:
    """What checking the tree found.

    Attributes:
        root: the one that was computed from the leaves.
        archived: leaves whose entries are in archives only.
        unmarked: places of entries of an older version that name a person by their id; no fault, for they cannot be
            changed any more.
    """

    size: int
    root: bytes
    checkpoints: int
    archived: int
    faults: tuple[LogFault, ...]
    unmarked: tuple[int, ...] = ()


async def verify_tree(
    services: Services,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    known: Sequence[str] = (),
    witnesses: Sequence[NoteKey] = (),
    folder: LogFolder | None = None,
    tolerance: int = TOLERANCE,
) -> TreeCheck:
    """Check the log from its first leaf to its newest checkpoint, in bounded memory apart from one line for each grant.

    Args:
        progress: told how many of how many leaves are done.
        known: checkpoints that somebody kept: the log must still hold what they say.
        witnesses: each must have cosigned a checkpoint of this very log.
        folder: holds the archives; without it, of archived leaves only the hashes are checked.
        tolerance: seconds by which an entry's time may lie outside of those of the checkpoints around it.
    """
    archived = ArchivedLeaves(services, await services.store.read(load_archives, None), folder)
    return await _Verification(services, progress, archived, witnesses, DatingCheck(tolerance)).run(known)


class _Verification:
    def __init__(
        self,
        services: Services,
        progress: Callable[[int, int], None],
        archived: ArchivedLeaves,
        witnesses: Sequence[NoteKey],
        dating: DatingCheck,
    ) -> None:
        self._services = services
        self._progress = progress
        self._archived = archived
        self._witnesses = witnesses
        self._own = services.own_log
        self._moves = MovesCheck(self._own.note_keys())
        self._builder = TileBuilder()
        self._order = OrderCheck()
        self._marks = MarksCheck()
        self._dating = dating
        self._signed_at: dict[int, int] = {}
        self._due: dict[int, list[tuple[bytes, str]]] = {}
        self._tiles: dict[TileKey, bytes] = {}
        self._tile_count = 0
        self._checkpoints = 0
        self._expected = 0
        self._total = 0
        self._faults: list[LogFault] = []

    async def run(self, known: Sequence[str]) -> TreeCheck:
        last = await self._services.store.read(load_last_checkpoints, None)
        total = self._total = last.size if last else 0
        for whose, what in await self._archived.faults():
            self._fault(whose, what)
        for note in known:
            self._expect(note, "the checkpoint that you hold")
        for witness in self._witnesses:
            await self._expect_cosigned(witness)
        after, cut = -1, False
        while not cut:
            # Only what the last checkpoint covers, because the log goes on growing meanwhile.
            found = await self._services.store.read(read_leaf_slices, SliceAsk(after, SLICE, total))
            cut = not found.leaves
            for leaf in found.leaves:
                await self._go_on_to(leaf.sequence)
                self._leaf(leaf, found)
            after = found.leaves[-1].sequence if found.leaves else after
            await self._check_tiles()
            self._progress(min(after + 1, total), total)
        await self._go_on_to(total)
        await self._finish(total)
        return TreeCheck(
            self._builder.size,
            self._builder.root(),
            self._checkpoints,
            self._archived.count,
            tuple(self._faults),
            tuple(self._marks.unmarked),
        )

    async def _go_on_to(self, place: int) -> None:
        """Fill the gap before a leaf from the archives, and have the checkpoints ready that come with it."""
        while self._builder.size < place and self._archived.holds(self._builder.size):
            await self._expect_to(self._builder.size)
            leaf = await self._archived.at(self._builder.size)
            whose = f"leaf {self._builder.size} (archived)"
            for what in leaf.faults:
                self._fault(whose, what)
            if leaf.entry:
                self._check_entry(whose, leaf.entry)
            self._add(leaf.leaf_hash)
            if len(self._tiles) >= MOST_TILES:
                await self._check_tiles()
        await self._expect_to(place)

    async def _expect_to(self, place: int) -> None:
        if place >= self._expected and self._expected < self._total:
            end = min(place + SLICE, self._total)
            await self._take_checkpoints(self._expected, end)
            self._expected = end

    def _fault(self, subject: str, what: str) -> None:
        self._faults.append(LogFault(subject, what))

    async def _expect_cosigned(self, witness: NoteKey) -> None:
        found = await self._services.store.read(load_cosigned_checkpoints, str(witness))
        if found is None:
            self._fault(f"witness {witness.name}", "it has cosigned no checkpoint of this log")
            return
        whose = f"checkpoint {found.size} as {witness.name} cosigned it"
        try:
            check_note(found.note, [witness])
        except NoteError as error:
            self._fault(whose, str(error))
        else:
            self._expect(found.note, whose)

    def _expect(self, note: str, whose: str) -> Checkpoint | None:
        """Have a checkpoint's root compared when the walk comes to its size."""
        try:
            checkpoint = self._own.check(note, self._witnesses)
        except NoteError as error:
            self._fault(whose, str(error))
            return None
        self._due.setdefault(checkpoint.size, []).append((checkpoint.root, whose))
        return checkpoint

    async def _take_checkpoints(self, start: int, end: int) -> None:
        for signed in await self._services.store.read(load_checkpoints, (start, end)):
            self._checkpoints += 1
            whose = f"checkpoint {signed.size}"
            checkpoint = self._expect(signed.note, whose)
            self._signed_at[signed.size] = (checkpoint and checkpoint.at) or signed.signed_at
            said = (signed.size, signed.root, signed.signed_at)
            # Before there were times in notes, a time was in the row only.
            if checkpoint and (checkpoint.size, checkpoint.root, checkpoint.at or signed.signed_at) != said:
                self._fault(whose, "its row is not what its note says")

    def _leaf(self, leaf: Leaf, found: LeafSlice) -> None:
        expected = self._builder.size
        if leaf.sequence != expected:
            self._fault(f"leaf {expected}", f"it is missing: leaf {leaf.sequence} comes next")
        whose = f"leaf {leaf.sequence} ({leaf.source_id})"
        for what in _leaf_faults(leaf, found):
            self._fault(whose, what)
        self._check_entry(whose, leaf.entry)
        # The entry's own hash, not the stored one, so that a changed entry does not lead to the signed root.
        self._add(leaf_hash(leaf.entry))

    def _add(self, hashed: bytes) -> None:
        self._tiles.update(self._builder.add(hashed))
        for root, whose in self._due.pop(self._builder.size, ()):
            if root != self._builder.root():
                self._fault(whose, "its root is not that of the leaves: something before it was changed")
        if self._builder.size in self._signed_at:
            whose, at = f"checkpoint {self._builder.size}", self._signed_at.pop(self._builder.size)
            for late in self._dating.checkpoint(whose, at):
                self._fault(*late)

    def _check_entry(self, whose: str, content: bytes) -> None:
        try:
            entry = json.loads(content)
            faults = [
                *self._order.faults(entry),
                *self._dating.entry(whose, entry["at"]),
                *self._marks.faults(self._builder.size, entry),
                *self._moves.faults(self._builder.size, entry, self._builder.root),
            ]
        except (ValueError, KeyError, TypeError):
            faults = ["it is no entry of this log"]
        for what in faults:
            self._fault(whose, what)

    async def _check_tiles(self) -> None:
        stored = await self._services.store.read(load_tiles, set(self._tiles))
        for key, hashes in self._tiles.items():
            self._tile_count += 1
            if stored.get(key) != hashes:
                self._fault(
                    f"tile {TilePath(*key)}", "it is missing" if key not in stored else "it was changed"
                )
        self._tiles.clear()

    async def _finish(self, total: int) -> None:
        if self._builder.size < total:
            self._fault(
                "log", f"it ends at leaf {self._builder.size}, and its newest checkpoint says {total}"
            )
        for _, whose in (each for due in self._due.values() for each in due):
            self._fault(whose, "it says more leaves than there are: the log was cut off or rolled back")
        self._check_names(total)
        await self._check_edge(total)
        for size in await self._services.store.read(find_cosigned_and_gone, None):
            self._fault(f"checkpoint {size}", "a witness cosigned it, and it is gone")
        for find in (find_misattributed, find_miswaiting):
            for source_id, what in await self._services.store.read(find, 100):
                self._fault(source_id, what)
        for source_id in await self._services.store.read(find_unplaced, 100):
            self._fault(source_id, "it has no place in the log and waits for none")

    def _check_names(self, total: int) -> None:
        """Hold the names that the database keeps against the moves that the log itself tells of."""
        kept = [(each.start, each.origin) for each in self._own.origins[1:] if each.start < total]
        if kept != self._moves.moves:
            self._fault("log's names", "the database keeps others than the moves in the log give")

    async def _check_edge(self, total: int) -> None:
        """Check the tiles that are not full, which go on growing while the gateway serves."""
        read, edge = self._services.store.read, dict(self._builder.rest())
        stored = await read(load_tiles, set(edge))
        count = await read(count_tiles, None)
        # Read last, because a transaction that makes a tile longer has put its leaves there too.
        has_grown = bool((await read(read_leaf_slices, SliceAsk(total - 1, 1))).leaves)
        for key, hashes in edge.items():
            self._tile_count += 1
            found = stored.get(key, b"")
            if found != hashes and not (has_grown and found.startswith(hashes)):
                self._fault(f"tile {TilePath(*key)}", "it was changed" if found else "it is missing")
        if not has_grown and count > self._tile_count:
            self._fault("log", "it has tiles beyond its last leaf")


def _leaf_faults(leaf: Leaf, found: LeafSlice) -> Iterator[str]:
    if leaf_hash(leaf.entry) != leaf.leaf_hash:
        yield "its hash is not that of its entry"
    row = found.rows.get(leaf.source_id)
    if row is None:
        yield "its row is gone"
    elif encode(row) != leaf.entry:
        yield "its row does not say what the log says"
    elif isinstance(row, ContactView) and row.entry_digest != leaf.leaf_hash:
        yield "its row's digest is not that of its content"
