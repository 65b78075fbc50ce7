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


def test_a_success_at_a_partners_endpoint_need_not_be_listed(
    make_world: Callable[..., World], lines: Lines
) -> None:
    world = make_world(log_every_request=False)
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


def test_each_request_is_one_line_with_its_trace(world: World, lines: Lines) -> None:
    """W3C Trace Context §2: the caller's trace goes on, so its log and ours can be laid side by side."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    assert world.http.get("/login", headers=sent).status_code == 200
    assert world.http.get("/.well-known/openid-configuration").status_code == 200
    page, partners = lines()
    assert page["event"] == partners["event"] == "request"
    assert (page["trace_id"], page["parent_id"]) == (trace, "00f067aa0ba902b7")
    assert partners["trace_id"] != trace
    assert "parent_id" not in partners


def test_a_start_is_no_refusal(make_world: Callable[..., World], lines: Lines) -> None:
    """What is made ready for a full house was noted as if somebody had been turned away."""
    make_world()
    assert "refused" not in [each["event"] for each in lines()]


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
