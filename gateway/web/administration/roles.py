"""The page that asks for another role of an account; a second person agrees to it elsewhere."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.roles import ask_for_role
from gateway.actions.directory import find_account
from gateway.kit.errors import Refusal
from gateway.model.administration.acts import AdminAct
from gateway.model.people import ROLE_WORDS, Power, Role
from gateway.web.administration.waiting import HERE as WAITING
from gateway.web.administration.waiting import administrator
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import password_first, path_id, short_person
from gateway.web.pages.formats import say
from gateway.web.pages.sections import doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

_PATH = "/admin/people/{person_id}/role"


async def role(visit: Visit) -> Response:
    """Show the role and offer the others."""
    visit.check_power(Power.GIVE_POWERS)
    person = await find_account(visit.services, path_id(visit, "person_id"))
    here = f"/admin/people/{person.person_id}/role"
    view = views.AdminRoleView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="people",
        person=short_person(person.person_id),
        role=say(ROLE_WORDS[person.role]),
        roles=tuple(
            views.Option(value=str(each), label=say(words))
            for each, words in ROLE_WORDS.items()
            if each is not person.role
        ),
        action=here,
        reauthenticate_url=password_first(visit, here),
    )
    return show("admin_role", view)


async def ask(visit: Visit) -> Response:
    """Ask for another role."""
    form = await visit.form()
    person_id = path_id(visit, "person_id")
    wanted = form.one("role")
    if wanted not in tuple(Role):
        raise Refusal("bad_form", detail="no such role")
    act = await ask_for_role(visit.services, administrator(visit), person_id, Role(wanted), form.one("why"))
    return see_other(f"{WAITING}/{act.act_id}?done=asked-second")


ROUTES = (
    Route(_PATH, signed_in_page(role), methods=["GET"]),
    ActRoute(_PATH, AdminAct.ASK_FOR_ROLE, ask, back=_PATH),
)
