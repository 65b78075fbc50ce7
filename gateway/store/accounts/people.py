"""People with an account: found, listed, locked, and the language they chose."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, tuple_, update

from gateway.model.people import Person, PersonState, Power, Role, roles_with
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import invitation, organisation, person


def list_people_in(
    connection: Connection, roles_wanted: Sequence[frozenset[Role]]
) -> Sequence[tuple[str, ...]]:
    """List the active people who have one of the roles, by id."""
    outcomes = []
    for roles in roles_wanted:
        own = (person.c.role.in_(sorted(roles)), person.c.state == PersonState.ACTIVE)
        statement = select(person.c.person_id).where(*own).order_by(person.c.person_id)
        outcomes.append(tuple(connection.execute(statement).scalars()))
    return outcomes


def find_accounts(connection: Connection, person_ids: Sequence[str]) -> Sequence[Person | None]:
    """Find accounts by id; None for an unknown one."""
    statement = select(person.c.person_id, *PERSON_COLUMNS).where(person.c.person_id.in_(set(person_ids)))
    found = {row.person_id: person_from_row(row) for row in connection.execute(statement)}
    return [found.get(person_id) for person_id in person_ids]


def lock_people(connection: Connection, person_ids: Sequence[str]) -> None:
    """Lock people in id order, so that those who write their records wait for each other.

    What replaces rows by deleting and inserting needs it: the second of two deletes would not see what the first
    one's transaction inserted, and its own rows would be dropped as known already.
    """
    statement = (
        select(person.c.person_id)
        .where(person.c.person_id.in_(sorted(set(person_ids))))
        .order_by(person.c.person_id)
        .with_for_update(key_share=True)
    )
    connection.execute(statement).all()


@dataclass(frozen=True, slots=True)
class ChosenLanguage:
    """The language that a person chose."""

    person_id: str
    language: str


def keep_languages(connection: Connection, chosen: Sequence[ChosenLanguage]) -> Sequence[None]:
    """Keep people's languages."""
    for each in chosen:
        own = person.c.person_id == each.person_id
        connection.execute(update(person).where(own).values(language=each.language))
    return [None] * len(chosen)


@dataclass(frozen=True, slots=True)
class ChosenZone:
    """The time zone that a person chose (IANA); empty for their organisation's."""

    person_id: str
    timezone: str


def keep_own_zones(connection: Connection, chosen: Sequence[ChosenZone]) -> Sequence[None]:
    """Keep people's time zones."""
    for each in chosen:
        own = person.c.person_id == each.person_id
        connection.execute(update(person).where(own).values(timezone=each.timezone))
    return [None] * len(chosen)


def load_zones(connection: Connection, person_ids: Sequence[str]) -> Sequence[tuple[str, str]]:
    """Load the time zone that each person chose, and their organisation's; empty where there is none."""
    statement = (
        select(person.c.person_id, person.c.timezone, organisation.c.timezone)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .where(person.c.person_id.in_(set(person_ids)))
    )
    found = {person_id: (own, school) for person_id, own, school in connection.execute(statement)}
    return [found[person_id] for person_id in person_ids]


def load_provisioners(connection: Connection, organisation_ids: Sequence[str]) -> Sequence[list[str]]:
    """Name everybody whose role lets them make accounts of each organisation's people."""
    return [_provisioners(connection, each) for each in organisation_ids]


def _provisioners(connection: Connection, organisation_id: str) -> list[str]:
    roles = sorted(roles_with(Power.PROVISION_PEOPLE))
    is_own = (person.c.role != Role.SCHOOL_ADMIN) | (person.c.organisation_id == organisation_id)
    statement = select(person.c.person_id).where(
        person.c.role.in_(roles), is_own, person.c.state != PersonState.CLOSED
    )
    return list(connection.execute(statement.order_by(person.c.person_id)).scalars())


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """A page of accounts, newest first.

    Attributes:
        person_ids: these alone; None for all.
    """

    organisation_id: str | None = None
    before: tuple[int, str] | None = None
    limit: int = 50
    person_ids: tuple[str, ...] | None = None
    role: Role | None = None
    state: PersonState | None = None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in a list: no values."""

    person: Person
    created_at: int
    invited_until: int | None


def list_people(connection: Connection, queries: Sequence[PeopleQuery]) -> Sequence[list[AccountLine]]:
    """List accounts by keyset paging."""
    return [_list(connection, query) for query in queries]


def _list(connection: Connection, query: PeopleQuery) -> list[AccountLine]:
    own = person.c
    open_until = (
        select(func.max(invitation.c.expires_at))
        .where(invitation.c.person_id == person.c.person_id, invitation.c.used_at.is_(None))
        .scalar_subquery()
    )
    statement = select(
        person.c.person_id, *PERSON_COLUMNS, person.c.created_at, open_until.label("invited_until")
    )
    if query.person_ids is not None:
        statement = statement.where(person.c.person_id.in_(query.person_ids))
    given = ((own.organisation_id, query.organisation_id), (own.role, query.role), (own.state, query.state))
    for column, wanted in given:
        if wanted is not None:
            statement = statement.where(column == str(wanted))
    if query.before is not None:
        statement = statement.where(tuple_(person.c.created_at, person.c.person_id) < tuple_(*query.before))
    rows = connection.execute(
        statement.order_by(person.c.created_at.desc(), person.c.person_id.desc()).limit(query.limit)
    ).all()
    return [AccountLine(person_from_row(row), row.created_at, row.invited_until) for row in rows]
