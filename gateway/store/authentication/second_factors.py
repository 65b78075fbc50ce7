"""Second factors: one-time passwords, and passkeys with their challenges."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from gateway.model.people import ROLES_WITH_POWERS
from gateway.store.accounts.people import lock_people
from gateway.store.authentication.recovery_codes import count_factors, drop_codes, has_factor
from gateway.store.engine.statements import did_insert, insert_once
from gateway.store.tables import one_time_password, passkey, person, recovery_code, spent_challenge


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A person's app for one-time passwords, with its secret under seal.

    Attributes:
        opened: digest of the session that the last code was used for; None before the first one.
    """

    sealed: bytes
    last_step: int
    created_at: int
    opened: bytes | None


def load_authenticators(connection: Connection, person_ids: Sequence[str]) -> Sequence[Authenticator | None]:
    """Load authenticators; None for whoever has none."""
    own = one_time_password.c
    statement = select(own.person_id, own.sealed, own.last_step, own.created_at, own.opened).where(
        own.person_id.in_(sorted(set(person_ids)))
    )
    found = {row[0]: Authenticator(*row[1:]) for row in connection.execute(statement)}
    return [found.get(person_id) for person_id in person_ids]


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """An authenticator whose first code was right, with the recovery codes that were shown once.

    Attributes:
        is_first: the person had no second factor when it was decided that this one may be added.
    """

    person_id: str
    sealed: bytes
    last_step: int
    at: int
    code_digests: tuple[bytes, ...]
    is_first: bool = False


def add_authenticators(connection: Connection, added: Sequence[NewAuthenticator]) -> Sequence[bool]:
    """Keep authenticators; False for somebody who has one, and for a first factor where another came first."""
    lock_people(connection, [each.person_id for each in added])
    outcomes = []
    for each in added:
        row = {
            "person_id": each.person_id,
            "sealed": each.sealed,
            "last_step": each.last_step,
            "created_at": each.at,
        }
        is_late = each.is_first and has_factor(connection, each.person_id)
        is_new = not is_late and did_insert(connection, one_time_password, row)
        if is_new:
            drop_codes(connection, each.person_id)
            end_grace(connection, each.person_id)
            rows = [{"code_digest": one, "person_id": each.person_id} for one in each.code_digests]
            insert_once(connection, recovery_code, rows)
        outcomes.append(is_new)
    return outcomes


def end_grace(connection: Connection, person_id: str) -> None:
    """End the time in which somebody may do without a second factor, because they have one now."""
    own = person.c
    connection.execute(
        update(person)
        .where(own.person_id == person_id, own.factor_grace_from.is_not(None))
        .values(factor_grace_from=None)
    )


class Removal(Enum):
    """What became of the wish to remove a second factor."""

    DONE = auto()
    UNKNOWN = auto()
    LAST = auto()
    """It is the last one of somebody whose role takes one, so it stays."""


def remove_authenticators(connection: Connection, person_ids: Sequence[str]) -> Sequence[Removal]:
    """Forget authenticators; recovery codes go with the last factor."""
    lock_people(connection, person_ids)
    own = one_time_password.c.person_id
    return [_remove(connection, person_id, one_time_password, own == person_id) for person_id in person_ids]


def _remove(connection: Connection, person_id: str, table: Table, which: ColumnElement[bool]) -> Removal:
    """Remove one factor of somebody whose row is locked, so that of two removals at once the second counts anew."""
    if connection.execute(select(table.c.person_id).where(which)).first() is None:
        return Removal.UNKNOWN
    is_last = count_factors(connection, person_id) == 1
    role = connection.execute(select(person.c.role).where(person.c.person_id == person_id)).scalar_one()
    if is_last and role in ROLES_WITH_POWERS:
        return Removal.LAST
    connection.execute(delete(table).where(which))
    if is_last:
        drop_codes(connection, person_id)
    return Removal.DONE


