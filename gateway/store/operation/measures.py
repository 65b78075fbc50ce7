"""The state of the whole installation, from the database: every node gives the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, and_, func, or_, select

from gateway.kit.clock import DAY
from gateway.model.deletions import RECEIVED_WITHIN
from gateway.model.nodes import Node
from gateway.store.ledger.tree import find_last_checkpoint, log_size
from gateway.store.mail.outbox import Outbox, look_at_outbox
from gateway.store.operation.nodes import load_nodes
from gateway.store.operation.readiness import READY
from gateway.store.tables import deletion_request, lease, log_pending, logout_delivery

GIVEN_UP_WITHIN = 7 * DAY
"""Seconds for which what was given up is counted."""
MOST_COUNTED = 100_000
"""Entries that wait for their place are counted up to here: counting more would slow the sequencer down further."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What the database says.

    Attributes:
        queues: of what is sent, by name.
        unsigned: entries that no checkpoint covers.
        signed_at: when the newest checkpoint was signed; None before the first.
        leases: when each runs out.
        overdue: requests to delete that are late, by partner.
    """

    queues: Mapping[str, Outbox]
    unsigned: int
    signed_at: int | None
    leases: Mapping[str, int]
    nodes: Sequence[Node]
    overdue: Mapping[str, int]


def measure(connection: Connection, nows: Sequence[int]) -> Sequence[Measures]:
    """Read the state as of each of these seconds."""
    return [_measure(connection, now) for now in nows]


def _measure(connection: Connection, now: int) -> Measures:
    since = now - GIVEN_UP_WITHIN
    [mail] = look_at_outbox(connection, [since])
    [nodes] = load_nodes(connection, [None])
    last = find_last_checkpoint(connection)
    waiting = select(log_pending.c.source_id).limit(MOST_COUNTED).subquery()
    pending: int = connection.execute(select(func.count()).select_from(waiting)).scalar_one()
    leases = select(lease.c.name, lease.c.expires_at).where(lease.c.name != READY)
    return Measures(
        queues={
            "mail": mail,
            "logouts": _queue(connection, logout_delivery, "created_at", "delivered_at", since),
            "deletions": _queue(connection, deletion_request, "asked_at", "received_at", since),
        },
        unsigned=pending + log_size(connection) - (last.size if last else 0),
        signed_at=last.signed_at if last else None,
        leases={row.name: row.expires_at for row in connection.execute(leases)},
        nodes=nodes,
        overdue=_overdue(connection, now),
    )


def _queue(connection: Connection, table: Table, written: str, done: str, since: int) -> Outbox:
    """Count rows that are still due, and rows that were given up: neither due nor done."""
    own = table.c
    waiting = select(func.count(), func.min(own[written])).where(own.due_at.is_not(None))
    given_up = select(func.count()).where(own.due_at.is_(None), own[done].is_(None), own[written] >= since)
    count, oldest = connection.execute(waiting).one()
    return Outbox(count, oldest, connection.execute(given_up).scalar_one())


def _overdue(connection: Connection, now: int) -> Mapping[str, int]:
    own = deletion_request.c
    is_late = or_(
        and_(own.received_at.is_(None), own.asked_at <= now - RECEIVED_WITHIN),
        and_(own.received_at.is_not(None), own.done_by <= now),
    )
    late = (
        select(own.partner_id, func.count().label("late"))
        .where(own.outcome.is_(None), is_late)
        .group_by(own.partner_id)
    )
    return {row.partner_id: row.late for row in connection.execute(late)}
