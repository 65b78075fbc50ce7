"""One account for its administrators: its state, its links, and what can be done."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.people import SeenPerson, see_person
from gateway.actions.administration.person_stops import (
    STOP_REASONS,
    deactivate,
    end_sessions_of,
    reactivate,
)
from gateway.actions.administration.roles import is_changeable
from gateway.actions.services import Services
from gateway.model.administration.acts import AdminAct
from gateway.model.administration.waiting import Administrator, WaitingAct
from gateway.model.grants import ReasonCode
from gateway.model.people import ROLE_WORDS, PersonState, Power, powers_of
from gateway.store.consent.grants import GrantLine
from gateway.web.administration.consents import HERE as GRANTS
from gateway.web.administration.consents import shown_state as grant_state
from gateway.web.administration.people import HERE, shown_state
from gateway.web.administration.waiting import HERE as WAITING
from gateway.web.administration.waiting import administrator
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import (
    password_first,
    path_id,
    read_reason,
    reason_options,
    short_person,
)
from gateway.web.pages.formats import day_of, say
from gateway.web.pages.sections import doors
from gateway.web.pages.views.admin.people import PersonConsent
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import offer_name

_PATH = f"{HERE}/{{person_id}}"


async def person(visit: Visit) -> Response:
    """Show one account."""
    visit.check_power(Power.PROVISION_PEOPLE)
    seen = await see_person(visit.services, administrator(visit), path_id(visit, "person_id"))
    return show("admin_person", await _view(visit, seen))


async def _view(
    visit: Visit, seen: SeenPerson, errors: tuple[views.FieldError, ...] = ()
) -> views.AdminPersonView:
    found = seen.line.person
    is_out = found.state is PersonState.DEACTIVATED
    can_change = seen.may_stop and found.state is not PersonState.CLOSED
    here, powers = f"{HERE}/{found.person_id}", powers_of(visit.signed_in.person.role)
    is_active, is_invited = found.state is PersonState.ACTIVE, found.state is PersonState.INVITED
    return views.AdminPersonView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        person=short_person(found.person_id),
        state=shown_state(visit, seen.line),
        facts=_facts(seen),
        consents=tuple(_consent(visit, each) for each in seen.consents),
        has_more_consents=seen.has_more,
        reauthenticate_url=password_first(visit, here),
        invite_action=f"{here}/invite" if is_invited else "",
        role_url=f"{here}/role" if Power.GIVE_POWERS in powers and is_changeable(found) else "",
        factor_url=f"{here}/factor" if is_active and seen.has_factor else "",
        sessions_action=f"{here}/sign-out" if seen.sessions and seen.may_stop else "",
        deactivate_action=f"{here}/deactivate" if can_change and not is_out else "",
        reactivate_action=f"{here}/reactivate" if can_change and is_out else "",
        takes_two=is_out and bool(powers_of(found.role)),
        reasons=reason_options(STOP_REASONS),
        errors=errors,
    )


def _facts(seen: SeenPerson) -> tuple[views.Fact, ...]:
    line = seen.line
    facts = [
        views.Fact(label=say("Role"), value=say(ROLE_WORDS[line.person.role])),
        views.Fact(label=say("Organisation"), value=seen.organisation),
        views.Fact(label=say("Made"), value=day_of(line.created_at).isoformat()),
    ]
    if line.person.state is PersonState.INVITED and line.invited_until is not None:
        facts.append(
            views.Fact(label=say("Invitation runs out"), value=day_of(line.invited_until).isoformat())
        )
    facts += [
        views.Fact(label=say("Second factor"), value=say("yes") if seen.has_factor else say("no")),
        views.Fact(label=say("Open sessions"), value=str(seen.sessions)),
    ]
    for label, ids in ((say("Guardian"), seen.linked.guardians), (say("Child"), seen.linked.children)):
        facts += [views.Fact(label=label, value=short_person(each), url=f"{HERE}/{each}") for each in ids]
    return tuple(facts)


def _consent(visit: Visit, line: GrantLine) -> PersonConsent:
    grant, registry = line.grant, visit.services.registry
    may_see = Power.SEE_GRANTS in powers_of(visit.signed_in.person.role)
    return PersonConsent(
        offer=offer_name(registry.offers[grant.offer_id].offer),
        brand=registry.partners[grant.partner_id].partner.brand,
        state=grant_state(line, visit.services.clock()),
        url=f"{GRANTS}/{grant.grant_id}" if may_see else "",
    )


async def sign_out(visit: Visit) -> Response:
    """Sign the person out everywhere."""
    await visit.form()
    person_id = path_id(visit, "person_id")
    await end_sessions_of(visit.services, administrator(visit), person_id)
    return see_other(f"{HERE}/{person_id}?done=signed-out-person")


async def deactivate_account(visit: Visit) -> Response:
    """Deactivate the account; it takes a reason."""
    return await _change(visit, deactivate, "deactivated")


async def reactivate_account(visit: Visit) -> Response:
    """Bring the account back; it takes a reason, and a second person where it has powers."""
    return await _change(visit, reactivate, "reactivated")


async def _change(
    visit: Visit,
    act: Callable[[Services, Administrator, str, ReasonCode], Awaitable[WaitingAct | None]],
    done: str,
) -> Response:
    reason = read_reason(await visit.form(), STOP_REASONS)
    person_id = path_id(visit, "person_id")
    if reason is None:
        seen = await see_person(visit.services, administrator(visit), person_id)
        errors = (views.FieldError(field="reason", message=say("Choose a reason.")),)
        return show("admin_person", await _view(visit, seen, errors), status=400)
    waits = await act(visit.services, administrator(visit), person_id, reason)
    if waits is not None:
        return see_other(f"{WAITING}/{waits.act_id}?done=asked-second")
    return see_other(f"{HERE}/{person_id}?done={done}")


ROUTES = (
    Route(_PATH, signed_in_page(person), methods=["GET"]),
    ActRoute(f"{_PATH}/sign-out", AdminAct.END_SESSIONS, sign_out, back=_PATH),
    ActRoute(f"{_PATH}/deactivate", AdminAct.DEACTIVATE, deactivate_account, back=_PATH),
    ActRoute(f"{_PATH}/reactivate", AdminAct.REACTIVATE, reactivate_account, back=_PATH),
)
