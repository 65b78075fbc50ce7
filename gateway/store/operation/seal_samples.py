"""A few sealed values of each kind, for whoever checks that the key ring is the one that sealed them.

Only that check may import this: it opens what it gets, compares, and keeps nothing (promise P13).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.kit.secrets.sealing import WrappedKey
from gateway.store.tables import letter, person, person_field, person_key

ENOUGH = 3
"""Of each kind: one that is damaged by itself says nothing about the ring."""


@dataclass(frozen=True, slots=True)
class SealedLogin:
    """An account's e-mail address under seal, and its blind index."""

    person_id: str
    login_index: bytes
    wrapped: WrappedKey
    email: bytes


@dataclass(frozen=True, slots=True)
class SealSamples:
    """What was found; a kind of which there is nothing yet is empty."""

    person_keys: Sequence[tuple[str, WrappedKey]]
    letters: Sequence[tuple[str, bytes]]
    logins: Sequence[SealedLogin]


def sample_seals(connection: Connection, asks: Sequence[None]) -> Sequence[SealSamples]:
    """Take samples: people's keys under the newest and the oldest master key, and letters that wait."""
    found = SealSamples(_person_keys(connection), _letters(connection), _logins(connection))
    return [found for _ in asks]


def _person_keys(connection: Connection) -> list[tuple[str, WrappedKey]]:
    keys = []
    for order in (person_key.c.master, person_key.c.master.desc()):
        statement = select(person_key).order_by(order).limit(ENOUGH)
        keys += [
            (row.person_id, WrappedKey(row.master, row.wrapped)) for row in connection.execute(statement)
        ]
    return keys


def _letters(connection: Connection) -> list[tuple[str, bytes]]:
    statement = (
        select(letter.c.letter_id, letter.c.sealed)
        .where(letter.c.state == "waiting", letter.c.sealed.is_not(None))
        .order_by(letter.c.next_at)
        .limit(ENOUGH)
    )
    return [(row.letter_id, row.sealed) for row in connection.execute(statement)]


def _logins(connection: Connection) -> list[SealedLogin]:
    statement = (
        select(
            person.c.person_id,
            person.c.login_index,
            person_key.c.master,
            person_key.c.wrapped,
            person_field.c.sealed,
        )
        .join(person_key, person_key.c.person_id == person.c.person_id)
        .join(person_field, person_field.c.person_id == person.c.person_id)
        .where(person_field.c.field == "email")
        .order_by(person.c.created_at.desc())
        .limit(ENOUGH)
    )
    return [
        SealedLogin(row.person_id, row.login_index, WrappedKey(row.master, row.wrapped), row.sealed)
        for row in connection.execute(statement)
    ]
