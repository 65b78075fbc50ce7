"""Pages anybody may read, the first page, static files, error codes and health."""

from prometheus_client import generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.actions.accounts.profiles import see_profile
from gateway.actions.consent.consents import list_own_consents
from gateway.actions.contacts.overview import see_contacts
from gateway.actions.grants.lines import see_lines
from gateway.actions.operation.readiness import Readiness
from gateway.actions.services import Services
from gateway.kit.errors import ERRORS, Refusal, Where
from gateway.store.partners.partners import load_notices
from gateway.web.consent.consent_views import state_of
from gateway.web.pages import views
from gateway.web.pages.error_help import HELP
from gateway.web.pages.formats import say
from gateway.web.pages.render import static_files
from gateway.web.pages.visit import Visit, page_handler, show, signed_in_page
from gateway.web.pages.wording import country_name, field_label, form_label, purpose_label, so_that
from gateway.web.server.answers import json_answer
from scopes import CONTACT_FORMS, FIELDS, PURPOSES, PurposeState


async def home(visit: Visit) -> Response:
    """Show the first page."""
    lines = await list_own_consents(visit.services, visit.signed_in)
    states = [state_of(visit, each) for each in await see_lines(visit.services, lines)]
    found = await see_profile(visit.services, visit.signed_in, with_holders=False)
    people = await see_contacts(visit.services, visit.signed_in)
    last = max(lines, key=lambda line: line.last_handoff_at or 0, default=None)
    brand = visit.services.registry.partners[last.grant.partner_id].partner.brand if last else ""
    values = {each.name: each.value for each in found.fields}
    view = views.HomeView(
        chrome=visit.chrome("home"),
        name=values["name"] or "",
        organisation=found.organisation,
        live_count=states.count("live"),
        attention_count=states.count("changed"),
        profile_filled=sum(value is not None for value in values.values()),
        profile_total=len(values),
        last_handoff_at=last.last_handoff_at if last else None,
        last_handoff_partner=brand,
        contact_count=len(people.live),
        contact_questions=len(people.to_answer),
    )
    return show("home", view)


async def privacy(visit: Visit) -> Response:
    """Say what is kept, used and shared, from the registries themselves (promise P6)."""
    registry = visit.services.registry
    live = sorted(
        (each.partner for each in registry.partners.values() if each.is_live), key=lambda found: found.brand
    )
    offers = {
        partner.partner_id: tuple(
            found.offer.name
            for found in registry.offers.values()
            if found.offer.partner_id == partner.partner_id
        )
        for partner in live
    }
    view = views.PrivacyView(
        chrome=visit.chrome(),
        fields=tuple(
            views.PrivacyField(
                label=field_label(name),
                source=say("yourself") if field.editable else say("your school"),
                forms=tuple(form_label(name, form) for form in field.forms),
            )
            for name, field in FIELDS.items()
        ),
        purposes=tuple(
            views.PrivacyPurpose(
                label=purpose_label(code),
                text=""
                if purpose.state is PurposeState.DENIED
                else so_that(code, partner=say("a partner"), service=say("its service")),
                allowed=purpose.state is not PurposeState.DENIED,
            )
            for code, purpose in PURPOSES.items()
        ),
        contact_details=tuple(map(field_label, CONTACT_FORMS)),
        partners=tuple(
            views.PrivacyPartner(
                brand=partner.brand,
                legal_name=partner.legal_name,
                country=country_name(partner.country),
                policy_url=partner.policy_url,
                offers=offers[partner.partner_id],
            )
            for partner in live
        ),
    )
    return show("privacy", view)


async def notice(visit: Visit) -> Response:
    """Show a notice version; it names an offer and nobody's data, so anybody who has its address may read it."""
    found = await visit.services.store.read(load_notices, visit.request.path_params["notice_id"])
    if found is None:
        raise Refusal("not_found", detail="unknown notice")
    registry = visit.services.registry
    offer = registry.offers[found.offer_id].offer
    view = views.NoticeView(
        chrome=visit.chrome(),
        brand=registry.partners[offer.partner_id].partner.brand,
        offer=offer.name,
        version=found.offer_version,
        effective_at=found.effective_from,
        digest=found.sha256.hex(),
        text=views.Spoken(text=found.text, language=found.language),
    )
    return show("notice", view)


_PLACES = {
    Where.REDIRECT: "on the way back to your redirect_uri",
    Where.TOKEN: "at endpoints where clients authenticate",
    Where.RESOURCE: "at userinfo, /release and /grants",
    Where.PAGE: "on a page of ours",
}


async def error_codes(visit: Visit) -> Response:
    """List the error codes."""
    codes = tuple(views.ErrorCode(code=code, sentence=ERRORS[code].public) for code in sorted(ERRORS))
    return show("error_codes", views.ErrorCodesView(chrome=visit.chrome(), codes=codes))


async def error_code(visit: Visit) -> Response:
    """Explain one error code to a partner's developers."""
    code = visit.request.path_params["code"]
    kind = ERRORS.get(code)
    if kind is None:
        raise Refusal("not_found", detail="unknown error code")
    view = views.ErrorCodeView(
        chrome=visit.chrome(),
        code=code,
        sentence=kind.public,
        status=kind.status,
        places=tuple(words for where, words in _PLACES.items() if where in kind.where),
        clause=kind.clause,
        cause=HELP[code].cause,
        remedy=HELP[code].remedy,
    )
    return show("error_code", view)


async def static(request: Request) -> Response:
    """Serve a static file; its name holds a hash of its content, so it may be kept for ever (RFC 8246)."""
    found = static_files().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such file.\n", 404)
    content_type, content = found
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": content_type}
    return Response(content, headers=headers)


async def health(request: Request) -> Response:
    """Say that the process runs."""
    return json_answer({"status": "ok"})


async def ready(request: Request) -> Response:
    """Say whether requests can be served now: this node can write, and a signing key is there."""
    readiness: Readiness = request.app.state.readiness
    why_not = await readiness.why_not()
    if why_not:
        return json_answer({"status": "unavailable", "why": why_not}, 503)
    services: Services = request.app.state.services
    return json_answer({"status": "ready", "registry_version": services.registry.version})


async def metrics(request: Request) -> Response:
    """Give the metrics in Prometheus's text format, to this machine only."""
    peer = request.client.host if request.client else ""
    # A proxy on this machine is a local peer too, but it names the address that it asks for.
    if peer not in ("127.0.0.1", "::1") or "x-forwarded-for" in request.headers:
        return PlainTextResponse("There is nothing here.\n", 404)
    return PlainTextResponse(generate_latest(request.app.state.metrics))


ROUTES = (
    Route("/", signed_in_page(home), methods=["GET"]),
    Route("/privacy", page_handler(privacy), methods=["GET"]),
    Route("/notices/{notice_id}", page_handler(notice), methods=["GET"]),
    Route("/docs/errors", page_handler(error_codes), methods=["GET"]),
    Route("/docs/errors/{code}", page_handler(error_code), methods=["GET"]),
    Route("/static/{name}", static, methods=["GET"]),
    Route("/health", health, methods=["GET"]),
    Route("/ready", ready, methods=["GET"]),
    Route("/metrics", metrics, methods=["GET"]),
)
