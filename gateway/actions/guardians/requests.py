"""What a guardian does: sees whose guardian they are, what waits and what the child was shown; says yes or no (P9)."""

from dataclasses import dataclass, replace
from hashlib import sha256

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.grant_changes import commit_change
from gateway.actions.grants.lines import OwnLine, Received, see_lines, see_received
from gateway.actions.grants.pauses import LET_ASK_AGAIN, see_acts, see_pause
from gateway.actions.guardians.ages import look_at_age
from gateway.actions.guardians.fitness import why_unfit
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.partners.deletions import ask_deletion
from gateway.actions.services import Services
from gateway.consent.approvals import GuardianVerdict, verdict, with_answer
from gateway.consent.decisions import Actor, DecisionOutcome, allow, deny
from gateway.consent.pauses import Pause
from gateway.consent.step_up import takes_step_up
from gateway.consent.terms import shorter_lengths
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.deletions import Deletion
from gateway.model.grants import LIVE, ActorKind, Approval, Grant, GrantState, GuardianAnswer, ReasonCode
from gateway.model.people import Session
from gateway.store.admin_actions import AdminAction, on_record
from gateway.store.approvals import (
    NewGuardianAnswer,
    Ward,
    drop_answers,
    keep_answers,
    load_approvals,
    load_wards,
)
from gateway.store.consent.grant_moves import forget_refusals
from gateway.store.consent.grants import GrantDetail, GrantQuery, load_details, search_grants
from gateway.store.consent.served_notices import Served, serve_notices
from gateway.store.partners.deletions import load_deletions
from gateway.store.partners.partners import load_offer_versions
from gateway.store.profiles import load_profiles
from partners import Offer, offer_from_content

