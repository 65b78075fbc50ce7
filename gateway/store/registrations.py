"""Registration tokens (RFC 7591 §3, RFC 7592 §2) and manifests that a registration adds to."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.partners import Submission, load_partners, submit_manifests
from gateway.store.statements import insert_once
from gateway.store.tables import partner, registration_token


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
        amend: makes the next manifest of the newest one and the partner's state.
    """

    partner_id: str
    amend: Callable[[str, str], Submission]
    token: RegistrationToken | None


def amend_manifests(connection: Connection, amendments: Sequence[Amendment]) -> Sequence[None]:
    """Hand in manifests that differ from the newest one; of two at once, the second adds to the first's."""
    for each in amendments:
        own = partner.c.partner_id == each.partner_id
        connection.execute(select(partner.c.partner_id).where(own).with_for_update())
        [[record]] = load_partners(connection, [each.partner_id])
        submit_manifests(connection, [each.amend(record.manifests[0].content, record.state)])
        if each.token is not None:
            insert_once(connection, registration_token, [asdict(each.token)])
    return [None] * len(amendments)
