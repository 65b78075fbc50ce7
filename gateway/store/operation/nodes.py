"""What nodes say of themselves: one row for each, overwritten every few seconds."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from gateway.kit.clock import DAY
from gateway.model.nodes import Node, Work
from gateway.store.engine.statements import upsert
from gateway.store.tables import node

FORGOTTEN = DAY
"""Seconds after which a node that was killed is forgotten; who ends in order takes its row along."""


def report_nodes(connection: Connection, nodes: Sequence[Node]) -> Sequence[None]:
    """Keep what nodes say, and forget those that have said nothing for a day."""
    for each in nodes:
        connection.execute(delete(node).where(node.c.seen_at < each.seen_at - FORGOTTEN))
        row = {
            "node_id": each.node_id,
            "place": each.place,
            "started_at": each.started_at,
            "seen_at": each.seen_at,
            "current": each.current,
            "masters": json.dumps(sorted(each.masters)),
            "turns": json.dumps(each.last_done, sort_keys=True),
        }
        upsert(connection, node, [row])
    return [None] * len(nodes)


def load_nodes(connection: Connection, asks: Sequence[None]) -> Sequence[list[Node]]:
    """Load every node, the one that started first comes first."""
    rows = connection.execute(select(node).order_by(node.c.started_at, node.c.node_id)).all()
    found = [
        Node(
            node_id=row.node_id,
            place=row.place,
            started_at=row.started_at,
            seen_at=row.seen_at,
            current=row.current,
            masters=frozenset(json.loads(row.masters)),
            last_done={Work(name): at for name, at in json.loads(row.turns).items()},
        )
        for row in rows
    ]
    return [found for _ in asks]


def forget_nodes(connection: Connection, node_ids: Sequence[str]) -> Sequence[None]:
    """Forget nodes that end."""
    for each in node_ids:
        connection.execute(delete(node).where(node.c.node_id == each))
    return [None] * len(node_ids)
