"""Reading rows into the model's records; shared by the operations that load what a code or token stands on."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, func, select

from gateway.model.grants import (
    ActorKind,
    ConsentEvent,
    EventType,
    Grant,
    GrantedItem,
    GrantState,
    LeftOut,
    LegalBasis,
    ReasonCode,
    items_from_words,
)
from gateway.model.people import Person, PersonState, Role
from gateway.store.engine.statements import POSTGRESQL, Lists, PreparedStatement
from gateway.store.tables import consent_event, consent_grant, grant_item, grant_use, organisation, person
from scopes import FORMS, Item

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
    consent_grant.c.legal_basis,
    consent_grant.c.last_user_activity_at,
    consent_grant.c.use_limit,
    consent_grant.c.uses_before,
    consent_grant.c.paused_for,
    consent_grant.c.decided_version,
    consent_grant.c.left_out,
    consent_grant.c.is_held,
)
_SCHOOL = organisation.alias("own_organisation")
PERSON_COLUMNS = (
    person.c.organisation_id,
    person.c.role,
    person.c.state.label("person_state"),
    person.c.language,
    person.c.needs_guardian,
    person.c.factor_grace_from,
    # Beside `organisation` in many statements, so it has a name of its own.
    func.coalesce(
        func.nullif(person.c.timezone, ""),
        select(_SCHOOL.c.timezone)
        .where(_SCHOOL.c.organisation_id == person.c.organisation_id)
        .correlate(person)
        .scalar_subquery(),
    ).label("person_zone"),
)


def person_from_row(row: Any) -> Person:
    """Read a person out of a row that holds `PERSON_COLUMNS` and a person_id."""
    return Person(
        row.person_id,
        row.organisation_id,
        Role(row.role),
        PersonState(row.person_state),
        row.language,
        row.needs_guardian,
        row.factor_grace_from,
        row.person_zone,
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
        legal_basis=LegalBasis(row.legal_basis),
        used_at=row.last_user_activity_at,
        use_limit=row.use_limit,
        uses_before=row.uses_before,
        paused_for=ReasonCode(row.paused_for) if row.paused_for else None,
        decided_version=row.decided_version,
        left_out=_left_out(row.left_out),
        is_held=row.is_held,
    )


def left_out_text(grant: Grant) -> str | None:
    """Spell what was left out for the grant's row."""
    return json.dumps(grant.left_out) if grant.left_out else None


@lru_cache(1024)
def _left_out(text: str | None) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(*each) for each in json.loads(text or "[]"))


def _listed(lists: Lists) -> ColumnElement[str]:
    """Put a grant's items into one text: as rows of their own they would cost twice as much to read."""
    item = grant_item.c
    members = (item.field, item.purpose, item.form, item.needed, item.retention_days)
    if lists.dialect == POSTGRESQL:
        return cast(func.json_agg(func.json_build_array(*members)), Text)
    return func.json_group_array(func.json_array(*members))


def granted_items(lists: Lists) -> ColumnElement[str]:
    """Give the items of each grant as the column ``granted``, for `items_from_text`.

    Not under a lock: a statement that waits for a row's lock still reads all other rows as they were before.
    """
    own = grant_item.c.grant_id == consent_grant.c.grant_id
    return select(_listed(lists)).where(own).correlate(consent_grant).scalar_subquery().label("granted")


# The items of an offer, which a thousand grants share; neither text nor items say whose they are.
@lru_cache(1024)
def items_from_text(text: str | None) -> tuple[GrantedItem, ...]:
    """Read what `granted_items` gave; None where a grant has no items."""
    return tuple(
        GrantedItem(Item(field, purpose, FORMS[form]), bool(needed), retention_days)
        for field, purpose, form, needed, retention_days in sorted(json.loads(text or "[]"))
    )


_ITEMS = PreparedStatement(
    lambda lists: (
        select(grant_item.c.grant_id, _listed(lists).label("granted"))
        .where(lists.any_of(grant_item.c.grant_id))
        .group_by(grant_item.c.grant_id)
    )
)


def items_of(connection: Connection, grant_ids: Iterable[str]) -> Mapping[str, tuple[GrantedItem, ...]]:
    """Load the items of many grants in one statement; grants without items are absent."""
    rows = _ITEMS(connection, wanted=sorted(set(grant_ids)))
    return {row.grant_id: items_from_text(row.granted) for row in rows}


def grants_from(connection: Connection, statement: Select[Any]) -> list[Grant]:
    """Load grants with their items: two statements, however many grants."""
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    return [grant_from_row(row, items.get(row.grant_id, ())) for row in rows]


def uses_left_of(connection: Connection, grants: Iterable[Grant]) -> dict[str, int]:
    """Tell how many hand-offs are left of each grant that allows only so many; grants without a limit are absent."""
    limits = {
        each.grant_id: each.uses_before + each.use_limit for each in grants if each.use_limit is not None
    }
    if not limits:
        return {}
    statement = (
        select(grant_use.c.grant_id, func.count())
        .where(grant_use.c.grant_id.in_(sorted(limits)))
        .group_by(grant_use.c.grant_id)
    )
    spent: dict[str, int] = {row[0]: row[1] for row in connection.execute(statement)}
    return {grant_id: limit - spent.get(grant_id, 0) for grant_id, limit in limits.items()}


def events_of(connection: Connection, grant_id: str) -> tuple[ConsentEvent, ...]:
    """Load a grant's consent events in their order."""
    statement = (
        select(consent_event).where(consent_event.c.grant_id == grant_id).order_by(consent_event.c.seq)
    )
    return tuple(event_from_row(row) for row in connection.execute(statement))


def latest_events_of(connection: Connection, grants: Iterable[Grant]) -> dict[str, ConsentEvent]:
    """Load the event that each grant stands on now, by grant, in one statement."""
    ids = sorted({each.event_id for each in grants})
    statement = select(consent_event).where(consent_event.c.event_id.in_(ids))
    return {row.grant_id: event_from_row(row) for row in connection.execute(statement)}


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
        on_behalf_of=row.on_behalf_of,
        use_limit=row.use_limit,
    )
