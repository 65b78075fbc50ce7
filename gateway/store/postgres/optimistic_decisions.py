"""The common decision in one statement that is a transaction by itself (PostgreSQL).

Everything was read and decided before. The statement holds what was seen against what stands when it writes: a grant
that moved on, a second live one, an account that was closed, a record of serving that carries a decision already
leave nothing behind.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CTE, Select, Table, Text, delete, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from gateway.model.grants import EventType, GrantState
from gateway.model.people import PersonState
from gateway.store.consent.decisions import Decision
from gateway.store.consent.events import event_rows
from gateway.store.consent.grant_moves import grant_row, item_rows
from gateway.store.engine.registry import OnVersion
from gateway.store.engine.statements import Lists, PreparedStatement, array_of
from gateway.store.grant_predicates import is_live
from gateway.store.oauth.codes import code_row
from gateway.store.postgres.conditional_rows import arrays_beside, insert_where, rows_beside
from gateway.store.records_from_rows import left_out_text
from gateway.store.tables import (
    authorization_code,
    consent_event,
    consent_grant,
    grant_item,
    letter,
    log_pending,
    person,
)

_KEY = "event"
"""Whatever a decision writes stands beside its event's id."""
_MOVED = (
    "offer_version", "notice_id", "state", "version", "event_id", "valid_from", "valid_until", "legal_basis",
    "use_limit", "paused_for", "decided_version", "left_out",
)  # fmt: skip
"""What such a decision changes in a grant's row, besides when the person used it last."""


def is_common(decision: Decision) -> bool:
    """Whether a decision is an answer about one grant and nothing else; others are for `consents.commit_decisions`."""
    is_plain = decision.event.type is not EventType.ASKED and decision.event.use_limit is None
    is_alone = not (decision.request_digest or decision.superseded or decision.relay)
    return is_plain and is_alone and decision.grant.state is not GrantState.ENDED


def _unserved(served: Any) -> Any:
    """Whether a record of serving carries no decision yet (promise P4)."""
    return ~exists().where(consent_event.c.served_id == served)


