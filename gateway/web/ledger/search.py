"""The administrators' page of the hand-off log."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.ledger.search import LogSearch, read_log
from gateway.model.administration.acts import AdminAct
from gateway.model.ledger.handoffs import Handoff
from gateway.model.people import Power, powers_of
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.administrating import (
    Conditions,
    address_of_search,
    field_options,
    partner_options,
    short_person,
)
from gateway.web.pages.formats import say
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import field_label, purpose_label
from scopes import FIELDS

HERE = SECTIONS["log"].url
ENDPOINTS = ("userinfo", "userinfo_jwt", "release")
"""Where values can leave."""


async def log(visit: Visit) -> Response:
    """Show a page of the log."""
    actor = visit.check_power(Power.READ_LOG).person
    conditions = Conditions(visit, HERE)
    search = _search(visit, conditions)
    found = None
    if not conditions.errors:
        found = await read_log(visit.services, actor.person_id, search)
    view = views.AdminLogView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="log",
        query=_filter(visit, conditions, search),
        rows=tuple(log_row(visit, each, search.email) for each in found.handoffs) if found else (),
        looked_through=found.looked_through if found else None,
        pager=conditions.pager(found.older if found else None),
    )
    return show("admin_log", view, status=400 if conditions.errors else 200)


def _search(visit: Visit, conditions: Conditions) -> LogSearch:
    since, until = conditions.moment("from"), conditions.moment("to")
    conditions.check_order(since, until, say("The first moment is not before the last one."))
    return LogSearch(
        email=conditions.email,
        partner_id=conditions.one_of("partner", visit.services.registry.partners),
        field=conditions.one_of("field", FIELDS),
        endpoint=conditions.one_of("endpoint", ENDPOINTS),
        since=since,
        until=until,
        before=conditions.before(),
    )


def _filter(visit: Visit, conditions: Conditions, search: LogSearch) -> views.LogFilter:
    return views.LogFilter(
        action=HERE,
        person=search.email,
        from_time=conditions.text("from"),
        to_time=conditions.text("to"),
        partners=partner_options(visit, search.partner_id),
        fields=field_options(search.field),
        endpoints=tuple(
            views.Option(value=each, label=each, chosen=each == search.endpoint) for each in ENDPOINTS
        ),
        errors=tuple(conditions.errors),
    )


def log_row(visit: Visit, handoff: Handoff, email: str = "") -> views.HandoffRow:
    """Show one hand-off by names.

    Args:
        email: what the administrator searched by, if that is how the row was found.
    """
    powers = powers_of(visit.signed_in.person.role)
    return views.HandoffRow(
        at=handoff.at,
        handoff_id=handoff.handoff_id,
        person=email or short_person(handoff.person_id),
        brand=visit.services.registry.partners[handoff.partner_id].partner.brand,
        client_id=handoff.client_id,
        endpoint=handoff.endpoint,
        fields=tuple(dict.fromkeys(field_label(each.item.field) for each in handoff.items)),
        purposes=tuple(dict.fromkeys(purpose_label(each.item.purpose) for each in handoff.items)),
        grant_url=f"/admin/grants/{handoff.grant_id}" if Power.SEE_GRANTS in powers else "",
        check_url=f"/admin/log/check/{handoff.handoff_id}" if Power.READ_LOG in powers else "",
    )


async def search_log(visit: Visit) -> Response:
    """Take a search and go to its address."""
    form = await visit.form()
    return see_other(address_of_search(visit, form, ("partner", "field", "endpoint", "from", "to")))


ROUTES = (
    Route(HERE, signed_in_page(log), methods=["GET"]),
    ActRoute(HERE, AdminAct.SEARCH_LOG, search_log, back=HERE),
)
