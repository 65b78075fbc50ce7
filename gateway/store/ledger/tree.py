"""The Merkle log's own tables: leaves get their places, tiles grow, checkpoints are kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, false, func, insert, or_, select

from gateway.model.contacts import ContactView
from gateway.model.ledger.handoffs import LoggedHandoff
from gateway.model.ledger.rows import LogRow, id_of
from gateway.model.ledger.tiles import TileKey, Tiles
from gateway.store.engine.backend import Operation
from gateway.store.engine.leases import LeaseClaim, hold
from gateway.store.engine.statements import insert_new, upsert
from gateway.store.ledger.rows import load_event_places, load_rows
from gateway.store.log_pending import take_waiting
from gateway.store.tables import log_checkpoint, log_leaf, log_origin, log_tile


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: `source_id` is the id of the row that it was made of."""

    sequence: int
    kind: str
    source_id: str
    entry: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was signed."""

    size: int
    root: bytes
    note: str
    signed_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that get their places now.

    Attributes:
        size: leaves before.
        places: of every event that a hand-off or a look names, among those of its grant or contact.
        lost: ids of rows that wait and are not there.
    """

    size: int
    rows: Sequence[LogRow]
    places: Mapping[str, int]
    lost: Sequence[str]
    read_tiles: Callable[[Iterable[TileKey]], Tiles]


@dataclass(frozen=True, slots=True)
class Growth:
    """What a batch adds: leaves in their order, and tiles that are new or longer."""

    leaves: Sequence[Leaf]
    tiles: Tiles


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the sequencer: at most so many rows, for the node that claims the lease."""

    claim: LeaseClaim
    limit: int


def integrate_operation(grow: Callable[[Batch], Growth]) -> Operation[Turn, int | None]:
    """Make the operation: take waiting rows, let them be ordered and hashed, insert leaves and tiles; all or nothing.

    Its outcome is how many were taken; None where another node holds the lease.
    """

    def integrate(connection: Connection, turns: Sequence[Turn]) -> Sequence[int | None]:
        return [_integrate(connection, turn, grow) for turn in turns]

    return integrate


def _integrate(connection: Connection, turn: Turn, grow: Callable[[Batch], Growth]) -> int | None:
    if not hold(connection, turn.claim):
        return None
    taken = take_waiting(connection, turn.limit)
    place_rows(connection, taken, grow)
    return sum(map(len, taken.values()))


def place_rows(
    connection: Connection, taken: Mapping[str, Sequence[str]], grow: Callable[[Batch], Growth]
) -> None:
    """Give rows the next places: ids by kind. The caller holds the sequencer's lease."""
    growth = grow(_batch(connection, taken))
    if growth.leaves:
        names = tuple(Leaf.__dataclass_fields__)
        leaves = [{name: getattr(each, name) for name in names} for each in growth.leaves]
        insert_new(connection, log_leaf, leaves)
        tiles = [
            {"level": level, "tile_index": index, "hashes": hashes}
            for (level, index), hashes in growth.tiles.items()
        ]
        upsert(connection, log_tile, tiles)


def _batch(connection: Connection, taken: Mapping[str, Sequence[str]]) -> Batch:
    rows = load_rows(connection, taken)
    found = {id_of(row) for row in rows}
    named = sorted({row.event_id for row in rows if isinstance(row, LoggedHandoff | ContactView)})
    return Batch(
        size=log_size(connection),
        rows=rows,
        places=load_event_places(connection, named),
        lost=[each for ids in taken.values() for each in ids if each not in found],
        read_tiles=lambda keys: read_tiles(connection, keys),
    )


def log_size(connection: Connection) -> int:
    """Tell how many leaves there are."""
    last: int | None = connection.execute(select(func.max(log_leaf.c.sequence))).scalar()
    return 0 if last is None else last + 1


def read_tiles(connection: Connection, keys: Iterable[TileKey]) -> Tiles:
    """Read tiles; those that are not there are absent.

    Level by level: SQLite would read the whole table for pairs in one list.
    """
    levels: dict[int, list[int]] = {}
    for level, index in sorted(keys):
        levels.setdefault(level, []).append(index)
    tile = log_tile.c
    wanted = [(tile.level == level) & tile.tile_index.in_(indexes) for level, indexes in levels.items()]
    statement = select(log_tile).where(or_(false(), *wanted))
    return {(row.level, row.tile_index): row.hashes for row in connection.execute(statement)}


