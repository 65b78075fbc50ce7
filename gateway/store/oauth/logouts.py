"""Signing out, and notices of it to partners: written with a session's end, delivered by any free node."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.model.grants import GrantState, ReasonCode
from gateway.store.engine.statements import insert_once
from gateway.store.grant_predicates import is_active
from gateway.store.sessions import EndedSession, RanOut, take_end
from gateway.store.tables import authorization_code, consent_grant, logout_delivery, refresh_token


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice to one client.

    Attributes:
        subject: the person's pairwise name there.
        sid: the session's; None where the client got its tokens before sessions had names.
        due_at: when to try next; None when it was delivered or given up.
        attempts: how many were begun; also shows whether another node has begun one since.
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
    """The end of a session.

    Attributes:
        is_own: whether a client's name of a session, by client and name, is that of this one.
        owed: makes the notices of those clients that got tokens since it began.
        redemption_id: uses up the codes that were not exchanged yet.
        device_uri: the redirect URI of devices' codes, which stay.
        ran_out: its time had run out, or it had ended otherwise; the commit checks that this is still so.
    """

    session: EndedSession
    at: int
    is_own: Callable[[str, str | None], bool]
    owed: Callable[[frozenset[tuple[str, str | None]]], tuple[Delivery, ...]]
    redemption_id: str
    device_uri: str
    ran_out: RanOut | None = None


def sign_out(connection: Connection, ends: Sequence[SignOut]) -> Sequence[None]:
    """End sessions and write their notices in the same transaction, once however many end the same one.

    A code that its client has not exchanged dies with its session: a client that got tokens for it later would sign
    somebody in who has signed out, and nobody would tell it. An exchange in flight is waited for, and told.
    """
    for each in sorted(ends, key=lambda end: end.session.session_digest):
        if take_end(connection, each.session.session_digest, each.at, each.ran_out):
            _use_codes_up(connection, each)
            used = _clients_since(connection, each.session.person_id, each.session.created_at)
            insert_once(connection, logout_delivery, [asdict(one) for one in each.owed(used)])
    return [None] * len(ends)


def _use_codes_up(connection: Connection, end: SignOut) -> None:
    """Use the session's codes up; a device's code is its own, for it waits without the browser (RFC 8628)."""
    code, grant = authorization_code.c, consent_grant.c
    waiting = (
        select(code.code_digest, code.client_id, code.sid)
        .join(consent_grant, grant.grant_id == code.grant_id)
        .where(
            grant.person_id == end.session.person_id,
            code.redemption_id.is_(None),
            code.expires_at > end.at,
            code.redirect_uri != end.device_uri,
        )
    )
    own = sorted(row.code_digest for row in connection.execute(waiting) if end.is_own(row.client_id, row.sid))
    connection.execute(
        update(authorization_code)
        .where(code.code_digest.in_(own), code.redemption_id.is_(None))
        .values(redemption_id=end.redemption_id)
    )


def _clients_since(connection: Connection, person_id: str, since: int) -> frozenset[tuple[str, str | None]]:
    """Find the clients that got tokens of a person since a time, and what they call the session.

    A grant counts only if it runs or waits for an answer to new terms; by no other is a person recognised.
    """
    token, grant = refresh_token.c, consent_grant.c
    is_asked_anew = (grant.state == str(GrantState.PAUSED)) & (
        grant.paused_for == str(ReasonCode.NOTICE_CHANGED)
    )
    used = (
        select(token.client_id, token.sid)
        .distinct()
        .join(consent_grant, grant.grant_id == token.grant_id)
        .where(grant.person_id == person_id, token.auth_time >= since, is_active() | is_asked_anew)
    )
    return frozenset((row.client_id, row.sid) for row in connection.execute(used))


@dataclass(frozen=True, slots=True)
class DeliveryClaim:
    """A node's request to deliver what is due.

    Attributes:
        until: when other nodes may try again if this attempt does not end.
    """

    at: int
    until: int
    most: int


def claim_deliveries(
    connection: Connection, claims: Sequence[DeliveryClaim]
) -> Sequence[tuple[Delivery, ...]]:
    """Begin attempts at what is due; of several nodes that see the same notice, one gets it."""
    return [_claimed(connection, each) for each in claims]


def _claimed(connection: Connection, claim: DeliveryClaim) -> tuple[Delivery, ...]:
    row = logout_delivery.c
    due = select(logout_delivery).where(row.due_at <= claim.at).order_by(row.due_at).limit(claim.most)
    won = [found for found in connection.execute(due).all() if _did_begin(connection, found, claim)]
    return tuple(Delivery(**{**found._mapping, "attempts": found.attempts + 1}) for found in won)


def _did_begin(connection: Connection, found: Row[Any], claim: DeliveryClaim) -> bool:
    """Begin an attempt; False when another node has begun one since we looked."""
    row = logout_delivery.c
    begun = connection.execute(
        update(logout_delivery)
        .where(row.delivery_id == found.delivery_id, row.attempts == found.attempts)
        .values(attempts=found.attempts + 1, due_at=claim.until)
    )
    return begun.rowcount > 0


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """How an attempt ended: delivered, or to be tried again at `due_at`, or given up."""

    delivery_id: str
    delivered_at: int | None
    due_at: int | None


def note_outcomes(connection: Connection, outcomes: Sequence[DeliveryOutcome]) -> Sequence[None]:
    """Record how attempts ended."""
    for each in sorted(outcomes, key=lambda outcome: outcome.delivery_id):
        connection.execute(
            update(logout_delivery)
            .where(logout_delivery.c.delivery_id == each.delivery_id)
            .values(due_at=each.due_at, delivered_at=each.delivered_at)
        )
    return [None] * len(outcomes)
