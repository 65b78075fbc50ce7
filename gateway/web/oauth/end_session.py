"""The end_session endpoint, which asks the person before signing out (OIDC RP-Initiated Logout 1.0)."""

from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.logouts import (
    EndSession,
    begin_end_session,
    log_out,
    open_end_session,
    seal_end_session,
)
from gateway.oauth.metadata import PATHS
from gateway.web.oauth.authorize import read_request
from gateway.web.pages import views
from gateway.web.pages.visit import COOKIE, Visit, page_handler, see_other, show

_PATH = PATHS["end_session_endpoint"]


async def end_session(visit: Visit) -> Response:
    """Take a log-out request by GET or POST (§2); the person is always asked before signing out."""
    ticket = visit.request.query_params.get("ticket")
    if visit.request.method == "GET" and ticket is not None:
        return _ask(visit, open_end_session(visit.services, ticket))
    decoded = await read_request(visit.request)
    wish = await begin_end_session(visit.services, decoded.checked())
    if visit.request.method == "POST":
        # A form from another site comes without our cookie (SameSite=Lax), but the redirect brings it along.
        return see_other(f"{_PATH}?{urlencode({'ticket': seal_end_session(visit.services, wish)})}")
    return _ask(visit, wish)


def _ask(visit: Visit, wish: EndSession) -> Response:
    if visit.session is None:
        return see_other(wish.back or "/signed-out")
    view = views.EndSessionView(
        chrome=visit.chrome(),
        action=f"{_PATH}/confirmed",
        brand=wish.brand,
        hidden=(("ticket", seal_end_session(visit.services, wish)),),
    )
    return show("end_session", view, form_to=visit.beyond if wish.back else "")


async def confirmed(visit: Visit) -> Response:
    """Sign out, and go where the partner asked to."""
    form = await visit.form(is_checked=False)
    wish = open_end_session(visit.services, form.one("ticket"))
    if visit.session is not None:
        if not visit.is_made_here(form):
            # The person has signed in again since the page was made; ask whether the new log-in should end.
            return _ask(visit, wish)
        await log_out(visit.services, visit.session)
    return signed_out_to(wish.back or "/signed-out")


def signed_out_to(path: str) -> Response:
    """Send a browser on without its session."""
    response = see_other(path)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return response


ROUTES = (
    Route(_PATH, page_handler(end_session), methods=["GET", "POST"]),
    Route(f"{_PATH}/confirmed", page_handler(confirmed), methods=["POST"]),
)
