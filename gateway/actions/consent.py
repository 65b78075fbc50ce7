"""The consent screen's story: what is put before the person, and what becomes of the answer."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from gateway.actions.authorize import (
    Authorization,
    Choices,
    go_back,
    open_authorization,
    seal_authorization,
)
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.relay import new_relay
from gateway.actions.services import Services, day_of
from gateway.consent.age_policy import needs_guardian
from gateway.consent.choices import item_key, read_choice
from gateway.consent.decisions import (
    Actor,
    Basis,
    Outcome,
    ask_guardian,
    end,
    give,
    keep_terms,
    refuse,
)
from gateway.consent.locks import why_locked
from gateway.consent.terms import OWN_DAY, read_term
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.sealing import SealBroken
from gateway.model.grants import ActorKind, EventType, Grant, GrantState, ReasonCode
from gateway.model.people import Person, Session
from gateway.model.registry import Gate, LiveOffer, Notice, RegisteredPartner
from gateway.model.tokens import AuthorizationCode
from gateway.oauth.desk import Desk, sit_at
from gateway.oauth.response_modes import Back
from gateway.oauth.wanted import asked_offer, granted_reach, wanted_items
from gateway.store.consents import (
    Decision,
    NewGrant,
    Renewal,
    Served,
    Standing,
    StandingQuery,
    Verdict,
    commit_decisions,
    commit_renewals,
    load_standings,
    serve_notices,
)
from gateway.store.consents_ahead import commit_decisions as commit_ahead
from gateway.store.consents_ahead import is_common
from gateway.store.partners import load_notices, load_offer_versions
from gateway.store.people import mark_ages
from gateway.store.profiles import load_profiles
from partners import Change, Offer, OfferItem, diff_offers, offer_from_content
from scopes import FIELDS, Item, Necessity, Sensitivity, preview

ANEW = ("create", "replace")
"""Requests that are answered afresh, whatever was granted before (Grant Management §5.1)."""

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
class Lock:
    """What keeps somebody from deciding, and how far asking has come.

    Attributes:
        kind: ``school`` or ``guardian``.
        state: ``open``, ``asked`` or ``refused``.
        is_alone: a guardian would decide, and none is linked.
    """

    kind: Literal["school", "guardian"]
    state: Literal["open", "asked", "refused"] = "open"
    asked_at: int | None = None
    is_alone: bool = False


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


@dataclass(frozen=True, slots=True)
class Asked:
    """A child's wish waits for a guardian; the ticket leads to the page that says so."""

    ticket: str


@dataclass(frozen=True, slots=True)
class Decider:
    """Who stands before the screen, with what is known about them now."""

    person: Person
    standing: Standing
    profile: OpenedProfile


async def show_consent(
    services: Services, authorization: Authorization, session: Session
) -> Screen | Blocked | Back:
    """Decide what the signed-in person sees: the screen, a block, or nothing because it was all decided before."""
    asked = authorization.asked(services)
    offer, partner = asked.offer, services.registry.partners[asked.client.client.partner_id]
    decider, now = await _decider(services, session, offer.offer.offer_id), services.clock()
    lock = _lock(services, partner, decider)
    if lock is not None:
        return _blocked(services, authorization, lock, partner, offer)
    if _is_foreign(authorization, decider.standing.grant):
        return go_back(services, authorization, Refusal("invalid_grant_id", detail="not this person's grant"))
    settled = _settled(services, authorization, decider, now)
    if settled is not None:
        return await _renew(services, authorization, session, settled)
    if _is_remembered(services, decider.standing):
        return go_back(services, authorization, _closed(authorization, "refused before, remembered"))
    if "none" in authorization.prompts:
        return go_back(services, authorization, Refusal("consent_required", detail="prompt=none"))
    return await _serve(services, authorization, session, decider)


