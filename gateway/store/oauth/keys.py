"""Signing keys."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, update

from gateway.model.registry import LOG_ALG, SigningKey
from gateway.store.engine.registry import bump_version
from gateway.store.engine.statements import insert_once
from gateway.store.tables import signing_key


def add_signing_keys(connection: Connection, keys: Sequence[SigningKey]) -> Sequence[None]:
    """Publish signing keys; every older key of the same algorithm is retired and only verifies from now on."""
    for key in keys:
        connection.execute(
            update(signing_key)
            .where(
                signing_key.c.alg == key.alg, signing_key.c.retired_at.is_(None), signing_key.c.kid != key.kid
            )
            .values(retired_at=key.created_at)
        )
        insert_once(connection, signing_key, [asdict(key)])
    bump_version(connection)
    return [None] * len(keys)


def drop_signing_keys(connection: Connection, before: Sequence[int]) -> Sequence[int]:
    """Delete keys retired before a time; give how many. The log's keys stay, to verify older entries."""
    outcomes = []
    for at in before:
        retired = (signing_key.c.retired_at < at, signing_key.c.alg != LOG_ALG)
        statement = delete(signing_key).where(*retired).returning(signing_key.c.kid)
        outcomes.append(len(connection.execute(statement).all()))
    bump_version(connection)
    return outcomes
