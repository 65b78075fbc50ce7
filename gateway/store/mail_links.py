"""Links in mail: each opens one thing once, before it expires."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from gateway.store.people import NewPassword, keep_passwords
from gateway.store.statements import insert_once
from gateway.store.tables import mail_link, person_field

RECOVERY = "recovery"
VERIFICATION = "verification"
VERIFIED_FIELD = "alternate_email"


@dataclass(frozen=True, slots=True)
class MailLink:
    """A link that was sent.

    Attributes:
        changed_at: of the value that a verification link was sent to.
    """

    link_digest: bytes
    person_id: str
    kind: str
    created_at: int
    expires_at: int
    changed_at: int | None = None


def keep_links(connection: Connection, links: Sequence[MailLink]) -> Sequence[None]:
    """Keep links."""
    rows = [
        {
            "link_digest": each.link_digest,
            "person_id": each.person_id,
            "kind": each.kind,
            "created_at": each.created_at,
            "expires_at": each.expires_at,
            "changed_at": each.changed_at,
        }
        for each in links
    ]
    insert_once(connection, mail_link, rows)
    return [None] * len(links)


def load_links(connection: Connection, digests: Sequence[bytes]) -> Sequence[MailLink | None]:
    """Load unused links; None for a used or unknown one. Whether it expired, the caller decides."""
    own = mail_link.c
    statement = select(
        own.link_digest, own.person_id, own.kind, own.created_at, own.expires_at, own.changed_at
    ).where(own.link_digest.in_(sorted(set(digests))), own.used_at.is_(None))
    found = {row.link_digest: MailLink(*row) for row in connection.execute(statement)}
    return [found.get(digest) for digest in digests]


def _use(connection: Connection, link_digest: bytes, kind: str, at: int) -> MailLink | None:
    """Use a link up: whoever races, one wins. Every other link of the person and kind stops working with it."""
    own = mail_link.c
    statement = (
        update(mail_link)
        .where(own.link_digest == link_digest, own.kind == kind, own.used_at.is_(None), own.expires_at > at)
        .values(used_at=at)
        .returning(own.link_digest, own.person_id, own.kind, own.created_at, own.expires_at, own.changed_at)
    )
    row = connection.execute(statement).first()
    if row is None:
        return None
    connection.execute(
        update(mail_link)
        .where(own.person_id == row.person_id, own.kind == kind, own.used_at.is_(None))
        .values(used_at=at)
    )
    return MailLink(*row)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The plan of setting a password by a link; every session of the person ends."""

    link_digest: bytes
    password: NewPassword


def recover_accounts(connection: Connection, recoveries: Sequence[Recovery]) -> Sequence[bool]:
    """Set passwords by links; False where the link was used in the meantime."""
    outcomes = []
    for each in recoveries:
        won = _use(connection, each.link_digest, RECOVERY, each.password.at) is not None
        if won:
            keep_passwords(connection, [each.password])
        outcomes.append(won)
    return outcomes


def verify_addresses(connection: Connection, uses: Sequence[tuple[bytes, int]]) -> Sequence[bool]:
    """Mark addresses verified by links: (digest, at); False for a used link or a value that changed since."""
    outcomes = []
    for link_digest, at in uses:
        link = _use(connection, link_digest, VERIFICATION, at)
        verified = None
        if link is not None:
            own = person_field.c
            statement = (
                update(person_field)
                .where(
                    own.person_id == link.person_id,
                    own.field == VERIFIED_FIELD,
                    own.changed_at == link.changed_at,
                )
                .values(verified_at=at)
                .returning(own.person_id)
            )
            verified = connection.execute(statement).first()
        outcomes.append(verified is not None)
    return outcomes
