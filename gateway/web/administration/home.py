"""Where administrators begin."""

from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.administration.people import see_without_factor
from gateway.actions.authentication.factor_rule import grace_ends_at, is_in_grace
from gateway.model.people import ROLE_WORDS, Power, powers_of
from gateway.store.accounts.organisations import load_organisations
from gateway.web.pages import views
from gateway.web.pages.administrating import short_person
from gateway.web.pages.formats import say
from gateway.web.pages.sections import doors
from gateway.web.pages.visit import Visit, show, signed_in_page


async def home(visit: Visit) -> Response:
    """Show the sections that this administrator may enter."""
    person = visit.signed_in.person
    organisations = await visit.services.store.read(load_organisations, None)
    names = {each.organisation_id: each.name for each in organisations}
    view = views.AdminHomeView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        role=say(ROLE_WORDS[person.role]),
        organisation=names[person.organisation_id],
        without_factor=await _without_factor(visit, names),
    )
    return show("admin_home", view)


async def _without_factor(visit: Visit, names: Mapping[str, str]) -> tuple[views.WithoutFactor, ...]:
    """Name who has no second factor yet, to those who look after accounts."""
    person = visit.signed_in.person
    if Power.PROVISION_PEOPLE not in powers_of(person.role):
        return ()
    return tuple(
        views.WithoutFactor(
            person=short_person(each.person_id),
            role=say(ROLE_WORDS[each.role]),
            organisation=names[each.organisation_id],
            until=grace_ends_at(visit.services, each) if is_in_grace(visit.services, each) else None,
            is_you=each.person_id == person.person_id,
        )
        for each in await see_without_factor(visit.services, person)
    )


ROUTES = (Route("/admin", signed_in_page(home), methods=["GET"]),)
