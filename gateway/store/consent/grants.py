"""Grants: the person's list, the administrators' search, narrowing and ending."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, func, literal, select, true, tuple_

from gateway.model.counts import Count, count_to
from gateway.model.grants import ConsentEvent, Grant, GrantState
from gateway.store.grant_predicates import is_live
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    events_of,
    grants_from,
    latest_events_of,
    uses_left_of,
)
from gateway.store.tables import (
    access_token,
    consent_grant,
    grant_item,
    handoff,
    notice_version,
    partner,
    person,
    refresh_token,
)

MOST_GRANTS = 10_000
"""How far a partner's consents are counted."""
MOST_HANDOFFS = 1_000
"""How far a consent's hand-offs are."""


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant in a list, with its last hand-off.

    Attributes:
        latest: the decision that made it what it is.
        uses_left: how many hand-offs the decision in force still allows; None for any number.
    """

    grant: Grant
    latest: ConsentEvent
    created_at: int
    ended_at: int | None
    end_reason: str | None
    last_handoff_at: int | None
    handoff_count: Count
    organisation_id: str = ""
    uses_left: int | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether the grant allowed a number of hand-offs, and all of them were made."""
        return self.uses_left == 0

    def over_at(self, now: int) -> int | None:
        """When it was over, which time alone may have brought about; None while it is not."""
        if self.grant.state is GrantState.REFUSED:
            return self.latest.at
        if self.grant.state is GrantState.ENDED:
            return self.ended_at or self.latest.at
        return self.grant.ends_at if now >= self.grant.ends_at else None


@dataclass(frozen=True, slots=True)
class GrantQuery:
    """A page of grants, newest first.

    Attributes:
        before: key of the last line of the page before, (created_at, grant_id).
        depth: how many at most are looked through for what no index finds; where few or none have it, all of a
            million would be read.
    """

    person_id: str | None = None
    partner_id: str | None = None
    field: str | None = None
    state: str | None = None
    since: int | None = None
    until: int | None = None
    before: tuple[int, str] | None = None
    limit: int = 50
    depth: int = 10_000

    @property
    def is_narrow(self) -> bool:
        """Whether it is for something that no index finds: a field, or a state of whichever partner."""
        return self.field is not None or (self.state is not None and self.partner_id is None)


def search_grants(connection: Connection, queries: Sequence[GrantQuery]) -> Sequence[list[GrantLine]]:
    """Search grants by keyset paging: a page costs the same however deep it is."""
    return [_search(connection, query) for query in queries]


def _search(connection: Connection, query: GrantQuery) -> list[GrantLine]:
    looked = _newest(query).limit(query.depth if query.is_narrow else query.limit).subquery()
    grant = looked.c
    statement = select(
        grant.grant_id, grant.created_at, grant.ended_at, grant.end_reason, person.c.organisation_id
    ).join(person, person.c.person_id == grant.person_id)
    if query.state is not None:
        statement = statement.where(grant.state == query.state)
    if query.field is not None:
        has_field = grant_item.c.field == query.field
        statement = statement.where(
            exists().where(grant_item.c.grant_id == grant.grant_id, has_field).correlate(looked)
        )
    rows = connection.execute(
        statement.order_by(grant.created_at.desc(), grant.grant_id.desc()).limit(query.limit)
    ).all()
    ids = [row.grant_id for row in rows]
    grants = {
        each.grant_id: each
        for each in grants_from(connection, select(*GRANT_COLUMNS).where(consent_grant.c.grant_id.in_(ids)))
    }
    lasts, left = _last_handoffs(connection, ids), uses_left_of(connection, grants.values())
    latest = latest_events_of(connection, grants.values())
    return [
        GrantLine(
            grants[row.grant_id],
            latest[row.grant_id],
            row.created_at,
            row.ended_at,
            row.end_reason,
            *lasts[row.grant_id],
            row.organisation_id,
            left.get(row.grant_id),
        )
        for row in rows
    ]


