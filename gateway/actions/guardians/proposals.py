"""The answer of somebody named as a child's guardian, from their own log-in; before it, they may do nothing (P9)."""

from dataclasses import dataclass

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.sessions import check_fresh
from gateway.actions.guardians.ages import look_at_age
from gateway.actions.guardians.fitness import why_unfit
from gateway.actions.guardians.letters import answered_letters
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.people import Session
from gateway.store.guardians.proposals import (
    Proposal,
    ProposalAnswer,
    answer_proposals,
    load_proposals_to,
)
from gateway.store.profiles import load_profiles


@dataclass(frozen=True, slots=True)
class ProposalQuestion:
    """A proposal as its page shows it.

    Attributes:
        initials: of the child; the name itself would reach a stranger whose address was mistyped.
        unfit: why this account cannot say yes; None when it can.
    """

    proposal: Proposal
    initials: str
    unfit: Words | None


async def list_questions(services: Services, session: Session) -> tuple[Proposal, ...]:
    """List what waits for somebody's answer."""
    found = await services.store.read(load_proposals_to, session.person.person_id)
    return tuple(each for each in found if _is_open(services, each))


def _is_open(services: Services, proposal: Proposal) -> bool:
    return proposal.is_open and services.clock() < proposal.expires_at


async def see_question(services: Services, session: Session, proposal_id: str) -> ProposalQuestion | None:
    """Show a question; None where it waits no more.

    Raises:
        Refusal: ``not_found`` for an unknown one and for somebody else's alike.
    """
    found = await services.store.read(load_proposals_to, session.person.person_id)
    proposal = next((each for each in found if each.proposal_id == proposal_id), None)
    if proposal is None:
        raise Refusal("not_found", detail="unknown, or proposed to somebody else")
    profile = await services.store.read(load_profiles, proposal.child.person_id)
    is_child = await look_at_age(services, profile, on_record=proposal.child.needs_guardian)
    if not is_child or not _is_open(services, proposal):
        return None
    name = OpenedProfile(services.seal, profile).values({"name"}).get("name", "")
    unfit = await why_unfit(services, proposal.child, session.person, is_seconded=proposal.is_seconded)
    return ProposalQuestion(proposal, initials_of(name), unfit)


def initials_of(name: str) -> str:
    """Give the first letter of the first and of the last word of a name."""
    words = [word for word in ("".join(filter(str.isalpha, each)) for each in name.split()) if word]
    ends = words[:1] + words[1:][-1:]
    return " ".join(f"{word[0]}." for word in ends)


async def confirm_question(services: Services, session: Session, proposal_id: str) -> Words | None:
    """Say yes: the link begins. It takes a recent password.

    Returns:
        Why this account cannot say yes; None when the link stands.

    Raises:
        Refusal: ``stale_form`` where it waits no more.
    """
    check_fresh(services, session)
    question = await see_question(services, session, proposal_id)
    if question is not None and question.unfit is not None:
        return question.unfit
    await _answer(services, session, question, "confirm_guardian", is_yes=True)
    return None


async def decline_question(services: Services, session: Session, proposal_id: str) -> None:
    """Say no: it is over, and the school sees it. An ordinary session is enough.

    Raises:
        Refusal: ``stale_form`` where it waits no more.
    """
    question = await see_question(services, session, proposal_id)
    await _answer(services, session, question, "decline_guardian", is_yes=False)


async def _answer(
    services: Services, session: Session, question: ProposalQuestion | None, act: str, *, is_yes: bool
) -> None:
    if question is None:
        raise Refusal("stale_form", detail="it waits no more")
    child, guardian_id = question.proposal.child, session.person.person_id
    answer = ProposalAnswer(
        proposal_id=question.proposal.proposal_id,
        child_id=child.person_id,
        guardian_id=guardian_id,
        is_yes=is_yes,
        action=act_of(services, guardian_id, act, "person", child.person_id),
        letters=await answered_letters(services, child, is_yes=is_yes),
    )
    if not await services.store.run(answer_proposals, answer):
        raise Refusal("stale_form", detail="answered, withdrawn or over in the meantime")
