"""Complaints as they are kept: by whom, about which grant, of what kind."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, select

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