def find_grant_depths(
    connection: Connection, queries: Sequence[GrantQuery]
) -> Sequence[tuple[int, str] | None]:
    """Tell the key of the last consent that a narrow search looked at; None where it has looked at all."""
    depths = (_newest(each).offset(each.depth - 1).limit(1) for each in queries)
    found = (connection.execute(each).first() for each in depths)
    return [(row.created_at, row.grant_id) if row else None for row in found]


def _newest(query: GrantQuery) -> Select[Any]:
    """Build the part that indexes answer, newest first."""
    grant = consent_grant.c
    statement = select(consent_grant)
    if query.person_id is not None:
        statement = statement.where(grant.person_id == query.person_id)
    if query.partner_id is not None:
        statement = statement.where(grant.partner_id == query.partner_id)
        if query.state is not None:
            statement = statement.where(grant.state == query.state)
    if query.since is not None:
        statement = statement.where(grant.created_at >= query.since)
    if query.until is not None:
        statement = statement.where(grant.created_at < query.until)
    if query.before is not None:
        statement = statement.where(tuple_(grant.created_at, grant.grant_id) < tuple_(*query.before))
    return statement.order_by(grant.created_at.desc(), grant.grant_id.desc())


def _last_handoffs(connection: Connection, grant_ids: Sequence[str]) -> dict[str, tuple[int | None, Count]]:
    """Tell each grant's last hand-off and how many there were; it stops counting at a bound."""
    is_own = handoff.c.grant_id == consent_grant.c.grant_id
    last = select(func.max(handoff.c.at)).where(is_own).correlate(consent_grant).scalar_subquery()
    statement = select(consent_grant.c.grant_id, last, _bounded(handoff, is_own, MOST_HANDOFFS)).where(
        consent_grant.c.grant_id.in_(grant_ids)
    )
    return {
        grant_id: (at, count_to(MOST_HANDOFFS, found))
        for grant_id, at, found in connection.execute(statement)
    }


def _bounded(counted: Table, is_own: ColumnElement[bool], bound: int) -> ColumnElement[int]:
    """Count the rows that belong to the enclosing query's row, up to one more than a bound."""
    some = select(literal(1)).select_from(counted).where(is_own).limit(bound + 1)
    others = [each for each in (consent_grant, partner) if each is not counted]
    return select(func.count()).select_from(some.correlate(*others).subquery()).scalar_subquery()


def find_grants(connection: Connection, grant_ids: Sequence[str]) -> Sequence[Grant | None]:
    """Load grants with their items; None for an unknown one."""
    wanted = consent_grant.c.grant_id.in_(sorted(set(grant_ids)))
    found = {each.grant_id: each for each in grants_from(connection, select(*GRANT_COLUMNS).where(wanted))}
    return [found.get(grant_id) for grant_id in grant_ids]


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of active consents that something may hold back, in the order of their ids.

    Attributes:
        after: id of the last one of the page before.
    """

    partner_id: str = ""
    organisation_id: str = ""
    person_id: str = ""
    after: str = ""
    limit: int = 200


def load_held_page(connection: Connection, pages: Sequence[HeldPage]) -> Sequence[list[str]]:
    """Name the active consents for a partner, of a school's members, of a person; what is empty asks nothing."""
    grant = consent_grant.c
    found = []
    for page in pages:
        statement = select(grant.grant_id).where(
            grant.state == GrantState.ACTIVE, grant.grant_id > page.after
        )
        if page.partner_id:
            statement = statement.where(grant.partner_id == page.partner_id)
        if page.person_id:
            statement = statement.where(grant.person_id == page.person_id)
        if page.organisation_id:
            members = select(person.c.person_id).where(person.c.organisation_id == page.organisation_id)
            statement = statement.where(grant.person_id.in_(members))
        ids = connection.execute(statement.order_by(grant.grant_id).limit(page.limit))
        found.append(list(ids.scalars()))
    return found


