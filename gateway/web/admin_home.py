"""Where administrators begin."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.kit.errors import Refusal
from gateway.model.people import powers_of
from gateway.store.people import load_organisations
from gateway.web import views
from gateway.web.administration import doors
from gateway.web.formats import say
from gateway.web.visit import ROLE_WORDS, Visit, show, signed_in_page


async def home(visit: Visit) -> Response:
    """Show the sections that this administrator may enter."""
    person = visit.signed_in.person
    if not powers_of(person.role):
        raise Refusal("not_allowed", detail="no administrator")
    organisations = await visit.services.store.read(load_organisations, None)
    names = {each.organisation_id: each.name for each in organisations}
    view = views.AdminHomeView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        role=say(ROLE_WORDS[person.role]),
        organisation=names[person.organisation_id],
    )
    return show("admin_home", view)


ROUTES = (Route("/admin", signed_in_page(home), methods=["GET"]),)
