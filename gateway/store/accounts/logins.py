"""Log-ins: who has an address, with the hash of their password."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from gateway.model.people import Person
from gateway.model.versions import Versions
from gateway.store.engine.statements import Lists, PreparedStatement
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import credential, one_time_password, person


@dataclass(frozen=True, slots=True)
class Login:
    """What a log-in needs: the person and the password's hash, None before the first password.

    Attributes:
        has_code: this account signs in with a code as well.
        versions: as they were when the hash was read: what the password opens is bound to them.
    """

    person: Person
    password_hash: str | None
    has_code: bool
    versions: Versions


VERSION_COLUMNS = (person.c.password_version, person.c.address_version, person.c.device_version)


def versions_from_row(row: Any) -> Versions:
    """Read a person's versions out of a row that has `VERSION_COLUMNS`."""
    return Versions(row.password_version, row.address_version, row.device_version)


def _logins(lists: Lists, key: ColumnElement[Any]) -> Select[Any]:
    own = (credential.c.person_id == person.c.person_id) & (credential.c.kind == "password")
    code = one_time_password.c
    return (
        select(
            person.c.login_index,
            person.c.person_id,
            *PERSON_COLUMNS,
            *VERSION_COLUMNS,
            credential.c.secret_hash,
            select(code.person_id).where(code.person_id == person.c.person_id).exists().label("has_code"),
        )
        .outerjoin(credential, own)
        .where(lists.any_of(key))
    )


_LOGINS = PreparedStatement(lambda lists: _logins(lists, person.c.login_index))
_LOGINS_OF = PreparedStatement(lambda lists: _logins(lists, person.c.person_id))


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
    return Login(person_from_row(row), row.secret_hash, bool(row.has_code), versions_from_row(row))


def find_people(connection: Connection, indexes: Sequence[bytes]) -> Sequence[str | None]:
    """Find people's ids by blind index of their log-in."""
    return [login.person.person_id if login else None for login in load_logins(connection, indexes)]
