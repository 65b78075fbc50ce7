"""The authorization endpoint and the consent screen (RFC 6749 §4.1, consent.md)."""

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.consent.answers import Change, LookAgain, StepUp, decide_consent
from gateway.actions.consent.commit import GuardianAsked
from gateway.actions.consent.posted_screens import (
    Reply,
    chosen_so_far,
    find_way_back,
    is_open_term,
    keep_choices,
    read_answer,
)
from gateway.actions.consent.school_gates import ask_school
from gateway.actions.consent.screen import Blocked, Screen, is_well_signed_in, show_consent
from gateway.actions.oauth.authorize import (
    Authorization,
    LogIn,
    TypeAgain,
    begin_authorization,
    check_login,
    open_authorization,
)
from gateway.consent.terms import OWN_DAY
from gateway.kit.errors import Refusal
from gateway.oauth.answers.response_modes import Back
from gateway.oauth.parameters import Decoded, decode_parameters
from gateway.web.consent.screen_views import amend_view, blocked_view, consent_view, sign_in_view
from gateway.web.oauth.devices import leave, type_again
from gateway.web.pages import views
from gateway.web.pages.formats import later, say
from gateway.web.pages.visit import (
    Visit,
    page_handler,
    refusal_page,
    see_other,
    show,
)
from gateway.web.server.answers import note
from gateway.web.server.bodies import FORM_TYPE, PostedForm, media_type, read_body

NOT_OFFERED = later(
    "This page did not offer that. Nothing was shared: look at your choices, and answer again."
)
CHANGED: Mapping[Change, str] = MappingProxyType(
    {
        Change.OFFER: later(
            "What the service asks for has changed since you opened this page. Nothing new was shared: look again, "
            "and answer."
        ),
        Change.GRANT: later(
            "This was answered or changed in the meantime, perhaps in another window. This is how it stands now: look, "
            "and answer again."
        ),
        Change.PERSON: later(
            "This page was opened while somebody else was signed in. Nothing was shared: look, and answer for yourself."
        ),
        Change.TIME: later("This page was open for too long. Nothing was shared: look, and answer again."),
    }
)


async def authorize(visit: Visit) -> Response:
    """Take an authorization request by GET or POST (OIDC Core §3.1.2.1)."""
    try:
        decoded = await read_request(visit.request)
        authorization = await begin_authorization(visit.services, decoded, visit.session)
    except Refusal as refusal:
        return _not_in_order(visit, refusal)
    if isinstance(authorization, Back):
        return await leave(visit, authorization)
    return await _go_on(visit, authorization)


async def read_request(request: Request) -> Decoded:
    """Read what a partner sent through the browser, by GET or POST."""
    if request.method == "GET":
        return decode_parameters(request.scope["query_string"])
    body = await read_body(request)
    if media_type(request) != FORM_TYPE:
        raise Refusal("unsupported_media_type", detail="not a form")
    return decode_parameters(body)


def _not_in_order(visit: Visit, refusal: Refusal) -> Response:
    """Tell the person of the error; an unverified address gets no redirect (RFC 6749 §4.1.2.1)."""
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
    ticket = visit.request.query_params.get("ticket", "")
    return await _go_on(visit, await open_authorization(visit.services, ticket))


async def _go_on(visit: Visit, authorization: Authorization, fault: str = "", status: int = 200) -> Response:
    missing = await check_login(visit.services, authorization, visit.session)
    if isinstance(missing, Back):
        return await leave(visit, missing)
    if isinstance(missing, TypeAgain):
        return type_again()
    if isinstance(missing, LogIn):
        return _with_ticket("/reauthenticate" if missing.is_again else "/login", missing.ticket)
    found = await show_consent(visit.services, authorization, visit.signed_in)
    if isinstance(found, Back):
        return await leave(visit, found)
    if isinstance(found, Blocked):
        is_posted = bool(found.leave.fields)
        view = blocked_view(visit, found)
        return show("consent_blocked", view, form_to=visit.beyond, posts_away=is_posted)
    return _screen(visit, found, fault, status)


