"""Registration tokens (RFC 7591 §3, RFC 7592 §2) and manifests that a registration adds to."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select, update

from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.engine.registry import bump_version
from gateway.store.engine.statements import insert_once
from gateway.store.partners.partners import Submission, load_partners, submit_manifests
from gateway.store.tables import (
    access_token,
    authorization_code,
    client,
    client_token,
    partner,
    refresh_token,
    registration_token,
)


@dataclass(frozen=True, slots=True)
class RegistrationToken:
    """What may register clients of a partner, or, with a `client_id`, read and change that one."""

    token_digest: bytes
    partner_id: str
    client_id: str | None
    created_at: int
    expires_at: int | None


def add_registration_tokens(
    connection: Connection, tokens: Sequence[tuple[RegistrationToken, AdminAction]]
) -> Sequence[None]:
    """Keep tokens that an administrator made, with the act."""
    insert_once(connection, registration_token, [asdict(token) for token, _ in tokens])
    append_actions(connection, [action for _, action in tokens])
    return [None] * len(tokens)


def load_registration_tokens(
    connection: Connection, digests: Sequence[bytes]
) -> Sequence[RegistrationToken | None]:
    """Load tokens; None for an unknown one."""
    statement = select(registration_token).where(registration_token.c.token_digest.in_(sorted(set(digests))))
    found = {row.token_digest: RegistrationToken(**row._mapping) for row in connection.execute(statement)}
    return [found.get(digest) for digest in digests]


@dataclass(frozen=True, slots=True)
class Amendment:
    """A change of a partner's newest manifest, and the token that comes with it.

    Attributes:
        amend: makes the next manifest of the newest one, the partner's state, and the ids of the clients that
            registered themselves.
    """

    partner_id: str
    amend: Callable[[str, str, frozenset[str]], Submission]
    token: RegistrationToken | None = None


def amend_manifests(connection: Connection, amendments: Sequence[Amendment]) -> Sequence[int | None]:
    """Hand in manifests that build on the newest one; of two at once, the second builds on the first.

    Returns:
        The versions; None where the newest one says the same already.
    """
    versions: list[int | None] = []
    for each in amendments:
        own = partner.c.partner_id == each.partner_id
        connection.execute(select(partner.c.partner_id).where(own).with_for_update())
        [[record]] = load_partners(connection, [each.partner_id])
        registered = _registered_clients(connection, each.partner_id)
        new = each.amend(record.manifests[0].content, record.state, registered)
        versions += submit_manifests(connection, [new])
        if each.token is not None:
            insert_once(connection, registration_token, [asdict(each.token)])
    return versions


def _registered_clients(connection: Connection, partner_id: str) -> frozenset[str]:
    token = registration_token.c
    statement = select(token.client_id).where(token.partner_id == partner_id, token.client_id.is_not(None))
    return frozenset(connection.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class Departure:
    """A client that leaves (RFC 7592 §2.3): it is taken out of the newest manifest, and is unknown from then on."""

    client_id: str
    amendment: Amendment
    at: int
    action: AdminAction


def remove_clients(connection: Connection, departures: Sequence[Departure]) -> Sequence[None]:
    """Let clients leave, with the tokens by which they managed themselves; every node knows at its next look."""
    for each in departures:
        amend_manifests(connection, [each.amendment])
        own = client.c.client_id == each.client_id
        gone = {"left_at": each.at, "secret_digest": None}
        connection.execute(update(client).where(own, client.c.left_at.is_(None)).values(gone))
        _kill_tokens(connection, each.client_id, each.at)
        connection.execute(delete(registration_token).where(registration_token.c.client_id == each.client_id))
        append_actions(connection, [each.action])
    bump_version(connection)
    return [None] * len(departures)


def _kill_tokens(connection: Connection, client_id: str, at: int) -> None:
    """End everything that a client holds, so that none of it comes back with the client after a later review."""
    for table in (access_token, refresh_token, client_token):
        own = (table.c.client_id == client_id, table.c.revoked_at.is_(None))
        connection.execute(update(table).where(*own).values(revoked_at=at))
    code = authorization_code.c
    connection.execute(
        update(authorization_code)
        .where(code.client_id == client_id, code.expires_at > at)
        .values(expires_at=at)
    )
