"""The entrance: how many are let in, what the others are told, and that nobody keeps a place for ever."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import PlainTextResponse, Response

from gateway.kit.telemetry.metrics import Metrics
from gateway.web.capacity import BusyAnswers, Capacity
from gateway.web.server.outer_middleware import security_headers
from tests.world import ISSUER, World


class Room:
    """An application in which requests stay until they may go, behind an entrance for two."""

    def __init__(self) -> None:
        self.leave = asyncio.Event()
        self._entered = asyncio.Semaphore(0)
        self.metrics = Metrics()
        self.entrance = Capacity(
            self._stay, most=2, refuse=lambda _: PlainTextResponse("full", 503), metrics=self.metrics
        )

    async def _stay(self, scope: Any, receive: Any, send: Any) -> None:
        self._entered.release()
        await self.leave.wait()
        if scope["path"] == "/failure":
            raise RuntimeError("a failure inside")
        await Response(status_code=204)(scope, receive, send)

    def enter(self, path: str = "/") -> asyncio.Task[int]:
        """Send a request; its outcome is the answer's status."""
        return asyncio.create_task(self._status_of(path))

    async def _status_of(self, path: str) -> int:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": path, "headers": [], "root_path": "/below"}
        await self.entrance(scope, _receive, send)
        status: int = sent[0]["status"]
        return status

    async def filled(self, *paths: str) -> list[asyncio.Task[int]]:
        """Let requests in and wait until they are inside."""
        tasks = [self.enter(path) for path in paths]
        for _ in tasks:
            await self._entered.acquire()
        return tasks

    def count(self, name: str) -> float:
        """Read one of the metrics."""
        self.entrance.say_how_it_stands()
        return self.metrics.registry.get_sample_value(name) or 0


async def _receive() -> dict[str, Any]:
    return {"type": "http.request"}


def test_one_more_than_there_is_room_for_is_turned_away_at_once() -> None:
    """The others are served, and whoever comes after them too."""

    async def crowd() -> None:
        room = Room()
        inside = await room.filled("/", "/")
        assert await room.enter() == 503
        assert room.count("gateway_requests_turned_away_total") == 1
        room.leave.set()
        assert await asyncio.gather(*inside) == [204, 204]
        assert room.count("gateway_requests_in_progress") == 0
        assert await room.enter() == 204
        assert room.count("gateway_requests_turned_away_total") == 1

    asyncio.run(crowd())


@pytest.mark.parametrize("path", ["/health", "/ready", "/static/gateway.css", "/below/health"])
def test_who_watches_over_the_process_is_never_turned_away(path: str) -> None:
    """Neither does a watcher take anybody's place."""

    async def crowd() -> None:
        room = Room()
        inside = await room.filled("/", "/")
        watcher = room.enter(path)
        room.leave.set()
        assert await watcher == 204
        assert await asyncio.gather(*inside) == [204, 204]

    asyncio.run(crowd())


def test_a_failure_and_a_caller_who_gives_up_leave_their_places() -> None:
    """Otherwise the process would fill up for good."""

    async def crowd() -> None:
        room = Room()
        failing, leaving = await room.filled("/failure", "/")
        leaving.cancel()
        room.leave.set()
        await asyncio.wait({failing, leaving})
        assert isinstance(failing.exception(), RuntimeError)
        assert leaving.cancelled()
        assert room.count("gateway_requests_in_progress") == 0

    asyncio.run(crowd())


def test_the_log_has_a_line_when_it_begins_and_one_when_it_is_over(log_output: Path) -> None:
    """However many are turned away between; a second crowd has lines of its own."""
    before = log_output.stat().st_size

    async def crowds() -> None:
        for refused in (3, 1):
            room.leave.clear()
            inside = await room.filled("/", "/")
            for _ in range(refused):
                assert await room.enter() == 503
            room.leave.set()
            await asyncio.gather(*inside)

    room = Room()
    asyncio.run(crowds())
    lines = [json.loads(line) for line in log_output.read_text()[before:].splitlines()]
    assert [(line["event"], line.get("turned_away")) for line in lines] == [
        ("full", None), ("no_longer_full", 3), ("full", None), ("no_longer_full", 1),
    ]  # fmt: skip


async def ask(world: World, path: str, headers: dict[str, str]) -> httpx2.Response:
    """Ask a gateway in which there is no room at all."""
    services = world.services
    refuse = BusyAnswers(services, security_headers(is_https=True).items())
    full = Capacity(world.http.app, most=0, refuse=refuse, metrics=Metrics())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(full), base_url=ISSUER) as client:
        await client.get(path, headers=headers)
        # The second answer is the one that was kept.
        return await client.get(path, headers=headers)


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/introspect", "/grants/gra_x", "/register/x"])
def test_partners_are_told_in_json(world: World, path: str) -> None:
    """503 `temporarily_unavailable` with Retry-After (RFC 9110 §10.2.3), never to be kept."""
    answer = world.run(ask, world, path, {})
    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer.json()["error_uri"].endswith("/docs/errors/temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"]


@pytest.mark.parametrize(("language", "word"), [("en", "very busy"), ("hi", "व्यस्त"), ("kn", "ಕಾರ್ಯನಿರತ")])
def test_people_are_told_in_a_page_in_their_language(world: World, language: str, word: str) -> None:
    """With the same headers as every page, and nothing of who asked first: everybody gets the same page."""
    headers = {"Accept-Language": language, "Cookie": "__Host-session=cg_se_somebody"}
    answer = world.run(ask, world, "/connected?done=saved", headers)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"].startswith("text/html")
    assert f'lang="{language}"' in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "cg_se_somebody" not in answer.text
    assert answer.text == world.run(ask, world, "/profile", {"Accept-Language": language}).text
    assert word in answer.text


def test_the_gateway_lets_in_as_many_as_the_setting_says(make_world: Callable[..., World]) -> None:
    """Who is let in beside a crowd gets their answer; the crowd is told to come again."""
    world = make_world(max_requests_in_progress=2)
    token = world.tokens()["access_token"]

    async def crowd() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(world.http.app)
        async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
            one = {"Authorization": f"Bearer {token}"}
            return await asyncio.gather(*(client.get("/userinfo", headers=one) for _ in range(8)))

    answers = world.run(crowd)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 2
    assert world.userinfo(token).status_code == 200
    counted = world.services.metrics.registry.get_sample_value("gateway_requests_turned_away_total")
    assert counted == statuses.count(503)
