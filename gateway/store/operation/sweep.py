"""The sweep of rows that are over and say nothing any more, in every table that grows by what others send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, delete, select, true, tuple_

from gateway.kit.clock import DAY
from gateway.store.oauth.requests import LONGEST_SCREEN
from gateway.store.tables import (
    client_assertion,
    client_token,
    device_authorization,
    dpop_proof,
    letter,
    mail_link,
    pushed_request,
    session,
    spent_challenge,
    throttle,
)

BATCH = 1000
"""Rows of a table that one transaction takes away."""
HOUR = 3600
_ALL = true()


@dataclass(frozen=True, slots=True)
class Over:
    """When a row is over.

    Attributes:
        since: the column that says from when on; it has an index.
        kept: seconds that the row is kept longer, for the clocks of other nodes, or for its person to see.
        which: rows that end at all; the others stay.
    """

    since: ColumnElement[int]
    kept: int = HOUR
    which: ColumnElement[bool] = _ALL


OVER: Mapping[Table, Over] = {
    throttle: Over(throttle.c.ends_at),
    mail_link: Over(mail_link.c.expires_at, DAY),
    letter: Over(letter.c.next_at, 90 * DAY, letter.c.state == "dead"),
    spent_challenge: Over(spent_challenge.c.expires_at),
    dpop_proof: Over(dpop_proof.c.expires_at),
    client_assertion: Over(client_assertion.c.expires_at),
    pushed_request: Over(pushed_request.c.expires_at, LONGEST_SCREEN),
    device_authorization: Over(device_authorization.c.expires_at),
    client_token: Over(client_token.c.expires_at, 30 * DAY),
    # No session lasts longer than a week, whatever the settings say.
    session: Over(session.c.created_at, 30 * DAY),
}
"""What ends by itself, by table. Two nodes may sweep at once: neither takes a row that the other one holds."""


def sweep_over(connection: Connection, nows: Sequence[int]) -> Sequence[bool]:
    """Take away what is over; tell whether there may be more of it."""
    return [max(_sweep(connection, now, *each) for each in OVER.items()) for now in nows]


def _sweep(connection: Connection, now: int, table: Table, over: Over) -> bool:
    keys = list(table.primary_key)
    found = (
        select(*keys)
        .where(over.since < now - over.kept, over.which)
        .order_by(over.since)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(found).all()
    if rows:
        connection.execute(delete(table).where(tuple_(*keys).in_([tuple(row) for row in rows])))
    return len(rows) == BATCH
