"""Reading the whole log for a check: leaves with the rows they were made of, checkpoints, rows without a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.model.admin_actions import AdminAction
from gateway.model.grants import ConsentEvent
from gateway.model.handoffs import Handoff
from gateway.store.log_rows import id_of, load_rows
from gateway.store.log_tree import Leaf, SignedCheckpoint
from gateway.store.tables import (
    admin_action,
    consent_event,
    handoff,
    log_checkpoint,
    log_leaf,
    log_pending,
    log_tile,
)


@dataclass(frozen=True, slots=True)
class SliceAsk:
    """So many leaves after one, before another; after -1: from the first."""

    after: int
    limit: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class LeafSlice:
    """Leaves in their order, and their rows by id."""

    leaves: Sequence[Leaf]
    rows: Mapping[str, Handoff | ConsentEvent | AdminAction]


def read_leaf_slices(connection: Connection, asks: Sequence[SliceAsk]) -> Sequence[LeafSlice]:
    """Read leaves with their rows."""
    return [_slice(connection, ask) for ask in asks]


def _slice(connection: Connection, ask: SliceAsk) -> LeafSlice:
    place = log_leaf.c.sequence
    statement = select(log_leaf).where(place > ask.after).order_by(place).limit(ask.limit)
    if ask.end is not None:
        statement = statement.where(place < ask.end)
    leaves = [Leaf(**row._mapping) for row in connection.execute(statement)]
    ids: dict[str, list[str]] = {}
    for leaf in leaves:
        ids.setdefault(leaf.kind, []).append(leaf.source_id)
    return LeafSlice(leaves, {id_of(row): row for row in load_rows(connection, ids)})


def load_checkpoints(
    connection: Connection, ranges: Sequence[tuple[int, int]]
) -> Sequence[list[SignedCheckpoint]]:
    """Load the checkpoints whose sizes are above one number and at most another."""
    found = []
    for above, most in ranges:
        size = log_checkpoint.c.size
        statement = select(log_checkpoint).where(size > above, size <= most).order_by(size)
        found.append([SignedCheckpoint(**row._mapping) for row in connection.execute(statement)])
    return found


def count_tiles(connection: Connection, asks: Sequence[None]) -> Sequence[int]:
    """Count the stored tiles."""
    count = connection.execute(select(func.count()).select_from(log_tile)).scalar_one()
    return [count for _ in asks]


def find_unplaced(connection: Connection, limits: Sequence[int]) -> Sequence[list[str]]:
    """Find rows that have no leaf and do not wait for one, so many of each kind at most."""
    return [_unplaced(connection, limit) for limit in limits]


def _unplaced(connection: Connection, limit: int) -> list[str]:
    found: list[str] = []
    for key in (handoff.c.handoff_id, consent_event.c.event_id, admin_action.c.action_id):
        placed = select(log_leaf.c.source_id).where(log_leaf.c.source_id == key).exists()
        waits = select(log_pending.c.source_id).where(log_pending.c.source_id == key).exists()
        found += connection.execute(select(key).where(~placed, ~waits).limit(limit)).scalars()
    return found
