"""Proposals that somebody is a child's guardian: made to an address, answered by whoever logs in with it (promise P9).

A proposal names an address by its blind index, never an account: nothing tells whether there is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, select, tuple_, update

from gateway.model.people import Person, PersonState
from gateway.store.accounts.people import lock_people
from gateway.store.admin_actions import AdminAction, append_actions, change_on_record, did_act
from gateway.store.engine.statements import insert_once, upsert
from gateway.store.letters import NewLetter, post_letters
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import guardian_link, guardian_proposal, organisation, person


class Proposed(Enum):
    """What became of a proposal.

    LINKED: the link stands already.
    OPEN: it waits for an answer already.
    OVER: the two were linked, or it was proposed, before, and nobody has decided to begin anew.
    GONE: the child's account is closed, or the child came of age.
    """

    DONE = auto()
    LINKED = auto()
    OPEN = auto()
    OVER = auto()
    GONE = auto()


@dataclass(frozen=True, slots=True)
class NewProposal:
    """A proposal to make; `letters` tell both people and leave with it.

    Attributes:
        anew: begin again what was over.
        is_seconded: a second administrator agreed, so that an administrator can say yes.
    """

    proposal_id: str
    organisation_id: str
    child_id: str
    guardian_index: bytes
    method: str
    evidence: str
    expires_at: int
    anew: bool
    is_seconded: bool
    action: AdminAction
    letters: tuple[NewLetter, ...]


def propose_guardians(connection: Connection, proposals: Sequence[NewProposal]) -> Sequence[Proposed]:
    """Make proposals; each that was made is an act on record."""
    return [
        Proposed.DONE if did_act(connection, each.action) else _propose(connection, each)
        for each in proposals
    ]


def second_proposals(connection: Connection, proposals: Sequence[NewProposal]) -> Sequence[bool]:
    """Make proposals to which a second administrator agrees; False where one cannot be made any more."""
    return [outcome is Proposed.DONE for outcome in propose_guardians(connection, proposals)]


def _propose(connection: Connection, new: NewProposal) -> Proposed:
    # A birthday, an erasure and another proposal come before it or after it.
    lock_people(connection, [new.child_id])
    child = select(person.c.person_id).where(person.c.person_id == new.child_id, _is_child(person))
    if connection.execute(child).first() is None:
        return Proposed.GONE
    bond = _bond(connection, new.child_id, new.guardian_index, new.action.at)
    if bond is not None and not (bond is Proposed.OVER and new.anew):
        return bond
    own = (guardian_proposal.c.child_id == new.child_id) & (
        guardian_proposal.c.guardian_index == new.guardian_index
    )
    connection.execute(delete(guardian_proposal).where(own))
    row = {
        "proposal_id": new.proposal_id,
        "organisation_id": new.organisation_id,
        "child_id": new.child_id,
        "guardian_index": new.guardian_index,
        "method": new.method,
        "evidence": new.evidence,
        "state": "open",
        "created_at": new.action.at,
        "expires_at": new.expires_at,
        "is_seconded": new.is_seconded,
    }
    insert_once(connection, guardian_proposal, [row])
    append_actions(connection, [new.action])
    post_letters(connection, new.letters)
    return Proposed.DONE


def _is_child(whose: Any) -> ColumnElement[bool]:
    return and_(whose.c.needs_guardian, whose.c.state != PersonState.CLOSED)


def load_bonds(connection: Connection, asked: Sequence[tuple[str, bytes, int]]) -> Sequence[Proposed | None]:
    """Tell what there is between (child, blind index of an address) at a time; None where nothing ever was."""
    return [_bond(connection, *each) for each in asked]


def _bond(connection: Connection, child_id: str, guardian_index: bytes, at: int) -> Proposed | None:
    link = (
        select(guardian_link.c.state)
        .join(person, person.c.person_id == guardian_link.c.guardian_id)
        .where(guardian_link.c.child_id == child_id, person.c.login_index == guardian_index)
    )
    proposal = select(guardian_proposal.c.state, guardian_proposal.c.expires_at).where(
        guardian_proposal.c.child_id == child_id, guardian_proposal.c.guardian_index == guardian_index
    )
    linked, proposed = connection.execute(link).first(), connection.execute(proposal).first()
    if linked and linked.state == "active":
        return Proposed.LINKED
    if proposed and proposed.state == "open" and proposed.expires_at > at:
        return Proposed.OPEN
    return Proposed.OVER if linked or proposed else None


def load_seconded(connection: Connection, pairs: Sequence[tuple[str, bytes]]) -> Sequence[bool]:
    """Tell whether a second administrator agreed to what stands between (child, blind index of an address).

    A link that stands goes before a proposal.
    """
    return [_is_seconded(connection, *each) for each in pairs]


def _is_seconded(connection: Connection, child_id: str, guardian_index: bytes) -> bool:
    link = (
        select(guardian_link.c.is_seconded)
        .join(person, person.c.person_id == guardian_link.c.guardian_id)
        .where(
            guardian_link.c.child_id == child_id,
            guardian_link.c.state == "active",
            person.c.login_index == guardian_index,
        )
    )
    proposal = select(guardian_proposal.c.is_seconded).where(
        guardian_proposal.c.child_id == child_id, guardian_proposal.c.guardian_index == guardian_index
    )
    linked = connection.execute(link).scalar_one_or_none()
    return bool(connection.execute(proposal).scalar_one_or_none() if linked is None else linked)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal as its addressee may know it before they answer: without a name.

    Attributes:
        school: the child's organisation.
        is_open: it waits for an answer; whether it ran out, the caller decides.
        is_seconded: a second administrator agreed, so that an administrator can say yes.
    """

    proposal_id: str
    child: Person
    school: str
    method: str
    created_at: int
    expires_at: int
    is_open: bool
    is_seconded: bool