async def _decider(services: Services, session: Session, offer_id: str) -> Decider:
    """Load what is known about a person, and put on record whether a guardian decides with them today."""
    person = session.person
    query = StandingQuery(person.person_id, offer_id)
    standing = await services.store.telling_lane(load_standings, reads=True).submit(query)
    sealed = await services.store.telling_lane(load_profiles, reads=True).submit(person.person_id)
    profile = OpenedProfile(services.seal, sealed)
    is_child = needs_guardian(standing.country, person.role, profile.birthdate, day_of(services.clock()))
    if is_child != person.needs_guardian:
        await services.store.run(mark_ages, (person.person_id, is_child))
    return Decider(replace(person, needs_guardian=is_child), standing, profile)


def _is_remembered(services: Services, standing: Standing) -> bool:
    at = standing.refused_at
    return at is not None and services.clock() < at + services.settings.decline_memory


def _lock(services: Services, partner: RegisteredPartner, decider: Decider) -> Lock | None:
    """Name what keeps the person from deciding (promise P9); None when nothing does."""
    person, standing = decider.person, decider.standing
    if services.registry.gate_of(person.organisation_id, partner.partner.partner_id) is not Gate.ALLOW:
        asked_at = standing.asked_school_at
        return Lock("school", "open" if asked_at is None else "asked", asked_at)
    if not person.needs_guardian:
        return None
    if standing.guardians == 0:
        return Lock("guardian", is_alone=True)
    if standing.grant is not None and standing.grant.state is GrantState.WAITING:
        return Lock("guardian", "asked", standing.grant.valid_from)
    if standing.is_guardians_no and _is_remembered(services, standing):
        return Lock("guardian", "refused")
    return None


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
    back, code = _code(services, authorization, session, grant)
    renewal = Renewal(grant, code, authorization.request_digest, services.clock())
    verdict = await services.store.run(commit_renewals, renewal)
    _check_verdict(verdict)
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
        ticket=services.seal.ticket(_place(session.session_digest), content),
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


def _place(session_digest: bytes) -> str:
    return f"screen:{session_digest.hex()}"


def _open_screen(services: Services, session_digest: bytes, ticket: str) -> dict[str, Any]:
    try:
        return services.seal.open_ticket(_place(session_digest), ticket)
    except SealBroken:
        raise Refusal("forged_form", detail="a screen of another session, or a damaged one") from None


@dataclass(frozen=True, slots=True)
class Reply:
    """The consent form as it was posted."""

    ticket: str
    decision: str
    ticked: tuple[str, ...]
    forms: Mapping[str, str]
    duration: str


def keep_choices(services: Services, reply: Reply, session: Session) -> str:
    """Seal what was chosen so far into a ticket that shows the screen again; nothing is decided (consent.md rule 6).

    Raises:
        Refusal: ``forged_form`` for a screen of another session, ``stale_form`` for an outdated one.
    """
    content = _open_screen(services, session.session_digest, reply.ticket)
    authorization = open_authorization(services, content["a"])
    offer = asked_offer(authorization.asked(services)).offer
    offered = {item_key(item): {str(form) for form in item.forms} for item in offer.items}
    choices = Choices(
        person_id=session.person.person_id,
        ticked=frozenset(reply.ticked) & offered.keys(),
        forms={key: form for key, form in reply.forms.items() if form in offered.get(key, ())},
        duration=_kept(offer, reply.duration, services.clock()),
    )
    return seal_authorization(services, replace(authorization, choices=choices))


def _kept(offer: Offer, duration: str, now: int) -> str:
    """Keep an answer that can be shown again; a day of one's own also where it cannot be, to say so."""
    try:
        return read_term(offer, duration, now).value
    except Refusal:
        return duration[:20] if duration.startswith(OWN_DAY) else ""


def is_open_term(services: Services, reply: Reply, session: Session) -> bool:
    """Tell whether a person who named a day named one that the screen offers."""
    content = _open_screen(services, session.session_digest, reply.ticket)
    asked = open_authorization(services, content["a"]).asked(services)
    try:
        read_term(asked_offer(asked).offer, reply.duration, services.clock())
    except Refusal:
        return not reply.duration.startswith(OWN_DAY)
    return True


