"""Access and refresh tokens: loading, rotating, revoking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, Table, func, select, update

from gateway.model.tokens import AccessToken, Held, RefreshToken
from gateway.store.engine.registry import OnVersion, ignore_version, tell_version, told_version
from gateway.store.engine.statements import Lists, PreparedStatement, insert_all_once
from gateway.store.oauth.client_tokens import revoke_client_tokens
from gateway.store.oauth.release import held_from_rows, tokens_with_grants
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    PERSON_COLUMNS,
    grant_from_row,
    granted_items,
    items_from_text,
    person_from_row,
)
from gateway.store.tables import access_token, consent_grant, partner, person, refresh_token
from partners import PartnerState

# dataclasses.asdict would copy every value, which costs 20 times as much.
_ACCESS = tuple(AccessToken.__dataclass_fields__)
_REFRESH = tuple(name for name in RefreshToken.__dataclass_fields__ if name != "successor_used_at")


def access_row(token: AccessToken) -> dict[str, object]:
    """Spell an access token for its table."""
    return {name: getattr(token, name) for name in _ACCESS}


def refresh_row(token: RefreshToken) -> dict[str, object]:
    """Spell a refresh token for its table."""
    return {name: getattr(token, name) for name in _REFRESH}


_ACCESS_TOKENS = PreparedStatement(
    lambda lists: tokens_with_grants(lists, lock=False).add_columns(told_version())
)


def load_access_tokens(
    connection: Connection, digests: Sequence[bytes], know: OnVersion = ignore_version
) -> Sequence[Held[AccessToken] | None]:
    """Load access tokens with what they stand on; None for an unknown one."""
    rows = _ACCESS_TOKENS(connection, wanted=sorted(set(digests)))
    tell_version(connection, rows, know)
    found = held_from_rows(connection, rows)
    return [found.get(digest) for digest in digests]


def _refresh_tokens(lists: Lists) -> Select[Any]:
    successor = refresh_token.alias("successor")
    own = [column for column in refresh_token.c if column.name != "grant_id"]
    return (
        select(
            *own,
            successor.c.used_at.label("successor_used_at"),
            *GRANT_COLUMNS,
            *PERSON_COLUMNS,
            partner.c.state.label("partner_state"),
            granted_items(lists),
            told_version(),
        )
        .join(consent_grant, consent_grant.c.grant_id == refresh_token.c.grant_id)
        .join(partner, partner.c.partner_id == consent_grant.c.partner_id)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .outerjoin(successor, successor.c.token_digest == refresh_token.c.successor_digest)
        .where(lists.any_of(refresh_token.c.token_digest))
    )


_REFRESH_TOKENS = PreparedStatement(_refresh_tokens)


def load_refresh_tokens(
    connection: Connection, digests: Sequence[bytes], know: OnVersion = ignore_version
) -> Sequence[Held[RefreshToken] | None]:
    """Load refresh tokens with what they stand on; None for an unknown one."""
    rows = _REFRESH_TOKENS(connection, wanted=sorted(set(digests)))
    tell_version(connection, rows, know)
    names = RefreshToken.__dataclass_fields__
    found = {
        row.token_digest: Held(
            token=RefreshToken(**{name: getattr(row, name) for name in names}),
            grant=grant_from_row(row, items_from_text(row.granted)),
            person=person_from_row(row),
            partner_state=PartnerState(row.partner_state),
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
    """Use refresh tokens and store their successors; False where the token died in the meantime.

    The successor is derived from its predecessor, so callers who race within the grace all name the same one
    (RFC 9700 §4.14.2): there is a single successor, and no row is written twice.
    """
    wanted = {each.used_digest: each for each in rotations if each.access_token is not None}
    alive = _mark_used(connection, wanted)
    going = [each for each in rotations if each.access_token is not None and each.used_digest in alive]
    insert_all_once(
        connection,
        {
            refresh_token: [refresh_row(each.successor) for each in going if each.successor],
            access_token: [access_row(each.access_token) for each in going if each.access_token],
        },
    )
    revoke_families(connection, {each.family_id: each.at for each in rotations if each.access_token is None})
    return [each.access_token is not None and each.used_digest in alive for each in rotations]


def _used(lists: Lists) -> Any:
    token = refresh_token.c
    successor = lists.by_key(token.token_digest, "followed", "successors", token.successor_digest)
    return (
        update(refresh_token)
        .where(lists.any_of(token.token_digest), token.revoked_at.is_(None))
        .values(
            used_at=func.coalesce(token.used_at, lists.value("now", BigInteger)), successor_digest=successor
        )
        .returning(token.token_digest)
    )


_USED = PreparedStatement(_used, with_values=True)


def _mark_used(connection: Connection, wanted: Mapping[bytes, Rotation]) -> set[bytes]:
    if not wanted:
        return set()
    # A token that does not rotate keeps a NULL successor and may be used again.
    successors = {digest: each.successor.token_digest for digest, each in wanted.items() if each.successor}
    rows = _USED(
        connection,
        wanted=sorted(wanted),
        followed=list(successors),
        successors=list(successors.values()),
        now=max(each.at for each in wanted.values()),
    )
    return {row.token_digest for row in rows}


def _revoked(table: Table, column: str) -> PreparedStatement:
    """Build the revocation of every live token whose column is listed."""
    return PreparedStatement(
        lambda lists: (
            update(table)
            .where(lists.any_of(table.c[column]), table.c.revoked_at.is_(None))
            .values(revoked_at=lists.value("now", BigInteger))
        )
    )


_FAMILY_REVOKED = tuple(_revoked(table, "family_id") for table in (access_token, refresh_token))
_GRANT_REVOKED = tuple(_revoked(table, "grant_id") for table in (access_token, refresh_token))


def revoke_families(connection: Connection, families: Mapping[str, int]) -> None:
    """Revoke every token of the families (RFC 6749 §4.1.2, RFC 9700 §4.14.2)."""
    if not families:
        return
    _lock_families(connection, sorted(families))
    for revoke in _FAMILY_REVOKED:
        revoke(connection, wanted=sorted(families), now=max(families.values()))


def _families(lists: Lists) -> Any:
    token = refresh_token.c
    return (
        select(token.token_digest)
        .where(lists.any_of(token.family_id))
        .order_by(token.token_digest)
        .with_for_update()
    )


_FAMILIES = PreparedStatement(_families)


def _lock_families(connection: Connection, family_ids: Sequence[str]) -> None:
    """Wait for every refresh in flight, whose new tokens an update begun before its commit would miss.

    A refresh holds its own token's row until it commits. Once a query finds only tokens that the
    query before has locked, none is in flight, and the next statement sees every token.
    """
    locked: Sequence[Any] | None = None
    while (found := _FAMILIES(connection, wanted=family_ids)) != locked:
        locked = found


def revoke_of_grants(connection: Connection, grants: Mapping[str, int]) -> None:
    """Revoke every token that stands on the grants."""
    for revoke in _GRANT_REVOKED:
        revoke(connection, wanted=sorted(grants), now=max(grants.values()))


@dataclass(frozen=True, slots=True)
class Revocation:
    """A partner gives a token back (RFC 7009 §2)."""

    token_digest: bytes
    client_id: str
    at: int


def _refresh_owners(lists: Lists) -> Any:
    token = refresh_token.c
    return select(token.token_digest, token.client_id, token.family_id).where(
        lists.any_of(token.token_digest)
    )


def _own_revoked(lists: Lists) -> Any:
    token = access_token.c
    return (
        update(access_token)
        .where(lists.pair_among(token.token_digest, token.client_id, "digests", "clients"))
        .values(revoked_at=func.coalesce(token.revoked_at, lists.value("now", BigInteger)))
        .returning(token.token_digest, token.client_id)
    )


_REFRESH_OWNERS, _OWN_REVOKED = (
    PreparedStatement(_refresh_owners),
    PreparedStatement(_own_revoked, with_values=True),
)


def revoke_tokens(connection: Connection, revocations: Sequence[Revocation]) -> Sequence[bool]:
    """Revoke what the client itself holds: an access token alone, a refresh token with its whole family."""
    at = max(each.at for each in revocations)
    ours = {(each.token_digest, each.client_id) for each in revocations}
    refreshing = _REFRESH_OWNERS(connection, wanted=sorted({token for token, _ in ours}))
    own = [row for row in refreshing if (row.token_digest, row.client_id) in ours]
    found = {(row.token_digest, row.client_id) for row in own}
    # In the order of their keys, so that transactions cannot wait for each other in a circle.
    others = sorted(ours - found)
    if others:
        digests, clients = [token for token, _ in others], [client for _, client in others]
        revoked = _OWN_REVOKED(connection, digests=digests, clients=clients, now=at)
        found |= {(row.token_digest, row.client_id) for row in revoked}
        found |= revoke_client_tokens(connection, ours - found, at)
    revoke_families(connection, {row.family_id: at for row in own})
    return [(each.token_digest, each.client_id) in found for each in revocations]
