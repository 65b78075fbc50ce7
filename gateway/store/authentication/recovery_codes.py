"""Recovery codes: each stands in once for a second factor that is lost; only digests are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from gateway.store.accounts.people import lock_people
from gateway.store.engine.statements import insert_once
from gateway.store.tables import one_time_password, passkey, recovery_code


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A wish to use a recovery code up, for one session."""

    person_id: str
    code_digest: bytes
    opened: bytes
    at: int


def use_recovery_codes(connection: Connection, uses: Sequence[CodeUse]) -> Sequence[bool]:
    """Use recovery codes up; each works once, however many try at the same time."""
    outcomes = []
    for each in uses:
        own = recovery_code.c
        won = connection.execute(
            update(recovery_code)
            .where(
                own.code_digest == each.code_digest, own.person_id == each.person_id, own.used_at.is_(None)
            )
            .values(used_at=each.at, opened=each.opened)
            .returning(own.person_id)
        )
        outcomes.append(won.first() is not None)
    return outcomes


def were_used_so(connection: Connection, uses: Sequence[CodeUse]) -> Sequence[bool]:
    """Tell whether codes were used up for these very sessions."""
    own = recovery_code.c
    wanted = sorted({each.opened for each in uses})
    found = connection.execute(
        select(own.person_id, own.code_digest, own.opened).where(own.opened.in_(wanted))
    )
    used = {tuple(row) for row in found}
    return [(each.person_id, each.code_digest, each.opened) in used for each in uses]


def replace_recovery_codes(
    connection: Connection, new: Sequence[tuple[str, Sequence[bytes]]]
) -> Sequence[bool]:
    """Replace people's codes: (person, digests). False for somebody without a second factor."""
    lock_people(connection, [person_id for person_id, _ in new])
    return [_replace(connection, person_id, digests) for person_id, digests in new]


def _replace(connection: Connection, person_id: str, digests: Sequence[bytes]) -> bool:
    if not has_factor(connection, person_id):
        return False
    drop_codes(connection, person_id)
    insert_once(
        connection, recovery_code, [{"code_digest": each, "person_id": person_id} for each in digests]
    )
    return True


def count_codes(connection: Connection, person_ids: Sequence[str]) -> Sequence[int]:
    """Count the codes that people have left."""
    own = recovery_code.c
    statement = select(own.person_id).where(own.person_id.in_(sorted(set(person_ids))), own.used_at.is_(None))
    left = [row.person_id for row in connection.execute(statement)]
    return [left.count(person_id) for person_id in person_ids]


def drop_codes(connection: Connection, person_id: str) -> None:
    """Forget a person's codes, the used ones too."""
    connection.execute(delete(recovery_code).where(recovery_code.c.person_id == person_id))


def count_factors(connection: Connection, person_id: str) -> int:
    """Count a person's second factors: passkeys, and the app for one-time passwords."""
    return sum(
        len(connection.execute(select(column).where(column.table.c.person_id == person_id)).all())
        for column in (passkey.c.credential_id, one_time_password.c.person_id)
    )


def has_factor(connection: Connection, person_id: str) -> bool:
    """Tell whether a person has a second factor."""
    return count_factors(connection, person_id) > 0
