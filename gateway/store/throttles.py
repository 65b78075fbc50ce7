"""Throttles: token buckets kept in the database, so that every node counts the same attempts.

A row that is full again says no more than no row does, and the sweep takes it away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from gateway.kit.clock import DAY
from gateway.store.engine.statements import Lists, PreparedStatement, insert_or_lock_all
from gateway.store.tables import throttle

REMEMBERED = 90 * DAY
"""Seconds without an attempt after which those that are counted until somebody proves who they are are forgotten."""


@dataclass(frozen=True, slots=True)
class Take:
    """Take one token from a bucket.

    Attributes:
        bucket: keyed digest of what is throttled; an address is personal and stays out of the table.
        capacity: tokens of a full bucket.
        refill: seconds until one more token.
        most: tokens until somebody proves who they are, however slowly they are taken; None for no such end.
        what: is counted, for the metrics.
    """

    bucket: bytes
    capacity: int
    refill: int
    at: int
    most: int | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a bucket holds: tokens in thousandths, since when, and how many were taken since the last proof."""

    tokens_milli: int
    filled_at: int
    taken: int

    def after(self, take: Take) -> "_Held | int":
        """Take a token; where there is none, give the seconds until there is one."""
        if take.most is not None and self.taken >= take.most:
            return max(1, self.filled_at + REMEMBERED - take.at)
        gained = max(0, take.at - self.filled_at) * 1000 // take.refill
        tokens = min(take.capacity * 1000, self.tokens_milli + gained)
        if tokens < 1000:
            return max(1, -(-(1000 - tokens) * take.refill // 1000))
        return _Held(tokens - 1000, max(take.at, self.filled_at), self.taken + 1)

    def ends_at(self, take: Take) -> int:
        """Tell from when on the row says nothing any more, because the bucket is full and no attempt is counted."""
        if take.most is not None:
            return self.filled_at + REMEMBERED
        return self.filled_at + -(-(take.capacity * 1000 - self.tokens_milli) * take.refill // 1000)


def _fresh(take: Take) -> _Held:
    return _Held(take.capacity * 1000, take.at, 0)


def _held(row: Any, take: Take) -> _Held:
    """Read a row; one whose time is over counts as swept already, even if the sweep is late."""
    kept = _Held(row.tokens_milli, row.filled_at, row.taken)
    return kept if take.at < row.ends_at or row.ends_at == 0 else _fresh(take)


def take_tokens(connection: Connection, takes: Sequence[Take]) -> Sequence[int]:
    """Take tokens; 0 where there was one, else the seconds until there is one."""
    firsts: dict[bytes, Take] = {}
    for each in takes:
        firsts.setdefault(each.bucket, each)
    # One statement: between inserting and reading, another log-in could refill the bucket and so delete the row.
    fresh = [
        {
            "bucket": each.bucket,
            "tokens_milli": each.capacity * 1000,
            "filled_at": each.at,
            "taken": 0,
            "ends_at": each.at,
        }
        for _, each in sorted(firsts.items())
    ]
    rows = insert_or_lock_all(connection, throttle, fresh)
    held = {row.bucket: _held(row, firsts[row.bucket]) for row in rows}
    changed: dict[bytes, tuple[_Held, int]] = {}
    outcomes = []
    for each in takes:
        after = held[each.bucket].after(each)
        if isinstance(after, _Held):
            held[each.bucket] = after
            changed[each.bucket] = after, after.ends_at(each)
        outcomes.append(0 if isinstance(after, _Held) else after)
    _keep(connection, changed)
    return outcomes


def _kept(lists: Lists) -> Any:
    own = throttle.c
    return (
        update(throttle)
        .where(lists.any_of(own.bucket))
        .values(
            tokens_milli=lists.by_key(own.bucket, "wanted", "tokens", own.tokens_milli),
            filled_at=lists.by_key(own.bucket, "wanted", "times", own.filled_at),
            taken=lists.by_key(own.bucket, "wanted", "taken", own.taken),
            ends_at=lists.by_key(own.bucket, "wanted", "ends", own.ends_at),
        )
    )


_KEPT = PreparedStatement(_kept, with_values=True)


def _keep(connection: Connection, changed: dict[bytes, tuple[_Held, int]]) -> None:
    if changed:
        _KEPT(
            connection,
            wanted=list(changed),
            tokens=[held.tokens_milli for held, _ in changed.values()],
            times=[held.filled_at for held, _ in changed.values()],
            taken=[held.taken for held, _ in changed.values()],
            ends=[ends_at for _, ends_at in changed.values()],
        )


_SEEN = PreparedStatement(lambda lists: select(throttle).where(lists.any_of(throttle.c.bucket)))


def look_at_tokens(connection: Connection, takes: Sequence[Take]) -> Sequence[int]:
    """Tell what taking a token would give; nothing is taken or written."""
    rows = {row.bucket: row for row in _SEEN(connection, wanted=sorted({each.bucket for each in takes}))}
    waits = []
    for each in takes:
        row = rows.get(each.bucket)
        after = _held(row, each).after(each) if row is not None else 0
        waits.append(after if isinstance(after, int) else 0)
    return waits


_REFILLED = PreparedStatement(lambda lists: delete(throttle).where(lists.any_of(throttle.c.bucket)))


def refill_buckets(connection: Connection, buckets: Sequence[bytes]) -> Sequence[None]:
    """Forget what was taken, because somebody proved who they are."""
    if buckets:
        _REFILLED(connection, wanted=sorted(set(buckets)))
    return [None] * len(buckets)
