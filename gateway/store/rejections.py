"""Manifests that are not wanted: what is live stays, and what waits for a review waits no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.go_live import forget_approvals
from gateway.store.letters import NewLetter, post_letters
from gateway.store.registry import bump_version
from gateway.store.tables import partner


@dataclass(frozen=True, slots=True)
class Rejection:
    """A no to the version that was looked at; `letter` tells the partner why."""

    partner_id: str
    manifest_version: int
    letter: NewLetter
    action: AdminAction


def reject_manifests(connection: Connection, rejections: Sequence[Rejection]) -> Sequence[bool]:
    """Reject newer manifests; False where something else waits by now, or nothing of the partner's is live."""
    outcomes = [did_act(connection, each.action) or _reject(connection, each) for each in rejections]
    if any(outcomes):
        bump_version(connection)
    return outcomes


def _reject(connection: Connection, no: Rejection) -> bool:
    row = partner.c
    statement = (
        update(partner)
        .where(
            row.partner_id == no.partner_id,
            row.pending_manifest == no.manifest_version,
            row.live_manifest.is_not(None),
        )
        .values(pending_manifest=None)
        .returning(row.partner_id)
    )
    if connection.execute(statement).first() is None:
        return False
    forget_approvals(connection, no.partner_id)
    post_letters(connection, [no.letter])
    append_actions(connection, [no.action])
    return True
