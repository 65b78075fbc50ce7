"""Requests to delete: written with the end of a grant, delivered by whoever is free, answered by the partner."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select, update

from gateway.model.deletions import RECEIVED_WITHIN, Deletion, DeletionOutcome
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.engine.statements import insert_once
from gateway.store.oauth.logouts import DeliveryClaim
from gateway.store.tables import deletion_request


def keep_deletion(connection: Connection, new: Deletion) -> None:
    """Keep a request in the transaction that ends the grant."""
    insert_once(connection, deletion_request, [asdict(new)])


def load_deletions(connection: Connection, grant_ids: Sequence[str]) -> Sequence[Deletion | None]:
    """Load what was asked when these grants ended; None where nothing was."""
    row = deletion_request.c
    statement = select(deletion_request).where(row.grant_id.in_(sorted(set(grant_ids))))
    found = {each.grant_id: _deletion(each) for each in connection.execute(statement)}
    return [found.get(grant_id) for grant_id in grant_ids]


def find_deletions(connection: Connection, request_ids: Sequence[str]) -> Sequence[Deletion | None]:
    """Find requests by their ids."""
    row = deletion_request.c
    statement = select(deletion_request).where(row.request_id.in_(sorted(set(request_ids))))
    found = {each.request_id: _deletion(each) for each in connection.execute(statement)}
    return [found.get(request_id) for request_id in request_ids]


def _deletion(row: Row[Any]) -> Deletion:
    outcome = DeletionOutcome(row.outcome) if row.outcome else None
    return Deletion(**{**row._mapping, "outcome": outcome})


@dataclass(frozen=True, slots=True)
class Late:
    """A question for the requests that are late at this second; the oldest come first."""

    partner_id: str
    at: int
    most: int


def load_late_deletions(connection: Connection, questions: Sequence[Late]) -> Sequence[list[Deletion]]:
    """Load a partner's requests that are overdue."""
    row, outcomes = deletion_request.c, []
    for each in questions:
        unheard = and_(row.received_at.is_(None), row.asked_at <= each.at - RECEIVED_WITHIN)
        is_late = or_(unheard, and_(row.received_at.is_not(None), row.done_by <= each.at))
        statement = (
            select(deletion_request)
            .where(row.partner_id == each.partner_id, row.outcome.is_(None), is_late)
            .order_by(row.asked_at, row.request_id)
            .limit(each.most)
        )
        outcomes.append([_deletion(found) for found in connection.execute(statement)])
    return outcomes


def claim_deletions(
    connection: Connection, claims: Sequence[DeliveryClaim]
) -> Sequence[tuple[Deletion, ...]]:
    """Begin attempts at due requests; of several nodes that see the same request, one gets it."""
    return [_claimed(connection, each) for each in claims]


def _claimed(connection: Connection, claim: DeliveryClaim) -> tuple[Deletion, ...]:
    row = deletion_request.c
    due = select(deletion_request).where(row.due_at <= claim.at).order_by(row.due_at).limit(claim.most)
    found = [_deletion(each) for each in connection.execute(due).all()]
    return tuple(each for each in (_begun(connection, one, claim) for one in found) if each)


def _begun(connection: Connection, found: Deletion, claim: DeliveryClaim) -> Deletion | None:
    """Begin an attempt; None when another node has begun one since we looked, or the partner has answered."""
    row = deletion_request.c
    statement = (
        update(deletion_request)
        .where(row.request_id == found.request_id, row.attempts == found.attempts, row.due_at.is_not(None))
        .values(attempts=row.attempts + 1, due_at=claim.until)
        .returning(*row)
    )
    begun = connection.execute(statement).first()
    return _deletion(begun) if begun else None


def retry_deletions(connection: Connection, retries: Sequence[tuple[str, int | None]]) -> Sequence[None]:
    """Note when to try again, or that it is given up: (request, at). A request that was received meanwhile stays."""
    row = deletion_request.c
    for request_id, due_at in sorted(retries, key=lambda each: each[0]):
        unheard = and_(row.request_id == request_id, row.received_at.is_(None))
        connection.execute(update(deletion_request).where(unheard).values(due_at=due_at))
    return [None] * len(retries)


@dataclass(frozen=True, slots=True)
class Heard:
    """A partner's word about a request, with its entry for the log.

    Attributes:
        outcome: what it did; None when it has only taken the request in.
    """

    request_id: str
    outcome: DeletionOutcome | None
    action: AdminAction


def hear_deletions(connection: Connection, words: Sequence[Heard]) -> Sequence[bool]:
    """Keep what partners say; False where it is nothing new, or takes back that it is done."""
    ordered = sorted(range(len(words)), key=lambda index: words[index].request_id)
    outcomes = {index: _hear(connection, words[index]) for index in ordered}
    return [outcomes[index] for index in range(len(words))]


def _hear(connection: Connection, word: Heard) -> bool:
    if did_act(connection, word.action):
        return True
    row, at = deletion_request.c, word.action.at
    received = {"received_at": func.coalesce(row.received_at, at), "due_at": None}
    if word.outcome is None:
        is_new: ColumnElement[bool] = row.received_at.is_(None)
        values: dict[str, Any] = received
    else:
        # A partner that had to keep it may delete it later; one that has deleted it has nothing left to keep.
        earlier = {DeletionOutcome.DONE, word.outcome}
        is_new = or_(row.outcome.is_(None), row.outcome.not_in(sorted(earlier)))
        values = received | {"outcome": str(word.outcome), "answered_at": at}
    statement = (
        update(deletion_request)
        .where(row.request_id == word.request_id, is_new)
        .values(values)
        .returning(row.request_id)
    )
    if connection.execute(statement).first() is None:
        return False
    append_actions(connection, [word.action])
    return True
