"""Decisions on a consent: each whole or not at all, and each record of what was shown is answered once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select, update

from gateway.model.grants import ConsentEvent, EventType, Grant, GrantState
from gateway.model.people import PersonState, Session
from gateway.model.tokens import AuthorizationCode
from gateway.store.approvals import forget_consents
from gateway.store.consent.events import append_event, did_append
from gateway.store.consent.grant_moves import (
    DROPPED_ITEMS,
    CommitVerdict,
    NewGrant,
    change_grant,
    end_grant,
    grant_row,
    item_rows,
)
from gateway.store.engine.statements import PreparedStatement, did_insert
from gateway.store.mail.relay import NewRelay, keep_relay
from gateway.store.oauth.codes import new_code_row
from gateway.store.tables import (
    authorization_code,
    consent_event,
    consent_grant,
    grant_item,
    person,
    pushed_request,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The plan of one decision on a grant.

    Attributes:
        created: the grant's first row; None when the decision changes an existing grant.
        grant: the grant as it stands after the decision.
        code: what the browser carries back to the partner, if it said yes.
        request_digest: the pushed request that this decision uses up (FAPI 2.0 §5.3.2.2).
        superseded: the ended grant whose place the created one takes, with the event that ended it.
        relay: the private address that the grant holds.
        made_in: the session with which its code dies.
    """

    created: NewGrant | None
    grant: Grant
    event: ConsentEvent
    code: AuthorizationCode | None
    request_digest: bytes | None
    at: int
    superseded: tuple[Grant, ConsentEvent] | None = None
    relay: NewRelay | None = None
    made_in: Session | None = None


def commit_decisions(connection: Connection, decisions: Sequence[Decision]) -> Sequence[CommitVerdict]:
    """Commit decisions, each whole or not at all: request used up, grant changed, event appended, code stored."""
    return [_commit(connection, decision) for decision in decisions]


_ANSWERED = PreparedStatement(
    lambda lists: select(consent_event.c.event_id).where(lists.any_of(consent_event.c.served_id))
)


def _commit(connection: Connection, decision: Decision) -> CommitVerdict:
    if did_append(connection, decision.event):
        return CommitVerdict.DONE
    if not decision.request_digest and not decision.superseded:
        # Its first change is its only condition: where that fails, there is nothing to take back.
        return _try(connection, decision)
    with connection.begin_nested() as savepoint:
        verdict = _try(connection, decision)
        if verdict is not CommitVerdict.DONE:
            savepoint.rollback()
    return verdict


def _try(connection: Connection, decision: Decision) -> CommitVerdict:
    # First of all, as an erasure does: two that lock in another order wait for each other.
    if decision.created and not _is_active(connection, decision.grant.person_id):
        return CommitVerdict.STALE
    if decision.event.served_id and _ANSWERED(connection, wanted=[decision.event.served_id]):
        # Or its event, which names the record, would not be kept, and a grant would stand on nothing.
        return CommitVerdict.STALE
    by = decision.grant.person_id
    if decision.request_digest and not use_up_request(connection, decision.request_digest, by, decision.at):
        return CommitVerdict.REQUEST_USED
    if decision.superseded:
        before, end = decision.superseded
        if not end_grant(connection, before, end, end.reason):
            return CommitVerdict.STALE
    if decision.grant.state is GrantState.ENDED:
        is_done = end_grant(connection, decision.grant, decision.event, decision.event.reason)
        return CommitVerdict.DONE if is_done else CommitVerdict.STALE
    if decision.created:
        changed = _create(connection, decision.created)
    else:
        changed = change_grant(connection, decision.grant, used_at=decision.at)
    if not changed:
        return CommitVerdict.STALE
    if decision.event.type is EventType.ASKED:
        forget_consents(connection, decision.grant.person_id, decision.grant.offer_id)
    if not decision.created:
        DROPPED_ITEMS(connection, wanted=[decision.grant.grant_id])
    codes = [new_code_row(connection, decision.code, decision.made_in)] if decision.code else []
    items = item_rows(decision.grant.grant_id, decision.grant.items)
    append_event(connection, decision.event, {grant_item: items, authorization_code: codes})
    if decision.relay:
        keep_relay(connection, decision.relay)
    return CommitVerdict.DONE


def use_up_request(connection: Connection, request_digest: bytes, person_id: str, at: int) -> bool:
    """Use up a kept request at authorization, not at page load; however many try at once, one person wins.

    The same person's next press wins too, for it is the same answer, or a later one to the same question.
    """
    request, by = pushed_request.c, hashlib.sha256(request_digest + person_id.encode()).digest()
    statement = (
        update(pushed_request)
        .where(
            request.request_digest == request_digest, or_(request.used_at.is_(None), request.used_by == by)
        )
        .values(used_at=func.coalesce(request.used_at, at), used_by=by)
        .returning(request.request_digest)
    )
    return connection.execute(statement).first() is not None


def _create(connection: Connection, created: NewGrant) -> bool:
    # A second live grant for the same person and offer meets the partial unique index and is not inserted.
    return did_insert(connection, consent_grant, grant_row(created))


def _is_active(connection: Connection, person_id: str) -> bool:
    """Whether a person has an account; it is locked until the transaction ends, so that an erasure waits."""
    return bool(_ACTIVE(connection, wanted=[person_id]))


_ACTIVE = PreparedStatement(
    lambda lists: (
        select(person.c.person_id)
        .where(lists.any_of(person.c.person_id), person.c.state == PersonState.ACTIVE)
        .with_for_update(read=True)
    )
)