def shares_sensitive(services: Services, reply: Reply, session: Session) -> bool:
    """Tell whether a yes would share something sensitive: that takes a recent step-up (promise P15)."""
    content = _open_screen(services, session.session_digest, reply.ticket)
    asked = open_authorization(services, content["a"]).asked(services)
    wanted = [
        item
        for item in asked_offer(asked).offer.items
        if item.necessity is Necessity.NEEDED or item_key(item) in reply.ticked
    ]
    return any(FIELDS[item.field].sensitivity is Sensitivity.SENSITIVE for item in wanted)


def find_way_back(services: Services, secret: str, ticket: str) -> str:
    """Give the authorization ticket of a screen whose session ended while it waited: log-in leads back to it.

    Args:
        secret: of that session, as the browser still sends it.

    Returns:
        The ticket; empty when the screen is not that session's, or the partner has to ask anew.
    """
    try:
        found: str = _open_screen(services, digest(secret), ticket)["a"]
        open_authorization(services, found)
    except Refusal:
        return ""
    return found


async def decide_consent(services: Services, reply: Reply, session: Session) -> Back | Asked:
    """Take the person's answer and record it, bound to the notice that was served.

    Raises:
        Refusal: ``bad_form`` for what the screen did not offer, ``stale_form`` when something changed meanwhile.
    """
    content = _open_screen(services, session.session_digest, reply.ticket)
    authorization = open_authorization(services, content["a"])
    if reply.decision == "later":
        return go_back(services, authorization, Refusal("access_denied", detail="decide later"))
    asked, person_id = authorization.asked(services), session.person.person_id
    decider = await _decider(services, session, asked.offer.offer.offer_id)
    standing = decider.standing
    if asked.offer.version != content["v"] or _seen(standing.grant) != (content["g"], content["w"]):
        raise Refusal("stale_form", detail="the offer or the grant changed since the screen")
    partner = services.registry.partners[asked.client.client.partner_id]
    if reply.decision == "share" and _lock(services, partner, decider) is not None:
        raise Refusal("stale_form", detail="a lock was set since the screen")
    actor = Actor(ActorKind.SUBJECT, person_id, "consent_screen", session.auth_time, session.acr)
    basis = Basis(
        partner_id=asked.client.client.partner_id,
        offer_id=asked.offer.offer.offer_id,
        offer_version=asked.offer.version,
        notice_id=content["n"],
        served_id=content["s"],
        language=content["l"],
    )
    outcome = _outcome(services, authorization, reply, decider, actor, basis)
    return await _commit(services, authorization, session, standing, outcome)


def _seen(grant: Grant | None) -> tuple[str, int]:
    return (grant.grant_id, grant.version) if grant else ("", 0)


def _outcome(
    services: Services,
    authorization: Authorization,
    reply: Reply,
    decider: Decider,
    actor: Actor,
    basis: Basis,
) -> Outcome:
    now, asked, seen = services.clock(), authorization.asked(services), decider.standing.grant
    if reply.decision == "share":
        served = wanted_items(asked, seen)
        is_anew = asked.grant_action in ANEW
        ticked, forms = _with_present(None if is_anew else seen, served, reply)
        choice = read_choice(asked_offer(asked).offer, served, ticked, forms, reply.duration, now=now)
        before = None if asked.grant_action == "create" else seen
        if choice.items:
            say_yes = ask_guardian if decider.person.needs_guardian else give
            return say_yes(
                before,
                actor,
                basis,
                choice.items,
                choice.duration,
                now=now,
                ids=services.ids,
                use_limit=choice.use_limit,
            )
    elif reply.decision == "refuse" and seen is not None and asked.grant_action not in ANEW:
        return end(seen, actor, ReasonCode.USER_REQUEST, now=now, ids=services.ids)
    elif reply.decision == "keep" and seen is not None:
        return keep_terms(seen, actor, basis, now=now, ids=services.ids)
    elif reply.decision not in ("refuse", "keep"):
        raise Refusal("bad_form", detail="no decision")
    # Nothing needed and nothing chosen is a refusal (consent.md rule 6).
    return refuse(seen, actor, basis, now=now, ids=services.ids)


