"""Guardians: whose they are, what each answered, and what waits for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, not_, or_, select, tuple_

from gateway.kit.ids import Kind
from gateway.model.grants import Approval, Grant, GuardianAnswer
from gateway.model.people import ROLES_WITH_POWERS, Person, Role
from gateway.store.engine.statements import insert_once
from gateway.store.grant_predicates import spelled
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import approval, guardian_link, person

GUARDIAN = "guardian"
ADMINISTERS_ALL = tuple(sorted(set(ROLES_WITH_POWERS) - {Role.SCHOOL_ADMIN}))
"""Roles with a power over people of every organisation; a school's administrator has them over the school's own."""
CHILD, ADULT = person.alias("child"), person.alias("adult")


def may_answer() -> ColumnElement[bool]:
    """Ask for links by which `ADULT` answers for `CHILD` now; the guard of the hand-off log asks the same.

    Of age, for somebody under age, and no administrator of the child's unless a second one agreed (promise P9).
    """
    is_own = ADULT.c.organisation_id == CHILD.c.organisation_id
    administers = or_(
        ADULT.c.role.in_([spelled(role) for role in ADMINISTERS_ALL]),
        and_(ADULT.c.role == spelled(Role.SCHOOL_ADMIN), is_own),
    )
    return and_(
        guardian_link.c.state == spelled("active"),
        CHILD.c.person_id == guardian_link.c.child_id,
        ADULT.c.person_id == guardian_link.c.guardian_id,
        CHILD.c.needs_guardian,
        CHILD.c.state != spelled("closed"),
        ADULT.c.is_adult,
        not_(ADULT.c.needs_guardian),
        or_(guardian_link.c.is_seconded, ~administers),
    )


@dataclass(frozen=True, slots=True)
class Ward:
    """A child of a guardian, with how the link was verified, and whether a second administrator agreed to it."""

    person: Person
    method: str
    evidence: str
    is_seconded: bool


def load_wards(connection: Connection, guardian_ids: Sequence[str]) -> Sequence[list[Ward]]:
    """Load the children for whom each guardian may answer, by what is on record of their ages."""
    statement = (
        select(
            guardian_link.c.guardian_id,
            guardian_link.c.method,
            guardian_link.c.evidence,
            guardian_link.c.is_seconded,
            person.c.person_id,
            *PERSON_COLUMNS,
        )
        .select_from(guardian_link)
        .join(person, person.c.person_id == guardian_link.c.child_id)
        .join(CHILD, CHILD.c.person_id == guardian_link.c.child_id)
        .join(ADULT, ADULT.c.person_id == guardian_link.c.guardian_id)
        .where(guardian_link.c.guardian_id.in_(sorted(set(guardian_ids))), may_answer())
        .order_by(guardian_link.c.created_at, person.c.person_id)
    )
    found: dict[str, list[Ward]] = {}
    for row in connection.execute(statement):
        ward = Ward(person_from_row(row), row.method, row.evidence, row.is_seconded)
        found.setdefault(row.guardian_id, []).append(ward)
    return [found.get(guardian_id, []) for guardian_id in guardian_ids]


def load_guardians(connection: Connection, child_ids: Sequence[str]) -> Sequence[list[str]]:
    """Name each child's guardians who may answer now."""
    own = guardian_link.c
    statement = (
        select(own.child_id, own.guardian_id)
        .select_from(guardian_link)
        .join(CHILD, CHILD.c.person_id == own.child_id)
        .join(ADULT, ADULT.c.person_id == own.guardian_id)
        .where(own.child_id.in_(sorted(set(child_ids))), may_answer())
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
        .select_from(guardian_link)
        .join(approval, approval.c.decided_by == guardian_link.c.guardian_id)
        .join(CHILD, CHILD.c.person_id == guardian_link.c.child_id)
        .join(ADULT, ADULT.c.person_id == guardian_link.c.guardian_id)
        .where(
            tuple_(guardian_link.c.child_id, approval.c.target_id).in_(sorted(guarded)),
            guardian_link.c.state == "active",
            approval.c.kind == GUARDIAN,
            # Everybody who is linked can say no; a yes counts only from those who may answer at this second.
            or_(approval.c.decision == str(GuardianAnswer.DENY), may_answer()),
        )
        .order_by(approval.c.decided_by)
    )
    found: dict[str, tuple[Approval, ...]] = {}
    for child_id, target_id, decided_by, decision in connection.execute(statement):
        grant_id = guarded[child_id, target_id].grant_id
        found[grant_id] = (*found.get(grant_id, ()), Approval(decided_by, GuardianAnswer(decision)))
    return found


def load_approvals(connection: Connection, grants: Sequence[Grant]) -> Sequence[tuple[Approval, ...]]:
    """Load the answers about each grant."""
    found = approvals_of(connection, grants)
    return [found.get(each.grant_id, ()) for each in grants]


@dataclass(frozen=True, slots=True)
class NewGuardianAnswer:
    """A guardian's answer about one child and one combined service; the latest one counts."""

    person_id: str
    offer_id: str
    guardian_id: str
    answer: GuardianAnswer
    at: int


def is_linked(connection: Connection, new: NewGuardianAnswer) -> bool:
    """Tell whether this guardian may answer for the child, and hold the link until the answer is kept."""
    statement = (
        select(guardian_link.c.guardian_id)
        .select_from(guardian_link)
        .join(CHILD, CHILD.c.person_id == guardian_link.c.child_id)
        .join(ADULT, ADULT.c.person_id == guardian_link.c.guardian_id)
        .where(
            guardian_link.c.child_id == new.person_id,
            guardian_link.c.guardian_id == new.guardian_id,
            may_answer(),
        )
        .with_for_update(read=True, of=guardian_link)
    )
    return connection.execute(statement).first() is not None


def keep_answer(connection: Connection, new: NewGuardianAnswer) -> None:
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


def keep_answers(connection: Connection, answers: Sequence[NewGuardianAnswer]) -> Sequence[None]:
    """Keep answers that change no grant; a guardian whose link has ended cannot answer."""
    for each in answers:
        if is_linked(connection, each):
            keep_answer(connection, each)
    return [None] * len(answers)


def drop_answers(connection: Connection, answers: Sequence[NewGuardianAnswer]) -> Sequence[None]:
    """Take answers back, as if the guardian had said nothing."""
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
            approval.c.decision == str(GuardianAnswer.ALLOW),
        )
    )
