"""Pages for signing in and out, and giving the password again."""

from typing import Literal
from urllib.parse import unquote, urlencode

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.authentication.enrolment import lacks_factor
from gateway.actions.authentication.factor_rule import is_strong_enough
from gateway.actions.authentication.passkeys import (
    ask_to_sign,
    has_come_in,
    sign_in_with_passkey,
    step_up_with_passkey,
)
from gateway.actions.authentication.second_factors import log_in_with_code, step_up_with_code
from gateway.actions.authentication.security import see_security
from gateway.actions.authentication.sessions import (
    CodeNeeded,
    LogInAttempt,
    Rejected,
    find_person_email,
    is_fresh,
    is_recent,
    log_in,
    reauthenticate,
)
from gateway.actions.logouts import log_out
from gateway.actions.oauth.authorize import Authorization, open_authorization
from gateway.kit.errors import Refusal
from gateway.model.people import Session, powers_of
from gateway.web.authentication.security import FIRST, passkey_fault, passkey_page
from gateway.web.oauth.end_session import signed_out_to
from gateway.web.pages import views
from gateway.web.pages.formats import say
from gateway.web.pages.step_up import MAY_EXPORT
from gateway.web.pages.visit import (
    Visit,
    local_path,
    page_handler,
    see_other,
    show,
    signed_in_page,
    with_session,
)
from gateway.web.server.answers import note


async def show_login(visit: Visit) -> Response:
    """Show the log-in form."""
    query = visit.request.query_params
    return _login_page(visit, await _onward(visit, query.get("ticket", ""), query.get("next", "")))


async def do_login(visit: Visit) -> Response:
    """Take the log-in form."""
    form = await visit.form(for_strangers=True)
    onward = await _onward(visit, form.one("ticket"), form.one("next"))
    attempt = LogInAttempt(
        form.one("email"), form.one("password"), visit.address, visit.session, visit.agent, visit.device
    )
    found = await log_in(visit.services, attempt)
    if isinstance(found, CodeNeeded):
        return _code_page(visit, onward, found.ticket)
    if isinstance(found, Rejected):
        return _login_page(visit, onward, email=form.one("email"), rejected=found)
    return with_session(visit, await _path_after(visit, onward, found.session), found.secret, found.device)


async def _path_after(visit: Visit, onward: "_Onward", session: Session) -> str:
    """Lead a person with powers and no second factor to set one up; a partner's request is answered first."""
    is_bound = onward.authorization is not None or onward.next_path.startswith(FIRST)
    if is_bound or not await lacks_factor(visit.services, session.person):
        return onward.path
    return f"{FIRST}?{urlencode({'next': onward.next_path})}" if onward.next_path else FIRST


def _code_page(visit: Visit, onward: "_Onward", factor: str, rejected: Rejected | None = None) -> Response:
    view = views.SecondFactorView(
        chrome=visit.chrome(back=onward.form_at("/login")),
        action="/login/code",
        hidden=(*onward.hidden, ("factor", factor)),
        errors=_wrong_code() if rejected and not rejected.wait else (),
        throttled_seconds=rejected.wait if rejected else 0,
    )
    return _after(rejected, show("second_factor", view, form_to=visit.beyond if onward.leads_away else ""))


def _wrong_code() -> tuple[views.FieldError, ...]:
    return (views.FieldError(field="code", message=say("This code is not right, or it was used already.")),)


async def do_code(visit: Visit) -> Response:
    """Take the code after the password."""
    form = await visit.form(for_strangers=True)
    onward = await _onward(visit, form.one("ticket"), form.one("next"))
    factor = form.one("factor")
    try:
        found = await log_in_with_code(
            visit.services, factor, form.one("code"), visit.session, visit.agent, visit.device
        )
    except Refusal as refusal:
        return _begin_again(onward, refusal)
    if found is None:
        return see_other(onward.path)
    if isinstance(found, Rejected):
        return _code_page(visit, onward, factor, found)
    return with_session(visit, onward.path, found.secret, found.device)


def _begin_again(onward: "_Onward", refusal: Refusal) -> Response:
    """Lead back to the log-in page where a form of it waited too long; the page keeps where it leads."""
    note(refusal)
    return see_other(onward.form_at("/login", done="too-late"))


async def show_passkey(visit: Visit) -> Response:
    """Let the browser sign with a passkey."""
    query = visit.request.query_params
    onward = await _onward(visit, query.get("ticket", ""), query.get("next", ""))
    return await _passkey_page(visit, onward)


