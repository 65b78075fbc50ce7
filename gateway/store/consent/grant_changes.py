"""Grants that are narrowed or ended, with what is kept beside it in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.model.deletions import Deletion
from gateway.model.grants import ConsentEvent, Grant, GrantState, ReasonCode
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.approvals import NewGuardianAnswer, is_linked, keep_answer
from gateway.store.consent.events import append_event, did_append
from gateway.store.consent.grant_moves import CommitVerdict, change_grant, end_grant, replace_items
from gateway.store.partners.deletions import keep_deletion


@dataclass(frozen=True, slots=True)
class GrantChange:
    """The plan of narrowing or ending one grant.

    Attributes:
        after: the grant as it stands afterwards.
        actions: the administrator's act, if one acted, and that of whoever asks for deletion.
        answer: the guardian's, if one answered; kept in the same transaction.
        used_at: when this is the person's own use of the service too.
        deletion: what the partner is asked at the end.
    """

    after: Grant
    event: ConsentEvent
    at: int
    reason: ReasonCode | None = None
    actions: tuple[AdminAction, ...] = ()
    answer: NewGuardianAnswer | None = None
    used_at: int | None = None
    deletion: Deletion | None = None


def commit_changes(connection: Connection, changes: Sequence[GrantChange]) -> Sequence[CommitVerdict]:
    """Change grants; when one ends, every token that stands on it ends in the same transaction."""
    return [
        CommitVerdict.DONE if did_append(connection, change.event) else _change(connection, change)
        for change in changes
    ]


def _change(connection: Connection, change: GrantChange) -> CommitVerdict:
    if change.answer and not is_linked(connection, change.answer):
        return CommitVerdict.STALE
    if change.after.state is GrantState.ENDED:
        changed = end_grant(connection, change.after, change.event, change.reason)
    else:
        changed = change_grant(connection, change.after, used_at=change.used_at)
        if changed:
            replace_items(connection, change.after.grant_id, change.after.items)
            append_event(connection, change.event)
    if not changed:
        return CommitVerdict.STALE
    append_actions(connection, change.actions)
    if change.answer:
        keep_answer(connection, change.answer)
    if change.deletion:
        keep_deletion(connection, change.deletion)
    return CommitVerdict.DONE
