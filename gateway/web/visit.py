"""A visit: one browser's request with who is signed in, and the frame of the page that answers it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.actions.services import Services
from gateway.actions.sessions import find_session
from gateway.kit import catalogues
from gateway.kit.digests import is_same
from gateway.kit.errors import Refusal
from gateway.model.people import Power, Role, Session, powers_of
from gateway.web import views
from gateway.web.answers import note, retry_headers
from gateway.web.bodies import Form, read_form
from gateway.web.formats import later, say
from gateway.web.render import page, speaking

COOKIE = "__Host-session"
LANGUAGE_COOKIE = "__Host-language"
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
FLASHES = {
    "saved": later("Saved."),
    "off": later("Switched off. The next read no longer has it."),
    "complaint": later("Your complaint is kept. Its reference is on this page."),
    "paused": later("Paused. The next read gets nothing."),
    "shortened": later("It ends sooner now."),
    "resumed": later("It goes on as you agreed."),
    "all-stopped": later("Everything has stopped. Nothing is shared any more."),
    "asked": later("This service may ask you again."),
    "contact-asked": later("Asked. It waits in your list until there is an answer."),
    "contact-yes": later("You are contacts now."),
    "contact-no": later("Your no is kept. They are not told."),
    "contact-changed": later("Saved. It counts from their next look on."),
    "child-asks": later("The child may ask again."),
    "guardian-yes": later("Your yes is kept."),
    "guardian-no": later("Your no is kept. Nothing is shared any more."),
    "signed-in": later("You are signed in."),
    "password": later("Your password is set. You can sign in now."),
    "revoked": later("Revoked. Every token of this grant has died."),
    "invited": later("A new invitation is on its way. The older ones no longer work."),
    "signed-out-there": later("Signed out there."),
    "verification": later("A link is on its way to your other address."),
    "may-export": later("You can download it now."),
    "password-changed": later("Your password is changed. Every other browser is signed out."),
    "linked": later("They are linked now. Both get a letter."),
    "unlinked": later("The link has ended, and what stood on it. Both get a letter."),
    "answered": later("The answer is kept. The person sees it beside the service."),
    "moved": later("Done. It acts from the next request on, on every node."),
}


BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari", "Safari"),
)
"""Signs in a User-Agent, the more particular first: nearly everybody says Chrome and Safari too."""
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
ROLE_WORDS = {
    Role.STUDENT: later("Student"),
    Role.PROFESSOR: later("Professor"),
    Role.GUARDIAN: later("Guardian"),
    Role.SCHOOL_ADMIN: later("School admin"),
    Role.PLATFORM_ADMIN: later("Platform admin"),
    Role.PRIVACY_OFFICER: later("Privacy officer"),
    Role.SUPPORT: later("Support"),
    Role.AUDITOR: later("Auditor"),
    Role.PARTNER_MANAGER: later("Partner manager"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    services: Services
    session: Session | None

    @property
    def signed_in(self) -> Session:
        """The session; `signed_in_page` lets nobody else through."""
        if self.session is None:
            raise Refusal("forged_form", detail="not signed in")
        return self.session

    @property
    def csrf_token(self) -> str:
        """Proof that a form was made for this session."""
        if self.session is None:
            return ""
        return self.services.seal.signature("csrf", self.session.session_digest.hex())

    @property
    def address(self) -> str:
        """The browser's network address; a proxy's word counts only from a trusted network."""
        address = self.request.client.host if self.request.client else ""
        # Each proxy adds its peer at the end, in the same header or in a further one.
        said = ",".join(self.request.headers.getlist("x-forwarded-for"))
        hops = [hop.strip() for hop in said.split(",") if hop.strip()]
        while hops and is_trusted(address, self.services):
            address = hops.pop()
        return address

    @property
    def language(self) -> str:
        """The reader's language: what was chosen last in this browser, else the account's, else the browser's."""
        account = self.session.person.language if self.session else ""
        for chosen in (self.request.cookies.get(LANGUAGE_COOKIE, ""), account):
            if chosen in catalogues.CATALOGUES:
                return chosen
        return catalogues.preferred(self.request.headers.get("accept-language", ""))

    @property
    def agent(self) -> str:
        """The browser, as roughly as its owner would name it."""
        said = self.request.headers.get("user-agent", "")
        found = (next((name for sign, name in signs if sign in said), "") for signs in (BROWSERS, SYSTEMS))
        return ", ".join(filter(None, found))

    @property
    def here(self) -> str:
        """Where this page is found again; a form that is shown again stands where it was first."""
        query = self.request.url.query if self.request.method == "GET" else ""
        return self.request.url.path + (f"?{query}" if query else "")

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
            direction=catalogues.direction(language),
            languages=tuple(
                views.Language(code=code, name=catalogues.own_name(code)) for code in catalogues.CATALOGUES
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
            flashes=(views.Flash(kind="done", text=say(flash)),) if flash else (),
        )

    async def form(self, *, for_strangers: bool = False) -> Form:
        """Read the form and make sure that it is ours (RFC 6749 §10.12).

        Args:
            for_strangers: the form was made for whoever is not signed in; another window may have signed in
                since, so it need not name the present session.
        """
        check_origin(self.request, self.services.settings.issuer)
        form = await read_form(self.request)
        given = form.one("csrf_token")
        is_known = self.session is None or (for_strangers and not given)
        if not is_known and not is_same(given.encode(), self.csrf_token.encode()):
            raise Refusal("forged_form", detail="wrong csrf_token")
        return form

    def check_power(self, power: Power) -> Session:
        """Let only administrators with this power go on."""
        if power not in powers_of(self.signed_in.person.role):
            raise Refusal("not_allowed", detail=f"the role lacks {power}")
        return self.signed_in


