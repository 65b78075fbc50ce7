"""A guardian who administers the child's school: a second administrator agrees before the guardian is asked (P9).

Only the approval makes the proposal that such a guardian can say yes to. Everything after it is as for every guardian.
"""

import json
from collections.abc import Sequence

from gateway.actions.authentication.sessions import login_index
from gateway.actions.directory import find_account
from gateway.actions.guardians.ages import look_at_person
from gateway.actions.guardians.fitness import share_a_reach, why_unfit
from gateway.actions.guardians.new_proposals import METHODS, Naming, new_proposal
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, ask, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.people import PERSON_PREFIX, Person, PersonState, Power
from gateway.store.accounts.logins import load_logins
from gateway.store.guardians.proposals import second_proposals
from gateway.store.waiting import WaitingQuery, list_waiting
from scopes import masked

IS_GUARDIAN = Words(
    "You are the guardian, or share an address or a phone number. Somebody else has to agree."
)


async def ask_for_guardian(
    services: Services, asker: Administrator, naming: Naming, known: Person
) -> WaitingAct:
    """Ask for a second administrator; until one agrees nobody is asked to be a guardian.

    Args:
        known: the account that administers, or is an administrator's: the guardian's own, or what stands in for it.

    Raises:
        Refusal: ``stale_form`` where the same waits already.
    """
    child_id = naming.child.person_id
    parts = {
        "account": known.person_id,
        "holder": naming.guardian.person_id if naming.guardian else "",
        "method": naming.method,
        "anew": naming.anew,
    }
    wish = Wish(
        ("person", child_id),
        parts,
        subject=f"{child_id} {naming.index.hex()}",
        personal=json.dumps({"address": naming.address, "evidence": naming.evidence}).encode(),
        organisation_id=naming.child.organisation_id,
    )
    return await ask(services, LINK_GUARDIAN, asker, wish)


async def find_requests(services: Services, child: Person, known: Person) -> list[WaitingAct]:
    """Find what was asked for about a child and a guardian's account, newest first, however it ended."""
    query = WaitingQuery((str(WaitingKind.LINK_GUARDIAN),), state=None, target=("person", child.person_id))
    found = await services.store.read(list_waiting, query)
    return [each for each in found if each.parts["account"] == known.person_id]


def _sealed(services: Services, act: WaitingAct) -> dict[str, str]:
    found: dict[str, str] = json.loads(services.seal.opened_request(act.act_id, act.sealed or b""))
    return found


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    facts: list[ActFact] = [(Words("Child"), act.target_id)]
    if act.sealed is not None:
        sealed = _sealed(services, act)
        # The second person has to see whom it is about; the rest of the address is the guardian's own.
        facts.append((Words("Guardian"), masked("email", sealed["address"])))
        facts.append((Words("Where the evidence is kept"), sealed["evidence"]))
    return (
        *facts,
        (Words("How the guardian was verified"), METHODS[act.parts["method"]]),
        (
            Words("What happens"),
            Words(
                "The guardian is an administrator, or shares an address or a phone number with one. Once you agree, "
                "the guardian is asked, and answers for the child after saying yes."
            ),
        ),
    )


async def _why_not(services: Services, act: WaitingAct, administrator: Administrator) -> Words | None:
    """Say why somebody may not agree: the second person is neither the guardian nor another account of theirs."""
    own_id = administrator.actor_id
    if not own_id.startswith(PERSON_PREFIX):
        return None
    for other in filter(None, (act.parts["account"], act.parts["holder"])):
        if other == own_id or await share_a_reach(services, own_id, other):
            return IS_GUARDIAN
    return None


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    sealed, parts = _sealed(services, act), act.parts
    child = await find_account(services, act.target_id)
    known = await find_account(services, parts["account"])
    index = login_index(services, sealed["address"])
    login = await services.store.read(load_logins, index)
    holder = login.person if login else None
    is_other = parts["holder"] != (holder.person_id if holder else "")
    if is_other or PersonState.CLOSED in {child.state, known.state}:
        raise Refusal("stale_form", detail="the address is another account's now, or an account is closed")
    is_child = await look_at_person(services, child)
    if not is_child or await why_unfit(services, child, known, is_seconded=True) is not None:
        raise Refusal("stale_form", detail="the child is of age now, or the guardian is not")
    naming = Naming(
        child, sealed["address"], index, holder, parts["method"], sealed["evidence"], parts["anew"]
    )
    detail = {"method": naming.method} | ({"guardian": holder.person_id} if holder else {})
    record = effect_of(services, act, "propose_guardian", **detail)
    return Execution(second_proposals, await new_proposal(services, naming, record, is_seconded=True))


LINK_GUARDIAN = TwoPeople(
    kind=WaitingKind.LINK_GUARDIAN,
    ask=Power.PROVISION_PEOPLE,
    approve=Power.PROVISION_PEOPLE,
    lifetime=7 * DAY,
    title=Words("An administrator as the guardian of a child"),
    describe=_describe,
    execute=_execute,
    why_not=_why_not,
)
