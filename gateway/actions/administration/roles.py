"""The role of an account: every change takes two people, and the new powers rest for a day."""

from collections.abc import Sequence

from gateway.actions.directory import find_account
from gateway.actions.guardians.ages import is_child
from gateway.actions.guardians.letters import ward_letters
from gateway.actions.services import Services
from gateway.actions.two_people import POWERS_REST, ActFact, Execution, TwoPeople
from gateway.actions.waiting import Wish, ask, effect_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind
from gateway.model.people import ROLE_WORDS, Person, PersonState, Power, Role
from gateway.store.admin_actions import AdminAction
from gateway.store.administration.roles import RoleChange, change_roles


async def ask_for_role(
    services: Services, asker: Administrator, person_id: str, role: Role, why: str
) -> WaitingAct:
    """Ask that an account gets another role.

    Raises:
        Refusal: ``not_found``; ``bad_form`` for the role that it has already; ``stale_form`` for an account that is
            closed or has a guardian, or where such a request waits already.
    """
    person = await find_account(services, person_id)
    if person.role is role:
        raise Refusal("bad_form", detail="the role that it has already")
    _check_changeable(person)
    parts = {"person": person_id, "from": str(person.role), "to": str(role)}
    return await ask(services, CHANGE_ROLE, asker, Wish(("person", person_id), parts, why))


def is_changeable(person: Person) -> bool:
    """Tell whether an account can have another role; a change of role must not take a child's guardian away."""
    return not person.needs_guardian and person.state is not PersonState.CLOSED


def _check_changeable(person: Person) -> None:
    if not is_changeable(person):
        raise Refusal("stale_form", detail="an account that is closed, or of somebody with a guardian")


async def _describe(services: Services, act: WaitingAct) -> Sequence[ActFact]:
    parts = act.parts
    return (
        (Words("Account"), str(parts["person"])),
        (Words("Role now"), ROLE_WORDS[Role(parts["from"])]),
        (Words("New role"), ROLE_WORDS[Role(parts["to"])]),
    )


async def _execute(services: Services, act: WaitingAct, _: Administrator) -> Execution:
    before, after = Role(act.parts["from"]), Role(act.parts["to"])
    record = effect_of(services, act, "change_role", before=str(before), after=str(after))
    return Execution(change_roles, await plan_change(services, act.target_id, before, after, record))


async def plan_change(
    services: Services, person_id: str, before: Role, after: Role, record: AdminAction
) -> RoleChange:
    """Plan a change; a student's guardian follows from the date of birth."""
    _check_changeable(await find_account(services, person_id))
    child = await is_child(services, person_id, after)
    rest, letters = services.clock() + POWERS_REST, await ward_letters(services, person_id)
    return RoleChange(person_id, str(before), str(after), child, rest, record, letters)


CHANGE_ROLE = TwoPeople(
    kind=WaitingKind.CHANGE_ROLE,
    ask=Power.GIVE_POWERS,
    approve=Power.GIVE_POWERS,
    lifetime=7 * DAY,
    title=Words("Another role for an account"),
    describe=_describe,
    execute=_execute,
)