def is_trusted(text: str, services: Services) -> bool:
    """Whether an address belongs to a proxy that the settings trust."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in services.settings.trusted_proxies)


def check_origin(request: Request, issuer: str) -> None:
    """Refuse a form that another site's page sent; what is no browser says nothing here and is let through."""
    origin = request.headers.get("origin")
    site = request.headers.get("sec-fetch-site")
    if (origin is not None and origin != issuer) or site not in (None, "same-origin", "none"):
        raise Refusal("forged_form", detail="a form from another origin")


def check_address(request: Request) -> None:
    """Refuse NUL in an address before anything of it reaches the database: PostgreSQL has no text with NUL."""
    if "\x00" in request.scope["path"]:
        raise Refusal("not_found", detail="NUL in a path")
    if b"%00" in request.scope["query_string"]:
        raise Refusal("bad_form", detail="NUL in a query")


Answer = Callable[[Visit], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]


def show(
    name: str,
    view: views.View,
    *,
    status: int = 200,
    form_to: str = "",
    posts_to: str = "",
    has_script: bool = False,
) -> Response:
    """Render a page.

    Args:
        form_to: an origin that a form's answer may be redirected to: Chromium holds ``form-action`` against it.
        posts_to: a partner's address that a form of the page posts to.
        has_script: let the page run our own files of script: for passkeys and nothing else.
    """
    targets = " ".join(filter(None, ("'self'", form_to, _source_of(posts_to))))
    scripts = "script-src 'self'; " if has_script else ""
    policy = (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Content-Language": view.chrome.language,
        "Vary": "Accept-Language, Cookie",
    }
    if posts_to:
        # The partner may hold the form's origin against ours; without this a browser would say "null".
        headers["Referrer-Policy"] = "strict-origin"
    return Response(page(name, view), status, headers, media_type="text/html; charset=utf-8")


def origin_of(uri: str) -> str:
    """Give the origin of an address."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def _source_of(uri: str) -> str:
    """Spell an address for ``form-action``: no query, and nothing that ends a directive (CSP 3 §2.3.1)."""
    return uri.partition("?")[0].replace(";", "%3B").replace(",", "%2C")


def see_other(path: str) -> Response:
    """Send the browser on with a GET (303: never 307, which would repeat a POST elsewhere)."""
    return RedirectResponse(path, 303)


def with_session(visit: Visit, path: str, secret: str) -> Response:
    """Send the browser on with the secret of a session."""
    response = see_other(path)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=visit.services.settings.session_ttl,
        path="/",
        secure=True,
        httponly=True,
        samesite="lax",
    )
    return response


def local_path(path: str) -> str:
    """Let an address pass if it cannot lead off this site; empty otherwise."""
    is_local = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_local else ""


def page_handler(answer: Answer) -> Handler:
    """Make a page's handler: the session is found, refusals become pages."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        visit = Visit(request, services, None)
        try:
            check_address(request)
            session = await find_session(services, request.cookies.get(COOKIE))
            visit = replace(visit, session=session)
            if session is not None:
                # What is decided, served and recorded during this visit is in the language of its pages.
                spoken = replace(session, person=replace(session.person, language=visit.language))
                visit = replace(visit, session=spoken)
            with speaking(visit.language):
                return await answer(visit)
        except Refusal as refusal:
            return refusal_page(visit, refusal)

    return handle


def signed_in_page(answer: Answer) -> Handler:
    """Make a handler of a page for those who are signed in; others sign in first."""

    async def guarded(visit: Visit) -> Response:
        if visit.session is not None:
            return await answer(visit)
        if visit.request.method != "GET":
            return see_other("/login")
        return see_other(f"/login?next={visit.request.url.path}")

    return page_handler(guarded)


def refusal_page(visit: Visit, refusal: Refusal) -> Response:
    """Say no to a person, in plain words."""
    note(refusal)
    status = refusal.kind.status
    with speaking(visit.language):
        view = views.ErrorView(
            # The address may hold what nobody may learn about, so the page does not repeat it.
            chrome=visit.chrome(back="/"),
            status=status,
            sentence=say(refusal.description),
            retry_after=refusal.retry_after or 0,
        )
    response = show("error", view, status=status)
    response.headers.update(retry_headers(refusal))
    return response