async def _passkey_page(visit: Visit, onward: "_Onward", *, is_wrong: bool = False) -> Response:
    is_again = visit.request.url.path.startswith("/reauthenticate")
    asked = await ask_to_sign(visit.services, visit.session if is_again else None)
    return passkey_page(
        visit,
        "step_up" if is_again else "sign_in",
        visit.request.url.path,
        onward.form_at("/reauthenticate" if is_again else "/login"),
        asked,
        hidden=onward.hidden,
        errors=(views.FieldError(field="", message=passkey_fault()),) if is_wrong else (),
        form_to=visit.beyond if onward.leads_away else "",
    )


async def do_passkey(visit: Visit) -> Response:
    """Sign in with a passkey."""
    form = await visit.form(for_strangers=True)
    onward = await _onward(visit, form.one("ticket"), form.one("next"))
    ticket = form.one("ticket_of_passkey")
    try:
        found = await sign_in_with_passkey(
            visit.services, ticket, form.one("credential"), visit.session, visit.agent, visit.device
        )
        is_in = found is None and has_come_in(visit.services, visit.session, ticket)
    except Refusal as refusal:
        return _begin_again(onward, refusal)
    if is_in:
        return see_other(onward.path)
    return (
        with_session(visit, onward.path, found.secret, found.device)
        if found
        else await _passkey_page(visit, onward, is_wrong=True)
    )


async def do_passkey_again(visit: Visit) -> Response:
    """Step up with a passkey."""
    form = await visit.form(is_checked=False)
    onward = await _onward(visit, form.one("ticket"), form.one("next"))
    if visit.session is None or not visit.is_made_here(form):
        return _open_again(visit, onward, "/reauthenticate/passkey")
    try:
        found = await step_up_with_passkey(
            visit.services, visit.signed_in, form.one("ticket_of_passkey"), form.one("credential")
        )
    except Refusal as refusal:
        note(refusal)
        return await _passkey_page(visit, onward, is_wrong=True)
    return (
        with_session(visit, onward.path, found.secret)
        if found
        else await _passkey_page(visit, onward, is_wrong=True)
    )


class _Onward:
    """Where a log-in leads: back to an authorization, or to a page of ours."""

    def __init__(self, ticket: str, next_path: str, authorization: Authorization | None) -> None:
        self.ticket = ticket
        self.next_path = next_path
        self.authorization = authorization

    @property
    def path(self) -> str:
        if self.authorization is not None:
            return f"/authorize/continue?{urlencode({'ticket': self.ticket})}"
        return self.next_path or "/"

    @property
    def is_reveal(self) -> bool:
        """Whether the log-in leads back to a consent screen on which a value should be shown in full."""
        return self.authorization is not None and self.authorization.choices is not None

    @property
    def hidden(self) -> tuple[tuple[str, str], ...]:
        pairs = (("ticket", self.ticket), ("next", self.next_path))
        return tuple((name, value) for name, value in pairs if value)

    def form_at(self, path: str, **more: str) -> str:
        """Give the address of a form whose log-in leads there."""
        pairs = (*self.hidden, *more.items())
        return f"{path}?{urlencode(pairs)}" if pairs else path

    @property
    def leads_away(self) -> bool:
        """Whether it can end at a partner, because an authorization already settled redirects there at once.

        Its address may also stand in that of the page that follows, as when a second factor is set up first.
        """
        return self.authorization is not None or "/authorize" in unquote(unquote(self.next_path))


async def _onward(visit: Visit, ticket: str, next_path: str) -> _Onward:
    """Read where the log-in leads; an address that could lead off this site is dropped."""
    authorization = await open_authorization(visit.services, ticket) if ticket else None
    return _Onward(ticket, local_path(next_path), authorization)


def _login_page(
    visit: Visit, onward: _Onward, *, email: str = "", rejected: Rejected | None = None
) -> Response:
    errors: tuple[views.FieldError, ...] = ()
    partner = offer = ""
    if rejected and not rejected.wait:
        errors = (
            views.FieldError(
                field="email", message=say("This e-mail address and password do not fit together.")
            ),
        )
    if onward.authorization:
        asked = onward.authorization.asked(visit.services)
        partner = visit.services.registry.partners[asked.client.client.partner_id].partner.brand
        offer = asked.offer.offer.name
    view = views.LoginView(
        chrome=visit.chrome(back=onward.form_at("/login")),
        action="/login",
        email=email,
        partner=partner,
        offer=offer,
        errors=errors,
        throttled_seconds=rejected.wait if rejected else 0,
        hidden=onward.hidden,
        passkey_url=onward.form_at("/login/passkey"),
    )
    return _after(rejected, show("login", view, form_to=visit.beyond if onward.leads_away else ""))


def _after(rejected: Rejected | None, response: Response) -> Response:
    """Give the status of a form that is shown again."""
    if rejected is not None:
        response.status_code = 429 if rejected.wait else 400
        if rejected.wait:
            response.headers["Retry-After"] = str(rejected.wait)
    return response


