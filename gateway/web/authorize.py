"""The authorization endpoint and the consent screen (RFC 6749 §4.1, consent.md)."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.authorize import (
    Authorization,
    LogIn,
    begin_authorization,
    check_login,
    open_authorization,
)
from gateway.actions.consent import Blocked, Screen, show_consent
from gateway.actions.consent_answers import (
    Reply,
    decide_consent,
    find_way_back,
    is_open_term,
    keep_choices,
    read_answer,
    shares_sensitive,
)
from gateway.actions.consent_commit import Asked
from gateway.actions.school_gate import ask_school
from gateway.actions.sessions import is_fresh
from gateway.consent.terms import OWN_DAY
from gateway.kit.errors import Refusal
from gateway.oauth.parameters import Parameters, read_parameters
from gateway.oauth.response_modes import Back
from gateway.web import views
from gateway.web.answers import note
from gateway.web.bodies import FORM_TYPE, Form, media_type, read_body
from gateway.web.consent_views import amend_view, blocked_view, consent_view
from gateway.web.device import leave
from gateway.web.formats import say
from gateway.web.visit import (
    COOKIE,
    Visit,
    origin_of,
    page_handler,
    refusal_page,
    see_other,
    show,
    signed_in_page,
)


async def authorize(visit: Visit) -> Response:
    """Take an authorization request by GET or POST (OIDC Core §3.1.2.1)."""
    try:
        parameters = await read_request(visit.request)
        authorization = await begin_authorization(visit.services, parameters, visit.session)
    except Refusal as refusal:
        return _not_in_order(visit, refusal)
    if isinstance(authorization, Back):
        return await leave(visit, authorization)
    return await _go_on(visit, authorization)


async def read_request(request: Request) -> Parameters:
    """Read what a partner sent by way of the browser, by GET or POST."""
    if request.method == "GET":
        return read_parameters(request.scope["query_string"])
    body = await read_body(request)
    if media_type(request) != FORM_TYPE:
        raise Refusal("unsupported_media_type", detail="not a form")
    return read_parameters(body)


def _not_in_order(visit: Visit, refusal: Refusal) -> Response:
    """Tell the person; nobody is redirected to an address that was not verified (RFC 6749 §4.1.2.1)."""
    if refusal.kind.status >= 500:
        return refusal_page(visit, refusal)
    note(refusal)
    view = views.AuthorizationErrorView(
        chrome=visit.chrome(),
        code=refusal.code,
        sentence=say(refusal.description),
        documentation_url=f"{visit.services.settings.documentation}/{refusal.code}",
    )
    return show("authorization_error", view, status=refusal.kind.status)


async def go_on(visit: Visit) -> Response:
    """Go on after the log-in."""
    return await _go_on(
        visit, open_authorization(visit.services, visit.request.query_params.get("ticket", ""))
    )


async def _go_on(visit: Visit, authorization: Authorization) -> Response:
    missing = await check_login(visit.services, authorization, visit.session)
    if isinstance(missing, Back):
        return await leave(visit, missing)
    if isinstance(missing, LogIn):
        return _with_ticket("/reauthenticate" if missing.is_again else "/login", missing.ticket)
    found = await show_consent(visit.services, authorization, visit.signed_in)
    if isinstance(found, Back):
        return await leave(visit, found)
    if isinstance(found, Blocked):
        to = found.leave.uri if found.leave.fields else ""
        return show("consent_blocked", blocked_view(visit, found), posts_to=to)
    return _screen(visit, found)


def _screen(visit: Visit, screen: Screen) -> Response:
    target = origin_of(screen.authorization.parameters["redirect_uri"])
    if screen.seen is not None:
        return show("consent_amend", amend_view(visit, screen, screen.seen), form_to=target)
    return show("consent", consent_view(visit, screen), form_to=target)


async def answer(visit: Visit) -> Response:
    """Take the person's answer and send the browser back to the partner.

    A form without an answer (Enter in a box, a value to be seen in full) leads back to the screen.
    """
    form = await visit.form()
    if visit.session is None:
        return _log_in_first(visit, form.one("ticket"))
    reply = Reply(
        ticket=form.one("ticket"),
        decision=form.one("decision"),
        ticked=form.all("item"),
        forms=form.named("form:"),
        duration=_duration(form),
    )
    posted = read_answer(visit.services, reply, visit.session)
    is_share, is_recent = reply.decision == "share", is_fresh(visit.services, visit.session)
    if not reply.decision:
        wants_password = form.one("reveal") and not is_recent
        path = "/reauthenticate" if wants_password else "/authorize/continue"
        return _with_ticket(path, keep_choices(visit.services, posted))
    if is_share and not is_recent and shares_sensitive(posted):
        return _with_ticket("/reauthenticate", keep_choices(visit.services, posted))
    if is_share and not is_open_term(visit.services, posted):
        return _with_ticket("/authorize/continue", keep_choices(visit.services, posted))
    done = await decide_consent(visit.services, posted)
    if isinstance(done, Asked):
        return _with_ticket("/authorize/continue", done.ticket)
    return await leave(visit, done)


def _duration(form: Form) -> str:
    """Take the answer to "for how long"; a day of one's own stands in a field beside it."""
    chosen = form.one("duration")
    return f"{OWN_DAY}{form.one('until')}" if chosen == "until" else chosen


async def ask_the_school(visit: Visit) -> Response:
    """Ask the school to open a partner; the page that says so follows."""
    form = await visit.form()
    ticket = form.one("ticket")
    await ask_school(visit.services, visit.signed_in, ticket)
    return _with_ticket("/authorize/continue", ticket)


def _log_in_first(visit: Visit, screen: str) -> Response:
    """Ask who it is when the session ended while the screen waited; the log-in leads back to it."""
    ticket = find_way_back(visit.services, visit.request.cookies.get(COOKIE, ""), screen)
    return _with_ticket("/login", ticket) if ticket else see_other("/login")


def _with_ticket(path: str, ticket: str) -> Response:
    return see_other(f"{path}?{urlencode({'ticket': ticket})}")


ROUTES = (
    Route("/authorize", page_handler(authorize), methods=["GET", "POST"]),
    Route("/authorize/continue", page_handler(go_on), methods=["GET"]),
    Route("/consent", page_handler(answer), methods=["POST"]),
    Route("/consent/ask-school", signed_in_page(ask_the_school), methods=["POST"]),
)
