"""Grants that time may have changed, in pages; a sweep reads none of the many others."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_

from gateway.model.grants import Grant
from gateway.model.people import Person
from gateway.store.grant_predicates import is_active, is_guarded, is_live, spelled
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    PERSON_COLUMNS,
    grant_from_row,
    items_of,
    person_from_row,
)
from gateway.store.tables import consent_grant, person, person_field
from gateway.store.whereabouts import is_in

RipeKey = tuple[int | str, ...]
"""By which a page of grants that time may have changed is ordered."""


class Cause(StrEnum):
    """Why time may have changed a grant; each has an index that holds the grants in the order of its key."""

    OVER = "over"
    UNUSED = "unused"
    GUARDED = "guarded"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class RipePage:
    """A page of live grants that time may have changed for one cause, in the order of its key.

    Attributes:
        until: whose term was over by this second, or who was not used after it.
        since: whose date of birth was written at this second or later, for those with a guardian.
        zones: who may be in one of these, for those with a guardian; None: wherever they are.
        offer_id: of which service, and `version` the terms that the person has not decided about.
        after: key of the last one of the page before.
    """

    cause: Cause
    limit: int
    until: int = 0
    since: int = 0
    zones: frozenset[str] | None = None
    offer_id: str = ""
    version: int = 0
    after: RipeKey | None = None


@dataclass(frozen=True, slots=True)
class RipeGrants:
    """What a page has.

    Attributes:
        last: key of the last one; None where no page follows.
    """

    found: tuple[tuple[Grant, Person], ...]
    last: RipeKey | None


def load_ripe_grants(connection: Connection, pages: Sequence[RipePage]) -> Sequence[RipeGrants]:
    """Load live grants with their people: those that time changed, and those whose person may have come of age."""
    return [_load(connection, page) for page in pages]


def _load(connection: Connection, page: RipePage) -> RipeGrants:
    grant = consent_grant.c
    key, is_ripe = _ripe(page)
    statement = (
        select(*GRANT_COLUMNS, *PERSON_COLUMNS, *(each.label(f"key_{at}") for at, each in enumerate(key)))
        .join(person, person.c.person_id == grant.person_id)
        .where(*is_ripe)
        .order_by(*key)
        .limit(page.limit)
    )
    if page.after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*page.after))
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    found = tuple((grant_from_row(row, items.get(row.grant_id, ())), person_from_row(row)) for row in rows)
    last = tuple(rows[-1][-len(key) :]) if len(rows) == page.limit else None
    return RipeGrants(found, last)


def _ripe(page: RipePage) -> tuple[tuple[ColumnElement[Any], ...], tuple[ColumnElement[bool], ...]]:
    """Say what a cause is ordered by and what it asks for: the order and the condition of its index."""
    grant = consent_grant.c
    used_at, decided = grant.last_user_activity_at, grant.decided_version
    is_new = () if page.since == 0 else (grant.person_id.in_(_born_anew(page.since)),)
    is_there = () if page.zones is None else (is_in(page.zones),)
    # A paused grant waits for the person already.
    is_outdated = (is_active(), decided < page.version, grant.offer_version < page.version)
    return {
        Cause.OVER: ((grant.valid_until, grant.grant_id), (is_live(), grant.valid_until <= page.until)),
        Cause.UNUSED: ((used_at, grant.grant_id), (is_live(), used_at <= page.until)),
        Cause.GUARDED: ((grant.grant_id,), (is_live(), is_guarded(), *is_new, *is_there)),
        Cause.OUTDATED: ((decided, grant.grant_id), (grant.offer_id == page.offer_id, *is_outdated)),
    }[page.cause]


def _born_anew(since: int) -> Select[Any]:
    own = person_field.c
    return select(own.person_id).where(own.field == spelled("birthdate"), own.changed_at >= since)