def load_tiles(connection: Connection, asks: Sequence[Iterable[TileKey]]) -> Sequence[Tiles]:
    """Load sets of tiles."""
    return [read_tiles(connection, keys) for keys in asks]


@dataclass(frozen=True, slots=True)
class TreeState:
    """What is there before a checkpoint is signed: the tree's size, the log's name and the last checkpoint.

    Attributes:
        origin: read after the lease was taken, so that no node signs under a name that the log has left meanwhile.
    """

    size: int
    origin: str
    last: SignedCheckpoint | None
    read_tiles: Callable[[Iterable[TileKey]], Tiles]


def sign_operation(sign: Callable[[TreeState], SignedCheckpoint | None]) -> Operation[LeaseClaim, bool]:
    """Make the operation: look at the tree and the last checkpoint, and keep the new one if one was signed."""

    def signed(connection: Connection, claims: Sequence[LeaseClaim]) -> Sequence[bool]:
        return [_sign(connection, claim, sign) for claim in claims]

    return signed


def _sign(
    connection: Connection, claim: LeaseClaim, sign: Callable[[TreeState], SignedCheckpoint | None]
) -> bool:
    if not hold(connection, claim):
        return False
    made = sign(_tree_state(connection))
    if made is not None:
        row = {"size": made.size, "root": made.root, "note": made.note, "signed_at": made.signed_at}
        connection.execute(insert(log_checkpoint), row)
    return made is not None


def _tree_state(connection: Connection) -> TreeState:
    name = connection.execute(select(log_origin.c.origin).order_by(log_origin.c.number.desc()).limit(1))
    return TreeState(
        size=log_size(connection),
        origin=name.scalar_one(),
        last=find_last_checkpoint(connection),
        read_tiles=lambda keys: read_tiles(connection, keys),
    )


def look_operation(look: Callable[[TreeState], str | None]) -> Operation[None, str | None]:
    """Make the operation: look at the tree and the last checkpoint, as before signing; nothing is written."""

    def looked(connection: Connection, asks: Sequence[None]) -> Sequence[str | None]:
        return [look(_tree_state(connection)) for _ in asks]

    return looked


def find_last_checkpoint(connection: Connection) -> SignedCheckpoint | None:
    """Find the newest checkpoint."""
    row = connection.execute(select(log_checkpoint).order_by(log_checkpoint.c.size.desc()).limit(1)).first()
    return None if row is None else SignedCheckpoint(**row._mapping)


def is_anything_unsigned(connection: Connection, asks: Sequence[None]) -> Sequence[bool]:
    """Tell whether the tree has another size than the newest checkpoint; a node without work writes nothing."""
    last = connection.execute(select(func.max(log_checkpoint.c.size))).scalar()
    differs = log_size(connection) != (last or 0)
    return [differs for _ in asks]


def load_last_checkpoints(connection: Connection, asks: Sequence[None]) -> Sequence[SignedCheckpoint | None]:
    """Load the newest checkpoint."""
    found = find_last_checkpoint(connection)
    return [found for _ in asks]


def load_leaves(connection: Connection, source_ids: Sequence[str]) -> Sequence[Leaf | None]:
    """Load the leaf of each row; None while it has none."""
    statement = select(log_leaf).where(log_leaf.c.source_id.in_(sorted(set(source_ids))))
    found = {row.source_id: Leaf(**row._mapping) for row in connection.execute(statement)}
    return [found.get(source_id) for source_id in source_ids]


def read_leaves(connection: Connection, ranges: Sequence[tuple[int, int]]) -> Sequence[list[Leaf]]:
    """Read leaves from a number up to, not including, another, in their order."""
    return [_leaves(connection, start, end) for start, end in ranges]


def _leaves(connection: Connection, start: int, end: int) -> list[Leaf]:
    place = log_leaf.c.sequence
    statement = select(log_leaf).where(place >= start, place < end).order_by(place)
    return [Leaf(**row._mapping) for row in connection.execute(statement)]
