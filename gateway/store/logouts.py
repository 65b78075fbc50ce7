"""Signing out, and the notices that partners are owed for it: written with the end, delivered by whoever is free."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.store.sessions import end_sessions
from gateway.store.statements import insert_once
from gateway.store.tables import consent_grant, logout_delivery, refresh_token


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice to one client.

    Attributes:
        subject: the person's pairwise name there.
        sid: the session's; None where the client got its tokens before sessions had names.
        due_at: when to try next; None when it was delivered or given up.
        attempts: that were begun; also what tells whether somebody else has begun one since.
    """

    delivery_id: str
    client_id: str
    subject: str
    created_at: int
    due_at: int | None
    attempts: int = 0
    delivered_at: int | None = None
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class SignOut:
    """The end of a session, and who is to be told."""

    session_digest: bytes
    at: int
    deliveries: tuple[Delivery, ...]


def sign_out(connection: Connection, ends: Sequence[SignOut]) -> Sequence[None]:
    """End sessions, and owe the notices in the same transaction."""
    end_sessions(connection, [(each.session_digest, each.at) for each in ends])
    insert_once(connection, logout_delivery, [asdict(one) for each in ends for one in each.deliveries])
    return [None] * len(ends)


def find_clients_since(
    connection: Connection, sessions: Sequence[tuple[str, int]]
) -> Sequence[frozenset[tuple[str, str | None]]]:
    """Find the clients that got tokens of a person, and what they call the session: (person_id, since when)."""
    token, grant = refresh_token.c, consent_grant.c
    return [
        frozenset(
            (row.client_id, row.sid)
            for row in connection.execute(
                select(token.client_id, token.sid)
                .distinct()
                .join(consent_grant, grant.grant_id == token.grant_id)
                .where(grant.person_id == person_id, token.auth_time >= since)
            )
        )
        for person_id, since in sessions
    ]


@dataclass(frozen=True, slots=True)
class Claim:
    """A wish to deliver what is due.

    Attributes:
        until: from then on others may try again, should this attempt not end.
    """

    at: int
    until: int
    most: int


def claim_deliveries(connection: Connection, claims: Sequence[Claim]) -> Sequence[tuple[Delivery, ...]]:
    """Begin attempts at what is due; of several nodes that see the same notice, one gets it."""
    return [_claimed(connection, each) for each in claims]


def _claimed(connection: Connection, claim: Claim) -> tuple[Delivery, ...]:
    row = logout_delivery.c
    due = select(logout_delivery).where(row.due_at <= claim.at).order_by(row.due_at).limit(claim.most)
    won = [found for found in connection.execute(due).all() if _did_begin(connection, found, claim)]
    return tuple(Delivery(**{**found._mapping, "attempts": found.attempts + 1}) for found in won)


def _did_begin(connection: Connection, found: Row[Any], claim: Claim) -> bool:
    """Begin an attempt; False when another node has begun one since we looked."""
    row = logout_delivery.c
    begun = connection.execute(
        update(logout_delivery)
        .where(row.delivery_id == found.delivery_id, row.attempts == found.attempts)
        .values(attempts=found.attempts + 1, due_at=claim.until)
    )
    return begun.rowcount > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: delivered, or to be tried again at `due_at`, or given up."""

    delivery_id: str
    delivered_at: int | None
    due_at: int | None


def note_outcomes(connection: Connection, outcomes: Sequence[Outcome]) -> Sequence[None]:
    """Note how attempts ended."""
    for each in sorted(outcomes, key=lambda outcome: outcome.delivery_id):
        connection.execute(
            update(logout_delivery)
            .where(logout_delivery.c.delivery_id == each.delivery_id)
            .values(due_at=each.due_at, delivered_at=each.delivered_at)
        )
    return [None] * len(outcomes)
