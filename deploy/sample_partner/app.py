"""The sample partner application: routes, and what each press of a button does."""

import logging
import time
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from .config import Client, Config
from .discovery import Discovery
from .errors import AnswerNotBelievedError, GatewayRefusedError, GatewayUnavailableError
from .notices import DELETION, DELETION_TYPE, LOGOUT, LOGOUT_TYPE, read_notice, subject_of
from .pages import Pages
from .provider import Provider
from .sessions import Browser, Browsers
from .sharing import Sharing, State

log = logging.getLogger("sample_partner")

Act = Callable[[Provider, Sharing], Awaitable[None]]

# Errors that mean the permission is gone (RFC 6749 §5.2, RFC 6750 §3.1), not that something is out of order.
OVER = frozenset({"invalid_grant", "invalid_token"})

# The gateway's own: nothing can be read for now, and the permission stands. We keep our tokens and our copy.
HELD_BACK = "consent_paused"


def create_app(config: Config) -> Starlette:
    """Build the application; it reaches for the gateway only when somebody presses a button."""
    partner = SamplePartner(config)
    routes = [
        Route("/", partner.index),
        Route("/healthz", healthz),
        Route("/static/sample.css", partner.pages.stylesheet),
        Route("/{service}", partner.service),
        Route("/{service}/start", partner.start, methods=["GET", "POST"]),
        Route("/{service}/callback", partner.callback),
        Route("/{service}/read", partner.acting(read), methods=["POST"]),
        Route("/{service}/refresh", partner.acting(refresh), methods=["POST"]),
        Route("/{service}/disconnect", partner.acting(disconnect), methods=["POST"]),
        Route("/{service}/logout", partner.signed_out, methods=["POST"]),
        Route("/{service}/deletions", partner.to_delete, methods=["POST"]),
    ]
    secure = urlsplit(config.base_url).scheme == "https"
    return Starlette(
        routes=routes,
        middleware=[Middleware(Browsers, secure=secure)],
        exception_handlers={404: partner.not_found, 405: partner.not_found},
    )


async def healthz(_request: Request) -> Response:
    """Say that we run, without asking the gateway."""
    return JSONResponse({"status": "ok"})


