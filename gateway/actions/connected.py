"""Connected services: what a person shares with whom, every hand-off, and how to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.actions.deletions import AskedDeletion, ask_deletion
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.actions.sessions import is_fresh
from gateway.consent.decisions import Actor, Outcome, end, narrow, pause, resume, shorten
from gateway.consent.visits import is_own_use
from gateway.kit.errors import Refusal
from gateway.ledger.entries import Commitments
from gateway.model.deletions import Deletion
from gateway.model.grants import LIVE, ActorKind, Grant, GrantState, ReasonCode
from gateway.model.handoffs import Handoff
from gateway.model.people import Session
from gateway.model.registry import Notice
from gateway.store.admin_actions import AdminAction
from gateway.store.complaints import Complaint, load_complaints
from gateway.store.consents import Verdict, forget_refusals
from gateway.store.deletions import load_deletions
from gateway.store.grants import (
    Change,
    GrantDetail,
    GrantLine,
    GrantQuery,
    commit_changes,
    load_details,
    search_grants,
)
from gateway.store.guardians import NewAnswer, load_guardians
from gateway.store.handoffs import HandoffQuery, find_visits, search_handoffs
from gateway.store.log_archive import load_archives
from gateway.store.partners import load_notices, load_offer_versions
from gateway.store.profiles import load_profiles
from gateway.store.relay import Post, load_post
from partners import Offer, offer_from_content
from scopes import FIELDS, Item, masked, preview, release


@dataclass(frozen=True, slots=True)
class ConnectedItem:
    """One granted item with the value that a read would give now; masked until the password was given recently.

    Attributes:
        older_copy_at: when the partner last read it, if the value has changed since.
    """

    item: Item
    is_needed: bool
    value: str | None
    older_copy_at: int | None


@dataclass(frozen=True, slots=True)
class ConnectedService:
    """One combined service of a person.

    Attributes:
        own_uses: by hand-off, whether the person was there; None where nobody knows any more.
        has_guardian: whether anybody can answer what waits for a guardian.
        post: what came through the person's private address for this partner.
        deletion: what the partner was asked to delete at the end, and what it said.
        archived_before: where it ended long ago, its hand-offs before this second may be in an archive only.
    """

    detail: GrantDetail
    offer: Offer
    items: tuple[ConnectedItem, ...]
    handoffs: tuple[Handoff, ...]
    is_fresh: bool
    complaints: tuple[Complaint, ...] = ()
    archived_before: int | None = None
    own_uses: Mapping[str, bool | None] = field(default_factory=dict)
    post: Post | None = None
    deletion: Deletion | None = None
    has_guardian: bool = True


async def list_connected(services: Services, session: Session) -> list[GrantLine]:
    """List every grant of a person, ended and refused ones too, newest first."""
    return await services.store.read(search_grants, GrantQuery(person_id=session.person.person_id, limit=500))


async def see_connected(services: Services, session: Session, grant_id: str) -> ConnectedService:
    """Show one combined service with every hand-off.

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's alike.
    """
    detail = await own_detail(services, session, grant_id)
    grant = detail.line.grant
    content = await services.store.read(load_offer_versions, (grant.offer_id, grant.offer_version))
    handoffs = await services.store.read(search_handoffs, HandoffQuery(grant_id=grant_id, limit=500))
    profile = OpenedProfile(services.seal, await services.store.read(load_profiles, session.person.person_id))
    fresh, today = is_fresh(services, session), day_of(services.clock())
    opened = profile.values({each.item.field for each in grant.items})
    relay = services.relay_address(grant.partner_id, grant.person_id)
    items, commitments = [], Commitments(profile.key, grant_id)
    for each in sorted(grant.items, key=lambda granted: (not granted.needed, granted.item)):
        value = preview(each.item, opened, today=today, relay_address=relay)
        shown = value if fresh or value is None else masked(each.item.field, value)
        claim = release([each.item], opened, today=today, relay_address=relay).get(
            FIELDS[each.item.field].claim_of(each.item.form)
        )
        older = _older_copy(each.item, commitments.to(each.item, claim), handoffs)
        items.append(ConnectedItem(each.item, each.needed, shown, older))
    complaints = await services.store.read(load_complaints, grant_id)
    digests = frozenset(each.token_digest for each in handoffs)
    visits = await services.store.read(find_visits, digests)
    archived = None if handoffs else await archived_before(services, detail.line)
    return ConnectedService(
        detail,
        offer_from_content(content),
        tuple(items),
        tuple(handoffs),
        fresh,
        tuple(complaints),
        archived,
        {each.handoff_id: is_own_use(visits.get(each.token_digest), each.at) for each in handoffs},
        await services.store.read(load_post, (grant.person_id, grant.partner_id)),
        await services.store.read(load_deletions, grant_id),
        grant.state is not GrantState.WAITING
        or bool(await services.store.read(load_guardians, grant.person_id)),
    )


async def archived_before(services: Services, line: GrantLine) -> int | None:
    """Tell before when hand-offs were archived, if this grant was over by then and they may stand there only."""
    over_at = line.grant.valid_until if line.ended_at is None else line.ended_at
    archives = await services.store.read(load_archives, None)
    return archives[-1].before_at if archives and over_at < archives[-1].before_at else None


def _older_copy(item: Item, present: str, handoffs: list[Handoff]) -> int | None:
    """Find when an item was last read, if its value has changed since: the commitments differ."""
    reads = (
        (handoff.at, handed.commitment)
        for handoff in handoffs
        for handed in handoff.items
        if handed.item == item
    )
    at, last = next(reads, (None, present))
    return None if last == present else at


async def own_detail(services: Services, session: Session, grant_id: str) -> GrantDetail:
    """Load one's own grant.

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's alike.
    """
    detail = await services.store.read(load_details, grant_id)
    if detail is None or detail.line.grant.person_id != session.person.person_id:
        raise Refusal("not_found", detail="unknown grant, or somebody else's")
    return detail


async def see_notice(services: Services, session: Session, grant_id: str) -> Notice:
    """Show the notice that a grant stands on, byte for byte (promise P16)."""
    detail = await own_detail(services, session, grant_id)
    notice = await services.store.read(load_notices, detail.line.grant.notice_id)
    if notice is None:
        raise Refusal("not_found", detail="a grant without its notice")
    return notice


def _subject(session: Session) -> Actor:
    person_id = session.person.person_id
    return Actor(ActorKind.SUBJECT, person_id, "connected_services", session.auth_time, session.acr)


async def switch_off(services: Services, session: Session, grant_id: str, field: str, purpose: str) -> Grant:
    """Switch one item off; the next read no longer has it."""
    seen = (await own_detail(services, session, grant_id)).line.grant
    outcome = narrow(seen, _subject(session), field, purpose, now=services.clock(), ids=services.ids)
    return await commit_change(services, outcome)


async def stop(services: Services, session: Session, grant_id: str, *, delete: bool = False) -> Grant:
    """Stop a combined service: every token dies in the same transaction. An ordinary session is enough (P15).

    Args:
        delete: ask the partner to delete what it holds, where it can be asked.
    """
    seen = (await own_detail(services, session, grant_id)).line.grant
    reason = ReasonCode.USER_REQUEST
    outcome = end(seen, _subject(session), reason, now=services.clock(), ids=services.ids)
    asked = ask_deletion(services, seen) if delete else None
    return await commit_change(services, outcome, reason, asked=asked)


async def shorten_sharing(services: Services, session: Session, grant_id: str, until: int) -> Grant:
    """Let a service end sooner; every token keeps reading until then. An ordinary session is enough (P15)."""
    seen = (await own_detail(services, session, grant_id)).line.grant
    outcome = shorten(seen, _subject(session), until, now=services.clock(), ids=services.ids)
    return await commit_change(services, outcome)


async def pause_sharing(services: Services, session: Session, grant_id: str) -> Grant:
    """Pause a service: the next read gets nothing. An ordinary session is enough (P15)."""
    seen = (await own_detail(services, session, grant_id)).line.grant
    reason = ReasonCode.USER_REQUEST
    outcome = pause(seen, _subject(session), reason, now=services.clock(), ids=services.ids)
    return await commit_change(services, outcome)


async def resume_sharing(services: Services, session: Session, grant_id: str) -> Grant:
    """Go on with what the person paused; what paused for another reason asks for an answer on its screen.

    Raises:
        Refusal: ``stale_form`` when it is not the person's own pause.
    """
    seen = (await own_detail(services, session, grant_id)).line.grant
    if seen.paused_for is not ReasonCode.USER_REQUEST:
        raise Refusal("stale_form", detail="not the person's own pause")
    now = services.clock()
    outcome = resume(seen, _subject(session), now=now, ids=services.ids)
    return await commit_change(services, outcome, used_at=now)


async def stop_everything(services: Services, session: Session, *, delete: bool = False) -> int:
    """Stop every service at once; give how many."""
    stopped = 0
    for line in await list_connected(services, session):
        if line.grant.state in LIVE:
            await stop(services, session, line.grant.grant_id, delete=delete)
            stopped += 1
    return stopped


async def commit_change(
    services: Services,
    outcome: Outcome,
    reason: ReasonCode | None = None,
    action: AdminAction | None = None,
    *,
    answer: NewAnswer | None = None,
    used_at: int | None = None,
    asked: AskedDeletion | None = None,
) -> Grant:
    """Commit a change of a grant, together with the administrator's act or the guardian's answer, if there is one.

    Raises:
        Refusal: ``stale_form`` when somebody else changed it first.
    """
    actions = (*((action,) if action else ()), *((asked.action,) if asked else ()))
    deletion = asked.deletion if asked else None
    verdict = await services.store.run(
        commit_changes,
        Change(outcome.grant, outcome.event, services.clock(), reason, actions, answer, used_at, deletion),
    )
    if verdict is not Verdict.DONE:
        raise Refusal("stale_form", detail="the grant changed in the meantime")
    return outcome.grant


async def let_ask_again(services: Services, session: Session, grant_id: str) -> None:
    """Forget a remembered 'no thanks': the person wants to be asked again."""
    detail = await own_detail(services, session, grant_id)
    if detail.line.grant.state is not GrantState.REFUSED:
        raise Refusal("stale_form", detail="not a refusal")
    await services.store.run(forget_refusals, (grant_id, services.clock()))
