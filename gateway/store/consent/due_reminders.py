"""People who may be due a reminder, found in the order of an index, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    false,
    not_,
    select,
    tuple_,
)

from gateway.model.grants import SUNSET, Grant, GrantState
from gateway.store.consent.reminders import DIGEST, ENDING, UNUSED
from gateway.store.grant_predicates import is_active, spelled
from gateway.store.records_from_rows import GRANT_COLUMNS, grants_from
from gateway.store.tables import consent_grant, reminder

DueKey = tuple[int, str]
"""By which a page of people who may have to be told something is ordered."""


class Due(StrEnum):
    """Why somebody may have to be told something; each has an index in the order of its key."""

    ENDING = ENDING
    UNUSED = UNUSED
    DIGEST = DIGEST


@dataclass(frozen=True, slots=True)
class Sharer:
    """A person who shares something now, or did when they were told last.

    Attributes:
        told: when each thing was told, by (kind, about).
    """

    person_id: str
    grants: tuple[Grant, ...]
    told: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of people who may have to be told something, in the order of its key.

    Attributes:
        until: by when the grant's term ends, when it was used last or when the last digest came.
        shortest: grants of a shorter term are not warned of.
        limit: how many grants, or digests, are looked at.
        after: key of the last one that the page before looked at.
    """

    due: Due
    until: int
    limit: int
    shortest: int = 0
    after: DueKey | None = None


@dataclass(frozen=True, slots=True)
class DuePeople:
    """What a page has.

    Attributes:
        last: key of the last one that was looked at; None where no page follows.
    """

    found: tuple[Sharer, ...]
    last: DueKey | None


def load_due(connection: Connection, pages: Sequence[DuePage]) -> Sequence[DuePeople]:
    """Load people with all their active grants, without those who were warned already."""
    return [_load(connection, page) for page in pages]


def _load(connection: Connection, page: DuePage) -> DuePeople:
    looked = _looked_at(page)
    rows = connection.execute(looked).all()
    ids = sorted({row.person_id for row in rows if not row.is_known})
    last = (rows[-1][0], rows[-1][1]) if len(rows) == page.limit else None
    return DuePeople(tuple(_sharers(connection, ids)) if ids else (), last)


def _looked_at(page: DuePage) -> Select[Any]:
    """Build the part that an index answers: key, person, and whether there is nothing to tell that person."""
    key, columns, is_due = _digests() if page.due is Due.DIGEST else _ends(page)
    shown: Sequence[ColumnElement[Any]] = (*key, *columns)
    statement = select(*shown).where(is_due, key[0] <= page.until)
    if page.after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*page.after))
    return statement.order_by(*key).limit(page.limit)


_Part = tuple[
    tuple[ColumnElement[int], ColumnElement[str]], tuple[ColumnElement[Any], ...], ColumnElement[bool]
]


def _digests() -> _Part:
    own = reminder.c
    return (own.at, own.person_id), (false().label("is_known"),), own.kind == spelled(DIGEST)


def _ends(page: DuePage) -> _Part:
    own, told = consent_grant.c, reminder.c
    unused_at = own.last_user_activity_at + SUNSET
    if page.due is Due.UNUSED:
        first, ends_at, is_so = own.last_user_activity_at, unused_at, unused_at < own.valid_until
    else:
        first, ends_at, is_so = own.valid_until, own.valid_until, unused_at >= own.valid_until
    about = own.grant_id + ":" + cast(ends_at, Text)
    # One probe for each row; from an EXISTS the planner would build a table of all ever told, for each page.
    of_that = (told.person_id == own.person_id, told.kind == str(page.due), told.about == about)
    told_at = select(told.at).where(*of_that).correlate(consent_grant).scalar_subquery()
    is_long = own.valid_until - own.valid_from >= page.shortest
    is_known = not_(is_so & is_long & told_at.is_(None)).label("is_known")
    return (first, own.grant_id), (own.person_id, is_known), is_active()


def _sharers(connection: Connection, ids: Sequence[str]) -> list[Sharer]:
    own = consent_grant.c
    active = (own.person_id.in_(ids), own.state == GrantState.ACTIVE)
    grants: dict[str, list[Grant]] = {}
    for each in grants_from(connection, select(*GRANT_COLUMNS).where(*active).order_by(own.grant_id)):
        grants.setdefault(each.person_id, []).append(each)
    told: dict[str, dict[tuple[str, str], int]] = {}
    for row in connection.execute(select(reminder).where(reminder.c.person_id.in_(ids))):
        told.setdefault(row.person_id, {})[row.kind, row.about] = row.at
    return [Sharer(each, tuple(grants.get(each, ())), told.get(each, {})) for each in ids]
