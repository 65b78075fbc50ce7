"""Reading the hand-off log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from gateway.model.grants import ConsentEvent, GrantState
from gateway.model.ledger.handoffs import HandedItem, Handoff, ReceivedItem
from gateway.store.records_from_rows import event_from_row
from gateway.store.tables import access_token, authorization_code, consent_event, consent_grant, handoff
from scopes import FORMS, Item


@dataclass(frozen=True, slots=True)
class HandoffQuery:
    """A page of hand-offs, newest first.

    Attributes:
        before: key of the last line of the page before, (at, handoff_id).
        depth: how many at most are looked through for an endpoint or a field, which no index finds; where few or
            none have it, the whole log would be read.
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
    depth: int = 20_000

    @property
    def is_narrow(self) -> bool:
        """Whether it is for something that no index finds."""
        return self.endpoint is not None or self.field is not None


def search_handoffs(connection: Connection, queries: Sequence[HandoffQuery]) -> Sequence[list[Handoff]]:
    """Search the log by keyset paging."""
    return [_search(connection, query) for query in queries]


def _search(connection: Connection, query: HandoffQuery) -> list[Handoff]:
    if not query.is_narrow:
        statement = _newest(query, handoff).limit(query.limit)
        return [handoff_from_row(row) for row in connection.execute(statement)]
    looked = _newest(query, handoff).limit(query.depth).subquery()
    found = select(looked).order_by(looked.c.at.desc(), looked.c.handoff_id.desc()).limit(query.limit)
    if query.endpoint is not None:
        found = found.where(looked.c.endpoint == query.endpoint)
    if query.field is not None:
        # Items are canonical JSON, each beginning with its field's name, which has no special characters.
        found = found.where(looked.c["items"].contains(f'["{query.field}",', autoescape=True))
    return [handoff_from_row(row) for row in connection.execute(found)]


def find_depths(connection: Connection, queries: Sequence[HandoffQuery]) -> Sequence[tuple[int, str] | None]:
    """Tell the key of the last hand-off that a narrow search looked at; None where it has looked at all."""
    statements = (_newest(each, handoff.c.at, handoff.c.handoff_id) for each in queries)
    depths = (each.offset(query.depth - 1).limit(1) for each, query in zip(statements, queries, strict=True))
    found = (connection.execute(each).first() for each in depths)
    return [(row.at, row.handoff_id) if row else None for row in found]


def _newest(query: HandoffQuery, *columns: Any) -> Select[Any]:
    """Build the part that indexes answer, newest first."""
    column = handoff.c
    statement = select(*columns)
    for name in ("grant_id", "person_id", "partner_id"):
        wanted = getattr(query, name)
        if wanted is not None:
            statement = statement.where(column[name] == wanted)
    if query.since is not None:
        statement = statement.where(column.at >= query.since)
    if query.until is not None:
        statement = statement.where(column.at < query.until)
    if query.before is not None:
        statement = statement.where(tuple_(column.at, column.handoff_id) < tuple_(*query.before))
    return statement.order_by(column.at.desc(), column.handoff_id.desc())


def handoff_from_row(row: Any) -> Handoff:
    """Read one row of the log."""
    items = tuple(
        HandedItem(Item(field, purpose, FORMS[form]), commitment)
        for field, purpose, form, commitment in json.loads(row.items)
    )
    return Handoff(**{**row._mapping, "items": items})


def find_grants_of(connection: Connection, handoff_ids: Sequence[str]) -> Sequence[str | None]:
    """Name the grants under which hand-offs were made; None for an unknown one."""
    column = handoff.c
    statement = select(column.handoff_id, column.grant_id).where(
        column.handoff_id.in_(sorted(set(handoff_ids)))
    )
    found: dict[str, str] = {row[0]: row[1] for row in connection.execute(statement)}
    return [found.get(handoff_id) for handoff_id in handoff_ids]


def load_received(
    connection: Connection, asks: Sequence[frozenset[str]]
) -> Sequence[dict[str, tuple[ReceivedItem, ...]]]:
    """Tell, by grant, what was ever handed over, with the first and last time of each item; nothing: absent.

    So is what only the log's archive has. Hand-offs of the same values share one text: few rows come back.
    """
    return [_received(connection, ask) for ask in asks]


def _received(connection: Connection, grant_ids: frozenset[str]) -> dict[str, tuple[ReceivedItem, ...]]:
    column = handoff.c
    statement = (
        select(column.grant_id, column["items"], func.min(column.at), func.max(column.at))
        .where(column.grant_id.in_(sorted(grant_ids)))
        .group_by(column.grant_id, column["items"])
    )
    found: dict[str, dict[Item, ReceivedItem]] = {}
    for grant_id, text, first, last in connection.execute(statement):
        own = found.setdefault(grant_id, {})
        for field, purpose, form, _ in json.loads(text):
            item = Item(field, purpose, FORMS[form])
            known = own.get(item, ReceivedItem(item, first, last))
            own[item] = ReceivedItem(item, min(first, known.first_at), max(last, known.last_at))
    return {grant_id: tuple(own[item] for item in sorted(own)) for grant_id, own in found.items()}


