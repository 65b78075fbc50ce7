"""Reading rows into the model's records; shared by the operations that load what a code or token stands on."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.model.grants import (
    ActorKind,
    ConsentEvent,
    EventType,
    Grant,
    GrantedItem,
    GrantState,
    ReasonCode,
    items_from_words,
)
from gateway.model.people import Person, PersonState, Role
from gateway.store.statements import Hot, Lists
from gateway.store.tables import consent_event, consent_grant, grant_item, person
from scopes import Form, Item

GRANT_COLUMNS = (
    consent_grant.c.grant_id,
    consent_grant.c.person_id,
    consent_grant.c.partner_id,
    consent_grant.c.offer_id,
    consent_grant.c.offer_version,
    consent_grant.c.notice_id,
    consent_grant.c.state.label("grant_state"),
    consent_grant.c.version,
    consent_grant.c.event_id,
    consent_grant.c.valid_from,
    consent_grant.c.valid_until,
)
PERSON_COLUMNS = (
    person.c.organisation_id,
    person.c.role,
    person.c.state.label("person_state"),
    person.c.language,
)


def person_from_row(row: Any) -> Person:
    """Read a person out of a row that holds `PERSON_COLUMNS` and a person_id."""
    return Person(
        row.person_id, row.organisation_id, Role(row.role), PersonState(row.person_state), row.language
    )


def grant_from_row(row: Any, items: tuple[GrantedItem, ...]) -> Grant:
    """Read a grant out of a row that holds `GRANT_COLUMNS`."""
    return Grant(
        grant_id=row.grant_id,
        person_id=row.person_id,
        partner_id=row.partner_id,
        offer_id=row.offer_id,
        offer_version=row.offer_version,
        notice_id=row.notice_id,
        state=GrantState(row.grant_state),
        version=row.version,
        event_id=row.event_id,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        items=items,
    )


def _items(lists: Lists) -> Select[Any]:
    item = grant_item.c
    return (
        select(item.grant_id, item.field, item.purpose, item.form, item.needed, item.retention_days)
        .where(lists.any_of(item.grant_id))
        .order_by(item.field)
    )


_ITEMS = Hot(_items)


def items_of(connection: Connection, grant_ids: Iterable[str]) -> Mapping[str, tuple[GrantedItem, ...]]:
    """Load the items of many grants in one statement; grants without items are absent."""
    found: dict[str, list[GrantedItem]] = {}
    rows = _ITEMS(connection, wanted=sorted(set(grant_ids)))
    for grant_id, field, purpose, form, needed, retention_days in rows:
        item = GrantedItem(Item(field, purpose, Form(form)), needed, retention_days)
        found.setdefault(grant_id, []).append(item)
    return {grant_id: tuple(items) for grant_id, items in found.items()}


def grants_from(connection: Connection, statement: Select[Any]) -> list[Grant]:
    """Load grants with their items: two statements, however many grants."""
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    return [grant_from_row(row, items.get(row.grant_id, ())) for row in rows]


def events_of(connection: Connection, grant_id: str) -> tuple[ConsentEvent, ...]:
    """Load a grant's consent events in their order."""
    statement = (
        select(consent_event).where(consent_event.c.grant_id == grant_id).order_by(consent_event.c.seq)
    )
    return tuple(event_from_row(row) for row in connection.execute(statement))


def event_from_row(row: Any) -> ConsentEvent:
    """Read one consent event."""
    return ConsentEvent(
        event_id=row.event_id,
        grant_id=row.grant_id,
        seq=row.seq,
        type=EventType(row.type),
        actor_kind=ActorKind(row.actor_kind),
        actor_id=row.actor_id,
        method=row.method,
        items=items_from_words(json.loads(row.items)),
        at=row.at,
        reason=ReasonCode(row.reason) if row.reason else None,
        served_id=row.served_id,
        auth_time=row.auth_time,
        acr=row.acr,
        valid_until=row.valid_until,
        language=row.language,
    )