def load_proposals_to(connection: Connection, guardian_ids: Sequence[str]) -> Sequence[list[Proposal]]:
    """Load what was proposed to the log-in of each person, newest first."""
    return [_to(connection, each) for each in guardian_ids]


def _to(connection: Connection, guardian_id: str) -> list[Proposal]:
    own = guardian_proposal.c
    statement = (
        select(
            own.proposal_id,
            own.method,
            own.created_at,
            own.expires_at,
            own.state.label("proposal_state"),
            own.is_seconded,
            organisation.c.name,
            person.c.person_id,
            *PERSON_COLUMNS,
        )
        .join(person, person.c.person_id == own.child_id)
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .where(own.guardian_index == _index_of(guardian_id), _is_child(person))
        .order_by(own.created_at.desc(), own.proposal_id)
    )
    return [_proposal(row) for row in connection.execute(statement)]


def _index_of(person_id: str) -> Any:
    index = select(person.c.login_index).where(person.c.person_id == person_id)
    return index.correlate(None).scalar_subquery()


def _proposal(row: Any) -> Proposal:
    return Proposal(
        row.proposal_id,
        person_from_row(row),
        row.name,
        row.method,
        row.created_at,
        row.expires_at,
        row.proposal_state == "open",
        row.is_seconded,
    )


@dataclass(frozen=True, slots=True)
class ProposalAnswer:
    """The addressee's answer to a proposal, from their own log-in.

    Attributes:
        guardian_id: of age, as the caller has seen just now, where it is a yes.
    """

    proposal_id: str
    child_id: str
    guardian_id: str
    is_yes: bool
    action: AdminAction
    letters: tuple[NewLetter, ...]


def answer_proposals(connection: Connection, answers: Sequence[ProposalAnswer]) -> Sequence[bool]:
    """Answer proposals; a yes makes the link, the only way to one. Of many answers, one counts."""
    return [did_act(connection, each.action) or _answer(connection, each) for each in answers]