def find_visits(connection: Connection, asks: Sequence[frozenset[bytes]]) -> Sequence[dict[bytes, int]]:
    """Tell for tokens when the visit began that they stem from: when the person's code was made.

    A refreshed token stems from the same visit as the first one. Tokens whose code is gone are absent.
    """
    token, code = access_token.c, authorization_code.c
    found = []
    for digests in asks:
        statement = (
            select(token.token_digest, code.issued_at)
            .join(authorization_code, code.family_id == token.family_id)
            .where(token.token_digest.in_(sorted(digests)), code.grant_id == token.grant_id)
        )
        found.append({row[0]: row[1] for row in connection.execute(statement)})
    return found


@dataclass(frozen=True, slots=True)
class SliceQuery:
    """A slice of the log, oldest first.

    Attributes:
        after: key of the last hand-off of the slice before, (at, handoff_id).
    """

    after: tuple[int, str] = (-1, "")
    limit: int = 500


@dataclass(frozen=True, slots=True)
class LogSlice:
    """Hand-offs, with the consent events that they name and the ends of the grants that they name."""

    handoffs: list[Handoff]
    events: dict[str, ConsentEvent]
    ended_at: dict[str, int]


def read_slices(connection: Connection, queries: Sequence[SliceQuery]) -> Sequence[LogSlice]:
    """Read the log oldest first with what the invariant needs."""
    return [_slice(connection, query) for query in queries]


def _slice(connection: Connection, query: SliceQuery) -> LogSlice:
    column = handoff.c
    statement = (
        select(handoff)
        .where(tuple_(column.at, column.handoff_id) > tuple_(*query.after))
        .order_by(column.at, column.handoff_id)
        .limit(query.limit)
    )
    found = [handoff_from_row(row) for row in connection.execute(statement)]
    named = select(consent_event).where(
        consent_event.c.event_id.in_(sorted({each.event_id for each in found}))
    )
    ended = select(consent_grant.c.grant_id, consent_grant.c.ended_at).where(
        consent_grant.c.grant_id.in_(sorted({each.grant_id for each in found})),
        consent_grant.c.ended_at.is_not(None),
    )
    return LogSlice(
        found,
        {row.event_id: event_from_row(row) for row in connection.execute(named)},
        {row.grant_id: row.ended_at for row in connection.execute(ended) if row.ended_at is not None},
    )


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """A slice of all grants in the order of their ids."""

    after: str = ""
    limit: int = 200


@dataclass(frozen=True, slots=True)
class GrantStory:
    """A grant as its row has it, and the consent events that should lead there.

    Attributes:
        version: number of events up to the row's state.
        event_id: the event that made it so.
    """

    grant_id: str
    state: GrantState
    version: int
    event_id: str
    events: tuple[ConsentEvent, ...]


def read_stories(connection: Connection, queries: Sequence[StoryQuery]) -> Sequence[list[GrantStory]]:
    """Read grants with their consent events; an event that came after the row was read is left out."""
    return [_stories(connection, query) for query in queries]


def _stories(connection: Connection, query: StoryQuery) -> list[GrantStory]:
    grant = consent_grant.c
    rows = connection.execute(
        select(grant.grant_id, grant.state, grant.version, grant.event_id)
        .where(grant.grant_id > query.after)
        .order_by(grant.grant_id)
        .limit(query.limit)
    ).all()
    versions = {row.grant_id: row.version for row in rows}
    events: dict[str, list[ConsentEvent]] = {grant_id: [] for grant_id in versions}
    statement = (
        select(consent_event)
        .where(consent_event.c.grant_id.in_(sorted(versions)))
        .order_by(consent_event.c.grant_id, consent_event.c.seq)
    )
    for row in connection.execute(statement):
        if row.seq <= versions[row.grant_id]:
            events[row.grant_id].append(event_from_row(row))
    return [
        GrantStory(
            row.grant_id, GrantState(row.state), row.version, row.event_id, tuple(events[row.grant_id])
        )
        for row in rows
    ]


def count_log(connection: Connection, _: Sequence[None]) -> Sequence[tuple[int, int]]:
    """Count the hand-offs and grants that a check of the whole log goes through."""
    handoffs = connection.execute(select(func.count()).select_from(handoff)).scalar_one()
    grants = connection.execute(select(func.count()).select_from(consent_grant)).scalar_one()
    return [(handoffs, grants)]
