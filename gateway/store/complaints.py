"""Complaints as they are kept: by whom, about which grant, of what kind."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, not_, or_, select, tuple_, update

from gateway.model.complaints import ComplaintAnswer
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.engine import Operation
from gateway.store.partners import StateChange, move_partners
from gateway.store.statements import insert_once
from gateway.store.tables import complaint, partner


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint; its id is the reference that the person gets."""

    complaint_id: str
    grant_id: str
    person_id: str
    partner_id: str
    kind: str
    opened_at: int
    answer: str | None = None
    answered_at: int | None = None


def complain_operation(react: Callable[[Complaint, int], StateChange | None]) -> Operation[Complaint, bool]:
    """Make the operation: keep the complaint, count the people, and let the rule pause the partner.

    The partner's row is locked first, so of two people who complain at once the second one counts both.
    """

    def complain(connection: Connection, complaints: Sequence[Complaint]) -> Sequence[bool]:
        return [_complain(connection, each, react) for each in complaints]

    return complain


def _complain(
    connection: Connection, new: Complaint, react: Callable[[Complaint, int], StateChange | None]
) -> bool:
    own = partner.c.partner_id == new.partner_id
    since = connection.execute(select(partner.c.changed_at).where(own).with_for_update()).scalar_one()
    insert_once(connection, complaint, [asdict(new)])
    people = connection.execute(
        select(func.count(complaint.c.person_id.distinct())).where(
            complaint.c.partner_id == new.partner_id,
            complaint.c.kind == new.kind,
            complaint.c.opened_at >= since,
        )
    ).scalar_one()
    change = react(new, people)
    return change is not None and move_partners(connection, [change])[0]


def load_complaints(connection: Connection, grant_ids: Sequence[str]) -> Sequence[list[Complaint]]:
    """Load the complaints about each grant, newest first."""
    statement = (
        select(complaint)
        .where(complaint.c.grant_id.in_(sorted(set(grant_ids))))
        .order_by(complaint.c.opened_at.desc(), complaint.c.complaint_id)
    )
    found: dict[str, list[Complaint]] = {}
    for row in connection.execute(statement):
        found.setdefault(row.grant_id, []).append(Complaint(**row._mapping))
    return [found.get(grant_id, []) for grant_id in grant_ids]


@dataclass(frozen=True, slots=True)
class ComplaintQuery:
    """Which complaints to list.

    Attributes:
        before: key of the last one of the page before, (opened_at, complaint_id).
    """

    partner_id: str | None = None
    kind: str | None = None
    is_open: bool | None = None
    before: tuple[int, str] | None = None
    limit: int = 50


_OPEN = or_(complaint.c.answer.is_(None), complaint.c.answer == str(ComplaintAnswer.LOOKING))


def list_complaints(connection: Connection, queries: Sequence[ComplaintQuery]) -> Sequence[list[Complaint]]:
    """List complaints, newest first."""
    return [_list(connection, query) for query in queries]


def _list(connection: Connection, query: ComplaintQuery) -> list[Complaint]:
    own = complaint.c
    statement = select(complaint).order_by(own.opened_at.desc(), own.complaint_id.desc()).limit(query.limit)
    if query.partner_id is not None:
        statement = statement.where(own.partner_id == query.partner_id)
    if query.kind is not None:
        statement = statement.where(own.kind == query.kind)
    if query.is_open is not None:
        statement = statement.where(_OPEN if query.is_open else not_(_OPEN))
    if query.before is not None:
        statement = statement.where(tuple_(own.opened_at, own.complaint_id) < tuple_(*query.before))
    return [Complaint(**row._mapping) for row in connection.execute(statement)]


def find_complaints(connection: Connection, complaint_ids: Sequence[str]) -> Sequence[Complaint | None]:
    """Find complaints by their references."""
    statement = select(complaint).where(complaint.c.complaint_id.in_(sorted(set(complaint_ids))))
    found = {row.complaint_id: Complaint(**row._mapping) for row in connection.execute(statement)}
    return [found.get(complaint_id) for complaint_id in complaint_ids]


def count_open_complaints(connection: Connection, asked: Sequence[None]) -> Sequence[int]:
    """Count the complaints that wait for an end."""
    count = connection.execute(select(func.count()).select_from(complaint).where(_OPEN)).scalar_one()
    return [count] * len(asked)


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An administrator's answer to a complaint."""

    complaint_id: str
    answer: str
    action: AdminAction


def answer_complaints(connection: Connection, answers: Sequence[NewAnswer]) -> Sequence[bool]:
    """Answer complaints; False for one that was closed, or has this answer already."""
    return [did_act(connection, each.action) or _answer(connection, each) for each in answers]


def _answer(connection: Connection, new: NewAnswer) -> bool:
    own = complaint.c
    statement = (
        update(complaint)
        .where(own.complaint_id == new.complaint_id, _OPEN, own.answer.is_distinct_from(new.answer))
        .values(answer=new.answer, answered_at=new.action.at)
        .returning(own.complaint_id)
    )
    if connection.execute(statement).first() is None:
        return False
    append_actions(connection, [new.action])
    return True