async def show_reauthenticate(visit: Visit) -> Response:
    """Ask for the password again; a required second factor that is missing is set up first."""
    query, session = visit.request.query_params, visit.signed_in
    onward = await _onward(visit, query.get("ticket", ""), query.get("next", ""))
    is_late = is_recent(visit.services, session) and not is_strong_enough(visit.services, session)
    if is_late and await lacks_factor(visit.services, session.person):
        return see_other(f"{FIRST}?{urlencode({'next': onward.path})}")
    return await _reauthenticate_page(visit, onward)


async def do_reauthenticate(visit: Visit) -> Response:
    """Take the password again."""
    form = await visit.form(is_checked=False)
    onward = await _onward(visit, form.one("ticket"), form.one("next"))
    if visit.session is None or not visit.is_made_here(form):
        return _open_again(visit, onward, "/reauthenticate")
    if form.one("code"):
        found = await step_up_with_code(visit.services, form.one("code"), visit.signed_in)
    else:
        found = await reauthenticate(visit.services, form.one("password"), visit.signed_in)
    if isinstance(found, Rejected):
        return await _reauthenticate_page(visit, onward, found, is_code=bool(form.one("code")))
    return with_session(visit, onward.path, found.secret)


def _open_again(visit: Visit, onward: _Onward, page: str) -> Response:
    """Go on where a form was sent twice, or open its page anew; the page keeps where it leads.

    The first sending has opened another session: the browser has it, or will have it at the next step. What follows
    asks for whatever log-in it needs.
    """
    if visit.session is None:
        return see_other(onward.path if onward.hidden else "/login")
    return see_other(onward.path if is_fresh(visit.services, visit.session) else onward.form_at(page))


async def _reauthenticate_page(
    visit: Visit, onward: _Onward, rejected: Rejected | None = None, *, is_code: bool = False
) -> Response:
    errors: tuple[views.FieldError, ...] = ()
    if rejected and not rejected.wait and is_code:
        errors = _wrong_code()
    elif rejected and not rejected.wait:
        errors = (views.FieldError(field="password", message=say("This is not your password.")),)
    email = await find_person_email(visit.services, visit.signed_in)
    found = await see_security(visit.services, visit.signed_in)
    view = views.ReauthenticateView(
        chrome=visit.chrome(back=onward.form_at("/reauthenticate")),
        action="/reauthenticate",
        why=_why(onward),
        email=email,
        cancel_url=onward.path if onward.is_reveal else "/",
        has_password=not (found.has_factor and powers_of(visit.signed_in.person.role)),
        has_code=found.authenticator is not None or found.codes_left > 0,
        passkey_url=onward.form_at("/reauthenticate/passkey") if found.passkeys else "",
        errors=errors,
        throttled_seconds=rejected.wait if rejected else 0,
        hidden=onward.hidden,
    )
    return _after(rejected, show("reauthenticate", view, form_to=visit.beyond if onward.leads_away else ""))


def _why(onward: _Onward) -> Literal["reveal", "grant", "recent", "stronger", "export", "administer"]:
    if onward.authorization is not None and not onward.is_reveal:
        if onward.authorization.wants_more:
            return "stronger"
        # After choosing, the password is needed for what is shared; before that, the partner asks for it.
        return "grant" if onward.authorization.choices else "recent"
    if onward.next_path.startswith("/guardian/"):
        return "grant"
    if onward.next_path.endswith(f"?done={MAY_EXPORT}"):
        return "export"
    return "administer" if onward.next_path.startswith("/admin") else "reveal"


async def do_logout(visit: Visit) -> Response:
    """End the session."""
    await visit.form()
    await log_out(visit.services, visit.signed_in)
    return signed_out_to("/signed-out")


async def signed_out(visit: Visit) -> Response:
    """Say that the session is over."""
    return show("signed_out", views.SignedOutView(chrome=visit.chrome()))


ROUTES = (
    Route("/login", page_handler(show_login), methods=["GET"]),
    Route("/login", page_handler(do_login), methods=["POST"]),
    Route("/reauthenticate", signed_in_page(show_reauthenticate), methods=["GET"]),
    Route("/reauthenticate", page_handler(do_reauthenticate), methods=["POST"]),
    Route("/login/code", page_handler(do_code), methods=["POST"]),
    Route("/login/passkey", page_handler(show_passkey), methods=["GET"]),
    Route("/login/passkey", page_handler(do_passkey), methods=["POST"]),
    Route("/reauthenticate/passkey", signed_in_page(show_passkey), methods=["GET"]),
    Route("/reauthenticate/passkey", page_handler(do_passkey_again), methods=["POST"]),
    Route("/logout", signed_in_page(do_logout), methods=["POST"]),
    Route("/signed-out", page_handler(signed_out), methods=["GET"]),
)
