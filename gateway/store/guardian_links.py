"""Links between guardians and children: begun and ended one by one, each with the act that it is (promise P9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from gateway.model.grants import LIVE, Answer, Approval, Grant, LegalBasis
from gateway.model.people import PersonState
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.consents import Verdict
from gateway.store.grants import Change, commit_changes
from gateway.store.guardians import GUARDIAN, approvals_of, target_of
from gateway.store.letters import NewLetter, post_letters
from gateway.store.loading import GRANT_COLUMNS, grants_from
from gateway.store.people import lock_people
from gateway.store.statements import did_insert
from gateway.store.tables import approval, consent_grant, guardian_link, person


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link to begin; `letters` tell both people and leave with it."""

    child_id: str
    guardian_id: str
    method: str
    evidence: str
    action: AdminAction
    letters: tuple[NewLetter, ...]


def begin_links(connection: Connection, links: Sequence[NewLink]) -> Sequence[bool]:
    """Begin links, ended ones anew; False where the link stands already or one of the two accounts is closed."""
    return [did_act(connection, each.action) or _begin(connection, each) for each in links]


def _begin(connection: Connection, new: NewLink) -> bool:
    both = [new.child_id, new.guardian_id]
    # An erasure that runs beside it comes before it or after it.
    lock_people(connection, both)
    still_there = select(func.count()).where(
        person.c.person_id.in_(both), person.c.state != PersonState.CLOSED
    )
    if connection.execute(still_there).scalar_one() < 2:
        return False
    how = {
        "method": new.method,
        "evidence": new.evidence,
        "state": "active",
        "created_at": new.action.at,
    }
    again = (
        update(guardian_link)
        .where(_own(new.child_id, new.guardian_id), guardian_link.c.state == "ended")
        .values(how)
        .returning(guardian_link.c.child_id)
    )
    row = {"child_id": new.child_id, "guardian_id": new.guardian_id, **how}
    if connection.execute(again).first() is None and not did_insert(connection, guardian_link, row):
        return False
    append_actions(connection, [new.action])
    post_letters(connection, new.letters)
    return True


def _own(child_id: str, guardian_id: str) -> ColumnElement[bool]:
    return (guardian_link.c.child_id == child_id) & (guardian_link.c.guardian_id == guardian_id)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A live grant of a child that stands on guardians, with what those who are linked now answered."""

    grant: Grant
    approvals: tuple[Approval, ...]


@dataclass(frozen=True, slots=True)
class StandingLink:
    """A link that stands, with every live grant that may stand on it."""

    grants: tuple[Guarded, ...]


def load_links(connection: Connection, pairs: Sequence[tuple[str, str]]) -> Sequence[StandingLink | None]:
    """Load the links that stand, by (child, guardian)."""
    return [_load(connection, *each) for each in pairs]


def _load(connection: Connection, child_id: str, guardian_id: str) -> StandingLink | None:
    link = select(guardian_link.c.child_id).where(
        _own(child_id, guardian_id), guardian_link.c.state == "active"
    )
    if connection.execute(link).first() is None:
        return None
    grants = grants_from(connection, select(*GRANT_COLUMNS).where(_is_guarded(child_id)))
    answers = approvals_of(connection, grants)
    return StandingLink(tuple(Guarded(each, answers.get(each.grant_id, ())) for each in grants))


def _is_guarded(child_id: str) -> ColumnElement[bool]:
    own = consent_grant.c
    return (
        (own.person_id == child_id)
        & own.state.in_(sorted(LIVE))
        & (own.legal_basis == LegalBasis.GUARDIAN_CONSENT)
    )


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """The end of a link.

    Attributes:
        seen: the child's guarded grants by id, with the versions that the plan was made for.
        changes: the ends of those that stand on this guardian's yes.
    """

    child_id: str
    guardian_id: str
    seen: dict[str, int]
    changes: tuple[Change, ...]
    action: AdminAction
    letters: tuple[NewLetter, ...]


def end_links(connection: Connection, ends: Sequence[LinkEnd]) -> Sequence[Verdict]:
    """End links with what stands on them, in one transaction; a release in flight is waited for."""
    return [Verdict.DONE if did_act(connection, each.action) else _end(connection, each) for each in ends]


def _end(connection: Connection, end: LinkEnd) -> Verdict:
    # The link before the grants, as an answer of the guardian takes them: neither can pass the other by.
    own = _own(end.child_id, end.guardian_id) & (guardian_link.c.state == "active")
    link = select(guardian_link.c.child_id).where(own).with_for_update()
    if connection.execute(link).first() is None or end.seen != _locked(connection, end.child_id):
        return Verdict.STALE
    commit_changes(connection, end.changes)
    connection.execute(update(guardian_link).where(own).values(state="ended"))
    # A yes ends with the link, and does not come back with it.
    yes = approval.c.target_id.startswith(target_of(end.child_id, ""), autoescape=True) & (
        approval.c.decision == str(Answer.ALLOW)
    )
    connection.execute(
        delete(approval).where(approval.c.kind == GUARDIAN, approval.c.decided_by == end.guardian_id, yes)
    )
    append_actions(connection, [end.action])
    post_letters(connection, end.letters)
    return Verdict.DONE


def _locked(connection: Connection, child_id: str) -> dict[str, int]:
    statement = (
        select(consent_grant.c.grant_id, consent_grant.c.version)
        .where(_is_guarded(child_id))
        .order_by(consent_grant.c.grant_id)
        .with_for_update()
    )
    return {row.grant_id: row.version for row in connection.execute(statement)}
