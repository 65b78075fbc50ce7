"""Rejected manifests: what is live stays, and the rejected one no longer waits for a review."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from gateway.model.administration.waiting import WaitingKind
from gateway.store.admin_actions import AdminAction, change_on_record, did_act
from gateway.store.engine.registry import bump_version
from gateway.store.letters import NewLetter
from gateway.store.tables import partner
from gateway.store.waiting import let_lapse


@dataclass(frozen=True, slots=True)
class Rejection:
    """The rejection of the version that was looked at; `letter` tells the partner why."""

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
    did_reject = change_on_record(connection, statement, no.action, [no.letter])
    if did_reject:
        let_lapse(connection, WaitingKind.GO_LIVE, no.partner_id, no.action.actor_id, no.action.at)
    return did_reject
