"""A visit: a browser's request with the person signed in and the frame of the page that answers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.actions.authentication.factor_rule import check_factor, check_power, grace_ends_at
from gateway.actions.authentication.known_devices import KNOWN_FOR
from gateway.actions.authentication.sessions import find_session
from gateway.actions.services import Services
from gateway.kit import gettext_catalogues
from gateway.kit.addresses import Address, read_address
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import is_same
from gateway.model.people import ROLE_WORDS, Acr, Power, Role, Session, powers_of
from gateway.web.access import Need, admits
from gateway.web.pages import views
from gateway.web.pages.done_words import FLASHES
from gateway.web.pages.formats import say
from gateway.web.pages.render import page, speaking
from gateway.web.server.answers import note, retry_headers
from gateway.web.server.bodies import PostedForm, read_form
from gateway.web.server.form_targets import beyond, form_action

COOKIE = "__Host-session"
LANGUAGE_COOKIE = "__Host-language"
DEVICE_COOKIE = "__Host-known-browser"
MOST_QUERY = 1_900
"""The longest query in characters that a page of ours repeats."""
PLACES = views.Places(
    home="/",
    connected="/connected",
    profile="/profile",
    admin="/admin",
    privacy="/privacy",
    sign_in="/login",
    sign_out="/logout",
    language="/language",
)

BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
"""Marks in a User-Agent, the more specific first, because nearly all name Chrome and Safari too."""
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    services: Services
    session: Session | None

    @property
    def signed_in(self) -> Session:
        """The session, which every page made by `signed_in_page` has."""
        if self.session is None:
            raise Refusal("forged_form", detail="not signed in")
        return self.session

    @property
    def csrf_token(self) -> str:
        """Proof that a form was made for this session."""
        if self.session is None:
            return ""
        return csrf_token(self.services, self.session.session_digest)

    @property
    def address(self) -> str:
        """The browser's network address; a proxy's header counts only from a trusted network.

        Empty where there is none. A trusted proxy that names no browser counts by its own address.
        """
        found = peer_of(self.request)
        # Each proxy adds its peer's address at the end, in the same header or in another one.
        said = ",".join(self.request.headers.getlist("x-forwarded-for"))
        hops = [hop for hop in said.split(",") if hop.strip()]
        while hops and is_trusted(found, self.services):
            hop = read_address(hops.pop())
            if hop is None:
                break
            found = hop
        return "" if found is None else str(found)

    @property
    def device(self) -> str:
        """The browser's list of who signed in there, under our seal."""
        return self.request.cookies.get(DEVICE_COOKIE, "")

    @property
    def language(self) -> str:
        """The reader's language: what was chosen last in this browser, else the account's, else the browser's."""
        account = self.session.person.language if self.session else ""
        for chosen in (self.request.cookies.get(LANGUAGE_COOKIE, ""), account):
            if chosen in gettext_catalogues.CATALOGUES:
                return chosen
        return gettext_catalogues.preferred(self.request.headers.get("accept-language", ""))

    @property
    def zone(self) -> str:
        """The reader's time zone: their own, else their organisation's, else the one of the settings; never ours."""
        return self.services.zone_of(self.session.person) if self.session else self.services.settings.timezone

    @property
    def agent(self) -> str:
        """The browser's name, as roughly as its owner would say it."""
        said = self.request.headers.get("user-agent", "")
        found = (next((name for sign, name in signs if sign in said), "") for signs in (BROWSERS, SYSTEMS))
        return ", ".join(filter(None, found))

    @property
    def here(self) -> str:
        """The address of this page; a form that is shown again has the address at which it was first shown.

        A query that is too long for an address of ours is not repeated.
        """
        query = self.request.url.query if self.request.method == "GET" else ""
        return self.request.url.path + (f"?{query}" if query and len(query) < MOST_QUERY else "")

    def chrome(self, here: Any = "", email: str = "", back: str = "") -> views.Chrome:
        """Make the page's frame.

        Args:
            back: where the page is found again, if its address cannot be opened twice.
        """
        settings, language = self.services.settings, self.language
        flash = FLASHES.get(self.request.query_params.get("done", ""))
        role = self.session.person.role if self.session else None
        return views.Chrome(
            language=language,
            direction=gettext_catalogues.direction(language),
            languages=tuple(
                views.Language(code=code, name=gettext_catalogues.own_name(code))
                for code in gettext_catalogues.CATALOGUES
            ),
            back=back or self.here,
            service_name=settings.service_name,
            places=PLACES,
            contact=settings.contact,
            request_id=self.request.state.request_id,
            csrf_token=self.csrf_token,
            signed_in_as=email or (say(ROLE_WORDS[role]) if role else ""),
            can_administer=bool(role and powers_of(role)),
            is_guardian=role is Role.GUARDIAN,
            here=here,
            timezone=self.zone,
            factor_until=self._factor_until if here == "admin" else None,
            flashes=(views.Flash(kind="done", text=say(flash)),) if flash else (),
        )

    @property
    def beyond(self) -> str:
        """Where a form may lead if it can end at a partner; see `gateway.web.server.form_targets`."""
        return beyond(is_production=self.services.settings.is_production)

    @property
    def _factor_until(self) -> int | None:
        """Until when this administrator may do without a second factor; None if nothing need be said."""
        if self.session is None or Acr(self.session.acr).reaches(Acr.MFA):
            return None
        return grace_ends_at(self.services, self.session.person)

    async def form(self, *, for_strangers: bool = False, is_checked: bool = True) -> PostedForm:
        """Read the form and make sure that it is ours (RFC 6749 §10.12).

        Args:
            for_strangers: the form was made for people not signed in; another window may have signed in
                since, so it need not name the present session.
            is_checked: refuse a form of another session; without it, the caller asks `is_made_here` and shows
                the page again to somebody who has signed in anew since it was made.
        """
        check_origin(self.request, self.services.settings.issuer)
        form = await read_form(self.request)
        is_known = self.session is None or (for_strangers and not form.one("csrf_token"))
        if is_checked and not is_known and not self.is_made_here(form):
            raise Refusal("forged_form", detail="wrong csrf_token")
        return form

    def is_made_here(self, form: PostedForm) -> bool:
        """Whether a form was made for the present session."""
        return is_same(form.one("csrf_token").encode(), self.csrf_token.encode())

    def check_token(self, form: PostedForm, session_digest: bytes) -> None:
        """Refuse a form that was not made for the session that its own ticket names, present or past."""
        made = csrf_token(self.services, session_digest)
        if not is_same(form.one("csrf_token").encode(), made.encode()):
            raise Refusal("forged_form", detail="wrong csrf_token")

    def check_power(self, power: Power) -> Session:
        """Refuse everybody but administrators with this power who have shown their second factor."""
        return check_power(self.services, self.signed_in, power)