def _answer(connection: Connection, answer: ProposalAnswer) -> bool:
    lock_people(connection, [answer.child_id, answer.guardian_id])
    own = guardian_proposal.c
    is_child = exists().where(person.c.person_id == own.child_id, _is_child(person))
    statement = (
        update(guardian_proposal)
        .where(
            own.proposal_id == answer.proposal_id,
            own.child_id == answer.child_id,
            own.guardian_index == _index_of(answer.guardian_id),
            own.state == "open",
            own.expires_at > answer.action.at,
            is_child,
        )
        .values(state="confirmed" if answer.is_yes else "declined")
        .returning(own.method, own.evidence, own.is_seconded)
    )
    won = connection.execute(statement).first()
    if won is None:
        return False
    if answer.is_yes:
        link = {
            "child_id": answer.child_id,
            "guardian_id": answer.guardian_id,
            "method": won.method,
            "evidence": won.evidence,
            "state": "active",
            "created_at": answer.action.at,
            "is_seconded": won.is_seconded,
        }
        upsert(connection, guardian_link, [link])
        grown = person.c.person_id == answer.guardian_id
        connection.execute(update(person).where(grown).values(is_adult=True))
    append_actions(connection, [answer.action])
    post_letters(connection, answer.letters)
    return True


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The end of a proposal that nobody answered."""

    child_id: str
    guardian_index: bytes
    action: AdminAction
    letters: tuple[NewLetter, ...]


def withdraw_proposals(connection: Connection, withdrawals: Sequence[Withdrawal]) -> Sequence[bool]:
    """Withdraw open proposals; False where none is open any more."""
    return [did_act(connection, each.action) or _withdraw(connection, each) for each in withdrawals]


def _withdraw(connection: Connection, withdrawal: Withdrawal) -> bool:
    own = guardian_proposal.c
    statement = (
        update(guardian_proposal)
        .where(
            own.child_id == withdrawal.child_id,
            own.guardian_index == withdrawal.guardian_index,
            own.state == "open",
        )
        .values(state="withdrawn")
        .returning(own.proposal_id)
    )
    return change_on_record(connection, statement, withdrawal.action, withdrawal.letters)


@dataclass(frozen=True, slots=True)
class ProposalQuery:
    """A page of proposals, newest first.

    Attributes:
        organisation_id: of the children; None for all.
    """

    organisation_id: str | None
    before: tuple[int, str] | None
    limit: int


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """A proposal in an administrator's list.

    Attributes:
        is_linked: the link that came of it stands.
    """

    proposal_id: str
    child_id: str
    method: str
    evidence: str
    state: str
    created_at: int
    expires_at: int
    is_linked: bool


def list_proposals(connection: Connection, queries: Sequence[ProposalQuery]) -> Sequence[list[ProposalLine]]:
    """List proposals by keyset paging."""
    return [[ProposalLine(*row) for row in connection.execute(_lines(query))] for query in queries]


def _lines(query: ProposalQuery) -> Select[Any]:
    own, guardian = guardian_proposal.c, person.alias("guardian")
    is_linked = exists().where(
        guardian.c.login_index == own.guardian_index,
        and_(
            guardian_link.c.guardian_id == guardian.c.person_id,
            guardian_link.c.child_id == own.child_id,
            guardian_link.c.state == "active",
        ),
    )
    statement = (
        select(
            own.proposal_id,
            own.child_id,
            own.method,
            own.evidence,
            own.state,
            own.created_at,
            own.expires_at,
            is_linked.label("is_linked"),
        )
        .order_by(own.created_at.desc(), own.proposal_id.desc())
        .limit(query.limit)
    )
    if query.organisation_id is not None:
        statement = statement.where(own.organisation_id == query.organisation_id)
    if query.before is not None:
        statement = statement.where(tuple_(own.created_at, own.proposal_id) < tuple_(*query.before))
    return statement