class SamplePartner:
    """The endpoints over one configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.pages = Pages(config)
        self._discovery = Discovery(config.issuer)
        self._providers = {
            client.name: Provider(config, client, self._discovery) for client in config.clients
        }

    async def index(self, request: Request) -> Response:
        """Both services side by side."""
        return self.pages.index(request, _browser(request).sharings)

    async def service(self, request: Request) -> Response:
        """One service: what it does, or what it received."""
        client = self.config.find_client(request.path_params["service"])
        if client is None:
            return await self.not_found(request)
        sharing = _browser(request).sharings.get(client.name) or Sharing()
        return self.pages.service(request, client, sharing)

    async def start(self, request: Request) -> Response:
        """Push an authorization request and send the browser to the gateway (RFC 9126 §4)."""
        client = self.config.find_client(request.path_params["service"])
        if client is None:
            return await self.not_found(request)
        browser = _browser(request)
        sharing = browser.sharing(client.name)
        sharing.answers = []
        now = time.time()
        try:
            url, state, flow = await self._providers[client.name].push(now, sharing.answers)
        except (GatewayUnavailableError, GatewayRefusedError, AnswerNotBelievedError) as error:
            _note(sharing, error)
            if not sharing.stands:
                sharing.state = State.FAILED
            return self._to_service(client)
        browser.begin(state, flow)
        return RedirectResponse(url, status_code=303)

    async def callback(self, request: Request) -> Response:
        """Take the gateway's answer (RFC 6749 §4.1.2) if this browser asked and this gateway answered."""
        client = self.config.find_client(request.path_params["service"])
        if client is None:
            return await self.not_found(request)
        browser, query = _browser(request), request.query_params
        flow = browser.take_flow(query.get("state", ""), client.name, time.time())
        if flow is None:
            return self.pages.problem(request, "wrong_state", 400, client)
        # RFC 9207 §2.4: an answer of another server must not be used, not even its error.
        iss = query.get("iss")
        if iss != self.config.issuer and (flow.iss_expected or iss is not None):
            return self.pages.problem(request, "wrong_issuer", 400, client)
        sharing = browser.sharing(client.name)
        async with sharing.lock:
            if "error" in query and sharing.stands:
                # A no to what was asked now ends nothing that stood before: only reading tells whether it does.
                await _attempt(read, self._providers[client.name], sharing)
            elif "error" in query:
                denied = query["error"] == "access_denied"
                sharing.end(State.DECLINED if denied else State.FAILED, query["error"][:64])
            elif "code" not in query:
                return self.pages.problem(request, "no_code", 400, client)
            else:
                provider = self._providers[client.name]
                try:
                    token, id_claims = await provider.exchange(query["code"], flow, sharing.answers)
                    sharing.connect(token, id_claims)
                    browser.renew = True
                except (GatewayUnavailableError, GatewayRefusedError, AnswerNotBelievedError) as error:
                    sharing.end(State.FAILED)
                    _note(sharing, error)
                else:
                    await _attempt(read, provider, sharing)
        return self._to_service(client)

    def acting(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint for one button of a connected service."""

        async def endpoint(request: Request) -> Response:
            client = self.config.find_client(request.path_params["service"])
            if client is None:
                return await self.not_found(request)
            if request.headers.get("origin", self.config.base_url) != self.config.base_url:
                return self.pages.problem(request, "other_origin", 403, client)
            sharing = _browser(request).sharings.get(client.name)
            if sharing is not None:
                async with sharing.lock:
                    if sharing.stands:
                        sharing.answers = []
                        await _attempt(act, self._providers[client.name], sharing)
            return self._to_service(client)

        return endpoint

    async def signed_out(self, request: Request) -> Response:
        """Hear that somebody signed out at the gateway (OpenID Connect Back-Channel Logout §2.5)."""
        form = parse_qs((await request.body()).decode(errors="replace"))
        token = form.get("logout_token", [""])[0]
        return await self._hear(request, "logout", token, LOGOUT, LOGOUT_TYPE)

    async def to_delete(self, request: Request) -> Response:
        """Delete what we hold of somebody, at once, and say so: 200 means that it is done (RFC 8935 §2)."""
        token, event = (await request.body()).decode(errors="replace"), self.config.issuer + DELETION
        return await self._hear(request, "deletion", token, event, DELETION_TYPE)

    async def _hear(self, request: Request, what: str, token: str, event: str, media_type: str) -> Response:
        client = self.config.find_client(request.path_params["service"])
        if client is None:
            return await self.not_found(request)
        try:
            claims = await read_notice(
                self._discovery, token, client_id=client.client_id, media_type=media_type, event=event
            )
        except AnswerNotBelievedError as error:
            log.warning("%s: %s", type(error).__name__, error)
            return JSONResponse({"error": "invalid_request"}, 400)
        except GatewayUnavailableError as error:
            log.warning("%s: %s", type(error).__name__, error)
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        for sharing in request.scope["sharings"](client.name, subject_of(claims, event, client.client_id)):
            sharing.hear(what)
        return JSONResponse({}, headers={"Cache-Control": "no-store"})

    async def not_found(self, request: Request, _error: Exception | None = None) -> Response:
        """A page for addresses and methods that we do not have."""
        return self.pages.problem(request, "not_found", 404, None)

    def _to_service(self, client: Client) -> Response:
        return RedirectResponse(f"{self.config.base_url}/{client.name}", status_code=303)


async def read(provider: Provider, sharing: Sharing) -> None:
    """Read again; an access token that ran out is renewed first, if we may."""
    sub = sharing.id_claims["sub"]
    try:
        if sharing.token.get("expires_at", float("inf")) <= time.time() and "refresh_token" in sharing.token:
            raise GatewayRefusedError("invalid_token")
        claims = await provider.read(sharing.token, sub, sharing.answers)
    except GatewayRefusedError as error:
        if error.error != "invalid_token" or "refresh_token" not in sharing.token:
            raise
        await refresh(provider, sharing)
        claims = await provider.read(sharing.token, sub, sharing.answers)
    sharing.take(claims, int(time.time()))


async def refresh(provider: Provider, sharing: Sharing) -> None:
    """Swap the refresh token for a new access token; the answer may or may not hold a new refresh token."""
    sharing.token = {**sharing.token, **await provider.refresh(sharing.token, sharing.answers)}


async def disconnect(provider: Provider, sharing: Sharing) -> None:
    """Give the tokens back, then forget what we received: in this order a failure can be tried again."""
    await provider.revoke(sharing.token, sharing.answers)
    sharing.end(State.NONE, "disconnected")


async def _attempt(act: Act, provider: Provider, sharing: Sharing) -> None:
    sharing.problem = ""
    try:
        await act(provider, sharing)
    except (GatewayUnavailableError, GatewayRefusedError, AnswerNotBelievedError) as error:
        _note(sharing, error)
        if isinstance(error, GatewayRefusedError) and error.error in OVER:
            sharing.end(State.ENDED, "expired" if _ran_out(sharing) else error.error)
        elif isinstance(error, GatewayRefusedError) and error.error == HELD_BACK:
            sharing.state = State.PAUSED
        elif isinstance(error, AnswerNotBelievedError):
            sharing.end(State.FAILED, sharing.problem)


def _ran_out(sharing: Sharing) -> bool:
    """Whether the access simply reached its end, which is not the same as a person who stops."""
    return (
        "refresh_token" not in sharing.token and sharing.token.get("expires_at", float("inf")) <= time.time()
    )


def _note(sharing: Sharing, error: Exception) -> None:
    """Keep the kind for the page and the detail for the log; neither holds a value or a token."""
    if isinstance(error, GatewayRefusedError):
        sharing.problem = error.error
    else:
        sharing.problem = "unavailable" if isinstance(error, GatewayUnavailableError) else "not_believed"
    log.warning("%s: %s", type(error).__name__, error)


def _browser(request: Request) -> Browser:
    browser = request.scope["browser"]
    assert isinstance(browser, Browser)
    return browser
