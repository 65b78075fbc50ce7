"""What no page may ever do: speak in the console, break its own policy, fail a script, reach beyond localhost."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError

_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")


class Watch:
    """Watches every page of a browser's context; `check` fails when one did what it must not."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        self.requests = 0
        self._statuses: set[int] = set()
        context.on("request", self._request)
        context.on("console", self._console)
        context.on("weberror", self._failure)

    def expect(self, *statuses: int) -> None:
        """Say which statuses the test is about: Chromium writes every page of 400 and more into the console."""
        self._statuses.update(statuses)

    def check(self) -> None:
        """Fail with everything that was seen."""
        assert self.requests, "no page was opened"
        assert not self.faults, "\n".join(self.faults)

    def _request(self, request: Request) -> None:
        self.requests += 1
        if urlsplit(request.url).hostname != "localhost":
            self.faults.append(f"left localhost: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        status = _STATUS.match(message.text)
        if status is None or int(status[1]) not in self._statuses:
            self.faults.append(f"console of {message.location['url']}: {message.text}")

    def _failure(self, error: WebError) -> None:
        self.faults.append(f"script: {error.error}")
