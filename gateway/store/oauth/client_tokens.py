"""Partners' own tokens (RFC 6749 §4.4): keeping, loading and revoking them."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, func, select, update

from gateway.model.tokens import ClientToken
from gateway.store.engine.statements import Lists, PreparedStatement, insert_once
from gateway.store.tables import client_token

_NAMES = tuple(ClientToken.__dataclass_fields__)
_TOKENS = PreparedStatement(
    lambda lists: select(client_token).where(lists.any_of(client_token.c.token_digest))
)


def keep_client_tokens(connection: Connection, tokens: Sequence[ClientToken]) -> Sequence[None]:
    """Store tokens; one statement, which may be its own transaction."""
    rows = [{name: getattr(each, name) for name in _NAMES} for each in tokens]
    insert_once(connection, client_token, rows)
    return [None] * len(tokens)


def load_client_tokens(connection: Connection, digests: Sequence[bytes]) -> Sequence[ClientToken | None]:
    """Load tokens; None for an unknown one."""
    rows = _TOKENS(connection, wanted=sorted(set(digests)))
    found = {row.token_digest: ClientToken(*(getattr(row, name) for name in _NAMES)) for row in rows}
    return [found.get(digest) for digest in digests]


def _revoked(lists: Lists) -> Any:
    token = client_token.c
    return (
        update(client_token)
        .where(lists.pair_among(token.token_digest, token.client_id, "digests", "clients"))
        .values(revoked_at=func.coalesce(token.revoked_at, lists.value("now", BigInteger)))
        .returning(token.token_digest, token.client_id)
    )


_REVOKED = PreparedStatement(_revoked, with_values=True)


def revoke_client_tokens(
    connection: Connection, owned: Iterable[tuple[bytes, str]], at: int
) -> set[tuple[bytes, str]]:
    """Revoke tokens by digest and client_id; give those that were found."""
    # In the order of their keys, so that transactions cannot wait for each other in a circle.
    pairs = sorted(owned)
    if not pairs:
        return set()
    digests, clients = [token for token, _ in pairs], [client for _, client in pairs]
    rows = _REVOKED(connection, digests=digests, clients=clients, now=at)
    return {(row.token_digest, row.client_id) for row in rows}
