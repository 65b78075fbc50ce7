"""The edges of an answer: failures before and amid it, a client that leaves, keys that are missing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from starlette.requests import Request

from gateway.kit.errors import Refusal
from gateway.kit.ids import random_ids
from gateway.kit.telemetry.metrics import Metrics
from gateway.oauth.signing import NoSigningKey, current_key
from gateway.store.oauth.keys import add_signing_keys
from gateway.web.pages.visit import Visit
from gateway.web.paths import ShownPaths
from gateway.web.server.bodies import parse_form, read_body
from gateway.web.server.outer_middleware import AnswerCutShort, OuterMiddleware
from tests.world import World

SECRET = "a row that an error quotes"


def serve_broken(*messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Serve one request by an application that sends some messages and then fails."""
    sent: list[dict[str, Any]] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError(SECRET)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    edge = OuterMiddleware(broken, ids=random_ids, is_https=False, metrics=Metrics(), paths=ShownPaths(()))
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(edge(scope, receive, send))
    return sent


BEGIN = {"type": "http.response.start", "status": 200, "headers": []}


def test_a_failure_before_the_answer_is_a_plain_500() -> None:
    """With the request's id, without the error's text."""
    begin, body = serve_broken()
    assert begin["status"] == 500
    assert b"Request req_" in body["body"]
    assert SECRET.encode() not in body["body"]


def test_a_failure_amid_the_answer_ends_the_connection_without_its_text() -> None:
    """The server prints what it is given: so it is given nothing but the request's id."""
    with pytest.raises(AnswerCutShort, match="req_") as caught:
        serve_broken(BEGIN, {"type": "http.response.body", "body": b"half", "more_body": True})
    assert caught.value.__suppress_context__


def test_a_failure_after_the_answer_goes_no_further() -> None:
    """Starlette raises again what it has answered."""
    begin, _ = serve_broken(BEGIN, {"type": "http.response.body", "body": b"whole"})
    assert begin["status"] == 200


def damage_registry(connection, _):
    connection.execute(text("DELETE FROM signing_key"))
    connection.execute(text("UPDATE registry_version SET version = version + 1"))
    return [None]


def test_without_a_signing_key_the_token_endpoint_fails_in_json_and_uses_nothing_up(world: World) -> None:
    """`server_error` in the partner's voice; the code is still good when the key is back."""
    code = world.approve()
    [key] = [each for each in world.services.registry.signing_keys if each.alg == "ES256"]
    world.store(damage_registry, None)
    answer = world.exchange(code)
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    world.store(add_signing_keys, key)
    assert world.exchange(code).status_code == 200


def test_the_newest_key_that_is_not_retired_signs(world: World) -> None:
    """A retired one never does."""
    [key] = [each for each in world.services.registry.signing_keys if each.alg == "ES256"]
    ring = world.services.seal.ring.signing
    retired = replace(key, kid="key_retired", retired_at=1)
    assert current_key(ring, (key, retired)).kid == key.kid
    with pytest.raises(NoSigningKey):
        current_key(ring, (retired,))


def test_a_client_that_goes_away_amid_its_body_is_refused() -> None:
    """Nobody reads the answer, and nothing is logged as a failure."""

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(Refusal, match="went away"):
        asyncio.run(read_body(Request({"type": "http", "method": "POST", "headers": []}, gone)))


@pytest.mark.parametrize("place", ["page", "authorize"])
def test_a_busy_moment_is_told_to_people_in_a_page(make_world: Callable[..., World], place: str) -> None:
    """503 with Retry-After, also where a partner sent the browser."""
    world = make_world()

    async def never(_: object) -> None:
        raise Refusal("temporarily_unavailable", detail="the lane is full", retry_after=1)

    lane = world.services.store.lane
    object.__setattr__(
        world.services.store, "lane", lambda *_, **__: type("Full", (), {"submit": staticmethod(never)})
    )
    browser = world.browser()
    page = (
        world.ask(browser) if place == "authorize" else world.browser().open("/authorize/continue?ticket=x")
    )
    object.__setattr__(world.services.store, "lane", lane)
    if place == "authorize":
        assert page.status == 503
        assert page.response.headers["Retry-After"] == "1"
        assert page.response.headers["Content-Type"].startswith("text/html")
    else:
        assert page.status == 400


def test_a_field_that_comes_twice_or_holds_nul_is_refused() -> None:
    """No browser of ours sends that (RFC 6749 §3.1 says the same of parameters)."""
    form = parse_form(b"item=a&item=b&ticket=x")
    assert (form.all("item"), form.one("ticket"), form.one("absent")) == (("a", "b"), "x", "")
    with pytest.raises(Refusal, match="2 times"):
        form.one("item")
    with pytest.raises(Refusal, match="NUL"):
        parse_form(b"item=a%00b")


def test_nobody_acts_for_a_session_that_is_not_there(world: World) -> None:
    """A page that forgets to ask for a log-in gets a refusal, not somebody."""
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})
    with pytest.raises(Refusal, match="not signed in"):
        assert Visit(request, world.services, None).signed_in
