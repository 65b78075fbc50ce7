"""Organisations, accounts, credentials, invitations, guardians."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, select, tuple_, update

from gateway.kit.sealing import WrappedKey
from gateway.model.people import Person, PersonState
from gateway.store.loading import PERSON_COLUMNS, person_from_row
from gateway.store.statements import Hot, Lists, did_insert, insert_once
from gateway.store.tables import (
    credential,
    guardian_link,
    invitation,
    one_time_password,
    organisation,
    person,
    person_field,
    person_key,
    session,
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """A school, or the service's own staff."""

    organisation_id: str
    name: str
    country: str
    created_at: int


def add_organisations(connection: Connection, organisations: Sequence[Organisation]) -> Sequence[bool]:
    """Add organisations; False for one that is there already."""
    return [
        did_insert(
            connection,
            organisation,
            {
                "organisation_id": each.organisation_id,
                "name": each.name,
                "country": each.country,
                "created_at": each.created_at,
            },
        )
        for each in organisations
    ]


def load_organisations(connection: Connection, _: Sequence[None]) -> Sequence[list[Organisation]]:
    """Load every organisation."""
    rows = connection.execute(select(organisation).order_by(organisation.c.organisation_id))
    return [[Organisation(**row._mapping) for row in rows]]


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """An invitation to choose a password."""

    invitation_digest: bytes
    invited_by: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class NewPerson:
    """An account to make: sealed fields and a wrapped key; the administrator never knows the password."""

    person_id: str
    organisation_id: str
    role: str
    language: str
    login_index: bytes
    key: WrappedKey
    fields: Mapping[str, bytes]
    created_at: int
    invitation: NewInvitation | None = None
    needs_guardian: bool = False


def add_people(connection: Connection, people: Sequence[NewPerson]) -> Sequence[bool]:
    """Make accounts; False where the log-in is taken."""
    return [_add(connection, each) for each in people]


def _add(connection: Connection, new: NewPerson) -> bool:
    row = {
        "person_id": new.person_id,
        "organisation_id": new.organisation_id,
        "role": new.role,
        "state": str(PersonState.INVITED),
        "language": new.language,
        "login_index": new.login_index,
        "created_at": new.created_at,
        "needs_guardian": new.needs_guardian,
    }
    if not did_insert(connection, person, row):
        # Unless it is our own commit, whose answer was lost.
        own = (person.c.person_id == new.person_id) & (person.c.login_index == new.login_index)
        return connection.execute(select(person.c.person_id).where(own)).first() is not None
    insert_once(
        connection,
        person_key,
        [{"person_id": new.person_id, "master": new.key.master, "wrapped": new.key.wrapped}],
    )
    insert_once(
        connection,
        person_field,
        [
            {
                "person_id": new.person_id,
                "field": name,
                "sealed": sealed,
                "source": "school",
                "verified_at": None,
                "changed_at": new.created_at,
            }
            for name, sealed in sorted(new.fields.items())
        ],
    )
    if new.invitation:
        insert_once(connection, invitation, [_invitation_row(new.person_id, new.invitation)])
    return True


def _invitation_row(person_id: str, new: NewInvitation) -> dict[str, object]:
    return {
        "invitation_digest": new.invitation_digest,
        "person_id": person_id,
        "invited_by": new.invited_by,
        "created_at": new.created_at,
        "expires_at": new.expires_at,
    }


@dataclass(frozen=True, slots=True)
class Renewal:
    """The plan of inviting again.

    Attributes:
        organisation_id: where the person must belong; None for anywhere.
    """

    person_id: str
    organisation_id: str | None
    invitation: NewInvitation


def renew_invitations(connection: Connection, renewals: Sequence[Renewal]) -> Sequence[bool]:
    """Invite again: the unused older invitations of the person stop working.

    False for somebody unknown, of another organisation, or who has chosen a password already: an invitation is
    no way to set a second one.
    """
    return [_renew(connection, each) for each in renewals]


