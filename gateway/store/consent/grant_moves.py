"""The rows of a grant: made, moved on by one version, ended, and its items."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection, Text, delete, func, select, update

from gateway.model.grants import ConsentEvent, Grant, GrantedItem, GrantState, ReasonCode
from gateway.store.consent.events import append_event
from gateway.store.engine.statements import Lists, PreparedStatement, insert_once
from gateway.store.grant_predicates import is_live
from gateway.store.oauth.tokens import revoke_of_grants
from gateway.store.records_from_rows import left_out_text
from gateway.store.tables import consent_grant, grant_item, handoff


class CommitVerdict(Enum):
    """What became of a plan."""

    DONE = auto()
    REQUEST_USED = auto()
    STALE = auto()


@dataclass(frozen=True, slots=True)
class NewGrant:
    """The row of a grant that a decision creates."""

    grant: Grant
    jurisdiction: str


def end_grant(connection: Connection, after: Grant, event: ConsentEvent, reason: ReasonCode | None) -> bool:
    """End a grant and every token that stands on it; False when somebody else moved it first.

    The end is no earlier than the last hand-off: a release that was in flight may carry a second that is later than
    the one in which stopping was asked for. The update has waited for it and holds the grant, so nothing can be
    handed off any more.
    """
    if not change_grant(connection, after, ended_at=event.at, reason=str(reason)):
        return False
    revoke_of_grants(connection, {after.grant_id: event.at})
    last: int | None = connection.execute(
        select(func.max(handoff.c.at)).where(handoff.c.grant_id == after.grant_id)
    ).scalar()
    if last is not None and last > event.at:
        event = replace(event, at=last)
        connection.execute(
            update(consent_grant).where(consent_grant.c.grant_id == after.grant_id).values(ended_at=last)
        )
    append_event(connection, event)
    return True


def grant_row(created: NewGrant) -> dict[str, Any]:
    """Spell a new grant for its table."""
    grant = created.grant
    return {
        "grant_id": grant.grant_id,
        "person_id": grant.person_id,
        "partner_id": grant.partner_id,
        "offer_id": grant.offer_id,
        "offer_version": grant.offer_version,
        "notice_id": grant.notice_id,
        "state": str(grant.state),
        "legal_basis": str(grant.legal_basis),
        "jurisdiction": created.jurisdiction,
        "version": grant.version,
        "event_id": grant.event_id,
        "created_at": grant.valid_from,
        "valid_from": grant.valid_from,
        "valid_until": grant.valid_until,
        "last_user_activity_at": grant.valid_from,
        "ended_at": None,
        "end_reason": None,
        "use_limit": grant.use_limit,
        "uses_before": 0,
        "paused_for": None,
        "decided_version": grant.terms_version,
        "left_out": left_out_text(grant),
        "digest_begun": False,
        "is_held": False,
    }


def change_grant(
    connection: Connection,
    after: Grant,
    *,
    ended_at: int | None = None,
    reason: str | None = None,
    used_at: int | None = None,
) -> bool:
    """Move a grant on by one version; False when somebody else moved it first.

    Args:
        used_at: when this is the person's own use of the service too.
    """
    rows = _CHANGED(
        connection,
        wanted=after.grant_id,
        seen=after.version - 1,
        offer_version=after.offer_version,
        notice_id=after.notice_id,
        state=str(after.state),
        version=after.version,
        event_id=after.event_id,
        valid_from=after.valid_from,
        valid_until=after.valid_until,
        ended_at=ended_at,
        end_reason=reason,
        legal_basis=str(after.legal_basis),
        use_limit=after.use_limit,
        paused_for=str(after.paused_for) if after.paused_for else None,
        decided_version=after.terms_version,
        left_out=left_out_text(after),
        used_at=used_at,
    )
    return bool(rows)


_MOVING = (
    "offer_version", "notice_id", "state", "version", "event_id", "valid_from", "valid_until", "ended_at",
    "end_reason", "legal_basis", "use_limit", "paused_for", "decided_version", "left_out",
)  # fmt: skip
"""What a decision changes in a grant's row."""


def _changed(lists: Lists) -> Any:
    grant = consent_grant.c
    moved: dict[str, Any] = {name: lists.value(name, grant[name].type) for name in _MOVING}
    used = func.coalesce(
        lists.value("used_at", grant.last_user_activity_at.type), grant.last_user_activity_at
    )
    return (
        update(consent_grant)
        .where(
            grant.grant_id == lists.value("wanted", Text),
            grant.version == lists.value("seen", grant.version.type),
            is_live(),
        )
        .values({**moved, "last_user_activity_at": used})
        .returning(grant.grant_id)
    )


_CHANGED = PreparedStatement(_changed)


def replace_items(connection: Connection, grant_id: str, items: Sequence[GrantedItem]) -> None:
    """Make the grant hold exactly these items; absence means not granted. The events keep the history."""
    DROPPED_ITEMS(connection, wanted=[grant_id])
    insert_once(connection, grant_item, item_rows(grant_id, items))


DROPPED_ITEMS = PreparedStatement(lambda lists: delete(grant_item).where(lists.any_of(grant_item.c.grant_id)))


def item_rows(grant_id: str, items: Sequence[GrantedItem]) -> list[dict[str, Any]]:
    """Spell a grant's items for their table."""
    return [
        {
            "grant_id": grant_id,
            "field": each.item.field,
            "purpose": each.item.purpose,
            "form": str(each.item.form),
            "needed": each.needed,
            "retention_days": each.retention_days,
        }
        for each in items
    ]


def forget_refusals(connection: Connection, marks: Sequence[tuple[str, int]]) -> Sequence[bool]:
    """Stop remembering refusals: (grant, at); False where it is not remembered. The refusal stays in the history."""
    own, found = consent_grant.c, []
    for grant_id, at in marks:
        statement = (
            update(consent_grant)
            .where(own.grant_id == grant_id, own.state == GrantState.REFUSED, own.ended_at.is_(None))
            .values(ended_at=at, end_reason="user_request")
            .returning(own.grant_id)
        )
        found.append(connection.execute(statement).first() is not None)
    return found
