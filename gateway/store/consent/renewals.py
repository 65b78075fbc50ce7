"""Answers to authorization requests from a grant that covers them already."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from gateway.model.grants import Grant, GrantState
from gateway.model.people import Session
from gateway.model.tokens import AuthorizationCode
from gateway.store.consent.decisions import use_up_request
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.engine.statements import insert_once
from gateway.store.oauth.codes import new_code_row
from gateway.store.tables import authorization_code, consent_grant


@dataclass(frozen=True, slots=True)
class ConsentRenewal:
    """The plan of answering an authorization request from a grant that already covers it.

    Attributes:
        made_in: the session with which the code dies.
    """

    grant: Grant
    code: AuthorizationCode
    request_digest: bytes | None
    at: int
    made_in: Session | None = None


def commit_renewals(connection: Connection, renewals: Sequence[ConsentRenewal]) -> Sequence[CommitVerdict]:
    """Store codes for grants that are still as they were seen."""
    return [_renew(connection, renewal) for renewal in renewals]


def _renew(connection: Connection, renewal: ConsentRenewal) -> CommitVerdict:
    own = select(authorization_code.c.code_digest).where(
        authorization_code.c.code_digest == renewal.code.code_digest
    )
    if connection.execute(own).first() is not None:
        # Our own commit, whose answer was lost.
        return CommitVerdict.DONE
    with connection.begin_nested() as savepoint:
        verdict = _try_renewal(connection, renewal)
        if verdict is not CommitVerdict.DONE:
            savepoint.rollback()
    return verdict


def _try_renewal(connection: Connection, renewal: ConsentRenewal) -> CommitVerdict:
    by = renewal.grant.person_id
    if renewal.request_digest and not use_up_request(connection, renewal.request_digest, by, renewal.at):
        return CommitVerdict.REQUEST_USED
    seen = (
        update(consent_grant)
        .where(
            consent_grant.c.grant_id == renewal.grant.grant_id,
            consent_grant.c.version == renewal.grant.version,
            consent_grant.c.state == GrantState.ACTIVE,
        )
        .values(last_user_activity_at=renewal.at)
        .returning(consent_grant.c.grant_id)
    )
    if connection.execute(seen).first() is None:
        return CommitVerdict.STALE
    insert_once(connection, authorization_code, [new_code_row(connection, renewal.code, renewal.made_in)])
    return CommitVerdict.DONE
