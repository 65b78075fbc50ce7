"""What waits for its place in the Merkle log: named in the transaction that commits the row itself."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, select

from gateway.store.statements import insert_once
from gateway.store.tables import log_leaf, log_pending

Kind = Literal["handoff", "consent_event", "admin_action"]
NO_GRANT = ""
"""In place of a grant's id, for what belongs to no grant."""


def await_places(connection: Connection, kind: Kind, sources: Sequence[tuple[str, str]]) -> None:
    """Let rows wait: (grant_id, id of the row). Neither ids nor times say in which order rows were committed."""
    insert_once(connection, log_pending, places_of(kind, sources))


def places_of(kind: Kind, sources: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """Spell the rows of `await_places`, for who inserts them together with others."""
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
    if rows:
        key = (log_pending.c.grant_id == bindparam("grant"), log_pending.c.source_id == bindparam("source"))
        taken_off = [{"grant": row.grant_id, "source": row.source_id} for row in rows]
        connection.execute(delete(log_pending).where(*key), taken_off)
    placed = _placed(connection, [row.source_id for row in rows])
    taken: dict[str, list[str]] = {}
    for row in rows:
        # A transaction whose answer was lost is run again, perhaps after its row has got its place.
        if row.source_id not in placed:
            taken.setdefault(row.kind, []).append(row.source_id)
    return taken


_CHUNK = 5000
"""Fewer than the parameters that either database takes in one statement."""


def _placed(connection: Connection, source_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(source_ids), _CHUNK):
        part = source_ids[start : start + _CHUNK]
        statement = select(log_leaf.c.source_id).where(log_leaf.c.source_id.in_(part))
        found.update(connection.execute(statement).scalars())
    return found


def is_anything_waiting(connection: Connection, asks: Sequence[None]) -> Sequence[bool]:
    """Tell whether anything waits for its place."""
    waits = connection.execute(select(log_pending.c.source_id).limit(1)).first() is not None
    return [waits for _ in asks]
