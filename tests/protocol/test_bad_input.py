"""Bad input at every route of the application; the list is the application's own, so a new route is covered."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.routing import compile_path

from gateway.kit.clock import DAY
from gateway.kit.errors import ERRORS
from gateway.web.routes import PARTNER_PATHS, all_routes
from tests.world import World, copy_sqlite, serve

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
LARGE = b"a=" + b"x" * 6_000_000


def methods_of_paths() -> dict[str, set[str]]:
    """Collect the methods of each address."""
    found: dict[str, set[str]] = {}
    for route in all_routes():
        found.setdefault(route.path, set()).update(route.methods or ())
    return found


ROUTES = methods_of_paths()


def filled(path: str) -> str:
    """Fill a path's parameters in."""
    return re.sub(r"{[^}]+}", "unknown", path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    """One world for the tests that change nothing."""
    folder = tmp_path_factory.mktemp("shared")
    with serve(copy_sqlite(sqlite_template, folder), folder) as world:
        yield world


def assert_refused(path: str, answer: httpx2.Response, code: str) -> None:
    """Hold an answer against the registry, in the voice of its place: JSON for partners, a page for people."""
    assert answer.status_code == ERRORS[code].status, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    if path in PARTNER_PATHS:
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json()["error"] == code
    else:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<html" in answer.text


@pytest.mark.parametrize("path", ROUTES)
def test_rfc9110_15_5_6_a_wrong_method_is_told_the_right_ones(shared: World, path: str) -> None:
    """405 with every method of the address in Allow."""
    address = filled(path)
    # A word of this address may stand where another has an id: /admin/people/import, /admin/people/{person_id}.
    taken = set().union(
        *(methods for each, methods in ROUTES.items() if compile_path(each)[0].match(address))
    )
    for method in set(METHODS) - taken:
        answer = shared.client().request(method, address)
        assert set(answer.headers["Allow"].split(", ")) == taken, method
        if method != "HEAD":
            assert_refused(path, answer, "method_not_allowed")
        assert answer.status_code == 405


@pytest.mark.parametrize("path", [path for path, methods in ROUTES.items() if "POST" in methods])
def test_rfc9110_15_5_14_a_body_that_is_too_large_is_refused(
    shared: World, path: str, administrator: httpx2.Client, school: httpx2.Client
) -> None:
    """413 after the limit, whatever the type says."""
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
        who = school if path.startswith("/admin/school") else administrator
        answer = who.post(filled(path), content=LARGE, headers={"Content-Type": kind})
        # Registration looks at the token first and does not read what a stranger sends.
        assert_refused(path, answer, "invalid_token" if path == "/register" else "too_large")


@pytest.fixture(scope="module")
def school(shared: World) -> httpx2.Client:
    """A school's administrator, who alone decides about the school's gate."""
    return shared.signed_in("school@lakeside.example")._client


@pytest.fixture(scope="module")
def administrator(shared: World) -> httpx2.Client:
    """A signed-in administrator, to whom every page is open."""
    return shared.signed_in("admin@platform.example")._client


@pytest.mark.parametrize("path", [path for path, methods in ROUTES.items() if "POST" in methods])
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", b'{"grant_type": "authorization_code"}'),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"a=%ff%fe"),
        ("application/x-www-form-urlencoded", b"\xff\xfe=1"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(600))),
        ("", b"a=b"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    shared: World, path: str, administrator: httpx2.Client, kind: str, content: bytes
) -> None:
    """400 or 415 (401 where no token or client is found in it), never 500 and never success."""
    answer = administrator.post(filled(path), content=content, headers={"Content-Type": kind} if kind else {})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"].startswith("application/json") is (path in PARTNER_PATHS)


def test_an_address_that_is_nowhere(shared: World) -> None:
    """404 as a page; with whatever bytes."""
    for path in (
        "/nowhere",
        "/token/x",
        "/%00",
        "/%ff%fe",
        "/..%2f..%2fetc/passwd",
        "/static/..%2f..%2fapp.py",
    ):
        answer = shared.client().get(path)
        assert_refused(path, answer, "not_found")


def test_a_nul_in_an_address_is_not_found(each_world: World) -> None:
    """PostgreSQL refuses NUL in text: it must not come that far, in a path or in a query."""
    client = each_world.signed_in("admin@platform.example")._client
    for path, methods in ROUTES.items():
        for method in sorted(methods - {"HEAD"}):
            if "{" in path:
                answer = client.request(method, re.sub(r"{[^}]+}", "x%00y", path))
                # A protected resource asks for a token before it looks at the address.
                assert answer.status_code in (400, 401, 403, 404), (path, answer.text)
            elif path != "/logout":
                asked = client.request(method, f"{path}?partner_id=x%00y&state=x%00y")
                assert asked.status_code < 500, (path, asked.text)


def test_in_between_a_session_ends(world: World) -> None:
    """The screen's answer comes after the session: the person signs in again, nothing is granted."""
    browser = world.signed_in()
    page = world.ask(browser)
    world.clock.pass_by(3601)
    after = browser.submit(page, "/consent", button="share")
    assert urlsplit(after.url).path == "/login"


def test_in_between_the_screen_becomes_stale(make_world: Callable[..., World]) -> None:
    """A screen waits for half an hour."""
    world = make_world()
    browser = world.signed_in()
    page = world.ask(browser)
    for _ in range(2):
        world.clock.pass_by(901)
        browser.open("/")
    assert browser.submit(page, "/consent", button="share").status == 409


@pytest.mark.parametrize("seconds", [59, 60])
def test_in_between_a_code_expires(world: World, seconds: int) -> None:
    """RFC 6749 §4.1.2, FAPI 2.0 §5.3.2.1: 60 seconds."""
    code = world.approve()
    world.clock.pass_by(seconds)
    assert world.exchange(code).status_code == (200 if seconds < 60 else 400)


def test_in_between_the_person_stops(each_world: World) -> None:
    """A code, an access token and a refresh token of a stopped service are all dead."""
    browser = each_world.signed_in()
    tokens = each_world.exchange(each_world.share(browser, each_world.ask(browser))["code"]).json()
    code = each_world.ask(browser).text.partition("code=")[2].partition("&")[0]
    page = browser.open("/connected")
    address = re.search(r"/connected/gra_[A-Za-z0-9_-]+", page.response.text)
    assert address is not None
    browser.submit(browser.open(address[0]), "/stop")
    assert each_world.exchange(code).json()["error"] == "invalid_grant"
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert each_world.userinfo(tokens["access_token"]).json()["error"] == "invalid_token"
    assert each_world.post("/introspect", {"token": tokens["access_token"]}).json() == {"active": False}


def test_in_between_the_grant_runs_out(make_world: Callable[..., World]) -> None:
    """Neither token outlives the grant, whatever lifetime is set for tokens."""
    world = make_world(refresh_token_ttl=366 * DAY)
    tokens = world.tokens()
    world.clock.pass_by(180 * DAY - 100)
    renewed = world.refresh(tokens["refresh_token"]).json()
    assert renewed["expires_in"] == 100
    world.clock.pass_by(100)
    assert world.userinfo(renewed["access_token"]).status_code == 401
    assert world.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"
