"""Every route, hot ones first, and what is answered where there is none."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from gateway.actions.own_record_schema import SCHEMA
from gateway.kit.errors import Refusal
from gateway.oauth.metadata import PATHS
from gateway.web import (
    admin_complaints,
    admin_grants,
    admin_guardians,
    admin_home,
    admin_log,
    admin_partners,
    admin_people,
    admin_pkce,
    admin_school,
    authorize,
    connected,
    contacts,
    device,
    end_session,
    guardian,
    language,
    log,
    mail_links,
    own_record,
    password,
    plain_pages,
    preferences,
    profile,
    protocol,
    receipts,
    registration,
    security,
    sessions,
)
from gateway.web.answers import token_refusal
from gateway.web.edge import App, Receive, Scope, Send
from gateway.web.visit import Visit, refusal_page

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
    """Collect the routes. HEAD goes only where reading changes nothing: elsewhere it would act unseen."""
    routes = [
        *protocol.ROUTES,
        *authorize.ROUTES,
        *sessions.ROUTES,
        *language.ROUTES,
        *security.ROUTES,
        *password.ROUTES,
        *mail_links.ROUTES,
        *end_session.ROUTES,
        *device.ROUTES,
        *registration.ROUTES,
        *own_record.ROUTES,
        *connected.ROUTES,
        *contacts.ROUTES,
        *guardian.ROUTES,
        *log.ROUTES,
        *receipts.ROUTES,
        *profile.ROUTES,
        *preferences.ROUTES,
        *plain_pages.ROUTES,
        *admin_home.ROUTES,
        *admin_grants.ROUTES,
        *admin_partners.ROUTES,
        *admin_pkce.ROUTES,
        *admin_log.ROUTES,
        *admin_complaints.ROUTES,
        *admin_people.ROUTES,
        *admin_guardians.ROUTES,
        *admin_school.ROUTES,
    ]
    for route in routes:
        if route.path not in _READS_ALONE and not route.path.startswith("/.well-known/") and route.methods:
            route.methods.discard("HEAD")
    return routes


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
            # The edge logs it, as it does what Starlette raises again.
            raise
        await response(scope, receive, send)


PARTNER_PATHS = frozenset(route.path for route in (*protocol.ROUTES, *registration.ROUTES))
_UNDER = (PATHS["grant_management_endpoint"] + "/", PATHS["registration_endpoint"])


def is_for_partners(path: str) -> bool:
    """Tell whether partners' servers are answered there, and not people."""
    return path in PARTNER_PATHS or path.startswith(_UNDER)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a wrong address or method in the voice of the place."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "bad_form")
    response = _in_the_voice_of_the_place(request, Refusal(code, detail=f"HTTP {status}"))
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    return response


def _methods_at(request: Request) -> set[str]:
    """Collect the methods of every route of this address: Starlette would name the first route's only."""
    routes: list[Route] = request.app.routes
    return {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer what should not have happened, without its text; the edge logs it."""
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
