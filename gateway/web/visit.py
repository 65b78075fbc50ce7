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
from gateway.kit.digests import is_same
from gateway.kit.errors import Refusal
from gateway.model.people import Power, Role, Session, powers_of
from gateway.web import views
from gateway.web.answers import note, retry_headers
from gateway.web.bodies import Form, read_form
from gateway.web.render import page

COOKIE = "__Host-session"
PLACES = views.Places(
    home="/",
    connected="/connected",
    profile="/profile",
    admin="/admin",
    privacy="/privacy",
    sign_in="/login",
    sign_out="/logout",
)
FLASHES = {
    "saved": "Saved.",
    "off": "Switched off. The next read no longer has it.",
    "complaint": "Your complaint is kept. Its reference is on this page.",
    "paused": "Paused. The next read gets nothing.",
    "resumed": "It goes on as you agreed.",
    "all-stopped": "Everything has stopped. Nothing is shared any more.",
    "asked": "This service may ask you again.",
    "child-asks": "The child may ask again.",
    "guardian-yes": "Your yes is kept.",
    "guardian-no": "Your no is kept. Nothing is shared any more.",
    "signed-in": "You are signed in.",
    "password": "Your password is set. You can sign in now.",
    "revoked": "Revoked. Every token of this grant has died.",
    "invited": "A new invitation is on its way. The older ones no longer work.",
    "moved": "Done. It acts from the next request on, on every node.",
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

    def chrome(self, here: Any = "", email: str = "") -> views.Chrome:
        """Make the page's frame."""
        settings = self.services.settings
        flash = FLASHES.get(self.request.query_params.get("done", ""))
        role = self.session.person.role if self.session else None
        return views.Chrome(
            language="en",
            direction="ltr",
            service_name=settings.service_name,
            places=PLACES,
            contact=settings.contact,
            request_id=self.request.state.request_id,
            csrf_token=self.csrf_token,
            signed_in_as=email or (_role_words(role) if role else ""),
            can_administer=bool(role and powers_of(role)),
            is_guardian=role is Role.GUARDIAN,
            here=here,
            flashes=(views.Flash(kind="done", text=flash),) if flash else (),
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


def _role_words(role: str) -> str:
    return role.replace("_", " ").capitalize()


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


def show(name: str, view: views.View, *, status: int = 200, form_to: str = "") -> Response:
    """Render a page.

    Args:
        form_to: an origin that a form's answer may be redirected to: Chromium holds ``form-action`` against it.
    """
    targets = f"'self' {form_to}".strip()
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy}
    return Response(page(name, view), status, headers, media_type="text/html; charset=utf-8")


def origin_of(uri: str) -> str:
    """Give the origin of an address."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"


def see_other(path: str) -> Response:
    """Send the browser on with a GET (303: never 307, which would repeat a POST elsewhere)."""
    return RedirectResponse(path, 303)


def page_handler(answer: Answer) -> Handler:
    """Make a page's handler: the session is found, refusals become pages."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        visit = Visit(request, services, None)
        try:
            check_address(request)
            session = await find_session(services, request.cookies.get(COOKIE))
            visit = replace(visit, session=session)
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
    view = views.ErrorView(
        chrome=visit.chrome(),
        status=status,
        sentence=refusal.description,
        retry_after=refusal.retry_after or 0,
    )
    response = show("error", view, status=status)
    response.headers.update(retry_headers(refusal))
    return response