def _renew(connection: Connection, renewal: Renewal) -> bool:
    invited = select(person.c.person_id).where(
        person.c.person_id == renewal.person_id, person.c.state == str(PersonState.INVITED)
    )
    if renewal.organisation_id is not None:
        invited = invited.where(person.c.organisation_id == renewal.organisation_id)
    if connection.execute(invited.with_for_update()).first() is None:
        return False
    connection.execute(
        update(invitation)
        .where(
            invitation.c.person_id == renewal.person_id,
            invitation.c.used_at.is_(None),
            # Not our own, when a commit whose answer was lost is repeated.
            invitation.c.invitation_digest != renewal.invitation.invitation_digest,
        )
        .values(used_at=renewal.invitation.created_at)
    )
    insert_once(connection, invitation, [_invitation_row(renewal.person_id, renewal.invitation)])
    return True


@dataclass(frozen=True, slots=True)
class Login:
    """What a log-in needs: the person and the password's hash, None before the first password.

    Attributes:
        has_code: this account signs in with a code as well.
    """

    person: Person
    password_hash: str | None
    has_code: bool = False


def _logins(lists: Lists, key: ColumnElement[Any]) -> Select[Any]:
    own = (credential.c.person_id == person.c.person_id) & (credential.c.kind == "password")
    code = one_time_password.c
    return (
        select(
            person.c.login_index,
            person.c.person_id,
            *PERSON_COLUMNS,
            credential.c.secret_hash,
            select(code.person_id).where(code.person_id == person.c.person_id).exists().label("has_code"),
        )
        .outerjoin(credential, own)
        .where(lists.any_of(key))
    )


_LOGINS = Hot(lambda lists: _logins(lists, person.c.login_index))
_LOGINS_OF = Hot(lambda lists: _logins(lists, person.c.person_id))


def load_logins(connection: Connection, indexes: Sequence[bytes]) -> Sequence[Login | None]:
    """Load log-ins by blind index; None for an unknown one."""
    rows = _LOGINS(connection, wanted=sorted(set(indexes)))
    found = {row.login_index: _login(row) for row in rows}
    return [found.get(index) for index in indexes]


def load_logins_of(connection: Connection, person_ids: Sequence[str]) -> Sequence[Login]:
    """Load log-ins by person."""
    rows = _LOGINS_OF(connection, wanted=sorted(set(person_ids)))
    found = {row.person_id: _login(row) for row in rows}
    return [found[person_id] for person_id in person_ids]


def _login(row: Any) -> Login:
    return Login(person_from_row(row), row.secret_hash, bool(row.has_code))


def lock_people(connection: Connection, person_ids: Sequence[str]) -> None:
    """Make writers of what hangs on a person wait for each other, in id order.

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
class NewPassword:
    """A password's hash to keep for a person."""

    person_id: str
    secret_hash: str
    at: int


def keep_passwords(connection: Connection, passwords: Sequence[NewPassword]) -> Sequence[None]:
    """Keep password hashes; a closed account stays closed. Every session of the person ends."""
    lock_people(connection, [each.person_id for each in passwords])
    for each in passwords:
        connection.execute(
            delete(credential).where(
                credential.c.person_id == each.person_id, credential.c.kind == "password"
            )
        )
        row = {
            "person_id": each.person_id,
            "kind": "password",
            "secret_hash": each.secret_hash,
            "changed_at": each.at,
        }
        insert_once(connection, credential, [row])
        connection.execute(
            update(person)
            .where(person.c.person_id == each.person_id, person.c.state == PersonState.INVITED)
            .values(state=str(PersonState.ACTIVE))
        )
        connection.execute(
            update(session)
            .where(session.c.person_id == each.person_id, session.c.ended_at.is_(None))
            .values(ended_at=each.at)
        )
    return [None] * len(passwords)


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
class Invitation:
    """An invitation that can still be used."""

    person: Person
    organisation_name: str
    expires_at: int


