"""Answering a consent screen: recording the decision with its notice, or why the screen is shown again."""

from dataclasses import dataclass, replace
from enum import Enum, auto

from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.consent.asking import offer_on_screen, put_on_screen
from gateway.actions.consent.commit import ANEW, GuardianAsked, commit_outcome, renew
from gateway.actions.consent.deciders import Decider, find_decider, find_lock
from gateway.actions.consent.posted_screens import ScreenAnswer, chosen_so_far
from gateway.actions.consent.repeated_answers import find_yes_already, has_changed, is_no_already
from gateway.actions.consent.screen import TRIES
from gateway.actions.oauth.authorize import Authorization, go_back
from gateway.actions.services import Services
from gateway.consent.choices import read_choice
from gateway.consent.decisions import (
    Actor,
    Basis,
    DecisionOutcome,
    ask_guardian,
    end,
    give,
    keep_terms,
    refuse,
)
from gateway.consent.step_up import takes_step_up
from gateway.kit.errors import Refusal
from gateway.model.grants import ActorKind, ReasonCode
from gateway.oauth.answers.response_modes import Back


class Change(Enum):
    """What happened while a screen waited for its answer."""

    OFFER = auto()
    GRANT = auto()
    PERSON = auto()
    TIME = auto()


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The answer was not taken, because the question has changed; the screen is shown again and says so."""

    authorization: Authorization
    change: Change


@dataclass(frozen=True, slots=True)
class StepUp:
    """The answer needs a recent step-up first (promise P15)."""


Answered = Back | GuardianAsked | StepUp | LookAgain


async def decide_consent(services: Services, answer: ScreenAnswer) -> Answered:
    """Take the person's answer and record it, bound to the notice that was served; the same answer again goes along.

    Raises:
        Refusal: ``bad_form`` for what the screen did not offer.
    """
    if not answer.is_own:
        return LookAgain(replace(answer.authorization, choices=None, is_again=True), Change.PERSON)
    if answer.reply.decision == "later":
        return go_back(services, answer.authorization, Refusal("access_denied", detail="decide later"))
    if answer.authorization.is_late:
        return LookAgain(replace(chosen_so_far(services, answer), is_again=True), Change.TIME)
    for attempt in range(TRIES):
        done = await _decide(services, answer, came_second=attempt > 0)
        if done is not None:
            return done
    return _look_again(services, answer)


def _look_again(services: Services, answer: ScreenAnswer) -> LookAgain:
    """Show the screen again, with what was chosen where the offer is still the one that it was chosen in."""
    if answer.asked.offer.version != answer.content["v"]:
        return LookAgain(replace(answer.authorization, choices=None, is_again=True), Change.OFFER)
    return LookAgain(replace(chosen_so_far(services, answer), is_again=True), Change.GRANT)


async def _decide(services: Services, answer: ScreenAnswer, *, came_second: bool) -> Answered | None:
    """Decide on the grant as it stands now; None where it changed between loading and commit.

    Args:
        came_second: it did so before.
    """
    asked, session = answer.asked, answer.session
    decider = await find_decider(services, session, asked.offer.offer.offer_id)
    standing, is_other = decider.standing, has_changed(answer, decider.standing.grant)
    if is_no_already(answer, standing, came_second=came_second):
        return go_back(services, answer.authorization, Refusal("access_denied", detail="the same no again"))
    partner = services.registry.partners[asked.client.client.partner_id]
    if answer.reply.decision == "share" and find_lock(services, partner, decider) is not None:
        return _look_again(services, answer)
    said = find_yes_already(services, answer, standing) if is_other or came_second else None
    if said is not None:
        return await renew(services, answer.authorization, session, said)
    if is_other:
        return _look_again(services, answer)
    outcome = _outcome(services, answer, decider)
    if takes_step_up(outcome, standing.grant) and not is_fresh(services, session):
        return StepUp()
    return await commit_outcome(services, answer.authorization, session, standing, outcome)


def _basis(answer: ScreenAnswer) -> Basis:
    asked, content = answer.asked, answer.content
    return Basis(
        partner_id=asked.client.client.partner_id,
        offer_id=asked.offer.offer.offer_id,
        offer_version=asked.offer.version,
        notice_id=content["n"],
        served_id=content["s"],
        language=content["l"],
    )


def _outcome(services: Services, answer: ScreenAnswer, decider: Decider) -> DecisionOutcome:
    session, basis = answer.session, _basis(answer)
    actor = Actor(
        ActorKind.SUBJECT, session.person.person_id, "consent_screen", session.auth_time, session.acr
    )
    now, asked, seen, reply = services.clock(), answer.asked, decider.standing.grant, answer.reply
    is_anew = asked.grant_action in ANEW
    put = put_on_screen(services, answer.authorization, seen, at=answer.content["t"])
    shown = frozenset((item.field, item.purpose) for item in put.asked)
    if reply.decision == "share":
        choice = read_choice(
            offer_on_screen(asked, put).offer, put, reply.ticked, reply.forms, reply.duration, now=now
        )
        before = None if asked.grant_action == "create" else seen
        # A screen without any item asks for signing in alone.
        if choice.items or not shown:
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
                shown=shown,
            )
    elif reply.decision == "refuse" and seen is not None and not is_anew:
        return end(seen, actor, ReasonCode.USER_REQUEST, now=now, ids=services.ids)
    elif reply.decision == "keep" and seen is not None:
        return keep_terms(seen, actor, basis, now=now, ids=services.ids, shown=shown)
    elif reply.decision not in ("refuse", "keep"):
        raise Refusal("bad_form", detail="no decision")
    # A yes to nothing is a refusal (consent.md rule 6); for a new grant it leaves nothing out of the old one.
    left_out = frozenset() if is_anew else shown
    return refuse(seen, actor, basis, now=now, ids=services.ids, shown=left_out)
