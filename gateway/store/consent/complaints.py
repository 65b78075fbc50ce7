"""Complaints as they are kept: by whom, about which grant, of what kind."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, func, not_, or_, select, tuple_, update

from gateway.model.complaints import ComplaintAnswer
from gateway.store.admin_actions import AdminAction, change_on_record, did_act
from gateway.store.engine.backend import Operation
from gateway.store.engine.statements import insert_once
from gateway.store.letters import NewLetter, post_letters
from gateway.store.partners.partners import StateChange, move_partners
from gateway.store.tables import complaint, handoff, partner


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint; its id is the reference that the person gets.

    Attributes:
        brakes: it counts towards the brake, until the partner is opened again.
    """

    complaint_id: str
    grant_id: str
    person_id: str
    partner_id: str
    kind: str
    opened_at: int
    answer: str | None = None
    answered_at: int | None = None
    brakes: bool = False


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """A complaint to keep.

    Attributes:
        marks: of the account, by which others of the same person are known: digests of its addresses; empty where
            the complaint is of a kind that brakes nothing.
    """

    complaint: Complaint
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Brake:
    """What complaints do to a partner: the move with its act, and the letters that tell administrators."""

    change: StateChange
    letters: tuple[NewLetter, ...]


React = Callable[[Sequence[frozenset[str]]], Brake | None]
"""The rule: from the marks of every account whose complaint brakes, its id among them, to the brake, if it is time."""


def complain_operation(react: React) -> Operation[NewComplaint, bool]:
    """Make the operation: keep the complaint, and let the rule pause the partner; True where it did.

    A complaint brakes when its partner is open and something of this person's was handed to it since it was opened.
    The partner's row is locked first, so of two people who complain at once the second one counts both.
    """

    def complain(connection: Connection, complaints: Sequence[NewComplaint]) -> Sequence[bool]:
        return [_complain(connection, each, react) for each in complaints]

    return complain


def _complain(connection: Connection, new: NewComplaint, react: React) -> bool:
    own, row = partner.c.partner_id == new.complaint.partner_id, complaint.c
    at = connection.execute(select(partner.c.state, partner.c.opened_at).where(own).with_for_update()).one()
    brakes = bool(new.marks) and at.state == "live" and _was_served(connection, new.complaint, at.opened_at)
    marks = " ".join(sorted(new.marks)) if brakes else ""
    kept = asdict(new.complaint) | {"brakes": brakes, "marks": marks}
    insert_once(connection, complaint, [kept])
    if not brakes:
        return False
    braking = select(row.person_id, row.marks).where(row.partner_id == new.complaint.partner_id, row.brakes)
    accounts = [frozenset([person_id, *found.split()]) for person_id, found in connection.execute(braking)]
    brake = react(accounts)
    if brake is None or not move_partners(connection, [brake.change])[0]:
        return False
    post_letters(connection, brake.letters)
    return True


def _was_served(connection: Connection, new: Complaint, since: int | None) -> bool:
    """Tell whether the partner got anything of this person after the second in which it was opened."""
    mine = (handoff.c.person_id == new.person_id, handoff.c.partner_id == new.partner_id)
    statement = select(handoff.c.handoff_id).where(*mine, handoff.c.at > (since or 0)).limit(1)
    return connection.execute(statement).first() is not None


_KEPT = tuple(complaint.c[each.name] for each in fields(Complaint))


def load_complaints(connection: Connection, grant_ids: Sequence[str]) -> Sequence[list[Complaint]]:
    """Load the complaints about each grant, newest first."""
    statement = (
        select(*_KEPT)
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
    statement = select(*_KEPT).order_by(own.opened_at.desc(), own.complaint_id.desc()).limit(query.limit)
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
    statement = select(*_KEPT).where(complaint.c.complaint_id.in_(sorted(set(complaint_ids))))
    found = {row.complaint_id: Complaint(**row._mapping) for row in connection.execute(statement)}
    return [found.get(complaint_id) for complaint_id in complaint_ids]


def count_open_complaints(connection: Connection, asked: Sequence[None]) -> Sequence[int]:
    """Count the complaints that wait for an end."""
    count = connection.execute(select(func.count()).select_from(complaint).where(_OPEN)).scalar_one()
    return [count] * len(asked)


@dataclass(frozen=True, slots=True)
class NewComplaintAnswer:
    """An administrator's answer to a complaint."""

    complaint_id: str
    answer: str
    action: AdminAction


def answer_complaints(connection: Connection, answers: Sequence[NewComplaintAnswer]) -> Sequence[bool]:
    """Answer complaints; False for one that was closed, or has this answer already."""
    return [did_act(connection, each.action) or _answer(connection, each) for each in answers]


def _answer(connection: Connection, new: NewComplaintAnswer) -> bool:
    own = complaint.c
    statement = (
        update(complaint)
        .where(own.complaint_id == new.complaint_id, _OPEN, own.answer.is_distinct_from(new.answer))
        .values(answer=new.answer, answered_at=new.action.at)
        .returning(own.complaint_id)
    )
    return change_on_record(connection, statement, new.action)