def csrf_token(services: Services, session_digest: bytes) -> str:
    """Spell what a session's forms carry."""
    return services.seal.signature("csrf", session_digest.hex())


def peer_of(request: Request) -> Address | None:
    """Give the address at the other end of the connection; None for one without."""
    return read_address(request.client.host) if request.client else None


def is_trusted(address: Address | None, services: Services) -> bool:
    """Whether an address belongs to a proxy that the settings trust."""
    networks = services.settings.trusted_proxies
    return address is not None and any(address in network for network in networks)


def check_origin(request: Request, issuer: str) -> None:
    """Refuse a form from another site's page; programs that are no browsers do not say and are accepted."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if (origin is not None and origin != issuer) or site not in (None, "same-origin", "none"):
        raise Refusal("forged_form", detail="a form from another origin")


def check_address(request: Request) -> None:
    """Refuse NUL in an address before it reaches the database, because PostgreSQL has no text with NUL."""
    if "\x00" in request.scope["path"]:
        raise Refusal("not_found", detail="NUL in a path")
    if b"%00" in request.scope["query_string"]:
        raise Refusal("bad_form", detail="NUL in a query")


PageHandler = Callable[[Visit], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]


def show(
    name: str,
    view: views.View,
    *,
    status: int = 200,
    form_to: str = "",
    posts_away: bool = False,
    has_script: bool = False,
) -> Response:
    """Render a page.

    Args:
        form_to: `Visit.beyond` where a form of this page can end at a partner; for the pages of `LEADING_AWAY` alone.
        posts_away: a form of the page posts to a partner's address.
        has_script: let the page run our own script files, which only passkeys need.
    """
    scripts = "script-src 'self'; " if has_script else ""
    policy = (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action {form_action(name, form_to)}; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Content-Language": view.chrome.language,
        "Vary": "Accept-Language, Cookie",
    }
    if posts_away:
        # The partner may compare the form's origin with ours; without this a browser would send "null".
        headers["Referrer-Policy"] = "strict-origin"
    return Response(page(name, view), status, headers, media_type="text/html; charset=utf-8")


def see_other(path: str) -> Response:
    """Send the browser on with a GET (303: never 307, which would repeat a POST elsewhere)."""
    return RedirectResponse(path, 303)


def with_session(visit: Visit, path: str, secret: str, device: str = "") -> Response:
    """Send the browser on with the secret of a session, and with its list of who signed in there."""
    return with_device(keep_session(visit, see_other(path), secret), device)


def keep_session(visit: Visit, response: Response, secret: str) -> Response:
    """Give the browser the secret of a session with a page."""
    _keep(response, COOKIE, secret, visit.services.settings.session_ttl)
    return response


def with_device(response: Response, device: str) -> Response:
    """Let the browser keep its list of who signed in there; an empty list changes nothing."""
    if device:
        _keep(response, DEVICE_COOKIE, device, KNOWN_FOR)
    return response


def _keep(response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def local_path(path: str) -> str:
    """Give an address back if it cannot lead off this site; empty otherwise."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local else ""


