"""The consent screen's story: what is put before the person, or why nothing is."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from gateway.actions.authorize import (
    Authorization,
    Choices,
    go_back,
    seal_authorization,
)
from gateway.actions.consent_commit import ANEW, check_verdict, make_code
from gateway.actions.deciders import Decider, Lock, find_decider, find_lock, is_remembered
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.consent.choices import item_key
from gateway.consent.locks import why_locked
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import Grant
from gateway.model.people import Session
from gateway.model.registry import LiveOffer, Notice, RegisteredPartner
from gateway.oauth.response_modes import Back
from gateway.oauth.wanted import asked_offer, wanted_items
from gateway.store.consents import (
    Renewal,
    Served,
    commit_renewals,
    serve_notices,
)
from gateway.store.partners import load_notices, load_offer_versions
from partners import Change, OfferItem, diff_offers, offer_from_content
from scopes import Item, preview

RENEWAL_AFTER = 90 * 86_400
"""A grant that the person did not use for so long is shown again (consent.md rule 11)."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything the consent screen shows.

    Attributes:
        values: what each item would hand over, by (item key, form); None where the profile holds nothing.
        seen: the live grant that the answer would add to; None where everything is asked anew.
        agreed: the notice that `seen` was given under, where the offer has changed since.
        changes: how the offer differs from the version that `seen` was given under.
        is_fresh: the password was given so recently that values may be shown in full (promise P15).
        guardian_decides: a yes asks the guardian and shares nothing yet (promise P9).
        choices: what this person had chosen when the screen was last shown; None on a first look.
        ticket: carries the screen's state; it opens in this session only.
    """

    authorization: Authorization
    ticket: str
    partner: RegisteredPartner
    offer: LiveOffer
    notice: Notice
    items: tuple[OfferItem, ...]
    values: Mapping[tuple[str, str], str | None]
    email: str
    seen: Grant | None
    changes: tuple[Change, ...]
    choices: Choices | None
    is_fresh: bool
    guardian_decides: bool = False
    agreed: Notice | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """The person cannot decide now, and why.

    Attributes:
        ticket: leads back here after the school was asked.
    """

    lock: Lock
    partner: RegisteredPartner
    offer: LiveOffer
    leave: Back
    ticket: str


async def show_consent(
    services: Services, authorization: Authorization, session: Session
) -> Screen | Blocked | Back:
    """Decide what the signed-in person sees: the screen, a block, or nothing because it was all decided before."""
    asked = authorization.asked(services)
    offer, partner = asked.offer, services.registry.partners[asked.client.client.partner_id]
    decider, now = await find_decider(services, session, offer.offer.offer_id), services.clock()
    lock = find_lock(services, partner, decider)
    if lock is not None:
        return _blocked(services, authorization, lock, partner, offer)
    if _is_foreign(authorization, decider.standing.grant):
        return go_back(services, authorization, Refusal("invalid_grant_id", detail="not this person's grant"))
    settled = _settled(services, authorization, decider, now)
    if settled is not None:
        return await _renew(services, authorization, session, settled)
    if is_remembered(services, decider.standing):
        return go_back(services, authorization, _closed(authorization, "refused before, remembered"))
    if "none" in authorization.prompts:
        return go_back(services, authorization, Refusal("consent_required", detail="prompt=none"))
    return await _serve(services, authorization, session, decider)


def _blocked(
    services: Services, authorization: Authorization, lock: Lock, partner: RegisteredPartner, offer: LiveOffer
) -> Blocked | Back:
    back = go_back(services, authorization, _closed(authorization, f"blocked: {lock.kind}"))
    if "none" in authorization.prompts:
        return back
    return Blocked(lock, partner, offer, back, seal_authorization(services, authorization))


def _closed(authorization: Authorization, detail: str) -> Refusal:
    """Refuse where no screen would help: the person has to do something here first (OIDC Core §3.1.2.6).

    Somebody who said no and somebody who may not decide look the same: nobody can find out silently who is a child.
    """
    code = "interaction_required" if "none" in authorization.prompts else "access_denied"
    return Refusal(code, detail=detail)


def _is_foreign(authorization: Authorization, grant: Grant | None) -> bool:
    """Whether the request names another grant than the one that is this person's; unknown ones look the same."""
    named = authorization.parameters.get("grant_id")
    return named is not None and (grant is None or grant.grant_id != named)


