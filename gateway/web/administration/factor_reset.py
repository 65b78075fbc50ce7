"""The page that asks to take somebody's lost second factor away; a second person agrees to it elsewhere."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.factor_reset import ask_for_reset, find_resettable
from gateway.model.administration.acts import AdminAct
from gateway.model.people import ROLE_WORDS, Power
from gateway.web.administration.waiting import HERE as WAITING
from gateway.web.administration.waiting import administrator
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import password_first, path_id, short_person
from gateway.web.pages.formats import say
from gateway.web.pages.sections import doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

_PATH = "/admin/people/{person_id}/factor"


async def factor(visit: Visit) -> Response:
    """Say what it means, and ask for the reason."""
    visit.check_power(Power.PROVISION_PEOPLE)
    person = await find_resettable(visit.services, administrator(visit), path_id(visit, "person_id"))
    here = f"/admin/people/{person.person_id}/factor"
    view = views.AdminFactorView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        person=short_person(person.person_id),
        role=say(ROLE_WORDS[person.role]),
        action=here,
        reauthenticate_url=password_first(visit, here),
    )
    return show("admin_factor", view)


async def ask(visit: Visit) -> Response:
    """Ask a second person."""
    form = await visit.form()
    person_id = path_id(visit, "person_id")
    act = await ask_for_reset(visit.services, administrator(visit), person_id, form.one("why"))
    return see_other(f"{WAITING}/{act.act_id}?done=asked-second")


ROUTES = (
    Route(_PATH, signed_in_page(factor), methods=["GET"]),
    ActRoute(_PATH, AdminAct.ASK_FOR_RESET, ask, back=_PATH),
)
