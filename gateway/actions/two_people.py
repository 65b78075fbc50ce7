"""Kinds of acts that take two people: who may ask, who may agree, and what an approval does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.actions.authentication.same_person import is_same_person
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind, is_at_command_line
from gateway.model.people import PERSON_PREFIX, Person, Power
from gateway.store.engine.backend import Operation
from gateway.store.letters import NewLetter

POWERS_REST = DAY
"""Seconds in which an account that was given powers approves nothing: two who were made a minute ago are no second pair
of eyes."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What an approval does, decided at that moment: a store operation with its plan, and letters that tell of it."""

    operation: Operation[Any, Any]
    plan: Any
    letters: tuple[NewLetter, ...] = ()


ActFact = tuple[Words, str]
"""A name and what it is, for whoever decides; the second one may be `Words` too."""


async def nothing_more(_: Services, __: WaitingAct, ___: Administrator) -> Words | None:
    """Say that a kind has no rule of its own about who may agree."""
    return None


@dataclass(frozen=True, slots=True)
class TwoPeople:
    """One kind of act that takes two people; each is declared once, beside what it does.

    Attributes:
        ask: the power to ask for it, and `approve` the power to agree.
        lifetime: seconds after which nobody can agree any more.
        title: what it is, in words.
        describe: what exactly, in words; called for whoever may approve or asked.
        execute: decides what an approval does; raises ``stale_form`` where the world has changed since.
        why_not: says what else keeps somebody from agreeing to this kind, beyond what holds for every one.
    """

    kind: WaitingKind
    ask: Power
    approve: Power
    lifetime: int
    title: Words
    describe: Callable[[Services, WaitingAct], Awaitable[Sequence[ActFact]]]
    execute: Callable[[Services, WaitingAct, Administrator], Awaitable[Execution]]
    why_not: Callable[[Services, WaitingAct, Administrator], Awaitable[Words | None]] = nothing_more


def may_see(rule: TwoPeople, act: WaitingAct, administrator: Administrator) -> bool:
    """Tell whether an administrator may look at a request."""
    knows = administrator.has(rule.ask) or administrator.has(rule.approve)
    return knows and administrator.reaches(act.organisation_id)


async def why_not(
    services: Services, rule: TwoPeople, act: WaitingAct, administrator: Administrator
) -> Words | None:
    """Say why this administrator is not the second person; None where nothing is in the way."""
    own_id = administrator.actor_id
    if not administrator.has(rule.approve) or not administrator.reaches(act.organisation_id):
        return Words("Your role does not allow this.")
    if act.asked_by == own_id or (is_at_command_line(act.asked_by) and is_at_command_line(own_id)):
        return Words("You asked for this yourself. Somebody else has to agree.")
    others = [act.asked_by, *([act.target_id] if act.target_kind == "person" else [])]
    for other in (each for each in others if each.startswith(PERSON_PREFIX)):
        if own_id.startswith(PERSON_PREFIX) and await is_same_person(services, other, own_id):
            return Words("It was asked for by you, or is about you. Somebody else has to agree.")
    return await rule.why_not(services, act, administrator)


def administrator_of(person: Person) -> Administrator:
    """Name a person as an administrator."""
    return Administrator(person.person_id, person.role, person.organisation_id)
