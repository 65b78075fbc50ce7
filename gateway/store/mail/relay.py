"""Private addresses: whose each is, which consent it stands on now, and how many letters came through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.model.grants import Approval, Grant
from gateway.model.people import Person
from gateway.store.approvals import approvals_of
from gateway.store.engine.statements import insert_once
from gateway.store.grant_predicates import is_live
from gateway.store.records_from_rows import GRANT_COLUMNS, PERSON_COLUMNS, grants_from, person_from_row
from gateway.store.tables import consent_grant, partner, person, relay_address


@dataclass(frozen=True, slots=True)
class NewRelay:
    """A private address of one person for one partner; the address itself can be made anew from the key ring."""

    address_digest: bytes
    person_id: str
    partner_id: str
    at: int


def keep_relay(connection: Connection, new: NewRelay) -> None:
    """Keep an address; keeping it again changes nothing, and the letters that came through it stay counted."""
    row = {
        "address_digest": new.address_digest,
        "person_id": new.person_id,
        "partner_id": new.partner_id,
        "created_at": new.at,
        "letters": 0,
    }
    insert_once(connection, relay_address, [row])


@dataclass(frozen=True, slots=True)
class Relay:
    """What decides whether a private address is open.

    Attributes:
        grants: live or paused ones of this person and partner, whatever they hold.
        approvals: the guardians' answers, by grant.
    """

    person: Person
    partner_id: str
    partner_is_live: bool
    grants: tuple[Grant, ...]
    approvals: dict[str, tuple[Approval, ...]]


def load_relays(connection: Connection, digests: Sequence[bytes]) -> Sequence[Relay | None]:
    """Load what addresses stand on, one by one: a letter has one; None for an address that is not ours."""
    return [_relay(connection, each) for each in digests]


def _relay(connection: Connection, address_digest: bytes) -> Relay | None:
    statement = (
        select(
            person.c.person_id,
            *PERSON_COLUMNS,
            relay_address.c.partner_id,
            partner.c.state.label("partner_state"),
        )
        .join(person, person.c.person_id == relay_address.c.person_id)
        .join(partner, partner.c.partner_id == relay_address.c.partner_id)
        .where(relay_address.c.address_digest == address_digest)
    )
    row = connection.execute(statement).first()
    return _filled(connection, row) if row else None


def _filled(connection: Connection, row: Any) -> Relay:
    own = consent_grant.c
    grants = grants_from(
        connection,
        select(*GRANT_COLUMNS).where(
            own.person_id == row.person_id, own.partner_id == row.partner_id, is_live()
        ),
    )
    approvals = approvals_of(connection, [each for each in grants if each.is_guarded])
    partner_is_live = row.partner_state == "live"
    return Relay(person_from_row(row), row.partner_id, partner_is_live, tuple(grants), approvals)


def count_letters(connection: Connection, letters: Sequence[tuple[bytes, int]]) -> Sequence[None]:
    """Count letters that were handed on: (digest of the address, at)."""
    for address_digest, at in letters:
        connection.execute(
            update(relay_address)
            .where(relay_address.c.address_digest == address_digest)
            .values(letters=relay_address.c.letters + 1, last_at=at)
        )
    return [None] * len(letters)


@dataclass(frozen=True, slots=True)
class Post:
    """How many letters of a partner reached a person through the private address, and when the last one did."""

    letters: int
    last_at: int


def load_post(connection: Connection, pairs: Sequence[tuple[str, str]]) -> Sequence[Post | None]:
    """Tell what came for (person, partner); None where nothing did."""
    return [_post(connection, *each) for each in pairs]


def _post(connection: Connection, person_id: str, partner_id: str) -> Post | None:
    own = relay_address.c
    statement = select(own.letters, own.last_at).where(
        own.person_id == person_id, own.partner_id == partner_id, own.letters > 0
    )
    row = connection.execute(statement).first()
    return Post(*row) if row else None
