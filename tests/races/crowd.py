"""A crowd: many requests at once, over HTTP, through one gateway or several on one database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
from sqlalchemy import Connection, text

from gateway.kit.errors import Refusal
from tests.patience import waits
from tests.world import ISSUER, QUIZCO_REDIRECT, QUIZCO_SECRET, VERIFIER, World

T = TypeVar("T")
CROWD = 32
Call = Callable[[httpx2.AsyncClient], Awaitable[T]]


@dataclass(frozen=True)
class Cluster:
    """Gateways on one database: the same one node twice where there is only one."""

    nodes: tuple[World, ...]
    database: str

    @property
    def one(self) -> World:
        return self.nodes[0]

    @property
    def other(self) -> World:
        return self.nodes[-1]

    def at_once(self, calls: Sequence[Call[T]], *, patiently: bool = True) -> list[T]:
        """Make every call at the same time, dealt out to the nodes like cards; answers in the calls' order.

        Args:
            patiently: who is told to come again does so.
        """
        count = len(self.nodes)
        hands = [calls[start::count] for start in range(count)]

        def play(node: World, hand: Sequence[Call[T]]) -> list[T]:
            return node.run(_gather, node, hand, patiently)

        with ThreadPoolExecutor(count) as threads:
            dealt = list(threads.map(play, self.nodes, hands))
        answers: list[Any] = [None] * len(calls)
        for start, hand in enumerate(dealt):
            answers[start::count] = hand
        return answers

    def rows(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Read rows straight from the database."""

        def read(connection: Connection, _: Sequence[None]) -> Sequence[list[tuple[Any, ...]]]:
            return [[tuple(row) for row in connection.execute(text(query), values)]]

        return self.one.run(self.one.services.store.read, read, None)

    def count(self, table: str, where: str = "true") -> int:
        """Count rows."""
        return int(self.rows(f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


async def _gather(world: World, calls: Sequence[Call[T]], patiently: bool) -> list[T]:
    transport = httpx2.ASGITransport(world.http.app)
    async with httpx2.AsyncClient(transport=transport, base_url=ISSUER) as client:
        return await asyncio.gather(
            *(_answered(call, client) if patiently else call(client) for call in calls)
        )


async def _answered(call: Call[T], client: httpx2.AsyncClient) -> T:
    """Make a call until it is answered: "come again" is not yet an answer, and a crowd's wishes do collide.

    What a refused call may have done all the same is not hidden: the tests hold every row against an answer.
    """
    async for _ in waits("everybody is told to come again"):
        try:
            answer = await call(client)
        except Refusal as refusal:
            if refusal.code != "temporarily_unavailable":
                raise
        else:
            if not says_come_again(answer):
                return answer
    raise AssertionError("waits ends by itself")


def says_come_again(answer: object) -> bool:
    """Whether the gateway said, in whichever way a call gives its answer, that it cannot for the moment."""
    if isinstance(answer, httpx2.Response):
        return answer.status_code == 503 and "Retry-After" in answer.headers
    return answer == "temporarily_unavailable"


def posting(world: World, path: str, data: dict[str, str]) -> Call[httpx2.Response]:
    """Post as QuizCo."""
    return lambda client: client.post(path, data=data, auth=(world.quizco, QUIZCO_SECRET))


def exchanging(world: World, code: str) -> Call[httpx2.Response]:
    """Exchange a code as QuizCo."""
    form = {"code": code, "redirect_uri": QUIZCO_REDIRECT, "code_verifier": VERIFIER}
    return posting(world, "/token", {"grant_type": "authorization_code", **form})


def refreshing(world: World, token: str) -> Call[httpx2.Response]:
    """Refresh as QuizCo."""
    return posting(world, "/token", {"grant_type": "refresh_token", "refresh_token": token})


def reading(token: str) -> Call[httpx2.Response]:
    """Read what the person shares."""
    return lambda client: client.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


def cookies_of(browser: Any) -> dict[str, str]:
    """Take a browser's session along: Secure cookies, which a plain header carries anywhere."""
    pairs = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser._client.cookies.jar)
    return {"Cookie": pairs}
