"""The reference: what this stack can do when there is next to nothing to do.

``/constant`` answers, ``/insert`` commits one row a request, ``/coalesced`` lets requests share commits.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_NUMBERS = itertools.count()
TABLE = "CREATE TABLE IF NOT EXISTS bench_row (worker bigint, number bigint, text text, PRIMARY KEY (worker, number))"
_INSERT = "INSERT INTO bench_row VALUES ($1, $2, $3)"
_INSERT_MANY = "INSERT INTO bench_row SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[])"


def _row() -> tuple[int, int, str]:
    return os.getpid(), next(_NUMBERS), "x" * 300


async def constant(request: Request) -> Response:
    """Answer."""
    return JSONResponse({"done": True})


async def insert(request: Request) -> Response:
    """Commit one row, then answer."""
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(_INSERT, *_row())
    return JSONResponse({"done": True})


async def coalesced(request: Request) -> Response:
    """Commit one row together with those that wait, then answer."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    state = request.app.state
    state.waiting.append((_row(), future))
    if state.driver is None:
        state.driver = asyncio.create_task(_drive(state))
    await future
    return JSONResponse({"done": True})


async def _drive(state: Any) -> None:
    while state.waiting:
        batch, state.waiting = state.waiting[:64], state.waiting[64:]
        async with state.pool.acquire() as connection:
            await connection.execute(_INSERT_MANY, *map(list, zip(*(row for row, _ in batch), strict=True)))
        for _, future in batch:
            future.set_result(None)
    state.driver = None


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.waiting, app.state.driver = [], None
    async with asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=1, max_size=8) as app.state.pool:
        yield


app = Starlette(
    routes=[Route("/constant", constant), Route("/insert", insert), Route("/coalesced", coalesced)],
    lifespan=_lifespan,
)
