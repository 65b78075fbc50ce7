"""Links in mail: each opens one thing once, before it expires, and dies with what it protects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, update

from gateway.model.people import PersonState
from gateway.store.accounts.passwords import NewPassword, keep_passwords, keeps_password
from gateway.store.engine.statements import insert_once
from gateway.store.tables import mail_link, person, person_field

RECOVERY = "recovery"
VERIFICATION = "verification"
VERIFIED_FIELD = "alternate_email"


@dataclass(frozen=True, slots=True)
class MailLink:
    """A link that was sent.

    Attributes:
        password_version: the person's, as it was before anybody looked up where the link goes.
        address_version: likewise.
    """

    link_digest: bytes
    person_id: str
    kind: str
    created_at: int
    expires_at: int
    password_version: int
    address_version: int


_OWN = mail_link.c
_COLUMNS = (
    _OWN.link_digest,
    _OWN.person_id,
    _OWN.kind,
    _OWN.created_at,
    _OWN.expires_at,
    _OWN.password_version,
    _OWN.address_version,
)


def keep_links(connection: Connection, links: Sequence[MailLink]) -> Sequence[None]:
    """Keep links."""
    rows = [
        {
            "link_digest": each.link_digest,
            "person_id": each.person_id,
            "kind": each.kind,
            "created_at": each.created_at,
            "expires_at": each.expires_at,
            "password_version": each.password_version,
            "address_version": each.address_version,
        }
        for each in links
    ]
    insert_once(connection, mail_link, rows)
    return [None] * len(links)


def _alive(digests: Sequence[bytes]) -> Select[Any]:
    """Choose unused links whose password and address are still those of when they were made.

    Both kinds die with the address that they may have been sent to, a recovery link with the password as well.
    """
    has_its_password: ColumnElement[bool] = (_OWN.kind != RECOVERY) | (
        _OWN.password_version == person.c.password_version
    )
    return (
        select(*_COLUMNS)
        .join(person, person.c.person_id == _OWN.person_id)
        .where(
            _OWN.link_digest.in_(sorted(set(digests))),
            _OWN.used_at.is_(None),
            person.c.state == str(PersonState.ACTIVE),
            _OWN.address_version == person.c.address_version,
            has_its_password,
        )
    )


def load_links(connection: Connection, digests: Sequence[bytes]) -> Sequence[MailLink | None]:
    """Load links that are alive; None for any other. The caller judges whether it expired."""
    found = {row.link_digest: MailLink(*row) for row in connection.execute(_alive(digests))}
    return [found.get(digest) for digest in digests]


def _use(connection: Connection, link_digest: bytes, kind: str, at: int) -> MailLink | None:
    """Use a link up; however many try at once, one wins. Every other link of the person and kind stops working."""
    # The person is locked first, as for a new password or address; what is loaded afterwards has seen those.
    whose = select(_OWN.person_id).where(_OWN.link_digest == link_digest).scalar_subquery()
    held = select(person.c.person_id).where(person.c.person_id == whose).with_for_update(key_share=True)
    connection.execute(held).all()
    (link,) = load_links(connection, [link_digest])
    if link is None or link.kind != kind or at >= link.expires_at:
        return None
    connection.execute(
        update(mail_link)
        .where(_OWN.person_id == link.person_id, _OWN.kind == kind, _OWN.used_at.is_(None))
        .values(used_at=at)
    )
    return link


@dataclass(frozen=True, slots=True)
class Recovery:
    """The plan of setting a password by a link; every session of the person ends."""

    link_digest: bytes
    password: NewPassword


def recover_accounts(connection: Connection, recoveries: Sequence[Recovery]) -> Sequence[bool]:
    """Set passwords by links; False where the link was used, or died, in the meantime."""
    return [_recover(connection, each) for each in recoveries]


def _recover(connection: Connection, recovery: Recovery) -> bool:
    if _use(connection, recovery.link_digest, RECOVERY, recovery.password.at) is None:
        return keeps_password(connection, recovery.password)
    keep_passwords(connection, [recovery.password])
    return True


def verify_addresses(connection: Connection, uses: Sequence[tuple[bytes, int]]) -> Sequence[bool]:
    """Mark addresses verified by links: (digest, at); False for a link that is used or dead."""
    return [_verify(connection, *each) for each in uses]


def _verify(connection: Connection, link_digest: bytes, at: int) -> bool:
    link = _use(connection, link_digest, VERIFICATION, at)
    if link is None:
        return False
    own = person_field.c
    connection.execute(
        update(person_field)
        .where(own.person_id == link.person_id, own.field == VERIFIED_FIELD)
        .values(verified_at=at)
    )
    return True
