"""The outermost layer, pure ASGI: request id, time, security headers, and the answer to any failure."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from gateway.kit.clock import stopwatch
from gateway.kit.ids import Ids, Kind
from gateway.kit.logs import log
from gateway.kit.telemetry.metrics import Metrics, Seen, begin_seeing
from gateway.kit.telemetry.traces import Trace, trace_of
from gateway.web.paths import ShownPaths
from gateway.web.server.answers import plain_failure
from gateway.web.server.bodies import BODY_TIMEOUT

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would say "Origin: null" on our own forms.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}
"""Set on every answer that does not say otherwise."""
NO_PATH = {"Referrer-Policy": "strict-origin"}
"""Where the address opens something: no request that follows, not even for our own style, says from which page."""


def security_headers(*, is_https: bool) -> dict[str, str]:
    """Give the headers of every answer; a browser keeps to https once it was served so (RFC 6797)."""
    return HEADERS | ({"Strict-Transport-Security": "max-age=63072000"} if is_https else {})


_COUNTED = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""Methods by their name; a stranger may send any word, which counts as *other*."""


class AnswerCutShort(Exception):
    """An answer that had begun could not be finished; our log says why, under the request's id."""


class OuterMiddleware:
    """Wraps the application."""

    def __init__(
        self,
        app: App,
        *,
        ids: Ids,
        is_https: bool,
        metrics: Metrics,
        paths: ShownPaths,
        unlisted: frozenset[str] = frozenset(),
        body_timeout: float = BODY_TIMEOUT,
    ) -> None:
        """Take the application inside.

        Args:
            paths: names paths for the log.
            body_timeout: seconds that a request's body may take to arrive.
            unlisted: paths where a success is counted and not written into the log line by line; refusals are.
        """
        self._app = app
        self._ids = ids
        self._paths = paths
        headers = security_headers(is_https=is_https)
        self._headers, self._headers_without_path = _spelled(headers), _spelled(headers | NO_PATH)
        self._unlisted = unlisted
        self._body_timeout = body_timeout
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._ids(Kind.REQUEST)
        state = scope.setdefault("state", {})
        state["request_id"], state["body_timeout"] = request_id, self._body_timeout
        trace, watched = trace_of(scope["headers"], request_id), begin_seeing()
        structlog.contextvars.bind_contextvars(
            request_id=request_id, trace_id=trace.trace_id, span_id=trace.span_id
        )
        is_secret = self._paths.may_hold_secret(scope["path"])
        own_headers = self._headers_without_path if is_secret else self._headers
        began, status, is_whole = stopwatch(), 0, False

        async def send_on(message: Message) -> None:
            nonlocal status, is_whole
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                present = {name for name, _ in headers}
                headers += [pair for pair in own_headers if pair[0] not in present]
                headers.append((b"x-request-id", request_id.encode()))
                if status == 408:
                    # The rest of the body may never come, so nothing else can be sent on this connection.
                    headers.append((b"connection", b"close"))
            await send(message)
            is_whole = message["type"] == "http.response.body" and not message.get("more_body", False)

        try:
            await self._app(scope, receive, send_on)
        except Exception as error:
            log().error("failure", path=self._paths(scope["path"]), error=error)
            # Starlette answers a failure and raises it again all the same. It must go no further: the server
            # would print it with its text, and a driver's text can quote a row.
            if not status:
                await plain_failure(request_id)(scope, receive, send_on)
            elif not is_whole:
                # Nothing better can be said any more, so the connection ends.
                raise AnswerCutShort(request_id) from None
        finally:
            self._count(scope, status, stopwatch() - began, watched, trace)
            structlog.contextvars.unbind_contextvars("request_id", "trace_id", "span_id")

    def _count(self, scope: Scope, status: int, seconds: float, watched: Seen, trace: Trace) -> None:
        method = scope["method"] if scope["method"] in _COUNTED else "other"
        path = self._paths(scope["path"])
        self._metrics.count("gateway_requests", method, path, str(status))
        self._metrics.observe("gateway_request_seconds", seconds, method, path)
        if watched.refused:
            self._metrics.count("gateway_refusals", watched.refused, watched.partner_id)
        if status == 500:
            self._metrics.count("gateway_failures")
        if status >= 400 or scope["path"] not in self._unlisted:
            log().info(
                "request",
                method=method,
                path=path,
                status=status,
                ms=round(seconds * 1000, 1),
                **({"parent_id": trace.parent_id} if trace.parent_id else {}),
            )


def _spelled(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
