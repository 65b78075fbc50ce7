"""Throttles: token buckets kept in the database, so that every node counts the same attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, update

from gateway.store.statements import Hot, Lists, insert_or_lock_all
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
    """Take tokens; 0 where there was one, else the seconds until there is one."""
    firsts: dict[bytes, Take] = {}
    for each in takes:
        firsts.setdefault(each.bucket, each)
    # One statement: between inserting and reading, another log-in could refill the bucket and so delete the row.
    fresh = [
        {"bucket": each.bucket, "tokens_milli": each.capacity * 1000, "filled_at": each.at}
        for _, each in sorted(firsts.items())
    ]
    held = {
        row.bucket: (row.tokens_milli, row.filled_at)
        for row in insert_or_lock_all(connection, throttle, fresh)
    }
    left = dict(held)
    outcomes = [_take(left, each) for each in takes]
    _keep(connection, {bucket: state for bucket, state in left.items() if state != held[bucket]})
    return outcomes


def _take(left: dict[bytes, tuple[int, int]], take: Take) -> int:
    """Take one token of what is left in a bucket: tokens in thousandths, and since when."""
    tokens_milli, filled_at = left[take.bucket]
    gained = max(0, take.at - filled_at) * 1000 // take.refill
    tokens = min(take.capacity * 1000, tokens_milli + gained)
    if tokens < 1000:
        missing = 1000 - tokens
        return max(1, -(-missing * take.refill // 1000))
    left[take.bucket] = (tokens - 1000, max(take.at, filled_at))
    return 0


def _kept(lists: Lists) -> Any:
    own = throttle.c
    return (
        update(throttle)
        .where(lists.any_of(own.bucket))
        .values(
            tokens_milli=lists.by_key(own.bucket, "wanted", "tokens", own.tokens_milli),
            filled_at=lists.by_key(own.bucket, "wanted", "times", own.filled_at),
        )
    )


_KEPT = Hot(_kept, with_values=True)


def _keep(connection: Connection, changed: dict[bytes, tuple[int, int]]) -> None:
    if changed:
        tokens, times = zip(*changed.values(), strict=True)
        _KEPT(connection, wanted=list(changed), tokens=list(tokens), times=list(times))


_REFILLED = Hot(lambda lists: delete(throttle).where(lists.any_of(throttle.c.bucket)))


def refill_buckets(connection: Connection, buckets: Sequence[bytes]) -> Sequence[None]:
    """Forget what was taken: the right password was given."""
    _REFILLED(connection, wanted=sorted(set(buckets)))
    return [None] * len(buckets)
