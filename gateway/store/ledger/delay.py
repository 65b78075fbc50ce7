"""How long the log has been behind: rows without a place, and leaves that no checkpoint covers."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.store.ledger.rows import load_rows
from gateway.store.ledger.tree import find_last_checkpoint
from gateway.store.tables import log_leaf, log_pending

_LOOKED_AT = 20
"""Lines that wait and are looked at: the sequencer takes all of them at a time, so any is as good as the oldest."""


def find_oldest_unsigned(connection: Connection, asks: Sequence[None]) -> Sequence[int | None]:
    """Find the time of a row that has waited for long, if any has; None where nothing waits."""
    waiting: dict[str, list[str]] = {}
    lines = select(log_pending).order_by(log_pending.c.grant_id, log_pending.c.source_id).limit(_LOOKED_AT)
    for line in connection.execute(lines):
        waiting.setdefault(line.kind, []).append(line.source_id)
    times = [row.at for row in load_rows(connection, waiting)]
    last = find_last_checkpoint(connection)
    first = select(log_leaf.c.entry).where(log_leaf.c.sequence == (last.size if last else 0))
    times += [json.loads(entry)["at"] for entry in connection.execute(first).scalars()]
    return [min(times, default=None) for _ in asks]