def _moving(lists: Lists) -> Any:
    grant = consent_grant.c
    # In the order in which everybody locks them; a statement that waited for a lock sees the row as it is then.
    locked = (
        select(grant.grant_id)
        .where(lists.any_of(grant.grant_id, "grants"))
        .order_by(grant.grant_id)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    names = ("grant_id", "last_user_activity_at", *_MOVED)
    columns = [func.unnest(array_of(f"new_{name}", grant[name].type)).label(name) for name in names]
    served = func.unnest(array_of("served", Text)).label("served_id")
    asked = select(*columns, served).cte("asked")
    won = (
        update(consent_grant)
        .where(
            lists.any_of(grant.grant_id, "grants"),
            grant.grant_id == asked.c.grant_id,
            grant.grant_id == locked.c.grant_id,
            grant.version == asked.c.version - 1,
            is_live(),
            _unserved(asked.c.served_id),
        )
        .values({name: asked.c[name] for name in names[1:]})
        .returning(grant.event_id)
        .cte("won")
    )
    items = rows_beside(grant_item, _KEY, Text)
    item = grant_item.c
    kept = select(items.c.grant_id, items.c.field, items.c.purpose)
    dropped = delete(grant_item).where(
        lists.any_of(item.grant_id, "grants"),
        item.grant_id.in_(select(asked.c.grant_id).where(asked.c.event_id.in_(select(won.c.event_id)))),
        tuple_(item.grant_id, item.field, item.purpose).not_in(kept),
    )
    return _and_what_follows(won, items).add_cte(dropped.cte("dropped"))


def _creating(lists: Lists) -> Any:
    # An erasure that began before this has won; one that begins later waits.
    active = (
        select(person.c.person_id)
        .where(lists.any_of(person.c.person_id, "people"), person.c.state == PersonState.ACTIVE)
        .order_by(person.c.person_id)
        .with_for_update(read=True)
        .cte("active")
    )
    rows = rows_beside(consent_grant, "served", Text)
    may = rows.c.person_id.in_(select(active.c.person_id)) & _unserved(rows.c.beside)
    created = insert_where(consent_grant, rows, may).returning(consent_grant.c.event_id).cte("won")
    return _and_what_follows(created, rows_beside(grant_item, _KEY, Text))


def _and_what_follows(won: CTE, items: CTE) -> Select[Any]:
    """Insert the event, items and code of each decision that won; tell which did."""
    inserts = []
    for table in (log_pending, letter, authorization_code):
        rows = rows_beside(table, _KEY, Text)
        is_won = rows.c.beside.in_(select(won.c.event_id))
        inserts.append(insert_where(table, rows, is_won).cte(f"{table.name}_new"))
    # No grant without its event: of two answers to one screen at the same instant the later one writes nothing.
    inserts.append(_insert_won(consent_event, rows_beside(consent_event, _KEY, Text), won).cte("event_new"))
    fresh = _insert_won(grant_item, items, won)
    changed = {name: fresh.excluded[name] for name in ("form", "needed", "retention_days")}
    # Most answers leave most items as they are, and rows that stay are not written.
    differs = or_(*(grant_item.c[name] != value for name, value in changed.items()))
    keys = list(grant_item.primary_key)
    kept = fresh.on_conflict_do_update(index_elements=keys, set_=changed, where=differs)
    return select(won.c.event_id).add_cte(*inserts, kept.cte("grant_item_new"))


def _insert_won(table: Table, rows: CTE, won: CTE) -> Insert:
    names = [each.name for each in table.c]
    of_won = select(*(rows.c[name] for name in names)).where(rows.c.beside.in_(select(won.c.event_id)))
    return insert(table).from_select(names, of_won)


_MOVING, _CREATING = PreparedStatement(_moving), PreparedStatement(_creating)


def commit_decisions(connection: Connection, decisions: Sequence[Decision], _: OnVersion) -> Sequence[bool]:
    """Commit common decisions, each whole or not at all; False leaves everything as it was.

    It is the first look only: what did not win is for `consents.commit_decisions`, which knows why and, after an
    answer that was lost, that it had won.
    """
    firsts: dict[str, Decision] = {}
    for each in decisions:
        firsts.setdefault(each.grant.grant_id, each)
    asked = [each for _, each in sorted(firsts.items())]
    moved = [each for each in asked if each.created is None]
    created = [each for each in asked if each.created is not None]
    won = _tried(_move, connection, moved) | _tried(_create, connection, created)
    return [firsts[each.grant.grant_id] is each and each.event.event_id in won for each in decisions]


def _tried(
    write: Callable[[Connection, Sequence[Decision]], set[str]],
    connection: Connection,
    decisions: Sequence[Decision],
) -> set[str]:
    """Write decisions; none is written where two answers to one screen inserted their events at the same instant."""
    try:
        return write(connection, decisions)
    except IntegrityError:
        return set()


def _move(connection: Connection, decisions: Sequence[Decision]) -> set[str]:
    if not decisions:
        return set()
    rows = [
        {
            "grant_id": each.grant.grant_id,
            "offer_version": each.grant.offer_version,
            "notice_id": each.grant.notice_id,
            "state": str(each.grant.state),
            "version": each.grant.version,
            "event_id": each.grant.event_id,
            "valid_from": each.grant.valid_from,
            "valid_until": each.grant.valid_until,
            "legal_basis": str(each.grant.legal_basis),
            "use_limit": each.grant.use_limit,
            "paused_for": str(each.grant.paused_for) if each.grant.paused_for else None,
            "decided_version": each.grant.terms_version,
            "left_out": left_out_text(each.grant),
            "last_user_activity_at": each.at,
        }
        for each in decisions
    ]
    moved = {f"new_{name}": [row[name] for row in rows] for name in rows[0]}
    served = [each.event.served_id for each in decisions]
    grants = [each.grant.grant_id for each in decisions]
    found = _MOVING(connection, grants=grants, served=served, **moved, **_following(decisions))
    return {row.event_id for row in found}


def _create(connection: Connection, decisions: Sequence[Decision]) -> set[str]:
    if not decisions:
        return set()
    served = [each.event.served_id for each in decisions]
    created = [grant_row(each.created) for each in decisions if each.created]
    people = sorted({each.grant.person_id for each in decisions})
    arrays = arrays_beside(consent_grant, created, "served", served)
    return {row.event_id for row in _CREATING(connection, people=people, **arrays, **_following(decisions))}


def _following(decisions: Sequence[Decision]) -> Mapping[str, Sequence[Any]]:
    """Spell the values of `_and_what_follows`."""
    events = [each.event.event_id for each in decisions]
    codes = [(each.event.event_id, code_row(each.code)) for each in decisions if each.code]
    items = [
        (each.event.event_id, row)
        for each in decisions
        for row in item_rows(each.grant.grant_id, each.grant.items)
    ]
    arrays: dict[str, Sequence[Any]] = {}
    for table, rows in event_rows([each.event for each in decisions]).items():
        arrays |= arrays_beside(table, rows, _KEY, events)
    for table, pairs in ((authorization_code, codes), (grant_item, items)):
        arrays |= arrays_beside(table, [row for _, row in pairs], _KEY, [key for key, _ in pairs])
    return arrays
