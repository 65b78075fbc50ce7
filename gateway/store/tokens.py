"""Access and refresh tokens: loading, rotating, revoking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, case, select, update

from gateway.model.tokens import AccessToken, Held, RefreshToken
from gateway.store.loading import GRANT_COLUMNS, PERSON_COLUMNS, grant_from_row, items_of, person_from_row
from gateway.store.release import hold_access_tokens
from gateway.store.statements import among, any_of, by_key, insert_once, pair_among
from gateway.store.tables import access_token, consent_grant, partner, person, refresh_token

# dataclasses.asdict copies what it finds, which costs 20 times as much.
_ACCESS = tuple(AccessToken.__dataclass_fields__)
_REFRESH = tuple(name for name in RefreshToken.__dataclass_fields__ if name != "successor_used_at")


def access_row(token: AccessToken) -> dict[str, object]:
    """Spell an access token for its table."""
    return {name: getattr(token, name) for name in _ACCESS}


def refresh_row(token: RefreshToken) -> dict[str, object]:
    """Spell a refresh token for its table."""
    return {name: getattr(token, name) for name in _REFRESH}


def load_access_tokens(
    connection: Connection, digests: Sequence[bytes]
) -> Sequence[Held[AccessToken] | None]:
    """Load access tokens with what they stand on; None for an unknown one."""
    found = hold_access_tokens(connection, digests)
    return [found.get(digest) for digest in digests]


@cache
def _refresh_tokens(dialect: str) -> Select[Any]:
    successor = refresh_token.alias("successor")
    own = [column for column in refresh_token.c if column.name != "grant_id"]
    return (
        select(
            *own,
            successor.c.used_at.label("successor_used_at"),
            *GRANT_COLUMNS,
            *PERSON_COLUMNS,
            partner.c.state.label("partner_state"),
        )
        .join(consent_grant, consent_grant.c.grant_id == refresh_token.c.grant_id)
        .join(partner, partner.c.partner_id == consent_grant.c.partner_id)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .outerjoin(successor, successor.c.token_digest == refresh_token.c.successor_digest)
        .where(among(dialect, refresh_token.c.token_digest))
    )


def load_refresh_tokens(
    connection: Connection, digests: Sequence[bytes]
) -> Sequence[Held[RefreshToken] | None]:
    """Load refresh tokens with what they stand on; None for an unknown one."""
    wanted = {"wanted": sorted(set(digests))}
    rows = connection.execute(_refresh_tokens(connection.dialect.name), wanted).all()
    items = items_of(connection, [row.grant_id for row in rows])
    names = RefreshToken.__dataclass_fields__
    found = {
        row.token_digest: Held(
            token=RefreshToken(**{name: getattr(row, name) for name in names}),
            grant=grant_from_row(row, items.get(row.grant_id, ())),
            person=person_from_row(row),
            partner_is_live=row.partner_state == "live",
        )
        for row in rows
    }
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Rotation:
    """The plan of one refresh.

    Attributes:
        used_digest: the refresh token that was presented.
        successor: the refresh token that follows; None where the profile does not rotate.
        access_token: None when the presented token was a replay and its family has to die.
    """

    used_digest: bytes
    family_id: str
    successor: RefreshToken | None
    access_token: AccessToken | None
    at: int


def rotate_refresh_tokens(connection: Connection, rotations: Sequence[Rotation]) -> Sequence[bool]:
    """Use refresh tokens and store what follows; False where the token died in the meantime.

    The successor is derived from its predecessor, so callers who race within the grace all name the same one
    (RFC 9700 §4.14.2): there is a single successor, and no row is written twice.
    """
    wanted = {each.used_digest: each for each in rotations if each.access_token is not None}
    alive = _mark_used(connection, wanted)
    going = [each for each in rotations if each.access_token is not None and each.used_digest in alive]
    insert_once(connection, refresh_token, [refresh_row(each.successor) for each in going if each.successor])
    insert_once(
        connection, access_token, [access_row(each.access_token) for each in going if each.access_token]
    )
    revoke_families(connection, {each.family_id: each.at for each in rotations if each.access_token is None})
    return [each.access_token is not None and each.used_digest in alive for each in rotations]


def _mark_used(connection: Connection, wanted: Mapping[bytes, Rotation]) -> set[bytes]:
    if not wanted:
        return set()
    token = refresh_token.c
    # A token that does not rotate keeps a NULL successor and may be used again.
    successors = {digest: each.successor.token_digest for digest, each in wanted.items() if each.successor}
    now = max(each.at for each in wanted.values())
    values: dict[str, object] = {"used_at": case((token.used_at.is_(None), now), else_=token.used_at)}
    if successors:
        values["successor_digest"] = by_key(
            connection, token.token_digest, successors, token.successor_digest
        )
    statement = (
        update(refresh_token)
        .where(any_of(connection, token.token_digest, wanted), token.revoked_at.is_(None))
        .values(**values)
        .returning(token.token_digest)
    )
    return set(connection.execute(statement).scalars())


def revoke_families(connection: Connection, families: Mapping[str, int]) -> None:
    """Revoke every token of the families (RFC 6749 §4.1.2, RFC 9700 §4.14.2)."""
    if not families:
        return
    _lock_families(connection, sorted(families))
    at = max(families.values())
    for table in (access_token, refresh_token):
        connection.execute(
            update(table)
            .where(any_of(connection, table.c.family_id, families), table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )


def _lock_families(connection: Connection, family_ids: Sequence[str]) -> None:
    """Wait for every refresh in flight: its new tokens would be missed by an update that began before its commit.

    A refresh holds its own token's row until it commits. Once a look finds no token that was not locked by the
    look before, none is in flight, and the next statement sees all that there is.
    """
    statement = (
        select(refresh_token.c.token_digest)
        .where(any_of(connection, refresh_token.c.family_id, family_ids))
        .order_by(refresh_token.c.token_digest)
        .with_for_update()
    )
    locked: Sequence[bytes] | None = None
    while (found := connection.execute(statement).scalars().all()) != locked:
        locked = found


def revoke_of_grants(connection: Connection, grants: Mapping[str, int]) -> None:
    """Revoke every token that stands on the grants."""
    at = max(grants.values())
    for table in (access_token, refresh_token):
        connection.execute(
            update(table)
            .where(any_of(connection, table.c.grant_id, grants), table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )


@dataclass(frozen=True, slots=True)
class Revocation:
    """A partner gives a token back (RFC 7009 §2)."""

    token_digest: bytes
    client_id: str
    at: int


def revoke_tokens(connection: Connection, revocations: Sequence[Revocation]) -> Sequence[bool]:
    """Revoke what the client itself holds: an access token alone, a refresh token with its whole family."""
    digests = sorted({each.token_digest for each in revocations})
    at = max(each.at for each in revocations)
    ours = {(each.token_digest, each.client_id) for each in revocations}
    families: dict[str, int] = {}
    found: set[tuple[bytes, str]] = set()
    refresh = refresh_token.c
    for row in connection.execute(
        select(refresh.token_digest, refresh.client_id, refresh.family_id).where(
            any_of(connection, refresh.token_digest, digests)
        )
    ):
        if (row.token_digest, row.client_id) in ours:
            families[row.family_id] = at
            found.add((row.token_digest, row.client_id))
    access = access_token.c
    statement = (
        update(access_token)
        .where(pair_among(connection, access.token_digest, access.client_id, ours))
        .values(revoked_at=case((access.revoked_at.is_(None), at), else_=access.revoked_at))
        .returning(access.token_digest, access.client_id)
    )
    found |= {(row.token_digest, row.client_id) for row in connection.execute(statement)}
    revoke_families(connection, families)
    return [(each.token_digest, each.client_id) in found for each in revocations]