def take_steps(connection: Connection, steps: Sequence[tuple[str, int, bytes]]) -> Sequence[bool]:
    """Use one-time passwords up for a session: (person, step, digest). However many race, one wins (RFC 6238 §5.2)."""
    outcomes = []
    for person_id, step, opened in steps:
        own = one_time_password.c
        won = connection.execute(
            update(one_time_password)
            .where(own.person_id == person_id, own.last_step < step)
            .values(last_step=step, opened=opened)
            .returning(own.person_id)
        )
        outcomes.append(won.first() is not None)
    return outcomes


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey's public half (WebAuthn §4); its name is the person's own word for it, so it is under seal.

    Attributes:
        is_first: the person had no second factor when it was decided that this one may be added.
    """

    credential_id: bytes
    person_id: str
    public_key: bytes
    sign_count: int
    created_at: int
    used_at: int | None = None
    sealed_name: bytes | None = None
    is_first: bool = False


_PASSKEY = (
    passkey.c.credential_id,
    passkey.c.person_id,
    passkey.c.public_key,
    passkey.c.sign_count,
    passkey.c.created_at,
    passkey.c.used_at,
    passkey.c.sealed_name,
)


def load_passkeys(connection: Connection, credential_ids: Sequence[bytes]) -> Sequence[Passkey | None]:
    """Load passkeys by credential id."""
    statement = select(*_PASSKEY).where(passkey.c.credential_id.in_(sorted(set(credential_ids))))
    found = {row.credential_id: Passkey(*row) for row in connection.execute(statement)}
    return [found.get(each) for each in credential_ids]


def list_passkeys(connection: Connection, person_ids: Sequence[str]) -> Sequence[list[Passkey]]:
    """List people's passkeys, oldest first."""
    statement = (
        select(*_PASSKEY)
        .where(passkey.c.person_id.in_(sorted(set(person_ids))))
        .order_by(passkey.c.created_at, passkey.c.credential_id)
    )
    rows = [Passkey(*row) for row in connection.execute(statement)]
    return [[row for row in rows if row.person_id == person_id] for person_id in person_ids]


MOST_PASSKEYS = 20


def add_passkeys(connection: Connection, added: Sequence[Passkey]) -> Sequence[bool]:
    """Keep passkeys; False for one that is known (WebAuthn §7.1 step 25), and for one more than somebody may have.

    False too for a first factor that another has come before.
    """
    lock_people(connection, [each.person_id for each in added])
    outcomes = []
    for each in added:
        own = passkey.c.person_id == each.person_id
        count = connection.execute(select(func.count()).select_from(passkey).where(own)).scalar_one()
        row = {
            "credential_id": each.credential_id,
            "person_id": each.person_id,
            "public_key": each.public_key,
            "sign_count": each.sign_count,
            "created_at": each.created_at,
            "sealed_name": each.sealed_name,
        }
        is_late = each.is_first and has_factor(connection, each.person_id)
        is_new = not is_late and count < MOST_PASSKEYS and did_insert(connection, passkey, row)
        if is_new:
            end_grace(connection, each.person_id)
        outcomes.append(is_new)
    return outcomes


def name_passkeys(connection: Connection, names: Sequence[tuple[str, bytes, bytes | None]]) -> Sequence[bool]:
    """Name passkeys: (person, credential id, name under seal); False for one that is not the person's."""
    outcomes = []
    for person_id, credential_id, sealed_name in names:
        own = passkey.c
        named = connection.execute(
            update(passkey)
            .where(own.credential_id == credential_id, own.person_id == person_id)
            .values(sealed_name=sealed_name)
            .returning(own.person_id)
        )
        outcomes.append(named.first() is not None)
    return outcomes


def remove_passkeys(connection: Connection, removed: Sequence[tuple[str, bytes]]) -> Sequence[Removal]:
    """Forget passkeys: (person, credential id)."""
    lock_people(connection, [person_id for person_id, _ in removed])
    own = passkey.c
    return [
        _remove(
            connection,
            person_id,
            passkey,
            and_(own.credential_id == credential_id, own.person_id == person_id),
        )
        for person_id, credential_id in removed
    ]


@dataclass(frozen=True, slots=True)
class PasskeyUse:
    """A signature that held: the challenge is spent, and the passkey's counter moves on."""

    credential_id: bytes
    challenge_digest: bytes
    challenge_expires_at: int
    before: int
    after: int
    at: int


def use_passkeys(connection: Connection, uses: Sequence[PasskeyUse]) -> Sequence[bool]:
    """Spend challenges and move counters; False for a challenge that was spent or a counter that another use moved."""
    outcomes = []
    for each in uses:
        is_fresh = spend_challenges(connection, [(each.challenge_digest, each.challenge_expires_at, each.at)])
        moved = None
        if is_fresh[0]:
            own = passkey.c
            moved = connection.execute(
                update(passkey)
                .where(own.credential_id == each.credential_id, own.sign_count == each.before)
                .values(sign_count=each.after, used_at=each.at)
                .returning(own.person_id)
            ).first()
        outcomes.append(moved is not None)
    return outcomes


def spend_challenges(connection: Connection, spent: Sequence[tuple[bytes, int, int]]) -> Sequence[bool]:
    """Spend challenges: (digest, expiry, now); each counts once. What has expired is forgotten on the way."""
    outcomes = []
    for challenge_digest, expires_at, now in spent:
        connection.execute(delete(spent_challenge).where(spent_challenge.c.expires_at < now))
        row = {"challenge_digest": challenge_digest, "expires_at": expires_at}
        outcomes.append(did_insert(connection, spent_challenge, row))
    return outcomes
