"""Reading the hand-off log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, tuple_

from gateway.model.handoffs import HandedItem, Handoff
from gateway.store.tables import consent_event, consent_grant, handoff
from scopes import Form, Item


@dataclass(frozen=True, slots=True)
class HandoffQuery:
    """A page of hand-offs, newest first.

    Attributes:
        before: key of the last line of the page before, (at, handoff_id).
    """

    grant_id: str | None = None
    person_id: str | None = None
    partner_id: str | None = None
    endpoint: str | None = None
    field: str | None = None
    since: int | None = None
    until: int | None = None
    before: tuple[int, str] | None = None
    limit: int = 50


def search_handoffs(connection: Connection, queries: Sequence[HandoffQuery]) -> Sequence[list[Handoff]]:
    """Search the log by keyset paging."""
    return [_search(connection, query) for query in queries]


def _search(connection: Connection, query: HandoffQuery) -> list[Handoff]:
    column = handoff.c
    statement = select(handoff)
    for name in ("grant_id", "person_id", "partner_id", "endpoint"):
        wanted = getattr(query, name)
        if wanted is not None:
            statement = statement.where(column[name] == wanted)
    if query.field is not None:
        # Items are canonical JSON, each beginning with its field's name, which has no special characters.
        statement = statement.where(column["items"].contains(f'["{query.field}",', autoescape=True))
    if query.since is not None:
        statement = statement.where(column.at >= query.since)
    if query.until is not None:
        statement = statement.where(column.at < query.until)
    if query.before is not None:
        statement = statement.where(tuple_(column.at, column.handoff_id) < tuple_(*query.before))
    ordered = statement.order_by(column.at.desc(), column.handoff_id.desc()).limit(query.limit)
    return [handoff_from_row(row) for row in connection.execute(ordered)]


def handoff_from_row(row: Any) -> Handoff:
    """Read one row of the log."""
    items = tuple(
        HandedItem(Item(field, purpose, Form(form)), commitment)
        for field, purpose, form, commitment in json.loads(row.items)
    )
    return Handoff(**{**row._mapping, "items": items})


@dataclass(frozen=True, slots=True)
class LogSlice:
    """A slice of the log in insertion-independent order, with what the invariant needs."""

    handoffs: list[Handoff]
    ended_at: dict[str, int]


def read_slices(connection: Connection, queries: Sequence[HandoffQuery]) -> Sequence[LogSlice]:
    """Read the log oldest first together with the ends of the grants it names."""
    return [_slice(connection, query) for query in queries]


def _slice(connection: Connection, query: HandoffQuery) -> LogSlice:
    statement = select(handoff)
    if query.before is not None:
        statement = statement.where(tuple_(handoff.c.at, handoff.c.handoff_id) > tuple_(*query.before))
    ordered = statement.order_by(handoff.c.at, handoff.c.handoff_id).limit(query.limit)
    found = [handoff_from_row(row) for row in connection.execute(ordered)]
    grants = sorted({each.grant_id for each in found})
    ended = select(consent_grant.c.grant_id, consent_grant.c.ended_at).where(
        consent_grant.c.grant_id.in_(grants), consent_grant.c.ended_at.is_not(None)
    )
    return LogSlice(
        found, {row.grant_id: row.ended_at for row in connection.execute(ended) if row.ended_at is not None}
    )


def count_log(connection: Connection, _: Sequence[None]) -> Sequence[tuple[int, int]]:
    """Count hand-offs and consent events."""
    handoffs = connection.execute(select(func.count()).select_from(handoff)).scalar_one()
    events = connection.execute(select(func.count()).select_from(consent_event)).scalar_one()
    return [(handoffs, events)]
