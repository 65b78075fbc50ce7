"""The entrance: this process works on so many requests at most, and tells any other at once to come again.

It stands outside of everything else. Whoever is turned away costs neither an id, nor a line in the log, nor a
statement, so that a crowd cannot slow down those who were let in.
"""

from collections.abc import Callable, Iterable

from starlette.requests import Request
from starlette.responses import Response

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.kit.telemetry.metrics import Metrics
from gateway.web.pages.visit import LANGUAGE_COOKIE, Visit, refusal_view
from gateway.web.routes import is_for_partners
from gateway.web.server.answers import refusal_answer
from gateway.web.server.outer_middleware import App, Receive, Scope, Send

ALWAYS_OPEN = frozenset({"/health", "/ready"})
"""Who watches over the process must be answered just then; otherwise it would be restarted for being busy."""
_STATIC = "/static/"
"""The page that turns a person away wants its style; files come from memory and never wait."""


class Capacity:
    """Wraps the application, the edge included."""

    def __init__(self, app: App, *, most: int, refuse: Callable[[Scope], Response], metrics: Metrics) -> None:
        """Take the application inside.

        Args:
            most: requests in progress at the same time.
            refuse: makes the answer to whoever finds no room; it is sent as it is.
        """
        self._app = app
        self._most = most
        self._refuse = refuse
        self._metrics = metrics
        self._inside = 0
        self._turned_away = 0

    def say_how_it_stands(self) -> None:
        """Put the requests in progress into the metrics."""
        self._metrics.put("gateway_requests_in_progress", self._inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away (RFC 9110 §15.6.4)."""
        if scope["type"] != "http" or _is_always_open(_path(scope)):
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            self._count_refusal()
            await self._refuse(scope)(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
            if self._turned_away and self._inside <= self._most // 2:
                log().warning("no_longer_full", turned_away=self._turned_away)
                self._turned_away = 0

    def _count_refusal(self) -> None:
        self._metrics.count("gateway_requests_turned_away")
        # One line when it begins and one when it is over: a line for each request would cost more than its answer.
        if not self._turned_away:
            log().warning("full", most=self._most)
        self._turned_away += 1


class BusyAnswers:
    """Answers at the entrance, made once for each voice and language."""

    def __init__(self, services: Services, security_headers: Iterable[tuple[str, str]]) -> None:
        """Take the services, and the headers that every answer carries that does not say otherwise."""
        self._services = services
        self._security_headers = tuple(security_headers)
        self._pages: dict[str, Response] = {}
        refusal = refusal_answer(_busy(), documentation=services.settings.documentation)
        self._for_partners = self._with_headers(refusal)

    def __call__(self, scope: Scope) -> Response:
        """Choose the answer to a request: JSON for partners, a page in their language for people."""
        if is_for_partners(_path(scope)):
            return self._for_partners
        language = Visit(Request(scope), self._services, None).language
        page = self._pages.get(language)
        if page is None:
            page = self._pages[language] = self._with_headers(self._page(language))
        return page

    def _page(self, language: str) -> Response:
        # The page goes to everybody, so the request that it is made from has a language and nothing else.
        headers = [(b"cookie", f"{LANGUAGE_COOKIE}={language}".encode())]
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        request = Request(scope | {"state": {"request_id": ""}})
        return refusal_view(Visit(request, self._services, None), _busy())

    def _with_headers(self, response: Response) -> Response:
        for name, value in self._security_headers:
            response.headers.setdefault(name, value)
        return response


def _path(scope: Scope) -> str:
    """Give the path without the prefix under which a proxy shows us (ASGI root_path)."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _is_always_open(path: str) -> bool:
    return path in ALWAYS_OPEN or path.startswith(_STATIC)


def _busy() -> Refusal:
    return Refusal("temporarily_unavailable", detail="too many requests in progress", retry_after=1)
