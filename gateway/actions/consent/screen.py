"""The consent screen: what the person is asked, or why no screen is shown."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.authentication.strength import Strength, strength_of
from gateway.actions.consent.asking import is_decided, offer_on_screen, put_on_screen
from gateway.actions.consent.commit import ANEW, renew
from gateway.actions.consent.deciders import Decider, Lock, find_decider, find_lock, is_remembered
from gateway.actions.oauth.authorize import (
    Authorization,
    Choices,
    check_login,
    go_back,
    seal_authorization,
)
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.consent.choices import Offered
from gateway.consent.locks import why_locked
from gateway.consent.recognition import may_recognise
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import Grant, GrantState, item_words
from gateway.model.item_keys import item_key
from gateway.model.people import Session
from gateway.model.registry import LiveOffer, Notice, RegisteredPartner
from gateway.oauth.answers.response_modes import Back
from gateway.oauth.requests.claims_request import claims_of
from gateway.store.consent.served_notices import Served, serve_notices
from gateway.store.partners.partners import load_notices, load_offer_versions
from partners import OfferDifference, OfferItem, diff_offers, offer_from_content
from scopes import Item, preview

SCREEN = "screen"
"""The purpose of a screen's ticket; its content says whose screen it is."""
TRIES = 3
"""How many tries a decision gets when the grant changes between being loaded and being committed."""
RENEWAL_AFTER = 90 * DAY
"""Time after which a grant that the person did not use is shown again (consent.md rule 11)."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything the consent screen shows.

    Attributes:
        put: what it asks, and what stands beside it.
        values: what each item would hand over, by (item key, form); None where the profile holds nothing.
        seen: the live grant that the answer would add to; None where everything is asked anew.
        agreed: the notice that `seen` was given under, where the offer has changed since.
        replaced: the live grant whose place a yes takes; None where there is none.
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
    put: Offered
    values: Mapping[tuple[str, str], str | None]
    email: str
    seen: Grant | None
    changes: tuple[OfferDifference, ...]
    choices: Choices | None
    is_fresh: bool
    guardian_decides: bool = False
    agreed: Notice | None = None
    replaced: Grant | None = None


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
    """Decide what the signed-in person sees: the screen, a block, or nothing if all was decided before."""
    for _ in range(TRIES):
        found = await _shown(services, authorization, session)
        if found is not None:
            return found
    raise Refusal("temporarily_unavailable", detail="the grant changed again and again", retry_after=1)


async def _shown(
    services: Services, authorization: Authorization, session: Session
) -> Screen | Blocked | Back | None:
    """Decide once what to show; None where the grant changed before its code was committed."""
    asked = authorization.asked(services)
    offer, partner = asked.offer, services.registry.partners[asked.client.client.partner_id]
    decider, now = await find_decider(services, session, offer.offer.offer_id), services.clock()
    lock, grant = find_lock(services, partner, decider), decider.standing.grant
    is_known = lock is None and may_recognise(grant, now)
    unfit = _unfit(services, authorization, session, grant, is_known=is_known)
    if unfit is not None:
        return go_back(services, authorization, unfit)
    if lock is None and await _is_out_of_reach(services, authorization, session):
        if is_known:
            refusal = Refusal("unmet_authentication_requirements", detail="an essential acr out of reach")
            return go_back(services, authorization, refusal)
        lock = Lock("strength")
    if lock is not None:
        refusal = Refusal("access_denied", detail=f"blocked: {lock.kind}")
        ticket = seal_authorization(services, authorization)
        return Blocked(lock, partner, offer, go_back(services, authorization, refusal), ticket)
    settled = _settled(services, authorization, decider, now)
    if settled is not None:
        return await renew(services, authorization, session, settled)
    if "none" in authorization.prompts:
        return go_back(services, authorization, Refusal("consent_required", detail="prompt=none"))
    if is_remembered(services, decider.standing) and not authorization.is_again:
        refusal = Refusal("access_denied", detail="refused before, remembered")
        return go_back(services, authorization, refusal)
    return await _serve(services, authorization, session, decider)


async def is_well_signed_in(services: Services, authorization: Authorization, session: Session) -> bool:
    """Whether a log-in is one that the request can be answered with."""
    if await check_login(services, authorization, session) is not None:
        return False
    return not await _is_out_of_reach(services, authorization, session)


async def _is_out_of_reach(services: Services, authorization: Authorization, session: Session) -> bool:
    strength = await strength_of(services, authorization.parameters, session, was_asked=True)
    return strength is Strength.OUT_OF_REACH


def _unfit(
    services: Services, authorization: Authorization, session: Session, grant: Grant | None, *, is_known: bool
) -> Refusal | None:
    """Say why a request is answered without a page; nothing about people the partner may not know (0061).

    Args:
        is_known: the partner may recognise this person by a grant that stands.
    """
    if "none" in authorization.prompts and not is_known:
        return Refusal("login_required", detail="prompt=none, and no grant stands")
    subjects = claims_of(authorization.parameters).subjects
    client = authorization.asked(services).client
    is_named = is_known and services.subject(client, session.person.person_id) in subjects
    if subjects and not is_named:
        return Refusal("login_required", detail="nobody whom the claims parameter names and who has a grant")
    named = authorization.parameters.get("grant_id")
    if named is None or (is_known and grant is not None and grant.grant_id == named):
        return None
    # Only for a person with a grant here is the partner told that its id is wrong; unknown ids look the same.
    return Refusal("invalid_grant_id" if is_known else "access_denied", detail="not this person's grant")


def _settled(services: Services, authorization: Authorization, decider: Decider, now: int) -> Grant | None:
    """Find the grant that answers the request without a screen (consent.md rule 11)."""
    standing, asked = decider.standing, authorization.asked(services)
    grant = None if standing.is_used_up else standing.grant
    if grant is None or "consent" in authorization.prompts or asked.grant_action in ANEW:
        return None
    if authorization.is_again or not is_decided(services, authorization, grant):
        return None
    if why_locked(grant, decider.person, standing.approvals, services.registry) is not None:
        return None
    return grant if grant.is_live(now) and now < standing.used_at + RENEWAL_AFTER else None


async def _serve(
    services: Services,
    authorization: Authorization,
    session: Session,
    decider: Decider,
) -> Screen:
    standing, profile = decider.standing, decider.profile
    asked, now = authorization.asked(services), services.clock()
    put = put_on_screen(services, authorization, standing.grant, at=now)
    items = (*put.asked, *(item for item, _ in put.kept))
    relay = services.relay_address(asked.client.client.partner_id, session.person.person_id)
    values = _previews(profile, items, profile.counted_day(now), relay, session.person.language)
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
    await services.store.versioned_lane(serve_notices).submit(served)
    content = {
        "a": seal_authorization(services, authorization),
        "s": served.served_id,
        "n": notice.notice_id,
        "l": notice.language,
        "v": asked.offer.version,
        "g": seen_of(standing.grant),
        "o": session.person.person_id,
        "e": session.session_digest.hex(),
        "t": now,
    }
    seen = None if asked.grant_action in ANEW else standing.grant
    return Screen(
        authorization=authorization,
        ticket=services.seal.ticket(SCREEN, content),
        partner=services.registry.partners[asked.client.client.partner_id],
        offer=offer_on_screen(asked, put),
        notice=notice,
        put=put,
        values=values,
        email=profile.values({"email"})["email"],
        seen=seen,
        changes=await _changes(services, seen, asked.offer),
        choices=_own(authorization.choices, session),
        is_fresh=is_fresh(services, session),
        guardian_decides=decider.person.needs_guardian,
        agreed=await _agreed(services, seen, asked.offer),
        replaced=None if seen is standing.grant else standing.grant,
    )


async def _agreed(services: Services, seen: Grant | None, offer: LiveOffer) -> Notice | None:
    is_older = seen is not None and seen.offer_version != offer.version
    return await services.store.read(load_notices, seen.notice_id) if seen and is_older else None


def _own(choices: Choices | None, session: Session) -> Choices | None:
    """Keep choices only for the person who made them, because an address passed on must not tick a box."""
    is_own = choices is not None and choices.person_id == session.person.person_id
    return choices if is_own else None


async def _changes(services: Services, seen: Grant | None, offer: LiveOffer) -> tuple[OfferDifference, ...]:
    if seen is None or seen.offer_version == offer.version:
        return ()
    content = await services.store.read(load_offer_versions, (seen.offer_id, seen.offer_version))
    return diff_offers(offer_from_content(content), offer.offer)


def _notice(offer: LiveOffer, language: str) -> Notice:
    return offer.notices.get(language) or offer.notices["en"]


def _previews(
    profile: OpenedProfile, items: Iterable[OfferItem], today: date, relay: str | None, language: str
) -> dict[tuple[str, str], str | None]:
    opened = profile.values({item.field for item in items})
    return {
        (item_key(item), str(form)): preview(
            Item(item.field, item.purpose, form),
            opened,
            today=today,
            relay_address=relay,
            language=language,
        )
        for item in items
        for form in item.forms
    }


def seen_of(grant: Grant | None) -> list[Any]:
    """Spell what a screen shows of a grant; a pause or a resumption in the meantime does not change it."""
    if grant is None:
        return []
    terms = [grant.grant_id, grant.offer_version, grant.terms_version, grant.valid_until, grant.use_limit]
    return [*terms, grant.state is GrantState.WAITING, item_words(grant.granted)]
