"""A person's own consents: what they share with whom, every hand-off, and how to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.grant_changes import commit_change
from gateway.actions.grants.lines import Received, see_received
from gateway.actions.grants.pauses import LET_ASK_AGAIN, see_acts, see_pause
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.partners.deletions import ask_deletion
from gateway.actions.services import Services, day_of
from gateway.consent.attendance import is_own_use
from gateway.consent.decisions import Actor, end, narrow, pause, resume, shorten
from gateway.consent.pauses import Pause
from gateway.consent.step_up import takes_step_up
from gateway.kit.errors import Refusal
from gateway.ledger.entries import Commitments
from gateway.model.administration.actions import AdminAction
from gateway.model.deletions import Deletion
from gateway.model.grants import LIVE, ActorKind, Grant, GrantState, ReasonCode
from gateway.model.ledger.handoffs import Handoff
from gateway.model.people import Session
from gateway.model.registry import Notice
from gateway.store.admin_actions import on_record
from gateway.store.approvals import load_guardians
from gateway.store.consent.complaints import Complaint, load_complaints
from gateway.store.consent.grant_moves import forget_refusals
from gateway.store.consent.grants import GrantDetail, GrantLine, GrantQuery, load_details, search_grants
from gateway.store.ledger.archive import load_archives
from gateway.store.ledger.handoffs import HandoffQuery, find_visits, search_handoffs
from gateway.store.mail.relay import Post, load_post
from gateway.store.partners.deletions import load_deletions
from gateway.store.partners.partners import load_notices, load_offer_versions
from gateway.store.profiles import load_profiles
from partners import Offer, offer_from_content
from scopes import FIELDS, Item, masked, preview, release

_FORGET = on_record(forget_refusals)


@dataclass(frozen=True, slots=True)
class OwnConsentItem:
    """One granted item with the value that a read would give now; masked until the password was given recently.

    Attributes:
        older_copy_at: when the partner last read it, if the value has changed since.
    """

    item: Item
    is_needed: bool
    value: str | None
    older_copy_at: int | None


@dataclass(frozen=True, slots=True)
class OwnConsent:
    """A consent of the person who is signed in, with all that its page shows.

    Attributes:
        pause: what holds it back now; None where nothing does.
        acts: what was decided about it by no event of its own.
        received: by the hand-off log, whatever the grant says now.
        own_uses: by hand-off, whether the person was there; None where it is no longer known.
        has_guardian: whether anybody can answer what waits for a guardian.
        post: what came through the person's private address for this partner.
        deletion: what the partner was asked to delete at the end, and what it said.
        archived_before: if it ended long ago, its hand-offs before this second may be in an archive only.
    """

    detail: GrantDetail
    offer: Offer
    items: tuple[OwnConsentItem, ...]
    handoffs: tuple[Handoff, ...]
    received: tuple[Received, ...]
    pause: Pause | None
    acts: tuple[AdminAction, ...]
    is_fresh: bool
    complaints: tuple[Complaint, ...] = ()
    archived_before: int | None = None
    own_uses: Mapping[str, bool | None] = field(default_factory=dict)
    post: Post | None = None
    deletion: Deletion | None = None
    has_guardian: bool = True


async def list_own_consents(services: Services, session: Session) -> list[GrantLine]:
    """List every grant of a person, ended and refused ones too, newest first."""
    return await services.store.read(search_grants, GrantQuery(person_id=session.person.person_id, limit=500))


async def see_own_consent(services: Services, session: Session, grant_id: str) -> OwnConsent:
    """Show one of the person's own consents with every hand-off.

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
        items.append(OwnConsentItem(each.item, each.needed, shown, older))
    complaints = await services.store.read(load_complaints, grant_id)
    digests = frozenset(each.token_digest for each in handoffs)
    visits = await services.store.read(find_visits, digests)
    archived = None if handoffs else await archived_before(services, detail.line)
    offer, deletion = offer_from_content(content), await services.store.read(load_deletions, grant_id)
    return OwnConsent(
        detail,
        offer,
        tuple(items),
        tuple(handoffs),
        await see_received(services, detail.line, offer, deletion),
        await see_pause(services, detail),
        await see_acts(services, detail.line),
        fresh,
        tuple(complaints),
        archived,
        {each.handoff_id: is_own_use(visits.get(each.token_digest), each.at) for each in handoffs},
        await services.store.read(load_post, (grant.person_id, grant.partner_id)),
        deletion,
        grant.state is not GrantState.WAITING
        or bool(await services.store.read(load_guardians, grant.person_id)),
    )


async def archived_before(services: Services, line: GrantLine) -> int | None:
    """Tell up to when hand-offs were archived, if this grant was over by then; None where it was not."""
    over_at = line.grant.valid_until if line.ended_at is None else line.ended_at
    archives = await services.store.read(load_archives, None)
    return archives[-1].before_at if archives and over_at < archives[-1].before_at else None


def _older_copy(item: Item, present: str, handoffs: list[Handoff]) -> int | None:
    """Find when an item was last read, if its value has changed since, which differing commitments show."""
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


async def resume_sharing(services: Services, session: Session, grant_id: str) -> Grant | None:
    """Resume a service that the person paused; one paused for another reason needs an answer on its screen.

    Returns:
        The grant; None where something sensitive would leave again, which needs a recent step-up first (P15).

    Raises:
        Refusal: ``stale_form`` when the person did not pause it.
    """
    seen = (await own_detail(services, session, grant_id)).line.grant
    if seen.paused_for is not ReasonCode.USER_REQUEST:
        raise Refusal("stale_form", detail="not the person's own pause")
    now = services.clock()
    outcome = resume(seen, _subject(session), now=now, ids=services.ids)
    if takes_step_up(outcome, seen) and not is_fresh(services, session):
        return None
    return await commit_change(services, outcome, used_at=now)


async def stop_everything(services: Services, session: Session, *, delete: bool = False) -> int:
    """Stop every service at once; give how many."""
    stopped = 0
    for line in await list_own_consents(services, session):
        if line.grant.state in LIVE:
            await stop(services, session, line.grant.grant_id, delete=delete)
            stopped += 1
    return stopped


async def let_ask_again(services: Services, session: Session, grant_id: str) -> None:
    """Forget a remembered 'no thanks', because the person wants to be asked again; an ordinary session is enough.

    It shares nothing: what is asked then is a question of its own. That it was done goes on record.

    Raises:
        Refusal: ``stale_form`` for what is no refusal, or a guardian's, or may be asked again already.
    """
    line = (await own_detail(services, session, grant_id)).line
    if line.grant.state is not GrantState.REFUSED or line.latest.actor_kind is not ActorKind.SUBJECT:
        raise Refusal("stale_form", detail="not the person's own refusal")
    act = act_of(services, session.person.person_id, LET_ASK_AGAIN, "grant", grant_id)
    if not await services.store.run(_FORGET, ((grant_id, act.at), act)):
        raise Refusal("stale_form", detail="may be asked again already")
