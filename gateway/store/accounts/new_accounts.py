"""Accounts that are made: the person, their key, what the school said, and their invitation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import Connection, select

from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.people import PersonState
from gateway.store.accounts.invitations import NewInvitation, invitation_row
from gateway.store.engine.statements import did_insert, insert_once
from gateway.store.tables import invitation, person, person_field, person_key


@dataclass(frozen=True, slots=True)
class NewPerson:
    """An account to make: sealed fields and a wrapped key; the administrator never knows the password.

    Attributes:
        stand_in_index: of the account that stands in where another organisation has the log-in; None makes none.
    """

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
    is_adult: bool = False
    stand_in_index: bytes | None = None
    approves_from: int = 0


class Added(Enum):
    """What became of an account that was to be made.

    STOOD_IN: another organisation has the log-in, and an account that nobody can log in to stands in its place.
    ELSEWHERE: another organisation has the log-in, and nothing was made.
    """

    MADE = auto()
    KNOWN = auto()
    STOOD_IN = auto()
    ELSEWHERE = auto()


def add_people(connection: Connection, people: Sequence[NewPerson]) -> Sequence[Added]:
    """Make accounts, in the same steps whether another organisation has a log-in or nobody has."""
    return [_add(connection, each) for each in people]


def add_new_people(connection: Connection, people: Sequence[NewPerson]) -> Sequence[bool]:
    """Make accounts; tell of each only whether it was made."""
    return [added is Added.MADE for added in add_people(connection, people)]


def _add(connection: Connection, new: NewPerson) -> Added:
    # Somebody else may take the log-in between the look and the insertion, and then what stands in for it.
    tries = (_try_to_add(connection, new) for _ in range(3))
    return next(filter(None, tries), Added.ELSEWHERE)


def _try_to_add(connection: Connection, new: NewPerson) -> Added | None:
    indexes = [each for each in (new.login_index, new.stand_in_index) if each is not None]
    statement = select(person.c.login_index, person.c.person_id, person.c.organisation_id)
    rows = connection.execute(statement.where(person.c.login_index.in_(indexes))).all()
    found = {row.login_index: row for row in rows}
    holder, stand_in = found.get(new.login_index), found.get(new.stand_in_index or b"")
    # A row with our id is our own commit, whose answer was lost.
    if holder and holder.organisation_id == new.organisation_id:
        return Added.MADE if holder.person_id == new.person_id else Added.KNOWN
    if stand_in:
        return Added.STOOD_IN if stand_in.person_id == new.person_id else Added.KNOWN
    if holder is None:
        return Added.MADE if _insert(connection, new, new.login_index) else None
    if new.stand_in_index is None:
        return Added.ELSEWHERE
    return Added.STOOD_IN if _insert(connection, new, new.stand_in_index) else None


def _insert(connection: Connection, new: NewPerson, login_index: bytes) -> bool:
    row = {
        "person_id": new.person_id,
        "organisation_id": new.organisation_id,
        "role": new.role,
        "state": str(PersonState.INVITED),
        "language": new.language,
        "login_index": login_index,
        "created_at": new.created_at,
        "needs_guardian": new.needs_guardian,
        "is_adult": new.is_adult,
        "approves_from": new.approves_from,
    }
    if not did_insert(connection, person, row):
        return False
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
        insert_once(connection, invitation, [invitation_row(new.person_id, new.invitation)])
    return True
