"""What waits for its place in the Merkle log: named in the transaction that commits the row itself."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection, delete, select

from gateway.store.engine.statements import PreparedStatement, insert_once
from gateway.store.tables import log_leaf, log_pending

LeafKind = Literal["handoff", "consent_event", "admin_action", "contact_event", "contact_view"]
NO_GRANT = ""
"""In place of a grant's id, for what belongs to no grant. A contact's id stands there like a grant's."""


def await_places(connection: Connection, kind: LeafKind, sources: Sequence[tuple[str, str]]) -> None:
    """Let rows wait: (grant_id, id of the row). Neither ids nor times say in which order rows were committed."""
    insert_once(connection, log_pending, places_of(kind, sources))


def places_of(kind: LeafKind, sources: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Spell the rows of `await_places`, to be inserted together with others."""
    return [{"grant_id": grant_id, "source_id": source_id, "kind": kind} for grant_id, source_id in sources]


def take_waiting(connection: Connection, limit: int) -> dict[str, list[str]]:
    """Take rows that wait off the list: ids by kind; a grant is taken with everything of it that waits, or not at all.

    Why that matters: a revocation waits for the releases that hold its grant, so whoever sees the revocation
    sees every hand-off before it, in the same statement. Taking a grant by halves would put a revocation into
    the log and a hand-off that came before it into the next batch.
    """
    statement = select(log_pending).order_by(log_pending.c.grant_id, log_pending.c.source_id).limit(limit)
    rows = connection.execute(statement).all()
    if len(rows) == limit and rows[-1].grant_id != NO_GRANT:
        last = rows[-1].grant_id
        whole = connection.execute(select(log_pending).where(log_pending.c.grant_id == last)).all()
        rows = [row for row in rows if row.grant_id != last] + list(whole)
    _take_off(connection, rows)
    placed = _placed(connection, [row.source_id for row in rows])
    taken: dict[str, list[str]] = {}
    for row in rows:
        # A transaction whose answer was lost is repeated, perhaps after its row has got its place.
        if row.source_id not in placed:
            taken.setdefault(row.kind, []).append(row.source_id)
    return taken


_CHUNK = 5000
"""Fewer than the parameters that either database takes in one statement."""


_TAKEN_OFF = PreparedStatement(
    # An id belongs to one grant, so the two lists need not be pairs; the grant is what the index finds.
    lambda lists: delete(log_pending).where(
        lists.any_of(log_pending.c.grant_id, "grants"), lists.any_of(log_pending.c.source_id, "sources")
    )
)
_PLACED = PreparedStatement(
    lambda lists: select(log_leaf.c.source_id).where(lists.any_of(log_leaf.c.source_id))
)


def _take_off(connection: Connection, rows: Sequence[Any]) -> None:
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        sources = [row.source_id for row in part]
        _TAKEN_OFF(connection, grants=sorted({row.grant_id for row in part}), sources=sources)


def take_off(connection: Connection, source_id: str) -> None:
    """Take one row that belongs to no grant off the list, because this very transaction gives it its place."""
    own = (log_pending.c.grant_id == NO_GRANT) & (log_pending.c.source_id == source_id)
    connection.execute(delete(log_pending).where(own))


def _placed(connection: Connection, source_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(source_ids), _CHUNK):
        rows = _PLACED(connection, wanted=source_ids[start : start + _CHUNK])
        found.update(row.source_id for row in rows)
    return found


def is_anything_waiting(connection: Connection, asks: Sequence[None]) -> Sequence[bool]:
    """Tell whether anything waits for its place."""
    waits = connection.execute(select(log_pending.c.source_id).limit(1)).first() is not None
    return [waits for _ in asks]
