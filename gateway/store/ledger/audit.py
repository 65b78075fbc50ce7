"""Reading the whole log for a check: leaves with the rows they were made of, checkpoints, rows without a place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, or_, select

from gateway.model.grants import DPV_STATUS, GROUNDS, ActorKind
from gateway.model.ledger.rows import LogRow, id_of
from gateway.store.ledger.rows import load_rows
from gateway.store.ledger.tree import Leaf, SignedCheckpoint
from gateway.store.tables import (
    admin_action,
    consent_event,
    consent_grant,
    contact,
    contact_event,
    contact_view,
    grant_use,
    handoff,
    log_archive,
    log_checkpoint,
    log_leaf,
    log_pending,
    log_tile,
)

SOURCES = (
    handoff.c.handoff_id,
    consent_event.c.event_id,
    admin_action.c.action_id,
    contact_event.c.event_id,
    contact_view.c.view_id,
)
"""Where leaves come from."""


@dataclass(frozen=True, slots=True)
class SliceAsk:
    """Which leaves to read: at most so many, after one (-1: from the first) and before another."""

    after: int
    limit: int
    end: int | None = None


@dataclass(frozen=True, slots=True)
class LeafSlice:
    """Leaves in their order, and their rows by id."""

    leaves: Sequence[Leaf]
    rows: Mapping[str, LogRow]


def read_leaf_slices(connection: Connection, asks: Sequence[SliceAsk]) -> Sequence[LeafSlice]:
    """Read leaves with their rows."""
    return [_slice(connection, ask) for ask in asks]


def _slice(connection: Connection, ask: SliceAsk) -> LeafSlice:
    place = log_leaf.c.sequence
    statement = select(log_leaf).where(place > ask.after).order_by(place).limit(ask.limit)
    if ask.end is not None:
        statement = statement.where(place < ask.end)
    leaves = [Leaf(**row._mapping) for row in connection.execute(statement)]
    ids: dict[str, list[str]] = {}
    for leaf in leaves:
        ids.setdefault(leaf.kind, []).append(leaf.source_id)
    return LeafSlice(leaves, {id_of(row): row for row in load_rows(connection, ids)})


def load_checkpoints(
    connection: Connection, ranges: Sequence[tuple[int, int]]
) -> Sequence[list[SignedCheckpoint]]:
    """Load the checkpoints whose sizes are above one number and at most another."""
    found = []
    for above, most in ranges:
        size = log_checkpoint.c.size
        statement = select(log_checkpoint).where(size > above, size <= most).order_by(size)
        found.append([SignedCheckpoint(**row._mapping) for row in connection.execute(statement)])
    return found


def count_tiles(connection: Connection, asks: Sequence[None]) -> Sequence[int]:
    """Count the stored tiles."""
    count = connection.execute(select(func.count()).select_from(log_tile)).scalar_one()
    return [count for _ in asks]


def find_unplaced(connection: Connection, limits: Sequence[int]) -> Sequence[list[str]]:
    """Find rows that have no leaf and do not wait for one, at most so many of each kind."""
    return [_unplaced(connection, limit) for limit in limits]


def _unplaced(connection: Connection, limit: int) -> list[str]:
    found: list[str] = []
    for key in SOURCES:
        placed = select(log_leaf.c.source_id).where(log_leaf.c.source_id == key).exists()
        waits = select(log_pending.c.source_id).where(log_pending.c.source_id == key).exists()
        found += connection.execute(select(key).where(~placed, ~waits).limit(limit)).scalars()
    return found


def find_miswaiting(connection: Connection, limits: Sequence[int]) -> Sequence[list[tuple[str, str]]]:
    """Find entries of the waiting list whose row is not there or has its place, at most so many of either.

    Returns:
        what the entry names, and what is wrong with it.
    """
    return [_miswaiting(connection, limit) for limit in limits]


def _miswaiting(connection: Connection, limit: int) -> list[tuple[str, str]]:
    own = log_pending.c.source_id
    placed = select(log_leaf.c.source_id).where(log_leaf.c.source_id == own).exists()
    rows = [select(key).where(key == own).exists() for key in SOURCES]
    wrong = (
        (placed, "it waits for a place, and has one"),
        (~or_(*rows), "it waits for a place, and its row is gone"),
    )
    return [
        (each, what)
        for is_wrong, what in wrong
        for each in connection.execute(select(own).where(is_wrong).limit(limit)).scalars()
    ]


def find_misattributed(connection: Connection, limits: Sequence[int]) -> Sequence[list[tuple[str, str]]]:
    """Find rows that name another person than their grant does, which no entry holds; at most so many of each kind.

    Returns:
        id of the row, and what is wrong with it.
    """
    return [_misattributed(connection, limit) for limit in limits]


def _misattributed(connection: Connection, limit: int) -> list[tuple[str, str]]:
    own, event = consent_grant.c.person_id, consent_event.c
    spelled = case({str(type_): status for type_, status in DPV_STATUS.items()}, value=event.type)
    is_strange = (
        ((event.actor_kind == str(ActorKind.SUBJECT)) & (event.actor_id != own))
        | (event.on_behalf_of.is_not(None) & (event.on_behalf_of != own))
        | (event.dpv_status != spelled)
    )
    events = select(event.event_id).join(consent_grant, consent_grant.c.grant_id == event.grant_id)
    handoffs = select(handoff.c.handoff_id).join(
        consent_grant, consent_grant.c.grant_id == handoff.c.grant_id
    )
    found = connection.execute(events.where(is_strange).limit(limit)).scalars()
    strange = [(each, "its actor or status is not what its grant and type say") for each in found]
    found = connection.execute(handoffs.where(handoff.c.person_id != own).limit(limit)).scalars()
    strange += [(each, "it is written to somebody else than its grant's person") for each in found]
    elsewhere = handoffs.where(handoff.c.partner_id != consent_grant.c.partner_id)
    found = connection.execute(elsewhere.limit(limit)).scalars()
    strange += [(each, "it went to another partner than its grant is for") for each in found]
    strange += [
        (each, "its last decision is missing, or another one")
        for find in (_beheaded, _beheaded_contacts)
        for each in find(connection, limit)
    ]
    strange += [
        (each, "it names somebody else than its contact's people") for each in _misseen(connection, limit)
    ]
    strange += [
        (each, "it stands otherwise than its decisions say") for each in _misstated(connection, limit)
    ]
    strange += [(each, "it was read more often than it allows") for each in _overused(connection, limit)]
    strange += [
        (each, "a use of it was spent on a hand-off that is gone") for each in _spent(connection, limit)
    ]
    return strange + [
        (each, "it allows another number of reads than was decided") for each in _relimited(connection, limit)
    ]


def _beheaded(connection: Connection, limit: int) -> list[str]:
    """Find grants that do not stand on the last of their events: one was taken away before it had a place."""
    grant, event = consent_grant.c, consent_event.c
    own = select(event.event_id).where(
        event.event_id == grant.event_id, event.grant_id == grant.grant_id, event.seq == grant.version
    )
    return list(connection.execute(select(grant.grant_id).where(~own.exists()).limit(limit)).scalars())


def _beheaded_contacts(connection: Connection, limit: int) -> list[str]:
    """Find contacts that do not stand on the last of their decisions."""
    own, event = contact.c, contact_event.c
    last = select(event.event_id).where(
        event.event_id == own.event_id, event.contact_id == own.contact_id, event.seq == own.version
    )
    return list(connection.execute(select(own.contact_id).where(~last.exists()).limit(limit)).scalars())


_STANDS = {"asked": "waiting", "accepted": "live", "changed": "live", "refused": "refused", "ended": "ended"}


def _misstated(connection: Connection, limit: int) -> list[str]:
    """Find contacts in another state than their last decision made, or that give what neither side decided to give."""
    own, event = contact.c, contact_event.c
    state = select(case(_STANDS, value=event.type)).where(event.event_id == own.event_id).scalar_subquery()
    is_strange = own.state != state
    for side, items in (("asker", own.asker_items), ("asked", own.asked_items)):
        last = select(event["items"]).where(event.contact_id == own.contact_id, event.side == side)
        decided = last.order_by(event.seq.desc()).limit(1).scalar_subquery()
        # Nothing was decided yet, or everything has ended.
        gives = case((own.state == "ended", "[]"), else_=func.coalesce(decided, "[]"))
        is_strange |= items != gives
    return list(connection.execute(select(own.contact_id).where(is_strange).limit(limit)).scalars())


def _misseen(connection: Connection, limit: int) -> list[str]:
    """Find looks whose giver and viewer are not the two people of their contact."""
    own, view = contact.c, contact_view.c
    by_asked = (view.giver == "asker") & (view.giver_id == own.asker_id) & (view.viewer_id == own.asked_id)
    by_asker = (view.giver == "asked") & (view.giver_id == own.asked_id) & (view.viewer_id == own.asker_id)
    statement = select(view.view_id).join(contact, own.contact_id == view.contact_id)
    return list(connection.execute(statement.where(~(by_asked | by_asker)).limit(limit)).scalars())


def _overused(connection: Connection, limit: int) -> list[str]:
    """Find grants with more hand-offs under the decision in force than they allow, whatever the log says of them."""
    grant = consent_grant.c
    reads = (
        select(func.count())
        .where(handoff.c.grant_id == grant.grant_id, handoff.c.event_id == grant.event_id)
        .scalar_subquery()
    )
    statement = select(grant.grant_id).where(grant.use_limit.is_not(None), reads > grant.use_limit)
    return list(connection.execute(statement.limit(limit)).scalars())


def _spent(connection: Connection, limit: int) -> list[str]:
    """Find grants that count a hand-off which is not there and cannot have been pruned after it was archived."""
    grant, use = consent_grant.c, grant_use.c
    own = select(handoff.c.handoff_id).where(handoff.c.handoff_id == use.handoff_id)
    over_at = func.coalesce(grant.ended_at, grant.valid_until)
    archive = select(log_archive.c.first_leaf).where(log_archive.c.before_at > over_at)
    statement = (
        select(grant.grant_id)
        .join(grant_use, use.grant_id == grant.grant_id)
        .where(~own.exists(), ~archive.exists())
        .distinct()
    )
    return list(connection.execute(statement.limit(limit)).scalars())


def _relimited(connection: Connection, limit: int) -> list[str]:
    """Find grants whose limit is not that of the last decision that set one."""
    grant, event, later = consent_grant.c, consent_event.c, consent_event.alias().c
    sets = event.use_limit.is_not(None) & (event.use_limit.is_distinct_from(grant.use_limit))
    lifted = select(later.event_id).where(
        later.grant_id == event.grant_id,
        later.seq > event.seq,
        later.use_limit.is_not(None) | later.type.in_(sorted(GROUNDS)),
    )
    statement = select(grant.grant_id).join(consent_event, event.grant_id == grant.grant_id)
    return list(connection.execute(statement.where(sets, ~lifted.exists()).limit(limit)).scalars())
