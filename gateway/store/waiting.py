"""What waits for a second person: asked once, ended once, and executed in the very transaction that approves it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeVar

from sqlalchemy import Connection, exists, func, literal, or_, select, update

from gateway.model.administration.waiting import WaitingAct, WaitingKind, WaitingState
from gateway.model.people import Person, PersonState
from gateway.store.admin_actions import AdminAction, append_actions, change_on_record, did_act
from gateway.store.engine.backend import Operation
from gateway.store.engine.statements import did_insert
from gateway.store.letters import NewLetter, post_letters
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import person, waiting_act

PlanT = TypeVar("PlanT")
OutcomeT = TypeVar("OutcomeT")
_COLUMNS = tuple(each for each in waiting_act.c if each.name != "subject")


@dataclass(frozen=True, slots=True)
class NewWaiting:
    """A request to keep, with its record and the letters to those who may approve.

    Attributes:
        subject: what only one request of the kind at a time may be about.
    """

    act: WaitingAct
    subject: bytes
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()


def ask_acts(connection: Connection, requests: Sequence[NewWaiting]) -> Sequence[bool]:
    """Keep requests; False where one about the same waits already."""
    return [did_act(connection, each.record) or _ask(connection, each) for each in requests]


def _ask(connection: Connection, new: NewWaiting) -> bool:
    row = {column.name: getattr(new.act, column.name) for column in _COLUMNS}
    spelled = {"kind": str(new.act.kind), "state": str(new.act.state), "subject": new.subject}
    if not did_insert(connection, waiting_act, row | spelled):
        return False
    append_actions(connection, [new.record])
    post_letters(connection, new.letters)
    return True


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a request without its effect: refused, withdrawn, or out of time at `record.at`."""

    act_id: str
    state: WaitingState
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()


def close_acts(connection: Connection, closings: Sequence[Closing]) -> Sequence[bool]:
    """End requests; False for one that waits no more, is out of time, or is to run out and has time left."""
    return [did_act(connection, each.record) or _close(connection, each) for each in closings]


def _close(connection: Connection, closing: Closing) -> bool:
    own = waiting_act.c
    in_time = own.expires_at > closing.record.at
    is_due = ~in_time if closing.state is WaitingState.EXPIRED else in_time
    statement = _ending(closing.act_id, closing.state, closing.record, is_due)
    return change_on_record(connection, statement, closing.record, closing.letters)


def _ending(act_id: str, state: WaitingState, record: AdminAction, *conditions: Any) -> Any:
    """Take a request out of `waiting`; however many try, and whatever for, one succeeds."""
    own = waiting_act.c
    return (
        update(waiting_act)
        .where(own.act_id == act_id, own.state == str(WaitingState.WAITING), *conditions)
        .values(state=str(state), decided_by=record.actor_id, decided_at=record.at, sealed=None, subject=None)
        .returning(own.act_id)
    )


def let_lapse(connection: Connection, kind: WaitingKind, target_id: str, by: str, at: int) -> None:
    """End requests about something that has changed; the act that changed it is their record."""
    own = waiting_act.c
    connection.execute(
        update(waiting_act)
        .where(own.kind == str(kind), own.target_id == target_id, own.state == str(WaitingState.WAITING))
        .values(state=str(WaitingState.EXPIRED), decided_by=by, decided_at=at, sealed=None, subject=None)
    )


def lapse_about(connection: Connection, person_id: str, by: str, at: int) -> None:
    """End requests about somebody who is erased; the erasure is their record."""
    own = waiting_act.c
    is_named = or_(own.target_id == person_id, own.content.contains(person_id, autoescape=True))
    connection.execute(
        update(waiting_act)
        .where(own.state == str(WaitingState.WAITING), is_named)
        .values(state=str(WaitingState.EXPIRED), decided_by=by, decided_at=at, sealed=None, subject=None)
    )


class SecondVerdict(Enum):
    """What became of an approval."""

    DONE = auto()
    LATE = auto()
    """It waits no more, its time is over, or it is not the one that was looked at."""
    NOT_ALLOWED = auto()
    """Whoever approves may not, at this second."""
    CHANGED = auto()
    """What was asked for cannot be done any more: the world has changed."""


@dataclass(frozen=True, slots=True)
class SecondApproval:
    """A second person's yes.

    Attributes:
        content_digest: of what was looked at.
        roles: one of which the approver has to hold at this second; empty for the command line.
        askers: one of which whoever asked has to hold still, where it was a person.
        alone: whoever asked does it, with broken glass: at the command line, where nobody else is left.
        record: says who approves, and when.
    """

    act_id: str
    content_digest: str
    roles: tuple[str, ...]
    askers: tuple[str, ...]
    record: AdminAction
    letters: tuple[NewLetter, ...] = ()
    alone: bool = False


def approving(
    operation: Operation[PlanT, OutcomeT],
) -> Operation[tuple[SecondApproval, PlanT], SecondVerdict]:
    """Make an operation that runs each plan together with its approval, both or neither."""

    def approve(
        connection: Connection, pairs: Sequence[tuple[SecondApproval, PlanT]]
    ) -> Sequence[SecondVerdict]:
        return [_approve(connection, operation, approval, plan) for approval, plan in pairs]

    return approve


