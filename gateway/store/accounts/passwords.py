"""Passwords: a new one ends every session of the person, and what an older one opened."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, select, update

from gateway.model.people import ROLES_WITH_POWERS, PersonState
from gateway.store.accounts.people import lock_people
from gateway.store.engine.statements import upsert
from gateway.store.tables import credential, person, session


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password's hash to keep for a person."""

    person_id: str
    secret_hash: str
    at: int


def keep_passwords(connection: Connection, passwords: Sequence[NewPassword]) -> Sequence[None]:
    """Keep password hashes; a closed account stays closed. Every session of the person ends, and so does every
    link and known browser of an older password's.

    With the first password begins the time in which somebody with powers may do without a second factor.
    """
    lock_people(connection, [each.person_id for each in passwords])
    for each in passwords:
        own = person.c.person_id == each.person_id
        row = {
            "person_id": each.person_id,
            "kind": "password",
            "secret_hash": each.secret_hash,
            "changed_at": each.at,
        }
        upsert(connection, credential, [row])
        connection.execute(
            update(person)
            .where(own)
            .values(
                password_version=person.c.password_version + 1, device_version=person.c.device_version + 1
            )
        )
        connection.execute(
            update(person)
            .where(own, person.c.state == PersonState.INVITED)
            .values(
                state=str(PersonState.ACTIVE),
                factor_grace_from=case((person.c.role.in_(ROLES_WITH_POWERS), each.at), else_=None),
            )
        )
        connection.execute(
            update(session)
            .where(session.c.person_id == each.person_id, session.c.ended_at.is_(None))
            .values(ended_at=each.at)
        )
    return [None] * len(passwords)


def keeps_password(connection: Connection, password: NewPassword) -> bool:
    """Tell whether this very hash is kept already, by a commit whose answer was lost; its salt makes it unique."""
    statement = select(credential.c.person_id).where(
        credential.c.person_id == password.person_id, credential.c.secret_hash == password.secret_hash
    )
    return connection.execute(statement).first() is not None


@dataclass(frozen=True, slots=True)
class PasswordChange:
    """The plan of a new password by somebody who is signed in; it is void once the session that asked has ended."""

    session_digest: bytes
    password: NewPassword


def change_passwords(connection: Connection, changes: Sequence[PasswordChange]) -> Sequence[int | None]:
    """Change passwords; give the new versions. None where another new password has ended the session meanwhile."""
    return [_change(connection, each) for each in changes]


def _change(connection: Connection, change: PasswordChange) -> int | None:
    own = change.password.person_id
    lock_people(connection, [own])
    asked = select(session.c.person_id).where(
        session.c.session_digest == change.session_digest,
        session.c.person_id == own,
        session.c.ended_at.is_(None),
    )
    if connection.execute(asked).first() is not None:
        keep_passwords(connection, [change.password])
        # It goes on under another secret, which is opened next: partners have nothing to hear of it.
        connection.execute(
            update(session)
            .where(session.c.session_digest == change.session_digest)
            .values(told_at=change.password.at)
        )
    elif not keeps_password(connection, change.password):
        return None
    version = select(person.c.password_version).where(person.c.person_id == own)
    return int(connection.execute(version).scalar_one())


def forget_devices(connection: Connection, person_ids: Sequence[str]) -> Sequence[None]:
    """Make every browser a stranger again that these people signed in with."""
    for person_id in sorted(set(person_ids)):
        own = person.c.person_id == person_id
        connection.execute(update(person).where(own).values(device_version=person.c.device_version + 1))
    return [None] * len(person_ids)
