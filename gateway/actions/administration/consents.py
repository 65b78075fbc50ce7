"""Administrators and consents: search, look, revoke. None of them can give one (promise P17)."""

from dataclasses import dataclass

from gateway.actions.admin_record import condition_names, record_look
from gateway.actions.directory import find_person
from gateway.actions.grant_changes import commit_change
from gateway.actions.partners.deletions import ask_deletion
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import ActorKind, Grant, GrantState, ReasonCode
from gateway.model.ledger.handoffs import Handoff
from gateway.store.accounts.organisations import load_organisations
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grants import (
    GrantDetail,
    GrantLine,
    GrantQuery,
    find_grant_depths,
    load_details,
    search_grants,
)
from gateway.store.ledger.handoffs import HandoffQuery, search_handoffs
from gateway.store.partners.partners import load_offer_versions
from partners import Offer, offer_from_content

PAGE = 50
REVOKE_REASONS = (
    ReasonCode.PHONE_REQUEST,
    ReasonCode.USER_REQUEST,
    ReasonCode.GUARDIAN_REQUEST,
    ReasonCode.SCHOOL_POLICY,
    ReasonCode.PARTNER_BREACH,
    ReasonCode.MARKETING_COMPLAINT,
    ReasonCode.SECURITY_INCIDENT,
    ReasonCode.LEGAL_ORDER,
    ReasonCode.ACCOUNT_CLOSED,
    ReasonCode.DATA_ERROR,
    ReasonCode.ADMIN_CORRECTION,
)
"""The reasons that a human being can have; the others are the gateway's own."""


@dataclass(frozen=True, slots=True)
class GrantSearch:
    """What to search consents by.

    Attributes:
        email: a person's log-in, exactly; people cannot be browsed.
        since: given at this second or later; `until`: before this second.
        before: key of the last line of the page before.
    """

    email: str = ""
    partner_id: str | None = None
    field: str | None = None
    state: GrantState | None = None
    since: int | None = None
    until: int | None = None
    before: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class FoundGrants:
    """A page of consents, newest first; `older` is the key from which the next page goes on."""

    lines: tuple[GrantLine, ...]
    older: tuple[int, str] | None
    looked_through: int | None = None


async def find_grants(services: Services, actor_id: str, search: GrantSearch) -> FoundGrants:
    """Search consents; the search is put on record. An unknown person looks like one without consents."""
    await record_look(services, actor_id, "search_grants", "grant", "all", condition_names(search))
    person_id = await find_person(services, search.email) if search.email else None
    if search.email and person_id is None:
        return FoundGrants((), None)
    query = GrantQuery(
        person_id=person_id,
        partner_id=search.partner_id,
        field=search.field,
        state=search.state,
        since=search.since,
        until=search.until,
        before=search.before,
        limit=PAGE + 1,
    )
    found = await services.store.read(search_grants, query)
    shown = tuple(found[:PAGE])
    if len(found) > PAGE:
        return FoundGrants(shown, (shown[-1].created_at, shown[-1].grant.grant_id))
    depth = await services.store.read(find_grant_depths, query) if query.is_narrow else None
    return FoundGrants(shown, depth, query.depth if depth else None)


@dataclass(frozen=True, slots=True)
class SeenGrant:
    """One consent with its history, by names and ids alone."""

    detail: GrantDetail
    offer: Offer
    organisation: str
    handoffs: tuple[Handoff, ...]


async def see_grant(services: Services, actor_id: str, grant_id: str) -> SeenGrant:
    """Show one consent; the look is put on record.

    Raises:
        Refusal: ``not_found``.
    """
    detail = await _known_grant(services, grant_id)
    await record_look(services, actor_id, "see_grant", "grant", grant_id)
    grant = detail.line.grant
    content = await services.store.read(load_offer_versions, (grant.offer_id, grant.offer_version))
    handoffs = await services.store.read(search_handoffs, HandoffQuery(grant_id=grant_id, limit=PAGE))
    organisations = await services.store.read(load_organisations, None)
    names = {each.organisation_id: each.name for each in organisations}
    return SeenGrant(detail, offer_from_content(content), names[detail.organisation_id], tuple(handoffs))


async def _known_grant(services: Services, grant_id: str) -> GrantDetail:
    detail = await services.store.read(load_details, grant_id)
    if detail is None:
        raise Refusal("not_found", detail="unknown grant")
    return detail


async def revoke_grant(
    services: Services, actor_id: str, grant_id: str, reason: ReasonCode, *, delete: bool = False
) -> Grant:
    """Revoke a consent: its tokens die in the same transaction, and the act is recorded in it.

    Args:
        delete: ask the partner to delete what it holds, where it can be asked.

    Raises:
        Refusal: ``not_found``; ``stale_form`` when it has ended already or changed in the meantime.
    """
    seen = (await _known_grant(services, grant_id)).line.grant
    actor = Actor(ActorKind.ADMIN, actor_id, "administration")
    outcome = end(seen, actor, reason, now=services.clock(), ids=services.ids)
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action="revoke_grant",
        target_kind="grant",
        target_id=grant_id,
        at=services.clock(),
        reason=str(reason),
    )
    asked = ask_deletion(services, seen, actor_id) if delete else None
    return await commit_change(services, outcome, reason, action, asked=asked)