def _settled(services: Services, authorization: Authorization, decider: Decider, now: int) -> Grant | None:
    """Find the grant that answers the request without a screen (consent.md rule 11)."""
    standing, asked = decider.standing, authorization.asked(services)
    grant = None if standing.is_used_up else standing.grant
    if grant is None or "consent" in authorization.prompts or asked.grant_action in ANEW:
        return None
    held = {(each.item.field, each.item.purpose) for each in grant.items}
    if asked.grant_action == "merge" and not all(
        (item.field, item.purpose) in held for item in wanted_items(asked, grant)
    ):
        return None
    if why_locked(grant, decider.person, standing.approvals, services.registry) is not None:
        return None
    return grant if grant.is_live(now) and now < standing.used_at + RENEWAL_AFTER else None


async def _renew(services: Services, authorization: Authorization, session: Session, grant: Grant) -> Back:
    back, code = make_code(services, authorization, session, grant)
    renewal = Renewal(grant, code, authorization.request_digest, services.clock())
    verdict = await services.store.run(commit_renewals, renewal)
    check_verdict(verdict)
    return back


async def _serve(
    services: Services,
    authorization: Authorization,
    session: Session,
    decider: Decider,
) -> Screen:
    standing, profile = decider.standing, decider.profile
    asked, now = authorization.asked(services), services.clock()
    items = wanted_items(asked, standing.grant)
    relay = services.relay_address(asked.client.client.partner_id, session.person.person_id)
    values = _previews(profile, items, day_of(now), relay)
    notice = _notice(asked.offer, session.person.language)
    screen_digest = hashlib.sha256(json.dumps([item_key(item) for item in items]).encode()).digest()
    served = Served(
        served_id=services.ids(Kind.SERVED),
        person_id=session.person.person_id,
        notice_id=notice.notice_id,
        client_id=asked.client.client.client_id,
        surface="consent_screen",
        language=notice.language,
        screen_digest=screen_digest,
        served_at=now,
    )
    await services.store.telling_lane(serve_notices).submit(served)
    content = {
        "a": seal_authorization(services, authorization),
        "s": served.served_id,
        "n": notice.notice_id,
        "l": notice.language,
        "v": asked.offer.version,
        "g": standing.grant.grant_id if standing.grant else "",
        "w": standing.grant.version if standing.grant else 0,
    }
    seen = None if asked.grant_action in ANEW else standing.grant
    return Screen(
        authorization=authorization,
        ticket=services.seal.ticket(place_of(session.session_digest), content),
        partner=services.registry.partners[asked.client.client.partner_id],
        offer=asked_offer(asked),
        notice=notice,
        items=items,
        values=values,
        email=profile.values({"email"})["email"],
        seen=seen,
        changes=await _changes(services, seen, asked.offer),
        choices=_own(authorization.choices, session),
        is_fresh=now - session.auth_time <= services.settings.reauthentication_ttl,
        guardian_decides=decider.person.needs_guardian,
        agreed=await _agreed(services, seen, asked.offer),
    )


async def _agreed(services: Services, seen: Grant | None, offer: LiveOffer) -> Notice | None:
    is_older = seen is not None and seen.offer_version != offer.version
    return await services.store.read(load_notices, seen.notice_id) if seen and is_older else None


def _own(choices: Choices | None, session: Session) -> Choices | None:
    """Keep choices only for whoever made them: an address that was passed on must not tick a box."""
    is_own = choices is not None and choices.person_id == session.person.person_id
    return choices if is_own else None


async def _changes(services: Services, seen: Grant | None, offer: LiveOffer) -> tuple[Change, ...]:
    if seen is None or seen.offer_version == offer.version:
        return ()
    content = await services.store.read(load_offer_versions, (seen.offer_id, seen.offer_version))
    return diff_offers(offer_from_content(content), offer.offer)


def _notice(offer: LiveOffer, language: str) -> Notice:
    return offer.notices.get(language) or offer.notices["en"]


def _previews(
    profile: OpenedProfile, items: Iterable[OfferItem], today: date, relay: str | None
) -> dict[tuple[str, str], str | None]:
    opened = profile.values({item.field for item in items})
    return {
        (item_key(item), str(form)): preview(
            Item(item.field, item.purpose, form), opened, today=today, relay_address=relay
        )
        for item in items
        for form in item.forms
    }


def place_of(session_digest: bytes) -> str:
    """Name where a screen's ticket opens: in its own session only."""
    return f"screen:{session_digest.hex()}"
