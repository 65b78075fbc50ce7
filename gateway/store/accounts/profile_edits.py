"""Writing sealed profile values, and rewrapping people's keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

from gateway.kit.secrets.sealing import WrappedKey
from gateway.store.accounts.people import lock_people
from gateway.store.engine.statements import insert_once
from gateway.store.tables import person, person_field, person_key

RECOVERY_ADDRESSES = frozenset({"email", "alternate_email"})
"""Where a link goes that opens the account: whatever waits there dies when one of them changes."""


@dataclass(frozen=True, slots=True)
class ProfileEdit:
    """Fields a person changed; None removes one. A changed value is no longer verified."""

    person_id: str
    sealed: Mapping[str, bytes | None]
    source: str
    at: int


def edit_profiles(connection: Connection, edits: Sequence[ProfileEdit]) -> Sequence[None]:
    """Replace fields, all of one edit or none."""
    lock_people(connection, [each.person_id for each in edits])
    for each in edits:
        names = sorted(each.sealed)
        connection.execute(
            delete(person_field).where(
                person_field.c.person_id == each.person_id, person_field.c.field.in_(names)
            )
        )
        rows = [
            {
                "person_id": each.person_id,
                "field": name,
                "sealed": each.sealed[name],
                "source": each.source,
                "verified_at": None,
                "changed_at": each.at,
            }
            for name in names
            if each.sealed[name] is not None
        ]
        insert_once(connection, person_field, rows)
        if not RECOVERY_ADDRESSES.isdisjoint(names):
            connection.execute(
                update(person)
                .where(person.c.person_id == each.person_id)
                .values(address_version=person.c.address_version + 1)
            )
    return [None] * len(edits)


def count_person_keys(connection: Connection, _: Sequence[None]) -> Sequence[dict[str, int]]:
    """Count the person keys under each master key."""
    statement = select(person_key.c.master, func.count()).group_by(person_key.c.master)
    return [{row.master: row[1] for row in connection.execute(statement)}]


def keys_under_old_masters(
    connection: Connection, queries: Sequence[tuple[str, int]]
) -> Sequence[dict[str, WrappedKey]]:
    """Load up to n person keys that are not wrapped by the current master: (current master, n)."""
    return [
        {
            row.person_id: WrappedKey(row.master, row.wrapped)
            for row in connection.execute(
                select(person_key)
                .where(person_key.c.master != current)
                .order_by(person_key.c.person_id)
                .limit(limit)
            )
        }
        for current, limit in queries
    ]


@dataclass(frozen=True, slots=True)
class Rewrap:
    """One person's key under a new master; applied only if it still stands under the old one."""

    person_id: str
    before: WrappedKey
    after: WrappedKey


def rewrap_keys(connection: Connection, rewraps: Sequence[Rewrap]) -> Sequence[None]:
    """Rewrap keys in id order."""
    for each in sorted(rewraps, key=lambda rewrap: rewrap.person_id):
        connection.execute(
            update(person_key)
            .where(person_key.c.person_id == each.person_id, person_key.c.wrapped == each.before.wrapped)
            .values(master=each.after.master, wrapped=each.after.wrapped)
        )
    return [None] * len(rewraps)