def _with_present(
    seen: Grant | None, served: Iterable[OfferItem], reply: Reply
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Add what is granted already and still offered: an amendment asks only for what is new (consent.md rule 8)."""
    present = {(each.item.field, each.item.purpose): each.item.form for each in seen.items} if seen else {}
    kept = {
        item_key(item): str(present[item.field, item.purpose])
        for item in served
        if present.get((item.field, item.purpose)) in item.forms
    }
    return (*reply.ticked, *kept), {**kept, **reply.forms}


async def _commit(
    services: Services, authorization: Authorization, session: Session, standing: Standing, outcome: Outcome
) -> Back | Asked:
    grant, event, code, now = outcome.grant, outcome.event, None, services.clock()
    back = go_back(services, authorization, Refusal("access_denied", detail="the person said no"))
    is_anew = authorization.asked(services).grant_action in ANEW
    is_no = event.type is EventType.REFUSED and (is_anew or standing.is_used_up)
    # After any answer but a stop or a child's wish, a live grant is what the partner asked for, if it is not used up.
    if grant.is_live(now) and not is_no:
        back, code = _code(services, authorization, session, grant)
    created = superseded = None
    if standing.grant is None or standing.grant.grant_id != grant.grant_id:
        created = NewGrant(grant, standing.country)
    if created and standing.grant:
        actor = Actor(ActorKind.SUBJECT, event.actor_id, event.method, event.auth_time, event.acr)
        ended = end(standing.grant, actor, ReasonCode.USER_REQUEST, now=now, ids=services.ids)
        superseded = ended.grant, ended.event
    decision = Decision(
        created,
        grant,
        event,
        code,
        authorization.request_digest,
        now,
        superseded,
        new_relay(services, grant, now),
    )
    _check_verdict(await _record(services, decision))
    return Asked(seal_authorization(services, authorization)) if grant.state is GrantState.WAITING else back


async def _record(services: Services, decision: Decision) -> Verdict:
    is_ahead = services.store.locks_rows and is_common(decision)
    if is_ahead and await services.store.telling_lane(commit_ahead).submit(decision):
        return Verdict.DONE
    return await services.store.run(commit_decisions, decision)


def _check_verdict(verdict: Verdict) -> None:
    if verdict is Verdict.REQUEST_USED:
        raise Refusal("stale_form", detail="the pushed request was used up in the meantime")
    if verdict is Verdict.STALE:
        raise Refusal("stale_form", detail="the grant changed in the meantime")


def _code(
    services: Services, authorization: Authorization, session: Session, grant: Grant
) -> tuple[Back, AuthorizationCode]:
    """Make the code; what was asked for and not granted is not in its scope."""
    asked, now = authorization.asked(services), services.clock()
    parameters = authorization.parameters
    asked_scope = parameters.get("scope", "")
    scope, details = granted_reach(asked, grant)
    desk = Desk(services.terms(), asked.client)
    with sit_at(desk):
        back = services.protocol.decide_code(parameters, scope, session.person.person_id)
    code = AuthorizationCode(
        code_digest=digest(desk.plan.code or ""),
        client_id=asked.client.client.client_id,
        grant_id=grant.grant_id,
        person_id=session.person.person_id,
        redirect_uri=parameters["redirect_uri"],
        scope=scope,
        asked_scope=" ".join(dict.fromkeys([*asked_scope.split(), *scope.split()])),
        code_challenge=parameters.get("code_challenge", ""),
        nonce=parameters.get("nonce"),
        auth_time=session.auth_time,
        acr=session.acr,
        family_id=services.ids(Kind.FAMILY),
        issued_at=now,
        expires_at=now + services.settings.code_ttl,
        dpop_jkt=parameters.get("dpop_jkt"),
        details=details,
        sid=services.sid(asked.client, session),
    )
    return back, code
