"""The table of the partners' endpoints: as right as Starlette's routing, and what the edge writes into the log."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from gateway.actions.oauth.release import ReleaseGate
from tests.world import ISSUER, World

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(log_output: Path) -> Lines:
    """Read what was logged since the test began."""
    before = log_output.stat().st_size

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in log_output.read_text()[before:].splitlines() if line[0] == "{"]

    return read


def test_a_success_at_a_partners_endpoint_is_counted_and_not_listed(world: World, lines: Lines) -> None:
    answer = world.http.get("/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.headers["X-Request-Id"]
    assert not lines()
    assert metrics(world).get_sample_value(
        "gateway_requests_total",
        {"method": "GET", "route": "/.well-known/openid-configuration", "status": "200"},
    )


def test_a_refusal_at_a_partners_endpoint_is_in_the_log_with_its_request_id(
    world: World, lines: Lines
) -> None:
    answer = world.userinfo("cg_at_nobody")
    assert answer.status_code == 401
    found = lines()
    assert [each["event"] for each in found] == ["refused", "request"]
    assert {each["request_id"] for each in found} == {answer.headers["X-Request-Id"]}


def test_a_page_is_in_the_log(world: World, lines: Lines) -> None:
    assert world.http.get("/login").status_code == 200
    assert [each["event"] for each in lines()] == ["request"]


def test_a_failure_at_a_partners_endpoint_says_nothing_and_is_logged_once(
    world: World, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError("asha@lakeside.example")

    monkeypatch.setattr(ReleaseGate, "userinfo", fail)
    answer = world.userinfo("cg_at_any")
    assert answer.status_code == 500
    assert answer.json()["error"] == "server_error"
    assert "asha" not in answer.text + json.dumps(lines())
    assert [each["event"] for each in lines()].count("failure") == 1


def test_below_a_prefix_the_paths_are_the_same(world: World) -> None:
    """A proxy that strips nothing tells the server its prefix (ASGI root_path)."""
    transport = world.asgi
    before = transport.root_path
    transport.root_path = "/gateway"
    try:
        with httpx2.Client(transport=transport, base_url=ISSUER) as client:
            assert client.get("/gateway/jwks.json").status_code == 200
    finally:
        transport.root_path = before


def metrics(world: World) -> CollectorRegistry:
    return world.services.metrics.registry
