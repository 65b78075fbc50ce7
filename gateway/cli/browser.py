"""A browser without a screen for the demo's check; it follows redirects, keeps cookies and fills in forms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import httpx2

Fields = Sequence[tuple[str, str]]
TIMEOUT = 30.0
"""Seconds that an answer may take."""


@dataclass(slots=True)
class PageForm:
    """One form of a page, with what a browser would send if nothing was touched.

    Attributes:
        fields: hidden and text inputs, checked boxes and radios.
        buttons: the submit buttons' (name, value).
        choices: boxes and radios that are not ticked, (name, value).
    """

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)

    def filled(self, changes: Mapping[str, str | Sequence[str]], button: str = "") -> list[tuple[str, str]]:
        """Fill the form in: a changed name replaces what stood there; a button's value is sent with its name."""
        kept = [(name, value) for name, value in self.fields if name not in changes]
        for name, value in changes.items():
            kept += [(name, each) for each in ([value] if isinstance(value, str) else value)]
        return kept + [(name, value) for name, value in self.buttons if name and value == button]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self.text: list[str] = []
        self.links: list[str] = []
        self._select = ""
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(PageForm(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "a":
            self.links.append(given.get("href", ""))
        elif self.forms and tag == "input" and "name" in given:
            self._input(given)
        elif self.forms and tag == "button" and "disabled" not in given:
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", "")))
        elif self.forms and tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and "selected" in given:
            self.forms[-1].fields.append((self._select, given.get("value", "")))
        elif self.forms and tag == "textarea":
            self._area = given.get("name", "")
            self.forms[-1].fields.append((self._area, ""))

    def _input(self, given: Mapping[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("checkbox", "radio") and "checked" not in given:
            self.forms[-1].choices.append((given["name"], given.get("value", "on")))
            return
        if kind not in ("submit", "file"):
            self.forms[-1].fields.append(
                (given["name"], given.get("value", "on" if kind == "checkbox" else ""))
            )

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            name, value = self.forms[-1].fields[-1]
            self.forms[-1].fields[-1] = (name, (value + data).removeprefix("\n"))
        elif data.strip():
            self.text.append(data.strip())


@dataclass(slots=True)
class Page:
    """An answer as a person would see it."""

    response: httpx2.Response
    forms: list[PageForm]
    text: str
    links: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the browser is now."""
        return str(self.response.url)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    def form(self, action: str) -> PageForm:
        """Find the form whose action ends in the given text.

        Raises:
            LookupError: there is none.
        """
        for form in self.forms:
            if form.action.split("?")[0].endswith(action):
                return form
        raise LookupError(
            f"{self.url} ({self.status}) has no form for {action}: {[form.action for form in self.forms]}"
        )

    def link(self, beginning: str) -> str:
        """Find the first link to an address that begins so.

        Raises:
            LookupError: there is none.
        """
        for link in self.links:
            if link.startswith(beginning):
                return link
        raise LookupError(f"{self.url} ({self.status}) has no link to {beginning}")


class Browser:
    """One browser with its own cookies."""

    def __init__(self, client: httpx2.Client) -> None:
        """Take a client that follows no redirects by itself."""
        self._client = client
        self.hops: list[str] = []

    def close(self) -> None:
        """Close the browser with its connections."""
        self._client.close()

    def facts(self, url: str) -> Any:
        """Read the JSON at an address, as a script in this browser would."""
        response = self._client.get(url, headers={"Accept": "application/json"})
        response.raise_for_status()
        return response.json()

    def open(self, url: str, *, stop_at: str | None = None) -> Page:
        """Open an address and follow redirects.

        Args:
            stop_at: how an address begins that is not fetched any more; the page is then the redirect to it.
        """
        return self._follow(self._client.get(url), stop_at)

    def submit(
        self,
        page: Page,
        action: str,
        changes: Mapping[str, str | Sequence[str]] | None = None,
        *,
        button: str = "",
        stop_at: str | None = None,
    ) -> Page:
        """Fill in a form of a page and send it."""
        form = page.form(action)
        target = urljoin(page.url, form.action)
        filled = form.filled(changes or {}, button)
        body: dict[str, list[str]] = {}
        for name, value in filled:
            body.setdefault(name, []).append(value)
        return self._follow(self._client.post(target, data=body), stop_at)

    def _follow(self, response: httpx2.Response, stop_at: str | None) -> Page:
        for _ in range(20):
            if not response.is_redirect:
                break
            target = urljoin(str(response.url), response.headers["location"])
            self.hops.append(target)
            if stop_at is not None and target.startswith(stop_at):
                return Page(response, [], target)
            response = self._client.get(target)
        return read_page(response)


def local_client() -> httpx2.Client:
    """Open an HTTP client of its own for servers on this machine.

    Browsers take http://localhost for a secure place and send Secure cookies there (W3C Secure Contexts §3.1).
    """
    policy = DefaultCookiePolicy(secure_protocols=("https", "http"))
    return httpx2.Client(cookies=CookieJar(policy), timeout=TIMEOUT, trust_env=False)


def read_page(response: httpx2.Response) -> Page:
    """Read an answer's forms and text."""
    reader = _Reader()
    if response.headers.get("content-type", "").startswith("text/html"):
        reader.feed(response.text)
        return Page(response, reader.forms, " ".join(reader.text), reader.links)
    return Page(response, [], response.text)
