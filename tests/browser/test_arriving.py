"""Whoever answers arrives, also where the partner's own address sends the browser on to a second and a third site.

Chromium holds a page's ``form-action`` against every redirect after its form: a policy that named the partner's origin
alone would leave the person on our page, with the code at the partner.
"""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from gateway.accounts.one_time_passwords import STEP, code_at
from tests.browser.stage import Gateway
from tests.browser.test_passkeys import add_passkey, plug_in
from tests.browser.visitor import Visitor
from tests.world import CHALLENGE, PARTNERS, PASSWORD, publish


def answering(onward: str) -> type[BaseHTTPRequestHandler]:
    """Make a site that sends everybody on, or is the last one."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            length = int(self.headers.get("Content-Length", "0"))
            asked |= parse_qs(self.rfile.read(length).decode())
            said = next(
                (f"{name}: {asked[name][0]}" for name in ("code", "error", "said") if name in asked), ""
            )
            body = f"<!doctype html><html lang=en><title>Here</title><h1>Arrived</h1><p>{said}</p>".encode()
            self.send_response(302 if onward else 200)
            if onward:
                self.send_header("Location", f"{onward}/next?{urlencode({'said': said})}")
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"" if onward else body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Site


@contextmanager
def site(onward: str) -> Iterator[str]:
    """Serve a site of its own origin: another port is another one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), answering(onward))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def callback(gateway: Gateway, app: str) -> Iterator[str]:
    """An address of QuizCo's that leads over a second site to a third."""
    with ExitStack() as stack:
        onward = ""
        for _ in range(3):
            onward = stack.enter_context(site(onward))
        text = (PARTNERS / "quizco.toml").read_text()
        own = "http://localhost:8100/quizco/callback"
        uris = f'"{onward}/callback"]\npost_logout_redirect_uris = ["{onward}/bye"'
        gateway.run(
            lambda: publish(gateway.services, text.replace(f'"{own}"', uris), version=2, manifest_version=2)
        )
        yield f"{onward}/callback"


def asking(callback: str, **changes: str) -> str:
    """Make QuizCo's request."""
    request = {
        "response_type": "code",
        "client_id": "quizco-web",
        "redirect_uri": callback,
        "scope": "openid profile email education",
        "state": "st-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"/authorize?{urlencode(request)}"


def arrived(visitor: Visitor, word: str) -> None:
    """Expect the last site, with what the first one was told."""
    visitor.heading("Arrived")
    expect(visitor.page.get_by_role("paragraph")).to_contain_text(f"{word}: ")


def test_every_form_that_ends_at_a_partner_arrives_beyond_it(
    make_visitor: Callable[..., Visitor], callback: str
) -> None:
    """Consent, amendment, log-in, the password again, a no, a posted answer, log-out: over three foreign origins."""
    asha = make_visitor()
    asha.go(asking(callback))
    asha.sign_in()
    asha.share()
    arrived(asha, "code")
    asha.go(asking(callback, prompt="consent"))
    asha.press("Leave it as it is")
    arrived(asha, "code")
    asha.go(asking(callback, prompt="login"))
    asha.page.get_by_label("Password").fill(PASSWORD)
    asha.press("Continue")
    arrived(asha, "code")
    asha.go(asking(callback, response_mode="form_post"))
    asha.press("Go back to QuizCo")
    arrived(asha, "code")
    asha.page.context.clear_cookies()
    asha.go(asking(callback))
    asha.sign_in()
    arrived(asha, "code")
    bye = callback.replace("/callback", "/bye")
    query = urlencode({"client_id": "quizco-web", "post_logout_redirect_uri": bye})
    asha.go(f"/session/end?{query}")
    asha.page.locator("main").get_by_role("button", name="Sign out").click()
    asha.heading("Arrived")
    ben = make_visitor()
    ben.go(asking(callback))
    ben.sign_in("ben@lakeside.example")
    ben.press("No thanks")
    arrived(ben, "error")


def test_codes_and_passkeys_arrive_beyond_it_too(make_visitor: Callable[..., Visitor], callback: str) -> None:
    """After the password, by a double click, in its place, and without one; and a yes to signing in alone."""
    asha = make_visitor()
    plug_in(asha.page)
    add_passkey(asha)
    asha.go("/security/code")
    key = asha.page.locator("code.key").inner_text()
    secret = base64.b32decode("".join(key.split()))
    asha.page.get_by_label("six digits").fill(code_at(secret, asha.gateway.clock()))
    asha.press("Switch on")
    asha.go(asking(callback, scope="openid"))
    with asha.page.expect_navigation(wait_until="domcontentloaded"):
        asha.page.locator("button[value=share]").click()
    arrived(asha, "code")

    asha.page.context.clear_cookies()
    asha.gateway.clock.ahead += STEP
    asha.go(asking(callback, scope="openid"))
    asha.sign_in()
    asha.page.get_by_label("Code").fill(code_at(secret, asha.gateway.clock()))
    with asha.page.expect_navigation(wait_until="domcontentloaded"):
        asha.page.locator("main").get_by_role("button", name="Sign in").dblclick()
    arrived(asha, "code")

    asha.gateway.clock.ahead += STEP
    asha.go(asking(callback, scope="openid", prompt="login"))
    asha.page.get_by_label("Or a code of your app").fill(code_at(secret, asha.gateway.clock()))
    asha.press("Continue with the code")
    arrived(asha, "code")

    asha.gateway.clock.ahead += STEP
    asha.go(asking(callback, scope="openid", prompt="login"))
    asha.follow("Use a passkey instead")
    asha.press("Continue")
    arrived(asha, "code")

    asha.page.context.clear_cookies()
    asha.go(asking(callback, scope="openid"))
    asha.follow("Sign in with a passkey")
    asha.press("Continue")
    arrived(asha, "code")
