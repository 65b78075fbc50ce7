"""How the mail's outbox stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.store.tables import letter


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits, since when, and how many letters were given up."""

    waiting: int
    oldest_at: int | None
    given_up: int


def look_at_outbox(connection: Connection, since: Sequence[int]) -> Sequence[Outbox]:
    """Count the letters that wait, and those written since a time that were given up."""
    return [_look(connection, at) for at in since]


def _look(connection: Connection, since: int) -> Outbox:
    own = letter.c
    waiting = select(func.count(), func.min(own.created_at)).where(own.state == "waiting")
    given_up = select(func.count()).where(own.state == "dead", own.created_at >= since)
    count, oldest = connection.execute(waiting).one()
    return Outbox(count, oldest, connection.execute(given_up).scalar_one())
