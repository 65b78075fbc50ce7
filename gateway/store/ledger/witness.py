"""Witnesses' cosignatures of the log's checkpoints, and checkpoints as they are shown: with the lines they have."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, func, select

from gateway.store.engine.statements import insert_once
from gateway.store.ledger.tree import SignedCheckpoint, find_last_checkpoint
from gateway.store.tables import log_checkpoint, log_cosignature


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's line under a checkpoint; `witness` is its verifier key."""

    size: int
    witness: str
    line: str
    signed_at: int


def keep_cosignatures(connection: Connection, cosignatures: Sequence[Cosignature]) -> Sequence[None]:
    """Keep lines; a second one by the same witness adds nothing."""
    insert_once(connection, log_cosignature, [asdict(each) for each in cosignatures])
    return [None for _ in cosignatures]


def load_cosigned_sizes(connection: Connection, witnesses: Sequence[str]) -> Sequence[int]:
    """Tell up to which size each witness has cosigned; 0 for nothing."""
    size = func.max(log_cosignature.c.size)
    statement = select(log_cosignature.c.witness, size).group_by(log_cosignature.c.witness)
    found = {row[0]: row[1] for row in connection.execute(statement)}
    return [found.get(witness, 0) for witness in witnesses]


def load_cosigned_checkpoints(
    connection: Connection, witnesses: Sequence[str]
) -> Sequence[SignedCheckpoint | None]:
    """Load the newest checkpoint that each witness has cosigned, with that witness's line."""
    return [_cosigned(connection, witness) for witness in witnesses]


def _cosigned(connection: Connection, witness: str) -> SignedCheckpoint | None:
    statement = (
        select(log_checkpoint, log_cosignature.c.line)
        .join(log_cosignature, log_cosignature.c.size == log_checkpoint.c.size)
        .where(log_cosignature.c.witness == witness)
        .order_by(log_checkpoint.c.size.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return None if row is None else SignedCheckpoint(row.size, row.root, row.note + row.line, row.signed_at)


def load_shown_checkpoints(connection: Connection, asks: Sequence[None]) -> Sequence[SignedCheckpoint | None]:
    """Load the newest checkpoint with the witnesses' lines that it has so far."""
    signed = find_last_checkpoint(connection)
    if signed is not None:
        lines = select(log_cosignature.c.line).where(log_cosignature.c.size == signed.size)
        found = connection.execute(lines.order_by(log_cosignature.c.witness)).scalars()
        signed = replace(signed, note=signed.note + "".join(found))
    return [signed for _ in asks]


def find_cosigned_and_gone(connection: Connection, asks: Sequence[None]) -> Sequence[list[int]]:
    """Find sizes that a witness has cosigned and that have no checkpoint any more."""
    is_there = select(log_checkpoint.c.size).where(log_checkpoint.c.size == log_cosignature.c.size).exists()
    found = connection.execute(select(log_cosignature.c.size).where(~is_there).distinct()).scalars().all()
    return [sorted(found) for _ in asks]
