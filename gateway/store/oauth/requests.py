"""Pushed authorization requests, and the memory of used assertions that finds replays."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from gateway.store.engine.statements import did_insert, insert_once
from gateway.store.tables import client_assertion, pushed_request

LONGEST_SCREEN = 7_200
"""Seconds that a screen can wait for an answer after its request has expired: the largest `screen_ttl`."""


@dataclass(frozen=True, slots=True)
class PushedRequest:
    """One authorization request that was pushed (RFC 9126), signed or typed at a device, and is kept until it is over.

    Attributes:
        sealed: the parameters; a login_hint is personal.
        used_by: a one-way digest that tells by whose answer it was used up.
    """

    request_digest: bytes
    client_id: str
    sealed: bytes
    created_at: int
    expires_at: int
    used_at: int | None = None
    used_by: bytes | None = None


def push_requests(connection: Connection, requests: Sequence[PushedRequest]) -> Sequence[None]:
    """Store requests; delete those that no screen can wait for any more."""
    oldest = min(each.created_at for each in requests) - LONGEST_SCREEN
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
    """One use of a ``jti`` in what a client signed: an assertion (RFC 7523 §3), a request object (RFC 9101)."""

    client_id: str
    jti_digest: bytes
    expires_at: int
    at: int


def use_assertions(connection: Connection, assertions: Sequence[Assertion]) -> Sequence[bool]:
    """Remember assertions; False for one that was seen before. However many callers race, one wins."""
    oldest = min(each.at for each in assertions) - 3600
    connection.execute(delete(client_assertion).where(client_assertion.c.expires_at < oldest))
    return [_did_use(connection, each) for each in assertions]


def _did_use(connection: Connection, use: Assertion) -> bool:
    row = {"client_id": use.client_id, "jti_digest": use.jti_digest, "expires_at": use.expires_at}
    return did_insert(connection, client_assertion, row)


def admit_requests(
    connection: Connection, arrivals: Sequence[tuple[Assertion, PushedRequest]]
) -> Sequence[PushedRequest | None]:
    """Take signed requests that browsers carry; each may arrive again until it has been answered.

    Returns:
        The request as it stands now; None for one that was pushed before.
    """
    outcomes: list[PushedRequest | None] = []
    for use, request in arrivals:
        if _did_use(connection, use):
            push_requests(connection, [request])
        outcomes += load_requests(connection, [request.request_digest])
    return outcomes
