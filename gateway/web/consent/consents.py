"""Pages of connected services: the list, one service with every hand-off, its notice, and its end."""

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.consent.consents import list_own_consents, see_notice, see_own_consent
from gateway.actions.grants.lines import see_lines
from gateway.web.consent.consent_moves import (
    ask_again,
    complain_about,
    pause_service,
    resume_service,
    shorten_service,
    stop_all,
    stop_service,
    switch_item_off,
)
from gateway.web.consent.consent_views import can_ask_deletion, service_detail, service_line
from gateway.web.pages import views
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page

_FIRST = ("waiting", "changed", "live", "used_up", "paused")


async def connected(visit: Visit) -> Response:
    """List what is connected, what the person said no to, and what is over."""
    lines = await list_own_consents(visit.services, visit.signed_in)
    found = [service_line(visit, each) for each in await see_lines(visit.services, lines)]
    live = [each for each in found if each.state in _FIRST]
    view = views.ConnectedView(
        chrome=visit.chrome("connected"),
        services=tuple(sorted(live, key=lambda each: _FIRST.index(each.state))),
        refused=tuple(each for each in found if each.state == "refused"),
        ended=tuple(each for each in found if each.state == "ended"),
        record_url="/connected/my-record.json",
        record_page_url="/connected/my-record",
        stop_everything_action="/stop-everything" if live else "",
        can_ask_deletion=any(can_ask_deletion(visit, line.grant) for line in lines),
    )
    return show("connected", view)


async def detail(visit: Visit) -> Response:
    """Show one connected service."""
    found = await see_own_consent(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    return show("connected_detail", service_detail(visit, found))


async def stopped(visit: Visit) -> Response:
    """Say that it has stopped."""
    found = await see_own_consent(visit.services, visit.signed_in, visit.request.path_params["grant_id"])
    line = found.detail.line
    if line.ended_at is None:
        return see_other(f"/connected/{line.grant.grant_id}")
    view = views.StoppedView(
        chrome=visit.chrome("connected"),
        brand=visit.services.registry.partners[line.grant.partner_id].partner.brand,
        offer=found.offer.name,
        stopped_at=line.ended_at,
        gone_by=max((each.gone_by for each in found.received if each.gone_by), default=None),
        deletion_asked=found.deletion is not None,
        detail_url=f"/connected/{line.grant.grant_id}",
    )
    return show("stopped", view)


async def notice(visit: Visit) -> Response:
    """Show the notice that was agreed to, byte for byte."""
    grant_id = visit.request.path_params["grant_id"]
    found = await see_notice(visit.services, visit.signed_in, grant_id)
    registry = visit.services.registry
    offer = registry.offers[found.offer_id].offer
    view = views.NoticeView(
        chrome=visit.chrome("connected"),
        brand=registry.partners[offer.partner_id].partner.brand,
        offer=offer.name,
        version=found.offer_version,
        effective_at=found.effective_from,
        digest=found.sha256.hex(),
        text=views.Spoken(text=found.text, language=found.language),
        back_url=f"/connected/{grant_id}",
    )
    return show("notice", view)


ROUTES = (
    Route("/connected", signed_in_page(connected), methods=["GET"]),
    Route("/stop-everything", signed_in_page(stop_all), methods=["POST"]),
    Route("/connected/{grant_id}/complain", signed_in_page(complain_about), methods=["POST"]),
    Route("/connected/{grant_id}/pause", signed_in_page(pause_service), methods=["POST"]),
    Route("/connected/{grant_id}/shorten", signed_in_page(shorten_service), methods=["POST"]),
    Route("/connected/{grant_id}/resume", signed_in_page(resume_service), methods=["POST"]),
    Route("/connected/{grant_id}", signed_in_page(detail), methods=["GET"]),
    Route("/connected/{grant_id}/off/{field}/{purpose}", signed_in_page(switch_item_off), methods=["POST"]),
    Route("/connected/{grant_id}/stop", signed_in_page(stop_service), methods=["POST"]),
    Route("/connected/{grant_id}/stopped", signed_in_page(stopped), methods=["GET"]),
    Route("/connected/{grant_id}/ask-again", signed_in_page(ask_again), methods=["POST"]),
    Route("/connected/{grant_id}/notice", signed_in_page(notice), methods=["GET"]),
)
