"""An administrator names a child's guardian; it never answers for either (promises P9, P17).

Page, command and import call the same function. What is begun here is a proposal to an address and gives nothing: the
link comes of the yes of whoever logs in with it. Where that is an administrator of the child's, a second one agrees
before the proposal is made.
"""

from collections.abc import Mapping

from gateway.actions.guardians.ages import look_at_person
from gateway.actions.guardians.fitness import ADMINISTERS, why_unfit
from gateway.actions.guardians.new_proposals import METHODS, Naming, new_proposal
from gateway.actions.guardians.pairs import STANDS, UNKNOWN, LinkFault, Linking, Pair, find_pair, pair_act
from gateway.actions.guardians.seconds import ask_for_guardian, find_requests
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import WaitingAct, WaitingState
from gateway.model.people import Person
from gateway.store.guardians.proposals import Proposed, load_bonds, load_seconded, propose_guardians

WAITS_FOR_SECOND = Words("This was asked already, and waits for a second administrator.")
REFUSED = Words(
    "A second administrator did not agree to this. It can be begun anew on the page of guardians."
)
ALONE = Words(
    "This was begun when nothing spoke against it, and gives nothing now: the guardian is an administrator, or shares "
    "an address or a phone number with one. End it, then name the guardian anew: a second administrator has to agree."
)
MAXIMUM_EVIDENCE = 200
_OUTCOMES: Mapping[Proposed, tuple[str, Words]] = {
    Proposed.LINKED: ("guardian", Words("They are linked already.")),
    Proposed.OPEN: ("guardian", Words("This was asked already, and waits for the guardian's answer.")),
    Proposed.OVER: (
        "guardian",
        Words(
            "This link ended, or the question was refused or ran out. "
            "It can be begun anew on the page of guardians."
        ),
    ),
    Proposed.GONE: ("child", UNKNOWN),
}


async def propose_guardian(
    services: Services, linking: Linking, method: str, evidence: str
) -> LinkFault | WaitingAct | None:
    """Name a guardian for a child, with how it was verified; both are told by letter.

    Returns:
        What is wrong; the request where a second administrator has to agree first; None when the proposal waits for
        the guardian's answer.
    """
    if method not in METHODS:
        return LinkFault("method", Words("Say how the guardian was verified."))
    if not evidence or len(evidence) > MAXIMUM_EVIDENCE or not evidence.isprintable():
        return LinkFault("evidence", Words("Say in one short line where the evidence is kept."))
    pair = await find_pair(services, linking)
    if isinstance(pair, LinkFault):
        return pair
    if not await look_at_person(services, pair.child):
        return LinkFault("child", Words("Only somebody under age has a guardian."))
    bond = await services.store.read(load_bonds, (pair.child.person_id, pair.index, services.clock()))
    naming = Naming(pair.child, pair.address, pair.index, pair.guardian, method, evidence, linking.anew)
    if bond in STANDS:
        return await _standing_fault(services, linking, pair, bond)
    if bond is Proposed.OVER and not linking.anew:
        return _fault(bond)
    unfit = await _why_unfit(services, linking, pair, is_seconded=False)
    if unfit is ADMINISTERS and pair.known is not None:
        return await _ask_for_second(services, linking, naming, pair.known)
    if unfit is not None:
        return LinkFault("guardian", unfit)
    record = pair_act(services, linking, pair, "propose_guardian", method=method)
    return _fault(await services.store.run(propose_guardians, await new_proposal(services, naming, record)))


async def _standing_fault(
    services: Services, linking: Linking, pair: Pair, bond: Proposed
) -> LinkFault | None:
    """Say that it stands already; where the guardian administers the school by now, say how to begin anew."""
    is_seconded = await services.store.read(load_seconded, (pair.child.person_id, pair.index))
    unfit = await _why_unfit(services, linking, pair, is_seconded=is_seconded)
    return LinkFault("guardian", ALONE, stands=True) if unfit is ADMINISTERS else _fault(bond)


async def _ask_for_second(
    services: Services, linking: Linking, naming: Naming, known: Person
) -> LinkFault | WaitingAct:
    if not linking.anew and await _was_refused(services, naming.child, known):
        return LinkFault("guardian", REFUSED)
    try:
        return await ask_for_guardian(services, linking.administrator, naming, known)
    except Refusal as refusal:
        if refusal.code != "stale_form":
            raise
        return LinkFault("guardian", WAITS_FOR_SECOND, stands=True)


async def _was_refused(services: Services, child: Person, known: Person) -> bool:
    """Tell whether the latest request about the two ended without the effect."""
    found = await find_requests(services, child, known)
    return bool(found) and found[0].state not in {WaitingState.WAITING, WaitingState.APPROVED}


def _fault(outcome: Proposed) -> LinkFault | None:
    if outcome is Proposed.DONE:
        return None
    field, words = _OUTCOMES[outcome]
    return LinkFault(field, words, stands=outcome in STANDS)


async def _why_unfit(services: Services, linking: Linking, pair: Pair, *, is_seconded: bool) -> Words | None:
    """Say what speaks against the guardian, as far as the administrator may know; the yes checks the rest."""
    if pair.known is None:
        return None
    if pair.known.person_id == linking.actor_id:
        return Words("Somebody else has to link you.")
    return await why_unfit(services, pair.child, pair.known, is_seconded=is_seconded)
