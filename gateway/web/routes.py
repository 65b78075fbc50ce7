"""Every route, the most used ones first, and the answer where there is none."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from gateway.actions.accounts.own_record_schema import SCHEMA
from gateway.kit.errors import Refusal
from gateway.oauth.metadata import PATHS
from gateway.web import plain_pages
from gateway.web.access import admitted
from gateway.web.accounts import invitations, own_record, preferences, profiles
from gateway.web.administration import complaints as admin_complaints
from gateway.web.administration import consents as admin_grants
from gateway.web.administration import factor_reset as admin_factor
from gateway.web.administration import home as admin_home
from gateway.web.administration import people as admin_people
from gateway.web.administration import person as admin_person
from gateway.web.administration import roles as admin_roles
from gateway.web.administration import school as admin_school
from gateway.web.administration import waiting as admin_waiting
from gateway.web.authentication import mail_links, passwords, second_factors, security, sessions
from gateway.web.consent import consents, receipts
from gateway.web.contacts import contacts
from gateway.web.guardians import links as admin_guardians
from gateway.web.guardians import requests as guardian
from gateway.web.ledger import log
from gateway.web.ledger import search as admin_log
from gateway.web.oauth import authorize, devices, end_session, protocol, registration
from gateway.web.pages import languages
from gateway.web.pages.visit import Visit, refusal_page
from gateway.web.partners import moves as admin_moves
from gateway.web.partners import overview as admin_partners
from gateway.web.partners import pkce_switch as admin_pkce
from gateway.web.server.answers import token_refusal
from gateway.web.server.outer_middleware import App, Receive, Scope, Send

_READS_ALONE = {
    "/jwks.json",
    "/receipts/jwks.json",
    SCHEMA,
    "/health",
    "/ready",
    "/static/{name}",
    "/privacy",
}


def all_routes() -> list[Route]:
    """Collect the routes. HEAD works only where reading changes nothing; elsewhere it would act unseen."""
    routes = [
        *protocol.ROUTES,
        *authorize.ROUTES,
        *sessions.ROUTES,
        *invitations.ROUTES,
        *languages.ROUTES,
        *security.ROUTES,
        *second_factors.ROUTES,
        *passwords.ROUTES,
        *mail_links.ROUTES,
        *end_session.ROUTES,
        *devices.ROUTES,
        *registration.ROUTES,
        *own_record.ROUTES,
        *consents.ROUTES,
        *contacts.ROUTES,
        *guardian.ROUTES,
        *log.ROUTES,
        *receipts.ROUTES,
        *profiles.ROUTES,
        *preferences.ROUTES,
        *plain_pages.ROUTES,
        *admin_home.ROUTES,
        *admin_grants.ROUTES,
        *admin_partners.ROUTES,
        *admin_moves.ROUTES,
        *admin_pkce.ROUTES,
        *admin_log.ROUTES,
        *admin_complaints.ROUTES,
        *admin_people.ROUTES,
        *admin_person.ROUTES,
        *admin_guardians.ROUTES,
        *admin_roles.ROUTES,
        *admin_factor.ROUTES,
        *admin_waiting.ROUTES,
        *admin_school.ROUTES,
    ]
    for route in routes:
        if route.path not in _READS_ALONE and not route.path.startswith("/.well-known/") and route.methods:
            route.methods.discard("HEAD")
    return admitted(routes)


class StaticDispatch:
    """Finds the partners' endpoints in a table; everything else goes through Starlette.

    Starlette tries its routes one by one, behind two layers of exception handling: a quarter of an introspection.
    """

    def __init__(self, app: Starlette) -> None:
        """Take the application whose state the endpoints use."""
        self._app: App = app
        self._endpoints = {
            (method, route.path): route.endpoint
            for route in protocol.ROUTES
            for method in route.methods or ()
            if method != "HEAD"
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        endpoint = self._endpoints.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if endpoint is None or scope.get("root_path"):
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
        except Exception as error:
            await (await on_failure(request, error))(scope, receive, send)
            # The outer middleware logs it, with everything that Starlette raises again.
            raise
        await response(scope, receive, send)


PARTNER_PATHS = frozenset(route.path for route in (*protocol.ROUTES, *registration.ROUTES))
_UNDER = (PATHS["grant_management_endpoint"] + "/", PATHS["registration_endpoint"])


def is_for_partners(path: str) -> bool:
    """Tell whether an address answers partners' servers, and not people."""
    return path in PARTNER_PATHS or path.startswith(_UNDER)


_CODES = {404: "not_found", 405: "method_not_allowed"}


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a wrong address or method in the voice of the place."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = _CODES.get(status, "bad_form")
    response = _in_the_voice_of_the_place(request, Refusal(code, detail=f"HTTP {status}"))
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return response


def _methods_at(request: Request) -> set[str]:
    """Collect the methods of all routes of this address, because Starlette would name only the first route's."""
    routes: list[Route] = request.app.routes
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer after a failure of ours, without its text, which goes to the log."""
    return _in_the_voice_of_the_place(
        request, Refusal("server_error", detail=f"failure: {error.__class__.__name__}")
    )


def _in_the_voice_of_the_place(request: Request, refusal: Refusal) -> Response:
    services = request.app.state.services
    if is_for_partners(request.url.path):
        return token_refusal(refusal, documentation=services.settings.documentation)
    return refusal_page(Visit(request, services, None), refusal)


HANDLERS: Mapping[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    HTTPException: on_http_error,
    Exception: on_failure,
}
