"""The end of a link between a guardian and a child, with what stands on it; only a proposal begins one (promise P9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, select, update

from gateway.model.grants import Approval, Grant, GuardianAnswer
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.approvals import GUARDIAN, approvals_of, target_of
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.grant_predicates import is_guarded, is_live
from gateway.store.letters import NewLetter, post_letters
from gateway.store.records_from_rows import GRANT_COLUMNS, grants_from
from gateway.store.tables import approval, consent_grant, guardian_link


def _own(child_id: str, guardian_id: str) -> ColumnElement[bool]:
    return (guardian_link.c.child_id == child_id) & (guardian_link.c.guardian_id == guardian_id)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A live grant of a child that needs a guardian's yes, with the answers of those who are linked now."""

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
    return (own.person_id == child_id) & is_live() & is_guarded()


@dataclass(frozen=True, slots=True)
class LinkedPeople:
    """Who is linked with a person now, by id."""

    guardians: tuple[str, ...]
    children: tuple[str, ...]


def list_linked(connection: Connection, person_ids: Sequence[str]) -> Sequence[LinkedPeople]:
    """List the guardians and the children of each person whose links stand."""
    return [
        LinkedPeople(
            _at_the_other_end(connection, guardian_link.c.guardian_id, guardian_link.c.child_id, each),
            _at_the_other_end(connection, guardian_link.c.child_id, guardian_link.c.guardian_id, each),
        )
        for each in person_ids
    ]


def _at_the_other_end(
    connection: Connection, wanted: ColumnElement[str], own: ColumnElement[str], person_id: str
) -> tuple[str, ...]:
    statement = select(wanted).where(own == person_id, guardian_link.c.state == "active").order_by(wanted)
    return tuple(connection.execute(statement).scalars())


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
    changes: tuple[GrantChange, ...]
    action: AdminAction
    letters: tuple[NewLetter, ...]


def end_links(connection: Connection, ends: Sequence[LinkEnd]) -> Sequence[CommitVerdict]:
    """End links with what stands on them, in one transaction, after any release in flight."""
    return [
        CommitVerdict.DONE if did_act(connection, each.action) else _end(connection, each) for each in ends
    ]


def _end(connection: Connection, end: LinkEnd) -> CommitVerdict:
    # The link is locked before the grants, as a guardian's answer does it, so that neither overtakes the other.
    own = _own(end.child_id, end.guardian_id) & (guardian_link.c.state == "active")
    link = select(guardian_link.c.child_id).where(own).with_for_update()
    if connection.execute(link).first() is None or end.seen != _locked(connection, end.child_id):
        return CommitVerdict.STALE
    commit_changes(connection, end.changes)
    connection.execute(update(guardian_link).where(own).values(state="ended"))
    # A yes ends with the link, and does not come back with it.
    yes = approval.c.target_id.startswith(target_of(end.child_id, ""), autoescape=True) & (
        approval.c.decision == str(GuardianAnswer.ALLOW)
    )
    connection.execute(
        delete(approval).where(approval.c.kind == GUARDIAN, approval.c.decided_by == end.guardian_id, yes)
    )
    append_actions(connection, [end.action])
    post_letters(connection, end.letters)
    return CommitVerdict.DONE


def _locked(connection: Connection, child_id: str) -> dict[str, int]:
    statement = (
        select(consent_grant.c.grant_id, consent_grant.c.version)
        .where(_is_guarded(child_id))
        .order_by(consent_grant.c.grant_id)
        .with_for_update()
    )
    return {row.grant_id: row.version for row in connection.execute(statement)}
