"""Administrators' pages of what waits for a second person: the list, one request, agree, refuse, take back."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.waiting_kinds import (
    KINDS,
    SeenAct,
    approve_act,
    refuse_act,
    see_act,
    see_waiting,
    withdraw_act,
)
from gateway.actions.two_people import administrator_of
from gateway.kit.words import Words
from gateway.model.administration.acts import AdminAct
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingState
from gateway.model.grants import ReasonCode
from gateway.model.people import Power, powers_of
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import actor_words, password_first, path_id
from gateway.web.pages.formats import say
from gateway.web.pages.reason_words import reason_choice
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

HERE = SECTIONS["waiting"].url
_ONE = f"{HERE}/{{act_id}}"
STATES: Mapping[WaitingState, views.ShownWaitingState] = MappingProxyType(
    {
        WaitingState.WAITING: "waiting",
        WaitingState.APPROVED: "approved",
        WaitingState.REFUSED: "refused",
        WaitingState.WITHDRAWN: "withdrawn",
        WaitingState.EXPIRED: "expired",
    }
)


def administrator(visit: Visit) -> Administrator:
    """Name who is signed in as an administrator."""
    return administrator_of(visit.signed_in.person)


async def waiting(visit: Visit) -> Response:
    """List what waits, and what was dealt with of late."""
    own = administrator(visit)
    view = views.AdminWaitingView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="waiting",
        rows=tuple(_row(visit, each) for each in await see_waiting(visit.services, own)),
    )
    return show("admin_waiting", view)


def _row(visit: Visit, act: WaitingAct) -> views.WaitingRow:
    return views.WaitingRow(
        url=f"{HERE}/{act.act_id}",
        title=say(KINDS[act.kind].title),
        asked_by=actor_words(act.asked_by),
        asked_at=act.asked_at,
        expires_at=act.expires_at,
        state=_state(visit, act),
    )


def _state(visit: Visit, act: WaitingAct) -> views.ShownWaitingState:
    """Name the state; a request whose time is over has run out, even before a sweep has looked at it."""
    ran_out = act.state is WaitingState.WAITING and visit.services.clock() >= act.expires_at
    return "expired" if ran_out else STATES[act.state]


async def one(visit: Visit) -> Response:
    """Show one request, and what this administrator can do about it."""
    seen = await see_act(visit.services, administrator(visit), path_id(visit, "act_id"))
    here = f"{HERE}/{seen.act.act_id}"
    can_decide = seen.is_open and seen.in_the_way is None
    view = views.AdminWaitingActView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="waiting",
        title=say(seen.rule.title),
        facts=_facts(seen),
        why=seen.act.why,
        asked_by=actor_words(seen.act.asked_by),
        asked_at=seen.act.asked_at,
        expires_at=seen.act.expires_at,
        state=_state(visit, seen.act),
        decided_by=actor_words(seen.act.decided_by) if seen.act.decided_by else "",
        decided_at=seen.act.decided_at,
        content=seen.act.content_digest,
        about_url=_about_url(visit, seen.act),
        approve_action=f"{here}/approve" if can_decide else "",
        refuse_action=f"{here}/refuse" if can_decide else "",
        withdraw_action=f"{here}/withdraw" if seen.is_open and seen.is_own else "",
        reauthenticate_url=password_first(visit, here),
        in_the_way=say(seen.in_the_way) if seen.is_open and seen.in_the_way else "",
    )
    return show("admin_waiting_act", view)


def _facts(seen: SeenAct) -> tuple[views.Fact, ...]:
    return tuple(views.Fact(label=say(label), value=_value(value)) for label, value in seen.facts)


def _value(value: str) -> str:
    """Say words of ours in the reader's language; leave everything else as it is."""
    if isinstance(value, ReasonCode):
        return reason_choice(value)
    return say(value) if isinstance(value, Words) else value


def _about_url(visit: Visit, act: WaitingAct) -> str:
    """Give the address of the partner's page, for an administrator who may see it."""
    may = Power.SEE_PARTNERS in powers_of(visit.signed_in.person.role)
    return f"/admin/partners/{act.target_id}" if act.target_kind == "partner" and may else ""


async def approve(visit: Visit) -> Response:
    """Agree to what was looked at; like every opening it takes a recent password."""
    own = administrator(visit)
    form = await visit.form()
    await approve_act(visit.services, own, path_id(visit, "act_id"), form.one("content"))
    return see_other(f"{HERE}?done=agreed")


async def refuse(visit: Visit) -> Response:
    """Say no, which takes no password."""
    own = administrator(visit)
    await visit.form()
    await refuse_act(visit.services, own, path_id(visit, "act_id"))
    return see_other(f"{HERE}?done=not-agreed")


async def withdraw(visit: Visit) -> Response:
    """Take one's own request back."""
    own = administrator(visit)
    await visit.form()
    await withdraw_act(visit.services, own, path_id(visit, "act_id"))
    return see_other(f"{HERE}?done=withdrawn")


ROUTES = (
    Route(HERE, signed_in_page(waiting), methods=["GET"]),
    Route(_ONE, signed_in_page(one), methods=["GET"]),
    ActRoute(f"{_ONE}/approve", AdminAct.AGREE, approve, back=_ONE),
    ActRoute(f"{_ONE}/refuse", AdminAct.REFUSE, refuse, back=_ONE),
    ActRoute(f"{_ONE}/withdraw", AdminAct.WITHDRAW, withdraw, back=_ONE),
)
