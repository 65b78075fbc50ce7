"""Second factors: one-time passwords, recovery codes, and passkeys with their challenges."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from gateway.store.people import lock_people
from gateway.store.statements import did_insert, insert_once
from gateway.store.tables import one_time_password, passkey, recovery_code, spent_challenge


@dataclass(frozen=True, slots=True)
class Authenticator:
    """A person's app for one-time passwords: its secret under seal, and how many recovery codes are left."""

    sealed: bytes
    last_step: int
    created_at: int
    codes_left: int


def load_authenticators(connection: Connection, person_ids: Sequence[str]) -> Sequence[Authenticator | None]:
    """Load authenticators; None for whoever has none."""
    own, codes = one_time_password.c, recovery_code.c
    left = (
        select(func.count())
        .where(codes.person_id == own.person_id, codes.used_at.is_(None))
        .scalar_subquery()
    )
    statement = select(own.person_id, own.sealed, own.last_step, own.created_at, left).where(
        own.person_id.in_(sorted(set(person_ids)))
    )
    found = {row[0]: Authenticator(*row[1:]) for row in connection.execute(statement)}
    return [found.get(person_id) for person_id in person_ids]


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """An authenticator whose first code was right, with the recovery codes that were shown once."""

    person_id: str
    sealed: bytes
    last_step: int
    at: int
    code_digests: tuple[bytes, ...]


def add_authenticators(connection: Connection, added: Sequence[NewAuthenticator]) -> Sequence[bool]:
    """Keep authenticators; False for whoever has one already."""
    outcomes = []
    for each in added:
        row = {
            "person_id": each.person_id,
            "sealed": each.sealed,
            "last_step": each.last_step,
            "created_at": each.at,
        }
        is_new = did_insert(connection, one_time_password, row)
        if is_new:
            connection.execute(delete(recovery_code).where(recovery_code.c.person_id == each.person_id))
            rows = [{"code_digest": one, "person_id": each.person_id} for one in each.code_digests]
            insert_once(connection, recovery_code, rows)
        outcomes.append(is_new)
    return outcomes


def remove_authenticators(connection: Connection, person_ids: Sequence[str]) -> Sequence[bool]:
    """Forget authenticators and their recovery codes; False where there was none."""
    outcomes = []
    for person_id in person_ids:
        connection.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))
        gone = connection.execute(
            delete(one_time_password)
            .where(one_time_password.c.person_id == person_id)
            .returning(one_time_password.c.person_id)
        )
        outcomes.append(gone.first() is not None)
    return outcomes


def take_steps(connection: Connection, steps: Sequence[tuple[str, int]]) -> Sequence[bool]:
    """Use one-time passwords up: (person, step). However many race, one wins (RFC 6238 §5.2)."""
    outcomes = []
    for person_id, step in steps:
        own = one_time_password.c
        won = connection.execute(
            update(one_time_password)
            .where(own.person_id == person_id, own.last_step < step)
            .values(last_step=step)
            .returning(own.person_id)
        )
        outcomes.append(won.first() is not None)
    return outcomes


def use_recovery_codes(connection: Connection, uses: Sequence[tuple[str, bytes, int]]) -> Sequence[bool]:
    """Use recovery codes up: (person, digest, at); each works once."""
    outcomes = []
    for person_id, code_digest, at in uses:
        own = recovery_code.c
        won = connection.execute(
            update(recovery_code)
            .where(own.code_digest == code_digest, own.person_id == person_id, own.used_at.is_(None))
            .values(used_at=at)
            .returning(own.person_id)
        )
        outcomes.append(won.first() is not None)
    return outcomes


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey's public half (WebAuthn §4); its name is the person's own word for it, so it is under seal."""

    credential_id: bytes
    person_id: str
    public_key: bytes
    sign_count: int
    created_at: int
    used_at: int | None = None
    sealed_name: bytes | None = None


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
    """Keep passkeys; False for one that is known (WebAuthn §7.1 step 25) or one too many."""
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
        outcomes.append(count < MOST_PASSKEYS and did_insert(connection, passkey, row))
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


def remove_passkeys(connection: Connection, removed: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
    """Forget passkeys: (person, credential id); False for one that is not the person's."""
    outcomes = []
    for person_id, credential_id in removed:
        own = passkey.c
        gone = connection.execute(
            delete(passkey)
            .where(own.credential_id == credential_id, own.person_id == person_id)
            .returning(own.person_id)
        )
        outcomes.append(gone.first() is not None)
    return outcomes


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
    """Spend challenges and count; False for a challenge that was spent or a counter that another use moved."""
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
