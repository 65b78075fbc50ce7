"""Every kind of act that takes two people, and what administrators do with those that wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.actions import two_people, waiting
from gateway.actions.accounts.new_accounts import ADD_ACCOUNT
from gateway.actions.administration.factor_reset import RESET_FACTOR
from gateway.actions.administration.person_stops import BRING_BACK
from gateway.actions.administration.roles import CHANGE_ROLE
from gateway.actions.guardians.seconds import LINK_GUARDIAN
from gateway.actions.partners.ends import END_PARTNER
from gateway.actions.partners.go_live import GO_LIVE
from gateway.actions.partners.pkce_switch import ALLOW_NEITHER
from gateway.actions.services import Services
from gateway.actions.two_people import ActFact, TwoPeople
from gateway.kit.errors import Refusal
from gateway.kit.words import Words
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind, WaitingState
from gateway.model.people import Role
from gateway.store.waiting import WaitingQuery, count_waiting, list_waiting, load_waiting

KINDS: Mapping[WaitingKind, TwoPeople] = MappingProxyType(
    {
        each.kind: each
        for each in (
            CHANGE_ROLE,
            ADD_ACCOUNT,
            GO_LIVE,
            END_PARTNER,
            RESET_FACTOR,
            LINK_GUARDIAN,
            ALLOW_NEITHER,
            BRING_BACK,
        )
    }
)
"""One declaration for each kind; a test holds that none is missing."""
PAGE = 100


@dataclass(frozen=True, slots=True)
class SeenAct:
    """A request as an administrator sees it.

    Attributes:
        facts: what exactly, in words.
        is_own: this administrator asked for it.
        in_the_way: why this administrator is not the second person; None where nothing is.
    """

    act: WaitingAct
    rule: TwoPeople
    facts: tuple[ActFact, ...]
    is_own: bool
    is_open: bool
    in_the_way: Words | None


def _query(administrator: Administrator, *, alone: bool = False, state: str | None = None) -> WaitingQuery:
    """Ask for the requests that an administrator may see; `alone` leaves those that they may approve."""
    kinds = tuple(
        str(kind)
        for kind, rule in KINDS.items()
        if administrator.has(rule.approve) or (not alone and administrator.has(rule.ask))
    )
    own = administrator.organisation_id if administrator.role is Role.SCHOOL_ADMIN else None
    return WaitingQuery(kinds, state, own, limit=PAGE)


async def see_waiting(services: Services, administrator: Administrator) -> list[WaitingAct]:
    """List what waits and what was dealt with of late, newest first; what waits comes first."""
    found = await services.store.read(list_waiting, _query(administrator))
    return sorted(found, key=lambda act: act.state is not WaitingState.WAITING)


async def count_open_acts(services: Services, administrator: Administrator) -> int:
    """Count what waits and this administrator's role may approve."""
    query = _query(administrator, alone=True, state=str(WaitingState.WAITING))
    return await services.store.read(count_waiting, query)


def sees_any(administrator: Administrator) -> bool:
    """Tell whether any kind concerns this administrator."""
    return bool(_query(administrator).kinds)


async def see_act(services: Services, administrator: Administrator, act_id: str) -> SeenAct:
    """Show one request.

    Raises:
        Refusal: ``not_found`` for one that is unknown, or none of this administrator's business.
    """
    act = await services.store.read(load_waiting, act_id)
    if act is None or not two_people.may_see(KINDS[act.kind], act, administrator):
        raise Refusal("not_found", detail="no such request")
    rule = KINDS[act.kind]
    is_open = act.state is WaitingState.WAITING and services.clock() < act.expires_at
    return SeenAct(
        act=act,
        rule=rule,
        facts=tuple(await rule.describe(services, act)),
        is_own=act.asked_by == administrator.actor_id,
        is_open=is_open,
        in_the_way=await two_people.why_not(services, rule, act, administrator),
    )


async def approve_act(services: Services, administrator: Administrator, act_id: str, seen: str) -> WaitingAct:
    """Agree, as the second person, to exactly what was looked at.

    Raises:
        Refusal: ``not_found``, ``not_allowed`` or ``stale_form``.
    """
    found = await see_act(services, administrator, act_id)
    await waiting.approve(services, found.rule, found.act, administrator, seen)
    return found.act


async def break_glass(services: Services, administrator: Administrator, act_id: str, seen: str) -> WaitingAct:
    """Do alone what takes two people, at the command line: exactly what was looked at.

    Raises:
        Refusal: ``not_found``, ``not_allowed`` or ``stale_form``.
    """
    found = await see_act(services, administrator, act_id)
    await waiting.break_glass(services, found.rule, found.act, administrator, seen)
    return found.act


async def refuse_act(services: Services, administrator: Administrator, act_id: str) -> WaitingAct:
    """Say no as the second person.

    Raises:
        Refusal: ``not_found``, ``not_allowed`` or ``stale_form``.
    """
    found = await see_act(services, administrator, act_id)
    await waiting.refuse(services, found.rule, found.act, administrator)
    return found.act


async def withdraw_act(services: Services, administrator: Administrator, act_id: str) -> WaitingAct:
    """Take one's own request back.

    Raises:
        Refusal: ``not_found``, ``not_allowed`` or ``stale_form``.
    """
    found = await see_act(services, administrator, act_id)
    await waiting.withdraw(services, found.rule, found.act, administrator)
    return found.act


async def let_run_out(services: Services) -> int:
    """Put on record which requests nobody agreed to in time; two nodes at once do each once."""
    query = WaitingQuery(
        tuple(map(str, KINDS)), str(WaitingState.WAITING), overdue=services.clock(), limit=PAGE
    )
    overdue = await services.store.read(list_waiting, query)
    return sum([await waiting.run_out(services, KINDS[act.kind], act) for act in overdue])
