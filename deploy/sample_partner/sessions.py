"""Browsers we know: state in memory, found by a cookie that scripts cannot read. Pure ASGI."""

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .sharing import Sharing

COOKIE = "sample_partner"
IDLE_SECONDS = 2 * 3600
MOST_BROWSERS = 1000
MOST_FLOWS = 5
FLOW_SECONDS = 600


@dataclass(frozen=True)
class Flow:
    """An authorization request on its way (RFC 6749 §4.1.1), kept here and never in the browser."""

    client: str
    nonce: str
    code_verifier: str
    iss_expected: bool
    started_at: float


@dataclass
class Browser:
    """Everything we remember of one browser."""

    flows: OrderedDict[str, Flow] = field(default_factory=OrderedDict)
    sharings: dict[str, Sharing] = field(default_factory=dict)
    seen_at: float = 0.0
    renew: bool = False

    def begin(self, state: str, flow: Flow) -> None:
        """Remember a flow under its state; the oldest gives way when somebody opens many tabs."""
        self.flows[state] = flow
        while len(self.flows) > MOST_FLOWS:
            self.flows.popitem(last=False)

    def take_flow(self, state: str, client: str, now: float) -> Flow | None:
        """Give the flow back once (RFC 9700 §4.7.1): a second callback with its state finds nothing."""
        flow = self.flows.pop(state, None)
        fits = flow is not None and flow.client == client and now - flow.started_at <= FLOW_SECONDS
        return flow if fits else None

    def sharing(self, client: str) -> Sharing:
        """What we hold for this browser's person and this service."""
        return self.sharings.setdefault(client, Sharing())


class Browsers:
    """Middleware: puts the `Browser` into the scope; the cookie comes once there is something to remember."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure
        self._known: OrderedDict[str, Browser] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find the browser, run the application, and give the browser its cookie if it needs one."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = HTTPConnection(scope).cookies.get(COOKIE, "")
        browser = self._find(name)
        scope["browser"], scope["sharings"] = browser, self.sharings_of

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._keep(name, browser, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def sharings_of(self, client: str, sub: str) -> list[Sharing]:
        """What we hold of one person for one service, in whichever browser."""
        held = (browser.sharings.get(client) for browser in self._known.values())
        return [each for each in held if each is not None and each.sub == sub]

    def _find(self, name: str) -> Browser:
        now = time.time()
        while self._known and now - next(iter(self._known.values())).seen_at > IDLE_SECONDS:
            self._known.popitem(last=False)
        browser = self._known.get(name)
        if browser is None:
            return Browser(seen_at=now)
        browser.seen_at = now
        self._known.move_to_end(name)
        return browser

    def _keep(self, name: str, browser: Browser, headers: MutableHeaders) -> None:
        known = self._known.get(name) is browser
        if (known and not browser.renew) or not (browser.flows or browser.sharings):
            return
        if known:
            del self._known[name]
        browser.renew = False
        fresh = secrets.token_urlsafe(32)
        self._known[fresh] = browser
        while len(self._known) > MOST_BROWSERS:
            self._known.popitem(last=False)
        secure = "; Secure" if self._secure else ""
        headers.append("Set-Cookie", f"{COOKIE}={fresh}; Path=/; HttpOnly; SameSite=Lax{secure}")
