"""The hand-off log's names: kept from its first turn on, and moved in one transaction with the entry that says so."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum, auto

from sqlalchemy import Connection, func, insert, select

from gateway.model.administration.actions import AdminAction
from gateway.model.registry import LOG_ALG, LogOrigin, SigningKey
from gateway.store.admin_actions import append_actions
from gateway.store.engine.backend import Operation
from gateway.store.engine.leases import LeaseClaim, hold
from gateway.store.engine.registry import bump_version
from gateway.store.engine.statements import insert_once
from gateway.store.ledger.tree import (
    Batch,
    Growth,
    SignedCheckpoint,
    find_last_checkpoint,
    log_size,
    place_rows,
)
from gateway.store.log_pending import take_off
from gateway.store.tables import log_origin, signing_key


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a log begins with: a name and a key, unless it has them already."""

    origin: LogOrigin
    key: SigningKey


def begin_logs(connection: Connection, beginnings: Sequence[Beginning]) -> Sequence[None]:
    """Keep a name and a key of the log where there is none yet; however many try at once, one wins."""
    for each in beginnings:
        # Writing the registry's one row first makes other transactions wait before they look.
        bump_version(connection)
        active = select(signing_key.c.kid).where(
            signing_key.c.alg == LOG_ALG, signing_key.c.retired_at.is_(None)
        )
        if connection.execute(active).first() is None:
            insert_once(connection, signing_key, [asdict(each.key)])
        if connection.execute(select(log_origin.c.number).limit(1)).first() is None:
            connection.execute(insert(log_origin), asdict(each.origin))
    return [None] * len(beginnings)


class Moved(StrEnum):
    """What became of a move."""

    DONE = auto()
    BUSY = auto()
    UNSIGNED = auto()


@dataclass(frozen=True, slots=True)
class LogMove:
    """A move of the log to another name.

    Attributes:
        claim: of the sequencer's lease: nobody else gives places meanwhile.
        seen: how many names it had; a move that somebody else made meanwhile is not made twice.
    """

    claim: LeaseClaim
    origin: str
    seen: int
    act_on: Callable[[SignedCheckpoint], AdminAction]


def move_operation(grow: Callable[[Batch], Growth]) -> Operation[LogMove, Moved]:
    """Make the operation: the last checkpoint is named in the very next leaf, and what comes after has the new name.

    All of it commits or nothing. Nothing may stand in the tree that the last checkpoint does not cover.
    """

    def moved(connection: Connection, moves: Sequence[LogMove]) -> Sequence[Moved]:
        return [_move(connection, each, grow) for each in moves]

    return moved


def _move(connection: Connection, move: LogMove, grow: Callable[[Batch], Growth]) -> Moved:
    if not hold(connection, move.claim):
        return Moved.BUSY
    if connection.execute(select(func.count()).select_from(log_origin)).scalar_one() != move.seen:
        # A commit whose answer was lost is repeated, or somebody else was quicker; the caller looks anew.
        return Moved.DONE
    last = find_last_checkpoint(connection)
    if last is None or last.size != log_size(connection):
        return Moved.UNSIGNED
    act = move.act_on(last)
    append_actions(connection, [act])
    take_off(connection, act.action_id)
    place_rows(connection, {"admin_action": [act.action_id]}, grow)
    fresh = LogOrigin(move.seen + 1, move.origin, last.size, act.at)
    connection.execute(insert(log_origin), asdict(fresh))
    bump_version(connection)
    return Moved.DONE
