"""The answer to a consent screen: what was chosen so far, or the decision, bound to the notice that was served."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.actions.authorize import (
    Authorization,
    Choices,
    go_back,
    open_authorization,
    seal_authorization,
)
from gateway.actions.consent import place_of
from gateway.actions.consent_commit import ANEW, Asked, commit_outcome
from gateway.actions.deciders import Decider, find_decider, find_lock
from gateway.actions.services import Services
from gateway.consent.choices import item_key, read_choice
from gateway.consent.decisions import Actor, Basis, Outcome, ask_guardian, end, give, keep_terms, refuse
from gateway.consent.terms import OWN_DAY, read_term
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.sealing import SealBroken
from gateway.model.grants import ActorKind, Grant, ReasonCode
from gateway.model.people import Session
from gateway.oauth import checks
from gateway.oauth.response_modes import Back
from gateway.oauth.wanted import asked_offer, wanted_items
from partners import Offer, OfferItem
from scopes import FIELDS, Necessity, Sensitivity


def _open_content(services: Services, session_digest: bytes, ticket: str) -> dict[str, Any]:
    try:
        return services.seal.open_ticket(place_of(session_digest), ticket)
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


@dataclass(frozen=True, slots=True)
class Answer:
    """A posted form together with the screen that it answers.

    Attributes:
        content: what the screen's ticket holds.
        asked: the request that the screen was shown for, as the registry sees it now.
    """

    reply: Reply
    session: Session
    content: Mapping[str, Any]
    authorization: Authorization
    asked: checks.Asked

    @property
    def offer(self) -> Offer:
        """What the partner offers now."""
        return asked_offer(self.asked).offer


def read_answer(services: Services, reply: Reply, session: Session) -> Answer:
    """Open the screen that is answered.

    Raises:
        Refusal: ``forged_form`` for a screen of another session, ``stale_form`` for an outdated one.
    """
    content = _open_content(services, session.session_digest, reply.ticket)
    authorization = open_authorization(services, content["a"])
    return Answer(reply, session, content, authorization, authorization.asked(services))


def keep_choices(services: Services, answer: Answer) -> str:
    """Seal what was chosen so far into a ticket that shows the screen again; nothing is decided (consent.md rule 6)."""
    offered = {item_key(item): {str(form) for form in item.forms} for item in answer.offer.items}
    reply = answer.reply
    choices = Choices(
        person_id=answer.session.person.person_id,
        ticked=frozenset(reply.ticked) & offered.keys(),
        forms={key: form for key, form in reply.forms.items() if form in offered.get(key, ())},
        duration=_kept(answer.offer, reply.duration, services.clock()),
    )
    return seal_authorization(services, replace(answer.authorization, choices=choices))


def _kept(offer: Offer, duration: str, now: int) -> str:
    """Keep an answer that can be shown again; a day of one's own also where it cannot be, to say so."""
    try:
        return read_term(offer, duration, now).value
    except Refusal:
        return duration[:20] if duration.startswith(OWN_DAY) else ""


def is_open_term(services: Services, answer: Answer) -> bool:
    """Tell whether a person who named a day named one that the screen offers."""
    duration = answer.reply.duration
    try:
        read_term(answer.offer, duration, services.clock())
    except Refusal:
        return not duration.startswith(OWN_DAY)
    return True


def shares_sensitive(answer: Answer) -> bool:
    """Tell whether a yes would share something sensitive: that takes a recent step-up (promise P15)."""
    wanted = [
        item
        for item in answer.offer.items
        if item.necessity is Necessity.NEEDED or item_key(item) in answer.reply.ticked
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
        found: str = _open_content(services, digest(secret), ticket)["a"]
        open_authorization(services, found)
    except Refusal:
        return ""
    return found


async def decide_consent(services: Services, answer: Answer) -> Back | Asked:
    """Take the person's answer and record it, bound to the notice that was served.

    Raises:
        Refusal: ``bad_form`` for what the screen did not offer, ``stale_form`` when something changed meanwhile.
    """
    content, reply, session = answer.content, answer.reply, answer.session
    if reply.decision == "later":
        return go_back(services, answer.authorization, Refusal("access_denied", detail="decide later"))
    asked, person_id = answer.asked, session.person.person_id
    decider = await find_decider(services, session, asked.offer.offer.offer_id)
    standing = decider.standing
    if asked.offer.version != content["v"] or _seen(standing.grant) != (content["g"], content["w"]):
        raise Refusal("stale_form", detail="the offer or the grant changed since the screen")
    partner = services.registry.partners[asked.client.client.partner_id]
    if reply.decision == "share" and find_lock(services, partner, decider) is not None:
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
    outcome = _outcome(services, answer, decider, actor, basis)
    return await commit_outcome(services, answer.authorization, session, standing, outcome)


def _seen(grant: Grant | None) -> tuple[str, int]:
    return (grant.grant_id, grant.version) if grant else ("", 0)


def _outcome(services: Services, answer: Answer, decider: Decider, actor: Actor, basis: Basis) -> Outcome:
    now, asked, seen, reply = services.clock(), answer.asked, decider.standing.grant, answer.reply
    if reply.decision == "share":
        served = wanted_items(asked, seen)
        is_anew = asked.grant_action in ANEW
        ticked, forms = _with_present(None if is_anew else seen, served, reply)
        choice = read_choice(answer.offer, served, ticked, forms, reply.duration, now=now)
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
