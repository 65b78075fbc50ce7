"""Partners' web applications in Node.js: the log-in libraries of Express, each as its documentation shows it."""

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.actions.partners.pkce_switch import switch_to_nonce
from gateway.cli.browser import Browser, Page
from tests.interop.stage import HERE, SECRET, Stage, beside_libraries, prepare, running, served, wait_for
from tests.ports import free_port
from tests.world import copy_sqlite
from tests.world import serve as open_world

EMAIL = "email.service_provision"


@dataclass(frozen=True)
class Street:
    """A gateway, and a port where one partner after the other opens."""

    stage: Stage
    port: int

    @property
    def place(self) -> str:
        return f"http://localhost:{self.port}"

    @contextmanager
    def open(self, name: str) -> Iterator[None]:
        """Run a partner's application until the block ends."""
        script = beside_libraries(HERE / "npm" / f"{name}.mjs")
        config = {
            "issuer": self.stage.issuer,
            "client_id": f"interop-{name}",
            "client_secret": SECRET,
            "place": self.place,
            "port": self.port,
        }
        file = self.stage.folder / f"{name}.json"
        file.write_text(json.dumps(config))
        log = self.stage.folder / f"{name}.log"
        with running(["node", str(script), str(file)], log) as process:
            wait_for(self.place, process, log)
            yield


@pytest.fixture(scope="module")
def street(node: None, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """One gateway for all of them; each has a client of its own."""
    folder, port = tmp_path_factory.mktemp("street"), free_port()
    url = copy_sqlite(sqlite_template, folder)
    prepare(url, folder, place=f"http://localhost:{port}")
    with open_world(url, folder) as world:
        why = "passport-openidconnect sends no challenge"
        world.run(functools.partial(switch_to_nonce, world.services, "cli", "interop-passport", why))
    with served(url, folder) as stage:
        yield Street(stage, port)


def answer_to(browser: Browser, callback: str) -> dict[str, str]:
    """What the gateway sent the browser back with."""
    (hop,) = (each for each in browser.hops if urlsplit(each).path == callback)
    return dict(parse_qsl(urlsplit(hop).query))


def decided(browser: Browser, page: Page, button: str) -> Page:
    """Answer the consent screen; who answered for this service before is not asked again."""
    if any(form.action.endswith("/consent") for form in page.forms):
        return browser.submit(page, "/consent", {"item": [EMAIL]}, button=button)
    return page


def shared(browser: Browser, page: Page) -> Any:
    """Say yes to all of it; give what the partner's page says then."""
    page = decided(browser, page, "share")
    assert page.status == 200, page.text
    return page.response.json()


def test_passport(street: Street) -> None:
    """No PKCE, so a nonce instead (RFC 9700 §2.1.1): it comes back in the ID token; userinfo has the profile."""
    with street.open("passport"):
        browser = street.stage.person()
        page = browser.open(f"{street.place}/passport/login")
        user = shared(browser, page)["user"]
        assert user["issuer"] == street.stage.issuer
        assert user["profile"]["displayName"] == "Asha Rao"
        assert user["profile"]["emails"] == [{"value": "asha@lakeside.example"}]
        # A second visit asks nothing: the same person comes back at once.
        again = browser.open(f"{street.place}/passport/login").response.json()["user"]
        assert again["profile"]["id"] == user["profile"]["id"]


def test_passport_takes_a_no(street: Street) -> None:
    """`access_denied` is a failure for it and no error: the person is where the partner wants them."""
    with street.open("passport"):
        browser = street.stage.person("ben@lakeside.example")
        page = browser.open(f"{street.place}/passport/login")
        page = decided(browser, page, "refuse")
        assert answer_to(browser, "/passport/callback")["error"] == "access_denied"
        assert (page.status, urlsplit(page.url).path) == (200, "/passport/home")
        assert "user" not in page.response.json()


def test_express_openid_connect(street: Street) -> None:
    """Into a page behind the door, a refresh there, and out again at both ends (RP-Initiated Logout)."""
    with street.open("express"):
        browser = street.stage.person()
        page = browser.open(f"{street.place}/express/home")
        found = shared(browser, page)
        assert found["first"]["name"] == "Asha Rao"
        assert found["first"]["email"] == "asha@lakeside.example"
        assert found["second"] == found["first"]
        assert found["is_new"]
        assert "name" not in found["id_token"]
        page = browser.open(f"{street.place}/express/logout")
        page = browser.submit(page, "/session/end/confirmed")
        assert page.text == "signed out here and there"
        assert "/login" in browser.open(f"{street.stage.issuer}/connected").url


def test_express_openid_connect_takes_a_no(street: Street) -> None:
    """Its error handler is told `access_denied`, with 400 and not with 500."""
    with street.open("express"):
        browser = street.stage.person("ben@lakeside.example")
        page = browser.open(f"{street.place}/express/home")
        page = decided(browser, page, "refuse")
        assert (page.status, page.response.json()["error"]) == (400, "access_denied")


def test_authjs(street: Street) -> None:
    """Its own page, the gateway's, and a session that knows the person by what they shared."""
    with street.open("authjs"):
        browser = street.stage.person()
        page = browser.open(f"{street.place}/authjs/signin?callbackUrl=/home")
        page = browser.submit(page, "/signin/interop")
        assert shared(browser, page)["user"] == {"name": "Asha Rao", "email": "asha@lakeside.example"}


def test_authjs_takes_a_no(street: Street) -> None:
    """It is back at the page where one signs in, and has no session."""
    with street.open("authjs"):
        browser = street.stage.person("ben@lakeside.example")
        page = browser.open(f"{street.place}/authjs/signin?callbackUrl=/home")
        page = browser.submit(page, "/signin/interop")
        page = decided(browser, page, "refuse")
        assert answer_to(browser, "/authjs/callback/interop")["error"] == "access_denied"
        assert page.form("/signin/interop")
        assert browser.open(f"{street.place}/home").response.json() is None
