"""Archives of the log: what was written to files, and letting go of the hand-offs that stand there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, or_, select

from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.engine.statements import did_insert
from gateway.store.tables import consent_grant, handoff, log_archive, log_leaf


@dataclass(frozen=True, slots=True)
class Archive:
    """Leaves from the first up to, not including, the end, all of them older than a second, in files.

    Attributes:
        manifest_digest: SHA-256 of the archive's signed manifest.
    """

    first_leaf: int
    end_leaf: int
    before_at: int
    manifest_digest: bytes
    archived_at: int


def load_archives(connection: Connection, asks: Sequence[None]) -> Sequence[list[Archive]]:
    """Load every archive in the order of its leaves."""
    rows = connection.execute(select(log_archive).order_by(log_archive.c.first_leaf))
    found = [Archive(**row._mapping) for row in rows]
    return [found for _ in asks]


def add_archives(connection: Connection, archives: Sequence[tuple[Archive, AdminAction]]) -> Sequence[bool]:
    """Put archives on record, each with the act that made it a leaf; False where these leaves are archived already."""
    outcomes = []
    for archive, act in archives:
        row = {name: getattr(archive, name) for name in Archive.__dataclass_fields__}
        is_new = did_insert(connection, log_archive, row)
        if is_new:
            append_actions(connection, [act])
        outcomes.append(is_new or archive in load_archives(connection, [None])[0])
    return outcomes


@dataclass(frozen=True, slots=True)
class PruneAsk:
    """Which hand-offs to let go: at most so many, after one leaf and before another."""

    after: int
    end: int
    limit: int


def prune_handoffs(connection: Connection, asks: Sequence[PruneAsk]) -> Sequence[list[int]]:
    """Delete archived hand-offs whose grants are over, rows and leaves; give the leaves' numbers.

    What is still in force keeps its history: the person's page shows it. A consent's hand-offs go together, once the
    last of them is archived, so that the page shows all of them or says where they are. The database's own guards
    refuse anything that no archive holds.
    """
    return [_prune(connection, ask) for ask in asks]


def _prune(connection: Connection, ask: PruneAsk) -> list[int]:
    leaf, grant = log_leaf.c, consent_grant.c
    over_before = select(func.max(log_archive.c.before_at)).scalar_subquery()
    # The last leaf tells the log's size.
    last = select(func.max(log_leaf.alias().c.sequence)).scalar_subquery()
    sibling, place = handoff.alias().c, log_leaf.alias().c
    has_others = (
        select(sibling.handoff_id)
        .outerjoin_from(sibling.handoff_id.table, place.sequence.table, place.source_id == sibling.handoff_id)
        .where(
            sibling.grant_id == grant.grant_id,
            or_(place.sequence.is_(None), place.sequence >= ask.end, place.sequence == last),
        )
        .exists()
    )
    statement = (
        select(leaf.sequence, leaf.source_id)
        .join(handoff, handoff.c.handoff_id == leaf.source_id)
        .join(consent_grant, grant.grant_id == handoff.c.grant_id)
        .where(
            leaf.sequence > ask.after,
            leaf.sequence < ask.end,
            leaf.kind == "handoff",
            func.coalesce(grant.ended_at, grant.valid_until) < over_before,
            ~has_others,
        )
        .order_by(leaf.sequence)
        .limit(ask.limit)
    )
    found = connection.execute(statement).all()
    connection.execute(delete(handoff).where(handoff.c.handoff_id.in_([row.source_id for row in found])))
    places = [row.sequence for row in found]
    connection.execute(delete(log_leaf).where(leaf.sequence.in_(places)))
    return places
