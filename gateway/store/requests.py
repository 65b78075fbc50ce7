"""Pushed authorization requests and the assertions' replay memory."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from gateway.store.statements import did_insert, insert_once
from gateway.store.tables import client_assertion, pushed_request


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """One pushed authorization request (RFC 9126); the parameters are sealed: a login_hint is personal."""

    request_digest: bytes
    client_id: str
    sealed: bytes
    created_at: int
    expires_at: int
    used_at: int | None = None


def push_requests(connection: Connection, requests: Sequence[PushedRequest]) -> Sequence[None]:
    """Store pushed requests; the long expired ones go."""
    oldest = min(each.created_at for each in requests) - 3600
    connection.execute(delete(pushed_request).where(pushed_request.c.expires_at < oldest))
    insert_once(connection, pushed_request, [asdict(each) for each in requests])
    return [None] * len(requests)


def load_requests(connection: Connection, digests: Sequence[bytes]) -> Sequence[PushedRequest | None]:
    """Load pushed requests; None for an unknown one."""
    statement = select(pushed_request).where(pushed_request.c.request_digest.in_(sorted(set(digests))))
    found = {row.request_digest: PushedRequest(**row._mapping) for row in connection.execute(statement)}
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One use of a client assertion's ``jti`` (RFC 7523 §3)."""

    client_id: str
    jti_digest: bytes
    expires_at: int
    at: int


def use_assertions(connection: Connection, assertions: Sequence[Assertion]) -> Sequence[bool]:
    """Remember assertions; False for one that was seen before. Whoever races, one wins."""
    oldest = min(each.at for each in assertions) - 3600
    connection.execute(delete(client_assertion).where(client_assertion.c.expires_at < oldest))
    return [
        did_insert(
            connection,
            client_assertion,
            {"client_id": each.client_id, "jti_digest": each.jti_digest, "expires_at": each.expires_at},
        )
        for each in assertions
    ]