def _screen(visit: Visit, screen: Screen, fault: str, status: int) -> Response:
    """Show the screen, and why an answer to it was not taken if one was given."""
    target = visit.beyond
    if screen.seen is not None:
        view = amend_view(visit, screen, screen.seen, fault)
        return show("consent_amend", view, form_to=target, status=status)
    if not screen.put.asked:
        return show("consent_sign_in", sign_in_view(visit, screen, fault), form_to=target, status=status)
    return show("consent", consent_view(visit, screen, fault), form_to=target, status=status)


async def answer(visit: Visit) -> Response:
    """Take the person's answer and send the browser back to the partner.

    A form without an answer (Enter in a box, a value to be seen in full) leads back to the screen, and so does one
    with what the screen did not offer.
    """
    form = await visit.form(is_checked=False)
    if visit.session is None:
        return await _log_in_first(visit, form.one("ticket"))
    reply = Reply(
        ticket=form.one("ticket"),
        decision=form.one("decision"),
        ticked=form.all("item"),
        forms=form.named("form:"),
        duration=_duration(form),
    )
    posted = await read_answer(visit.services, reply, visit.session)
    visit.check_token(form, posted.made_in)
    if posted.is_own and posted.made_in != visit.session.session_digest:
        # The person has signed in again since, and this log-in too has to be what the partner asks for.
        kept = chosen_so_far(visit.services, posted)
        if not await is_well_signed_in(visit.services, kept, visit.session):
            return await _go_on(visit, kept)
    if posted.is_own and not reply.decision:
        wants_password = form.one("reveal") and not is_fresh(visit.services, visit.session)
        path = "/reauthenticate" if wants_password else "/authorize/continue"
        return _with_ticket(path, keep_choices(visit.services, posted))
    if posted.is_own and reply.decision == "share" and not is_open_term(visit.services, posted):
        return _with_ticket("/authorize/continue", keep_choices(visit.services, posted))
    try:
        done = await decide_consent(visit.services, posted)
    except Refusal as refusal:
        if refusal.code != "bad_form":
            raise
        note(refusal)
        return await _go_on(visit, chosen_so_far(visit.services, posted), NOT_OFFERED, 400)
    if isinstance(done, LookAgain):
        return await _go_on(visit, done.authorization, CHANGED[done.change], 409)
    if isinstance(done, StepUp):
        return _with_ticket("/reauthenticate", keep_choices(visit.services, posted))
    if isinstance(done, GuardianAsked):
        return _with_ticket("/authorize/continue", done.ticket)
    return await leave(visit, done)


def _duration(form: PostedForm) -> str:
    """Take the answer to "for how long"; a chosen day stands in a field beside it."""
    chosen = form.one("duration")
    return f"{OWN_DAY}{form.one('until')}" if chosen == "until" else chosen


async def ask_the_school(visit: Visit) -> Response:
    """Ask the school to open a partner; the page that says so follows."""
    form = await visit.form(is_checked=False)
    ticket = form.one("ticket")
    if visit.session is None:
        return _with_ticket("/login", ticket)
    if visit.is_made_here(form):
        await ask_school(visit.services, visit.signed_in, ticket)
    return _with_ticket("/authorize/continue", ticket)


async def _log_in_first(visit: Visit, screen: str) -> Response:
    """Ask for a log-in when the session ended while the screen waited; it leads back to the screen."""
    ticket = await find_way_back(visit.services, screen)
    return _with_ticket("/login", ticket) if ticket else see_other("/login")


def _with_ticket(path: str, ticket: str) -> Response:
    return see_other(f"{path}?{urlencode({'ticket': ticket})}")


ROUTES = (
    Route("/authorize", page_handler(authorize), methods=["GET", "POST"]),
    Route("/authorize/continue", page_handler(go_on), methods=["GET"]),
    Route("/consent", page_handler(answer), methods=["POST"]),
    Route("/consent/ask-school", page_handler(ask_the_school), methods=["POST"]),
)
