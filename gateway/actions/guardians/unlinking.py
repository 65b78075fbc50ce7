"""An administrator ends a link to a guardian, or withdraws what nobody has answered yet."""

from gateway.actions.guardians.letters import ended_letters, withdrawn_letters
from gateway.actions.guardians.pairs import STANDS, LinkFault, Linking, Pair, find_pair, pair_act
from gateway.actions.guardians.seconds import find_requests
from gateway.actions.services import Services
from gateway.consent.approvals import GuardianVerdict, verdict
from gateway.consent.decisions import Actor, end
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import WaitingState
from gateway.model.grants import ActorKind, GrantState, ReasonCode
from gateway.model.people import Person
from gateway.store.consent import grant_moves
from gateway.store.consent.grant_changes import GrantChange
from gateway.store.guardians.links import Guarded, LinkEnd, StandingLink, end_links, load_links
from gateway.store.guardians.proposals import Proposed, Withdrawal, load_bonds, withdraw_proposals
from gateway.store.letters import NewLetter

TRIES = 5
"""An end is tried again when something changed meanwhile: it must not be lost."""


async def unlink_guardian(services: Services, linking: Linking) -> LinkFault | None:
    """End a link and every grant that stands on this guardian's yes alone, or withdraw what nobody answered yet.

    Returns:
        What is wrong; None when it has ended.

    Raises:
        Refusal: ``temporarily_unavailable`` when the child's grants change too often.
    """
    pair = await find_pair(services, linking)
    if isinstance(pair, LinkFault):
        return pair
    for _ in range(TRIES):
        bond = await services.store.read(load_bonds, (pair.child.person_id, pair.index, services.clock()))
        if bond not in STANDS:
            return LinkFault("guardian", await _why_not_linked(services, pair))
        if bond is Proposed.OPEN and await _withdraw(services, linking, pair):
            return None
        if bond is Proposed.LINKED and pair.guardian and await _end(services, linking, pair, pair.guardian):
            return None
    raise Refusal("temporarily_unavailable", detail="the child's grants change too often")


async def _why_not_linked(services: Services, pair: Pair) -> Words:
    """Say that there is nothing to end; if the link waits for a second administrator, say where."""
    asked = await find_requests(services, pair.child, pair.known) if pair.known else []
    if any(each.state is WaitingState.WAITING for each in asked):
        return Words(
            "They are not linked. It waits for a second administrator: it can be refused or taken back there."
        )
    return Words("They are not linked.")


async def _withdraw(services: Services, linking: Linking, pair: Pair) -> bool:
    act = pair_act(services, linking, pair, "withdraw_guardian")
    letters = await withdrawn_letters(services, pair.child)
    withdrawal = Withdrawal(pair.child.person_id, pair.index, act, letters)
    return await services.store.run(withdraw_proposals, withdrawal)


async def _end(services: Services, linking: Linking, pair: Pair, guardian: Person) -> bool:
    link = await services.store.read(load_links, (pair.child.person_id, guardian.person_id))
    if link is None:
        return False
    letters = await ended_letters(services, pair.child, guardian)
    plan = _end_of(services, linking, pair, guardian, link, letters)
    return await services.store.run(end_links, plan) is grant_moves.CommitVerdict.DONE


def _end_of(
    services: Services,
    linking: Linking,
    pair: Pair,
    guardian: Person,
    link: StandingLink,
    letters: tuple[NewLetter, ...],
) -> LinkEnd:
    now = services.clock()
    actor = Actor(ActorKind.ADMIN, linking.actor_id, "administration")
    reason = ReasonCode.ADMIN_CORRECTION
    outcomes = [
        end(each.grant, actor, reason, now=now, ids=services.ids)
        for each in link.grants
        if _stands_on(each, guardian.person_id)
    ]
    return LinkEnd(
        pair.child.person_id,
        guardian.person_id,
        seen={each.grant.grant_id: each.grant.version for each in link.grants},
        changes=tuple(GrantChange(each.grant, each.event, now, reason) for each in outcomes),
        action=pair_act(services, linking, pair, "unlink_guardian", ended=len(outcomes)),
        letters=letters,
    )


def _stands_on(guarded: Guarded, guardian_id: str) -> bool:
    others = [each for each in guarded.approvals if each.guardian_id != guardian_id]
    return guarded.grant.state is not GrantState.WAITING and verdict(others) is not GuardianVerdict.ALLOWED
