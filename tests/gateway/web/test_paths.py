"""No address leaves a secret behind: not in a log, whatever is wrong with it, and not with a page's next request."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from gateway.web.paths import CUT, OPENS, ShownPaths, parameter_of
from gateway.web.routes import all_routes
from tests.world import ISSUER, World

ROUTES = sorted({route.path for route in all_routes()})
WITH_PARAMETERS = [path for path in ROUTES if "{" in path]
SECRET = "Zq7-recognisable_" + "S" * 26
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW")
PARAMETER = re.compile(r"\{[^}]+\}")


def parameters(path: str) -> list[str]:
    return [name for name in map(parameter_of, path.split("/")) if name]


def holds_secret(path: str) -> bool:
    return any(OPENS[name] for name in parameters(path))


def test_every_parameter_of_every_route_says_whether_it_opens_something() -> None:
    """A new one has to be declared; one that is gone is declared no more."""
    assert {name for path in ROUTES for name in parameters(path)} == set(OPENS)


def test_the_routes_that_open_something_are_these() -> None:
    assert [path for path in WITH_PARAMETERS if holds_secret(path)] == [
        "/invitation/{secret}",
        "/recover/{secret}",
        "/stop/{grant_id}/{proof}",
        "/unsubscribe/{person_id}/{proof}",
        "/verify/{secret}",
    ]


def spoilt(address: str) -> list[str]:
    """Spell an address as mail programs, people and scanners spoil it."""
    return [
        address,
        f"{address}/",
        f"/{address}",
        f"{address}.",
        f"{address}/more/{SECRET}",
        f"{address}?again={SECRET}",
        f"{address}%0a",
        f"{address}%00",
        address.replace("/", "%2F"),
        f"/%2e%2e{address}",
        address.title().replace(SECRET.title(), SECRET),
    ]


@pytest.mark.parametrize("path", WITH_PARAMETERS)
def test_a_secret_in_any_place_of_any_route_leaves_no_trace(
    world: World, path: str, log_output: Path
) -> None:
    """The right address by every method, wrong ones by those of browsers, from somebody and from nobody."""
    client, before = world.client(), log_output.stat().st_size
    headers = {"Referer": f"{ISSUER}/stop/gra_x/{SECRET}", "X-Request-Id": SECRET, "User-Agent": SECRET}
    right, *wrong = spoilt(PARAMETER.sub(SECRET, path))
    for address, methods in ((right, METHODS), *((each, ("GET", "POST")) for each in wrong)):
        for method in methods:
            answer = client.request(method, httpx2.URL(ISSUER + address), headers=headers)
            assert answer.status_code < 500
    written = log_output.read_text()[before:]
    assert "request" in written
    assert "SSSS" not in written


def test_a_failure_behind_a_secret_leaves_no_trace(
    world: World, log_output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where something breaks whose text quotes the address."""
    before = log_output.stat().st_size

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"no such link: {SECRET}")

    monkeypatch.setattr(world.services.store, "read", broken)
    assert world.client().get(f"/recover/{SECRET}").status_code == 500
    written = log_output.read_text()[before:]
    assert f'"path": "/recover/{CUT}"' in written
    assert "RuntimeError" in written
    assert SECRET not in written


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/login", "/login"),
        ("/connected/my-record", "/connected/my-record"),
        ("/connected/gra_1", f"/connected/{CUT}"),
        ("/connected/gra_1/receipt/evt_1/receipt.jws", f"/connected/{CUT}/receipt/{CUT}/receipt.jws"),
        ("/stop/gra_1/proof", f"/stop/{CUT}/{CUT}"),
        ("/stop/gra_1/proof/more/words", f"/stop/{CUT}/{CUT}/{CUT}"),
        ("/log/tile/0/x001/067", f"/log/tile/{CUT}/{CUT}"),
        ("/wp-admin/setup.php", f"/{CUT}"),
        ("//stop/x", f"//{CUT}"),
        ("", f"/{CUT}"),
        ("*", f"/{CUT}"),
    ],
)
def test_a_path_is_shown_by_our_own_words_alone(path: str, shown: str) -> None:
    assert ShownPaths(ROUTES)(path) == shown


@pytest.mark.parametrize("path", [path for path in WITH_PARAMETERS if holds_secret(path)])
def test_no_request_that_follows_says_which_page_it_came_from(world: World, path: str) -> None:
    """A page asks for our own style, and a proxy writes down the Referer of that; Origin stays, for our forms."""
    for address in (PARAMETER.sub(SECRET, path), PARAMETER.sub(SECRET, path) + "/x", f"{path.split('{')[0]}"):
        assert world.client().get(address).headers["referrer-policy"] == "strict-origin"
    assert world.client().get("/second-factor?proof=x").headers["referrer-policy"] == "strict-origin"
    assert world.client().get("/login").headers["referrer-policy"] == "same-origin"


def test_a_page_at_the_entrance_says_nothing_either(make_world: Callable[..., World]) -> None:
    world = make_world(max_requests_in_progress=1)
    world.http.app._inside = 1  # type: ignore[attr-defined]  # as if somebody were there
    answer = world.client().get(f"/recover/{SECRET}")
    assert (answer.status_code, answer.headers["referrer-policy"]) == (503, "strict-origin")
