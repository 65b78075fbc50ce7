"""Throttles: token buckets kept in the database, so that every node counts the same attempts."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, update

from gateway.store.statements import insert_or_lock
from gateway.store.tables import throttle


@dataclass(frozen=True, slots=True)
class Take:
    """Take one token from a bucket.

    Attributes:
        bucket: keyed digest of what is throttled; an address is personal and stays out of the table.
        capacity: tokens of a full bucket.
        refill: seconds until one more token.
    """

    bucket: bytes
    capacity: int
    refill: int
    at: int


def take_tokens(connection: Connection, takes: Sequence[Take]) -> Sequence[int]:
    """Take tokens, in bucket order; 0 where there was one, else the seconds until there is one."""
    outcomes = [0] * len(takes)
    for position in sorted(range(len(takes)), key=lambda position: takes[position].bucket):
        outcomes[position] = _take(connection, takes[position])
    return outcomes


def _take(connection: Connection, take: Take) -> int:
    full = take.capacity * 1000
    # One statement: between inserting and reading, another log-in could refill the bucket and so delete the row.
    fresh = {"bucket": take.bucket, "tokens_milli": full, "filled_at": take.at}
    row = insert_or_lock(connection, throttle, fresh)
    gained = max(0, take.at - row.filled_at) * 1000 // take.refill
    tokens = min(full, row.tokens_milli + gained)
    if tokens < 1000:
        missing: int = 1000 - tokens
        return max(1, -(-missing * take.refill // 1000))
    connection.execute(
        update(throttle)
        .where(throttle.c.bucket == take.bucket)
        .values(tokens_milli=tokens - 1000, filled_at=max(take.at, row.filled_at))
    )
    return 0


def refill_buckets(connection: Connection, buckets: Sequence[bytes]) -> Sequence[None]:
    """Forget what was taken: the right password was given."""
    connection.execute(delete(throttle).where(throttle.c.bucket.in_(sorted(set(buckets)))))
    return [None] * len(buckets)