_DROP = on_record(drop_answers)
TRIES = 5
"""A no is tried again when somebody else changed the grant meanwhile: it must not be lost."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child as its guardian sees it: by name, and in a list with its combined services."""

    ward: Ward
    name: str
    lines: tuple[OwnLine, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One combined service of a child: what the child was shown and asked for.

    Attributes:
        approvals: what the linked guardians answered so far.
        ticket: carries what this guardian was served; empty when nothing waits.
        pause: what holds it back now; None where nothing does.
        acts: what was decided about it by no event of its own.
        received: by the hand-off log, whatever the grant says now.
        deletion: what the partner was asked to delete at the end, and what it said.
    """

    child: Child
    detail: GrantDetail
    offer: Offer
    approvals: tuple[Approval, ...]
    ticket: str
    pause: Pause | None
    acts: tuple[AdminAction, ...]
    received: tuple[Received, ...]
    deletion: Deletion | None = None


async def list_children(services: Services, session: Session) -> tuple[Child, ...]:
    """List a guardian's children with all their combined services."""
    wards = await services.store.read(load_wards, session.person.person_id)
    found = [await _child(services, ward) for ward in wards]
    return tuple([await _with_services(services, each) for each in found if each is not None])


async def _child(services: Services, ward: Ward) -> Child | None:
    """Look at a child; None for one who came of age today, whom the sweep may not have met yet."""
    person_id = ward.person.person_id
    sealed = await services.store.read(load_profiles, person_id)
    if not await look_at_age(services, sealed, on_record=ward.person.needs_guardian):
        return None
    name = OpenedProfile(services.seal, sealed).values({"name"}).get("name", "")
    return Child(ward, name, ())


async def _with_services(services: Services, child: Child) -> Child:
    query = GrantQuery(person_id=child.ward.person.person_id, limit=500)
    lines = await see_lines(services, await services.store.read(search_grants, query))
    return replace(child, lines=lines)


async def see_request(services: Services, session: Session, grant_id: str) -> Request:
    """Show what a child asked for; that it was shown is put on record before any answer (promise P4).

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's child alike.
    """
    child, detail = await _own(services, session, grant_id)
    grant = detail.line.grant
    content = await services.store.read(load_offer_versions, (grant.offer_id, grant.offer_version))
    approvals = await services.store.read(load_approvals, grant)
    ticket = ""
    if grant.state is GrantState.WAITING:
        ticket = await _serve(services, session, detail)
    deletion = await services.store.read(load_deletions, grant_id)
    offer = offer_from_content(content)
    return Request(
        child,
        detail,
        offer,
        approvals,
        ticket,
        await see_pause(services, detail),
        await see_acts(services, detail.line),
        await see_received(services, detail.line, offer, deletion),
        deletion,
    )


async def _own(services: Services, session: Session, grant_id: str) -> tuple[Child, GrantDetail]:
    detail = await services.store.read(load_details, grant_id)
    wards = await services.store.read(load_wards, session.person.person_id)
    ward = next(
        (each for each in wards if detail and each.person.person_id == detail.line.grant.person_id), None
    )
    child = await _child(services, ward) if ward else None
    if detail is None or child is None:
        raise Refusal("not_found", detail="unknown grant, or not this guardian's child")
    return child, detail


async def _serve(services: Services, session: Session, detail: GrantDetail) -> str:
    grant = detail.line.grant
    shown = repr(sorted((each.item.field, each.item.purpose, str(each.item.form)) for each in grant.items))
    served = Served(
        served_id=services.ids(Kind.SERVED),
        person_id=session.person.person_id,
        notice_id=grant.notice_id,
        client_id="guardian",
        surface="guardian_page",
        language=detail.notice_language,
        screen_digest=sha256(shown.encode()).digest(),
        served_at=services.clock(),
    )
    await services.store.run(serve_notices, served)
    content = {"s": served.served_id, "g": grant.grant_id, "w": grant.version, "l": served.language}
    return services.seal.ticket(_place(session), content)


def _place(session: Session) -> str:
    return f"guardian:{session.session_digest.hex()}"


async def allow_request(
    services: Services,
    session: Session,
    grant_id: str,
    ticket: str,
    without: frozenset[tuple[str, str]] = frozenset(),
    lasts: int | None = None,
) -> Grant | None:
    """Say yes to what was shown, or to less of it, or for a shorter time; it counts unless another guardian says no.

    Returns:
        The grant; None where a sensitive field takes a recent step-up first (promise P15).

    Raises:
        Refusal: ``forged_form`` for a page of another session, ``stale_form`` when the wish changed meanwhile,
            ``not_allowed`` for somebody under age or with an administrator's account, ``bad_form`` for what the page
            did not offer.
    """
    try:
        content = services.seal.open_ticket(_place(session), ticket)
    except SealBroken:
        raise Refusal("forged_form", detail="a guardian's page of another session") from None
    child, detail = await _own(services, session, grant_id)
    ward = child.ward
    if await why_unfit(services, ward.person, session.person, is_seconded=ward.is_seconded) is not None:
        raise Refusal("not_allowed", detail="under age, or an administrator's account")
    seen = detail.line.grant
    if (seen.grant_id, seen.version) != (content["g"], content["w"]):
        raise Refusal("stale_form", detail="the wish changed since the page")
    now = services.clock()
    if lasts is not None and lasts not in shorter_lengths(seen.end_if_allowed(now) - now):
        raise Refusal("bad_form", detail="a length of time that the page did not offer")
    outcome = allow(
        seen,
        _actor(session),
        content["s"],
        content["l"],
        now=now,
        ids=services.ids,
        without=without,
        lasts=lasts,
    )
    if takes_step_up(outcome, seen) and not is_fresh(services, session):
        return None
    answer = _answer(services, session, seen, GuardianAnswer.ALLOW)
    approvals = await services.store.read(load_approvals, seen)
    if verdict(with_answer(approvals, answer.guardian_id, answer.answer)) is not GuardianVerdict.ALLOWED:
        await services.store.run(keep_answers, answer)
        return seen
    return await commit_change(services, outcome, answer=answer, used_at=services.clock())


async def deny_request(services: Services, session: Session, grant_id: str, *, delete: bool = False) -> Grant:
    """Say no, or stop what stands: it wins over every other answer, and an ordinary session is enough (P15).

    Args:
        delete: ask the partner to delete what it holds, where it can be asked.
    """
    for _ in range(TRIES):
        _, detail = await _own(services, session, grant_id)
        seen = detail.line.grant
        if seen.state not in LIVE:
            raise Refusal("stale_form", detail=f"the grant has {seen.state} already")
        outcome = deny(seen, _actor(session), now=services.clock(), ids=services.ids)
        try:
            return await _commit_no(services, session, seen, outcome, delete=delete)
        except Refusal:
            continue
    raise Refusal("temporarily_unavailable", detail="the grant changes too often")


async def _commit_no(
    services: Services, session: Session, seen: Grant, outcome: DecisionOutcome, *, delete: bool
) -> Grant:
    answer = _answer(services, session, seen, GuardianAnswer.DENY)
    asked = ask_deletion(services, seen, answer.guardian_id) if delete else None
    return await commit_change(services, outcome, ReasonCode.GUARDIAN_REQUEST, answer=answer, asked=asked)


async def let_child_ask(services: Services, session: Session, grant_id: str) -> None:
    """Take a no back: the child may ask again; that shares nothing yet.

    Raises:
        Refusal: ``stale_form`` when nothing was refused.
    """
    _, detail = await _own(services, session, grant_id)
    grant = detail.line.grant
    if grant.state in LIVE:
        raise Refusal("stale_form", detail="not a refusal")
    act = act_of(services, session.person.person_id, LET_ASK_AGAIN, "grant", grant_id)
    await services.store.run(_DROP, (_answer(services, session, grant, GuardianAnswer.DENY), act))
    await services.store.run(forget_refusals, (grant_id, services.clock()))


def _answer(services: Services, session: Session, grant: Grant, answer: GuardianAnswer) -> NewGuardianAnswer:
    return NewGuardianAnswer(
        grant.person_id, grant.offer_id, session.person.person_id, answer, services.clock()
    )


def _actor(session: Session) -> Actor:
    guardian_id = session.person.person_id
    return Actor(ActorKind.GUARDIAN, guardian_id, "guardian_page", session.auth_time, session.acr)
