"""One tiny commit, which proves that this node can write: a server that only reads answers every other question."""

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.store.engine.statements import POSTGRESQL, upsert
from gateway.store.tables import lease

READY = "ready"
"""The name of the row, which nobody holds: it stands among the leases, and is none."""
_ROOM = 16_384
"""Bytes that an embedded file has to have room for, in itself or on its disk: writing over a row takes none."""


def prove_writable(connection: Connection, looks: Sequence[int]) -> Sequence[None]:
    """Write one row over, for all nodes the same; `looks` are their times. Whatever is in the way is raised."""
    for now in looks:
        row = {"name": READY, "holder": "", "expires_at": now}
        if connection.dialect.name != POSTGRESQL:
            upsert(connection, lease, [row | {"holder": "." * _ROOM}])
        upsert(connection, lease, [row])
    return [None] * len(looks)