def _approve(
    connection: Connection, operation: Operation[PlanT, OutcomeT], approval: SecondApproval, plan: PlanT
) -> SecondVerdict:
    if did_act(connection, approval.record):
        return SecondVerdict.DONE
    if approval.roles and not _may_approve(connection, approval):
        return SecondVerdict.NOT_ALLOWED
    own, record = waiting_act.c, approval.record
    with connection.begin_nested() as savepoint:
        ending = _ending(
            approval.act_id,
            WaitingState.APPROVED,
            record,
            own.content_digest == approval.content_digest,
            own.expires_at > record.at,
            or_(own.asked_by != record.actor_id, literal(approval.alone)),
            # A request of somebody whose account or role is gone is nobody's wish any more.
            ~exists().where(
                person.c.person_id == own.asked_by,
                or_(person.c.state != str(PersonState.ACTIVE), person.c.role.not_in(approval.askers)),
            ),
        )
        if connection.execute(ending).first() is None:
            return SecondVerdict.LATE
        (outcome,) = operation(connection, [plan])
        if outcome is not None and not outcome:
            savepoint.rollback()
            return SecondVerdict.CHANGED
    append_actions(connection, [record])
    post_letters(connection, approval.letters)
    return SecondVerdict.DONE


def _may_approve(connection: Connection, approval: SecondApproval) -> bool:
    """Look at the approver's account under a lock, so that nobody takes the role away while they approve."""
    own = person.c
    statement = (
        select(own.person_id)
        .where(
            own.person_id == approval.record.actor_id,
            own.state == str(PersonState.ACTIVE),
            own.role.in_(approval.roles),
            own.approves_from <= approval.record.at,
        )
        .with_for_update(read=True)
    )
    return connection.execute(statement).first() is not None


def load_waiting(connection: Connection, act_ids: Sequence[str]) -> Sequence[WaitingAct | None]:
    """Load requests; None for an unknown one."""
    statement = select(*_COLUMNS).where(waiting_act.c.act_id.in_(sorted(set(act_ids))))
    found = {row.act_id: _from_row(row) for row in connection.execute(statement)}
    return [found.get(act_id) for act_id in act_ids]


def _from_row(row: Any) -> WaitingAct:
    known = dict(row._mapping)
    return WaitingAct(**known | {"kind": WaitingKind(known["kind"]), "state": WaitingState(known["state"])})


@dataclass(frozen=True, slots=True)
class WaitingQuery:
    """Requests of some kinds, newest first.

    Attributes:
        state: None for every one.
        organisation_id: whose alone; None for all.
        target: (kind, id) that they are about.
        overdue: whose time was over by then.
    """

    kinds: tuple[str, ...]
    state: str | None = str(WaitingState.WAITING)
    organisation_id: str | None = None
    target: tuple[str, str] | None = None
    overdue: int | None = None
    limit: int = 100


def list_waiting(connection: Connection, queries: Sequence[WaitingQuery]) -> Sequence[list[WaitingAct]]:
    """List requests."""
    own, outcomes = waiting_act.c, []
    for query in queries:
        statement = select(*_COLUMNS).where(*_conditions(query))
        rows = connection.execute(
            statement.order_by(own.asked_at.desc(), own.act_id.desc()).limit(query.limit)
        )
        outcomes.append([_from_row(row) for row in rows])
    return outcomes


def count_waiting(connection: Connection, queries: Sequence[WaitingQuery]) -> Sequence[int]:
    """Count requests."""
    return [
        connection.execute(
            select(func.count()).select_from(waiting_act).where(*_conditions(query))
        ).scalar_one()
        for query in queries
    ]


def _conditions(query: WaitingQuery) -> list[Any]:
    own = waiting_act.c
    conditions: list[Any] = [own.kind.in_(query.kinds)]
    if query.state is not None:
        conditions.append(own.state == query.state)
    if query.organisation_id is not None:
        conditions.append(own.organisation_id == query.organisation_id)
    if query.target is not None:
        conditions += [own.target_kind == query.target[0], own.target_id == query.target[1]]
    if query.overdue is not None:
        conditions.append(own.expires_at <= query.overdue)
    return conditions


def count_staff(connection: Connection, roles: Sequence[frozenset[str]]) -> Sequence[int]:
    """Count the accounts that hold one of each set of roles and are not closed."""
    return [
        connection.execute(
            select(func.count())
            .select_from(person)
            .where(person.c.role.in_(sorted(names)), person.c.state != str(PersonState.CLOSED))
        ).scalar_one()
        for names in roles
    ]


def load_staff(connection: Connection, roles: Sequence[frozenset[str]]) -> Sequence[list[Person]]:
    """Load the active accounts that hold one of each set of roles."""
    outcomes = []
    for names in roles:
        statement = (
            select(person.c.person_id, *PERSON_COLUMNS)
            .where(person.c.role.in_(sorted(names)), person.c.state == str(PersonState.ACTIVE))
            .order_by(person.c.person_id)
        )
        outcomes.append([person_from_row(row) for row in connection.execute(statement)])
    return outcomes
