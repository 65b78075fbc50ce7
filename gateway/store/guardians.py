"""Guardians: whose they are, what each answered, and what waits for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, tuple_

from gateway.kit.ids import Kind
from gateway.model.grants import Answer, Approval, Grant
from gateway.model.people import Person
from gateway.store.loading import PERSON_COLUMNS, person_from_row
from gateway.store.statements import insert_once
from gateway.store.tables import approval, guardian_link, person

GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class Ward:
    """A child of a guardian, with how the link was verified."""

    person: Person
    method: str
    evidence: str


def load_wards(connection: Connection, guardian_ids: Sequence[str]) -> Sequence[list[Ward]]:
    """Load each guardian's children."""
    statement = (
        select(
            guardian_link.c.guardian_id,
            guardian_link.c.method,
            guardian_link.c.evidence,
            person.c.person_id,
            *PERSON_COLUMNS,
        )
        .join(person, person.c.person_id == guardian_link.c.child_id)
        .where(
            guardian_link.c.guardian_id.in_(sorted(set(guardian_ids))),
            guardian_link.c.state == "active",
            person.c.state != "closed",
        )
        .order_by(guardian_link.c.created_at, person.c.person_id)
    )
    found: dict[str, list[Ward]] = {}
    for row in connection.execute(statement):
        ward = Ward(person_from_row(row), row.method, row.evidence)
        found.setdefault(row.guardian_id, []).append(ward)
    return [found.get(guardian_id, []) for guardian_id in guardian_ids]


def load_guardians(connection: Connection, child_ids: Sequence[str]) -> Sequence[list[str]]:
    """Name each child's guardians who are linked now."""
    own = guardian_link.c
    statement = (
        select(own.child_id, own.guardian_id)
        .where(own.child_id.in_(sorted(set(child_ids))), own.state == "active")
        .order_by(own.created_at, own.guardian_id)
    )
    found: dict[str, list[str]] = {}
    for child_id, guardian_id in connection.execute(statement):
        found.setdefault(child_id, []).append(guardian_id)
    return [found.get(child_id, []) for child_id in child_ids]


def target_of(person_id: str, offer_id: str) -> str:
    """Name what a guardian answers about: one child and one combined service."""
    return f"{person_id}:{offer_id}"


def approvals_of(connection: Connection, grants: Iterable[Grant]) -> dict[str, tuple[Approval, ...]]:
    """Load, by grant, the answers of the guardians who are linked now; in one statement."""
    guarded = {(each.person_id, target_of(each.person_id, each.offer_id)): each for each in grants}
    if not guarded:
        return {}
    statement = (
        select(guardian_link.c.child_id, approval.c.target_id, approval.c.decided_by, approval.c.decision)
        .join(approval, approval.c.decided_by == guardian_link.c.guardian_id)
        .where(
            tuple_(guardian_link.c.child_id, approval.c.target_id).in_(sorted(guarded)),
            guardian_link.c.state == "active",
            approval.c.kind == GUARDIAN,
        )
        .order_by(approval.c.decided_by)
    )
    found: dict[str, tuple[Approval, ...]] = {}
    for child_id, target_id, decided_by, decision in connection.execute(statement):
        grant_id = guarded[child_id, target_id].grant_id
        found[grant_id] = (*found.get(grant_id, ()), Approval(decided_by, Answer(decision)))
    return found


def load_approvals(connection: Connection, grants: Sequence[Grant]) -> Sequence[tuple[Approval, ...]]:
    """Load the answers about each grant."""
    found = approvals_of(connection, grants)
    return [found.get(each.grant_id, ()) for each in grants]


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """A guardian's answer about one child and one combined service; the latest one counts."""

    person_id: str
    offer_id: str
    guardian_id: str
    answer: Answer
    at: int


def is_linked(connection: Connection, new: NewAnswer) -> bool:
    """Tell whether who answers is the child's guardian, and hold the link until the answer is kept."""
    statement = (
        select(guardian_link.c.guardian_id)
        .where(
            guardian_link.c.child_id == new.person_id,
            guardian_link.c.guardian_id == new.guardian_id,
            guardian_link.c.state == "active",
        )
        .with_for_update(read=True)
    )
    return connection.execute(statement).first() is not None


def keep_answer(connection: Connection, new: NewAnswer) -> None:
    """Keep an answer in the place of the guardian's older one."""
    target_id = target_of(new.person_id, new.offer_id)
    drop_answers(connection, [new])
    row = {
        "approval_id": f"{Kind.APPROVAL}{target_id}:{new.guardian_id}",
        "kind": GUARDIAN,
        "target_id": target_id,
        "decision": str(new.answer),
        "decided_by": new.guardian_id,
        "decided_at": new.at,
    }
    insert_once(connection, approval, [row])


def keep_answers(connection: Connection, answers: Sequence[NewAnswer]) -> Sequence[None]:
    """Keep answers that change no grant; nobody answers for a child whose guardian they are no longer."""
    for each in answers:
        if is_linked(connection, each):
            keep_answer(connection, each)
    return [None] * len(answers)


def drop_answers(connection: Connection, answers: Sequence[NewAnswer]) -> Sequence[None]:
    """Take answers back: the guardian has said nothing any more."""
    for each in answers:
        own = (approval.c.target_id == target_of(each.person_id, each.offer_id)) & (
            approval.c.decided_by == each.guardian_id
        )
        connection.execute(delete(approval).where(approval.c.kind == GUARDIAN, own))
    return [None] * len(answers)


def forget_consents(connection: Connection, person_id: str, offer_id: str) -> None:
    """Forget what guardians allowed when something else is asked; a no stands until its guardian takes it back."""
    target_id = target_of(person_id, offer_id)
    connection.execute(
        delete(approval).where(
            approval.c.kind == GUARDIAN,
            approval.c.target_id == target_id,
            approval.c.decision == str(Answer.ALLOW),
        )
    )