def count_uses_left(connection: Connection, grants: Sequence[Grant]) -> Sequence[int | None]:
    """Count the hand-offs that grants still allow; None for any number."""
    left = uses_left_of(connection, grants)
    return [left.get(each.grant_id) for each in grants]


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list: its id, never its secret or digest."""

    token_id: str
    kind: str
    client_id: str
    issued_at: int
    expires_at: int
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class GrantDetail:
    """Everything about a grant except values."""

    line: GrantLine
    events: tuple[ConsentEvent, ...]
    tokens: tuple[TokenLine, ...]
    organisation_id: str
    role: str
    notice_text: str
    notice_language: str
    jurisdiction: str = ""


def load_details(connection: Connection, grant_ids: Sequence[str]) -> Sequence[GrantDetail | None]:
    """Load grants in detail; None for an unknown one."""
    return [_load_detail(connection, grant_id) for grant_id in grant_ids]


def _load_detail(connection: Connection, grant_id: str) -> GrantDetail | None:
    row = _with_person_and_notice(connection, grant_id)
    if row is None:
        return None
    found = grants_from(connection, select(*GRANT_COLUMNS).where(consent_grant.c.grant_id == grant_id))[0]
    last, events = _last_handoffs(connection, [grant_id])[grant_id], events_of(connection, grant_id)
    return GrantDetail(
        line=GrantLine(
            found,
            events[-1],
            row.created_at,
            row.ended_at,
            row.end_reason,
            *last,
            organisation_id=row.organisation_id,
            uses_left=uses_left_of(connection, [found]).get(grant_id),
        ),
        events=events,
        tokens=_tokens(connection, grant_id),
        organisation_id=row.organisation_id,
        role=row.role,
        notice_text=row.text,
        notice_language=row.language,
        jurisdiction=row.jurisdiction,
    )


def _with_person_and_notice(connection: Connection, grant_id: str) -> Any:
    """Find whose grant it is and the notice that it stands on."""
    grant = consent_grant.c
    statement = (
        select(
            grant.created_at,
            grant.ended_at,
            grant.end_reason,
            grant.jurisdiction,
            person.c.organisation_id,
            person.c.role,
            notice_version.c.text,
            notice_version.c.language,
        )
        .join(person, person.c.person_id == grant.person_id)
        .join(notice_version, notice_version.c.notice_id == grant.notice_id)
        .where(grant.grant_id == grant_id)
    )
    return connection.execute(statement).first()


def _tokens(connection: Connection, grant_id: str) -> tuple[TokenLine, ...]:
    lines = []
    for kind, table in (("access", access_token), ("refresh", refresh_token)):
        columns = [
            table.c[name] for name in ("token_id", "client_id", "issued_at", "expires_at", "revoked_at")
        ]
        statement = (
            select(*columns).where(table.c.grant_id == grant_id).order_by(table.c.issued_at.desc()).limit(50)
        )
        lines += [TokenLine(kind=kind, **row._mapping) for row in connection.execute(statement)]
    return tuple(lines)


def count_live(connection: Connection, partner_ids: Sequence[str]) -> Sequence[Count]:
    """Count each partner's live grants, as far as anybody needs to know: what a brake would stop."""
    counts = _live_of(connection, partner.c.partner_id.in_(sorted(set(partner_ids))))
    return [counts.get(partner_id, Count()) for partner_id in partner_ids]


def count_all_live(connection: Connection, asked: Sequence[None]) -> Sequence[dict[str, Count]]:
    """Count the live grants of every partner there is."""
    return [_live_of(connection, true()) for _ in asked]


def _live_of(connection: Connection, which: ColumnElement[bool]) -> dict[str, Count]:
    grant = consent_grant.c
    is_own = (grant.partner_id == partner.c.partner_id) & is_live()
    statement = select(partner.c.partner_id, _bounded(consent_grant, is_own, MOST_GRANTS)).where(which)
    return {partner_id: count_to(MOST_GRANTS, found) for partner_id, found in connection.execute(statement)}
