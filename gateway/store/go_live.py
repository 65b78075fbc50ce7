"""Who approved a manifest: it goes live when so many different administrators have, each of the same version."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from gateway.kit.ids import Kind
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.statements import did_insert
from gateway.store.tables import approval, partner

GO_LIVE = "go_live"
"""The kind of these rows among all approvals."""


def _target(partner_id: str, manifest_version: int) -> str:
    return f"{partner_id}:{manifest_version}"


@dataclass(frozen=True, slots=True)
class ManifestApproval:
    """One administrator's yes to one version, as it was seen; `action` says who and when."""

    partner_id: str
    state: str
    manifest_version: int
    action: AdminAction


def approve_manifests(connection: Connection, approvals: Sequence[ManifestApproval]) -> Sequence[int | None]:
    """Keep approvals; give how many different people there are now, None where something else waits by now."""
    return [_approve(connection, each) for each in approvals]


def _approve(connection: Connection, new: ManifestApproval) -> int | None:
    row = partner.c
    # Of two who approve at once the second one counts both, and so exactly one of them takes it live.
    seen = connection.execute(
        select(row.state, row.pending_manifest).where(row.partner_id == new.partner_id).with_for_update()
    ).first()
    if seen is None or (seen.state, seen.pending_manifest) != (new.state, new.manifest_version):
        return None
    target_id, actor_id = _target(new.partner_id, new.manifest_version), new.action.actor_id
    kept = {
        "approval_id": f"{Kind.APPROVAL}{GO_LIVE}:{target_id}:{actor_id}",
        "kind": GO_LIVE,
        "target_id": target_id,
        "decision": "allow",
        "decided_by": actor_id,
        "decided_at": new.action.at,
    }
    if did_insert(connection, approval, kept):
        append_actions(connection, [new.action])
    return count_approvals(connection, new.partner_id, new.manifest_version)


def count_approvals(connection: Connection, partner_id: str, manifest_version: int) -> int:
    """Count the different people who approved a version; one row a person is all that the table takes."""
    mine = (approval.c.kind == GO_LIVE, approval.c.target_id == _target(partner_id, manifest_version))
    count: int = connection.execute(select(func.count()).select_from(approval).where(*mine)).scalar_one()
    return count


def load_approvers(connection: Connection, versions: Sequence[tuple[str, int]]) -> Sequence[tuple[str, ...]]:
    """Load who approved each (partner, version of its manifest), in the order in which they did."""
    column, outcomes = approval.c, []
    for partner_id, version in versions:
        statement = (
            select(column.decided_by)
            .where(column.kind == GO_LIVE, column.target_id == _target(partner_id, version))
            .order_by(column.decided_at, column.decided_by)
        )
        outcomes.append(tuple(connection.execute(statement).scalars()))
    return outcomes


def forget_approvals(connection: Connection, partner_id: str) -> None:
    """Forget every approval of a partner's manifests: what was given back is looked at anew."""
    mine = approval.c.target_id.startswith(f"{partner_id}:", autoescape=True)
    connection.execute(delete(approval).where(approval.c.kind == GO_LIVE, mine))