def page_handler(answer: PageHandler) -> Handler:
    """Make a page's handler, which finds the session and turns refusals into pages."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        visit = Visit(request, services, None)
        try:
            check_address(request)
            session = await find_session(services, request.cookies.get(COOKIE))
            visit = replace(visit, session=session)
            if session is not None:
                # Everything decided, served and recorded during this visit is in the language of its pages.
                spoken = replace(session, person=replace(session.person, language=visit.language))
                visit = replace(visit, session=spoken)
            with speaking(visit.language, visit.zone):
                if session is not None:
                    _hold_to_need(visit, request.state.need)
                return await answer(visit)
        except Refusal as refusal:
            if refusal.code == "second_factor_needed" and visit.session is not None:
                return _factor_first(visit, refusal)
            return refusal_page(visit, refusal)

    return handle


def _hold_to_need(visit: Visit, need: Need) -> None:
    """Refuse a role that `gateway.web.access` does not admit; `signed_in_page` stops people not signed in."""
    if isinstance(need, Power):
        visit.check_power(need)
        return
    if not admits(need, visit.signed_in.person):
        raise Refusal("not_allowed", detail=f"the role is no {need}")


def _factor_first(visit: Visit, refusal: Refusal) -> Response:
    """Ask for the second factor, then come back; after a form, to the first page of its part."""
    note(refusal)
    here = visit.here if visit.request.method == "GET" else "/" + visit.request.url.path.split("/")[1]
    return see_other(f"/reauthenticate?{urlencode({'next': here})}")


def signed_in_page(answer: PageHandler) -> Handler:
    """Make a handler of a page for those who are signed in; others sign in first.

    Pages below /admin act for others, so they need the second factor that powers need.
    """

    async def guarded(visit: Visit) -> Response:
        if visit.session is not None:
            if visit.request.url.path.split("/")[1] == "admin":
                check_factor(visit.services, visit.session)
            return await answer(visit)
        if visit.request.method != "GET":
            return see_other("/login")
        return see_other(f"/login?next={visit.request.url.path}")

    return page_handler(guarded)


def refusal_page(visit: Visit, refusal: Refusal) -> Response:
    """Tell a person in plain words why a request was refused."""
    note(refusal)
    return refusal_view(visit, refusal)


def refusal_view(visit: Visit, refusal: Refusal) -> Response:
    """Make the page of `refusal_page`, which nobody may ever get."""
    status = refusal.kind.status
    with speaking(visit.language, visit.zone):
        view = views.ErrorView(
            # The address may hold something secret, so the page does not repeat it.
            chrome=visit.chrome(back="/"),
            status=status,
            sentence=say(refusal.description),
            retry_after=refusal.retry_after or 0,
        )
    response = show("error", view, status=status)
    response.headers.update(retry_headers(refusal))
    return response
