"""Connections to PostgreSQL that are kept ready: what they must not carry over, and when they are given up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.store import pool as module
from gateway.store.driver import fetch
from gateway.store.pool import Pool


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database."""
    server = request.getfixturevalue("postgres_server")
    found: str = server.create_database()
    yield found
    server.drop_database(found)


def run(url: str, size: int, story: Callable[[Pool], Awaitable[None]]) -> None:
    async def whole() -> None:
        pool = Pool(url, size)
        try:
            await story(pool)
        finally:
            await pool.close()

    asyncio.run(whole())


def backend_of(connection: Connection) -> int:
    found: int = fetch(connection, "SELECT pg_backend_pid() AS pid", [])[0].pid
    return found


def test_a_connection_is_used_again_and_none_is_opened_beyond_the_size(url: str) -> None:
    async def story(pool: Pool) -> None:
        first = await pool.read(backend_of)
        assert await pool.read(backend_of) == first
        assert len(set(await asyncio.gather(*(pool.read(backend_of) for _ in range(20))))) <= 2

    run(url, 2, story)


def test_who_waits_too_long_for_one_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever waits less gets it."""

    async def story(pool: Pool) -> None:
        long = asyncio.create_task(
            pool.read(lambda connection: fetch(connection, "SELECT pg_sleep(0.4)", []))
        )
        await asyncio.sleep(0)
        monkeypatch.setattr(module, "PATIENCE", 0.01)
        with pytest.raises(PoolTimeout):
            await pool.read(backend_of)
        monkeypatch.setattr(module, "PATIENCE", 30)
        assert await pool.read(backend_of)
        await long

    run(url, 1, story)


def test_what_work_leaves_behind_is_not_there_for_the_next(url: str) -> None:
    """Neither SQLAlchemy's own transaction nor a failed one of ours; the connection itself goes on."""

    def fail(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE left_behind (n int)"))
        fetch(connection, "SELECT 1/0", [])

    def look(connection: Connection) -> tuple[bool, object]:
        is_clean = not connection.in_transaction()
        return is_clean, connection.execute(select(text("to_regclass('left_behind')"))).scalar_one()

    async def story(pool: Pool) -> None:
        before = await pool.read(backend_of)
        for _ in range(2):
            with pytest.raises(DBAPIError):
                await pool.write(fail)
            assert await pool.read(look) == (True, None)
        assert await pool.read(backend_of) == before

    run(url, 1, story)


class Kept:
    """A connection as SQLAlchemy's engine gives it, which keeps what is done with it."""

    def __init__(self) -> None:
        self.invalidated = False
        self.done: list[str] = []

    def in_transaction(self) -> bool:
        return True

    def commit(self) -> None:
        self.done.append("commit")

    def close(self) -> None:
        self.done.append("close")

    def invalidate(self) -> None:
        self.invalidated = True
        self.done.append("invalidate")


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_failed_one_goes_back_and_a_lost_one_takes_the_others_with_it(is_lost: bool) -> None:
    """Step by step, without a server, for what happens on the way to a connection and back."""
    pool = Pool("postgresql://nowhere/none", 2)
    mine, other = Kept(), Kept()
    pool._ready = [other, mine]

    def fail(connection: Connection) -> None:
        mine.invalidated = is_lost
        raise ConnectionResetError("gone")

    assert pool._run(lambda connection: "done") == "done"
    assert mine.done == ["commit"]
    with pytest.raises(ConnectionResetError):
        pool._run(fail)
    assert mine.done == ["commit", "close"]
    assert (pool._ready, other.done) == (([], ["invalidate", "close"]) if is_lost else ([other], []))
    asyncio.run(pool.close())
    assert other.done[-1] == "close"


def test_when_one_was_closed_the_others_are_not_tried(url: str) -> None:
    """A server that started anew has closed them all: one failure, not one for each."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"

    async def story(pool: Pool) -> None:
        hold = [pool.read(lambda connection: fetch(connection, "SELECT pg_sleep(0.2)", [])) for _ in range(4)]
        await asyncio.gather(*hold)
        with pytest.raises(DBAPIError) as caught:
            await pool.read(lambda connection: fetch(connection, others, []))
        assert caught.value.connection_invalidated
        assert await pool.read(backend_of)

    run(url, 4, story)