def load_invitations(connection: Connection, digests: Sequence[bytes]) -> Sequence[Invitation | None]:
    """Load unused invitations; None for a used or unknown one. Whether it expired, the caller decides."""
    statement = (
        select(
            invitation.c.invitation_digest,
            invitation.c.expires_at,
            person.c.person_id,
            *PERSON_COLUMNS,
            organisation.c.name,
        )
        .join(person, person.c.person_id == invitation.c.person_id)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .where(invitation.c.invitation_digest.in_(sorted(set(digests))), invitation.c.used_at.is_(None))
    )
    found = {
        row.invitation_digest: Invitation(person_from_row(row), row.name, row.expires_at)
        for row in connection.execute(statement)
    }
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The plan of using an invitation up to set a password."""

    invitation_digest: bytes
    password: NewPassword


def accept_invitations(connection: Connection, acceptances: Sequence[Acceptance]) -> Sequence[bool]:
    """Use invitations up; whoever races, one wins and sets the password."""
    outcomes = []
    for each in acceptances:
        statement = (
            update(invitation)
            .where(
                invitation.c.invitation_digest == each.invitation_digest,
                invitation.c.used_at.is_(None),
                invitation.c.expires_at > each.password.at,
            )
            .values(used_at=each.password.at)
            .returning(invitation.c.person_id)
        )
        won = connection.execute(statement).first() is not None
        if won:
            keep_passwords(connection, [each.password])
        outcomes.append(won or _keeps(connection, each.password))
    return outcomes


def _keeps(connection: Connection, password: NewPassword) -> bool:
    """Tell whether this very hash is kept, by a commit whose answer was lost: the salt makes it the only one."""
    statement = select(credential.c.person_id).where(
        credential.c.person_id == password.person_id, credential.c.secret_hash == password.secret_hash
    )
    return connection.execute(statement).first() is not None


def find_people(connection: Connection, indexes: Sequence[bytes]) -> Sequence[str | None]:
    """Find people's ids by blind index of their log-in."""
    return [login.person.person_id if login else None for login in load_logins(connection, indexes)]


@dataclass(frozen=True, slots=True)
class Guardianship:
    """A link between a child and a guardian, with how it was verified.

    Attributes:
        organisation_id: the child's; nobody links a guardian to another organisation's child.
    """

    organisation_id: str
    child_index: bytes
    guardian_index: bytes
    method: str
    evidence: str
    at: int


def link_guardians(connection: Connection, links: Sequence[Guardianship]) -> Sequence[bool]:
    """Link guardians to children; False where one of the two is unknown or the link stands already."""
    children = load_logins(connection, [link.child_index for link in links])
    guardians = load_logins(connection, [link.guardian_index for link in links])
    return [_link(connection, *each) for each in zip(links, children, guardians, strict=True)]


def _link(connection: Connection, link: Guardianship, child: Login | None, guardian: Login | None) -> bool:
    if child is None or guardian is None or child.person.organisation_id != link.organisation_id:
        return False
    if child.person.person_id == guardian.person.person_id:
        return False
    row = {
        "child_id": child.person.person_id,
        "guardian_id": guardian.person.person_id,
        "method": link.method,
        "evidence": link.evidence,
        "state": "active",
        "created_at": link.at,
    }
    return did_insert(connection, guardian_link, row)


def mark_ages(connection: Connection, marks: Sequence[tuple[str, bool]]) -> Sequence[None]:
    """Keep whether a guardian decides with each person: (person, whether)."""
    for person_id, needs_guardian in marks:
        connection.execute(
            update(person).where(person.c.person_id == person_id).values(needs_guardian=needs_guardian)
        )
    return [None] * len(marks)


@dataclass(frozen=True, slots=True)
class PeopleQuery:
    """A page of accounts, newest first."""

    organisation_id: str | None = None
    before: tuple[int, str] | None = None
    limit: int = 50


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
    open_until = (
        select(func.max(invitation.c.expires_at))
        .where(invitation.c.person_id == person.c.person_id, invitation.c.used_at.is_(None))
        .scalar_subquery()
    )
    statement = select(
        person.c.person_id, *PERSON_COLUMNS, person.c.created_at, open_until.label("invited_until")
    )
    if query.organisation_id is not None:
        statement = statement.where(person.c.organisation_id == query.organisation_id)
    if query.before is not None:
        statement = statement.where(tuple_(person.c.created_at, person.c.person_id) < tuple_(*query.before))
    rows = connection.execute(
        statement.order_by(person.c.created_at.desc(), person.c.person_id.desc()).limit(query.limit)
    ).all()
    return [AccountLine(person_from_row(row), row.created_at, row.invited_until) for row in rows]
