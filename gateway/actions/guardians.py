"""A guardian's story: whose guardian, what waits, what the child was shown, yes or no, and stopping (promise P9)."""

from dataclasses import dataclass
from hashlib import sha256

from gateway.actions.connected import commit_change
from gateway.actions.deletions import ask_deletion
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.actions.sessions import is_fresh
from gateway.consent.approvals import Verdict, verdict, with_answer
from gateway.consent.decisions import Actor, Outcome, allow, deny
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.sealing import SealBroken
from gateway.model.deletions import Deletion
from gateway.model.grants import LIVE, ActorKind, Answer, Approval, Grant, GrantState, ReasonCode
from gateway.model.people import Session
from gateway.store.consents import Served, forget_refusals, serve_notices
from gateway.store.deletions import load_deletions
from gateway.store.grants import GrantDetail, GrantLine, GrantQuery, load_details, search_grants
from gateway.store.guardians import NewAnswer, Ward, drop_answers, keep_answers, load_approvals, load_wards
from gateway.store.partners import load_offer_versions
from gateway.store.profiles import load_profiles
from partners import Offer, offer_from_content
from scopes import FIELDS, Item, Sensitivity

TRIES = 5
"""A no is tried again when somebody else changed the grant meanwhile: it must not be lost."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child as its guardian sees it: by name, with its combined services."""

    ward: Ward
    name: str
    lines: tuple[GrantLine, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One combined service of a child: what the child was shown and asked for.

    Attributes:
        approvals: what the linked guardians answered so far.
        ticket: carries what this guardian was served; empty when nothing waits.
        deletion: what the partner was asked to delete at the end, and what it said.
    """

    child: Child
    detail: GrantDetail
    offer: Offer
    approvals: tuple[Approval, ...]
    ticket: str
    deletion: Deletion | None = None


async def list_children(services: Services, session: Session) -> tuple[Child, ...]:
    """List a guardian's children with all their combined services."""
    wards = await services.store.read(load_wards, session.person.person_id)
    return tuple([await _child(services, ward) for ward in wards])


async def _child(services: Services, ward: Ward) -> Child:
    person_id = ward.person.person_id
    profile = OpenedProfile(services.seal, await services.store.read(load_profiles, person_id))
    lines = await services.store.read(search_grants, GrantQuery(person_id=person_id, limit=500))
    return Child(ward, profile.values({"name"}).get("name", ""), tuple(lines))


async def see_request(services: Services, session: Session, grant_id: str) -> Request:
    """Show what a child asked for; that it was shown is put on record before any answer (promise P4).

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's child alike.
    """
    ward, detail = await _own(services, session, grant_id)
    grant = detail.line.grant
    content = await services.store.read(load_offer_versions, (grant.offer_id, grant.offer_version))
    approvals = await services.store.read(load_approvals, grant)
    ticket = ""
    if grant.state is GrantState.WAITING:
        ticket = await _serve(services, session, detail)
    deletion = await services.store.read(load_deletions, grant_id)
    child = await _child(services, ward)
    return Request(child, detail, offer_from_content(content), approvals, ticket, deletion)


async def _own(services: Services, session: Session, grant_id: str) -> tuple[Ward, GrantDetail]:
    detail = await services.store.read(load_details, grant_id)
    wards = await services.store.read(load_wards, session.person.person_id)
    ward = next(
        (each for each in wards if detail and each.person.person_id == detail.line.grant.person_id), None
    )
    if detail is None or ward is None:
        raise Refusal("not_found", detail="unknown grant, or not this guardian's child")
    return ward, detail


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
        Refusal: ``forged_form`` for a page of another session, ``stale_form`` when the wish changed meanwhile.
    """
    try:
        content = services.seal.open_ticket(_place(session), ticket)
    except SealBroken:
        raise Refusal("forged_form", detail="a guardian's page of another session") from None
    _, detail = await _own(services, session, grant_id)
    seen = detail.line.grant
    if (seen.grant_id, seen.version) != (content["g"], content["w"]):
        raise Refusal("stale_form", detail="the wish changed since the page")
    outcome = allow(
        seen,
        _actor(session),
        content["s"],
        content["l"],
        now=services.clock(),
        ids=services.ids,
        without=without,
        lasts=lasts,
    )
    if not is_fresh(services, session) and any(_is_sensitive(each.item) for each in outcome.grant.items):
        return None
    answer = _answer(services, session, seen, Answer.ALLOW)
    approvals = await services.store.read(load_approvals, seen)
    if verdict(with_answer(approvals, answer.guardian_id, answer.answer)) is not Verdict.ALLOWED:
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
    services: Services, session: Session, seen: Grant, outcome: Outcome, *, delete: bool
) -> Grant:
    answer = _answer(services, session, seen, Answer.DENY)
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
    await services.store.run(drop_answers, _answer(services, session, grant, Answer.DENY))
    await services.store.run(forget_refusals, (grant_id, services.clock()))


def _is_sensitive(item: Item) -> bool:
    return FIELDS[item.field].sensitivity is Sensitivity.SENSITIVE


def _answer(services: Services, session: Session, grant: Grant, answer: Answer) -> NewAnswer:
    return NewAnswer(grant.person_id, grant.offer_id, session.person.person_id, answer, services.clock())


def _actor(session: Session) -> Actor:
    guardian_id = session.person.person_id
    return Actor(ActorKind.GUARDIAN, guardian_id, "guardian_page", session.auth_time, session.acr)
