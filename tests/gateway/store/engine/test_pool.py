"""Connections to PostgreSQL that are kept ready: what they must not carry over, and when they are given up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.store.engine import pool as module
from gateway.store.engine.driver import fetch
from gateway.store.engine.outages import code_of
from gateway.store.engine.pool import Pool, Siblings, _Dated


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
        await pool._take()
        with monkeypatch.context() as hurried:
            hurried.setattr(module, "PATIENCE", 0.01)
            with pytest.raises(PoolTimeout):
                await pool.read(backend_of)
        waiting = asyncio.create_task(pool.read(backend_of))
        await asyncio.sleep(0)
        pool._free.release()
        assert await waiting

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

    def __init__(self, *, fails_to_roll_back: bool = False) -> None:
        self.invalidated = False
        self.done: list[str] = []
        self.connection = SimpleNamespace(driver_connection=self)
        self.fails_to_roll_back = fails_to_roll_back

    def in_transaction(self) -> bool:
        return True

    def commit(self) -> None:
        self.done.append("commit")

    def rollback(self) -> None:
        self.done.append("rollback")
        if self.fails_to_roll_back:
            raise DBAPIError(None, None, Exception())

    def is_closed(self) -> bool:
        return "terminate" in self.done

    def terminate(self) -> None:
        self.done.append("terminate")

    def close(self) -> None:
        self.done.append("close")

    def invalidate(self) -> None:
        self.invalidated = True


def dated(connection: Any, era: int) -> _Dated:
    return _Dated(connection, era)


class Told(Exception):
    """What the server said, by its code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("row")
        self.sqlstate = sqlstate


GONE = ["terminate", "close"]


@pytest.mark.parametrize(
    ("error", "mine_after", "other_after"),
    [
        (DBAPIError(None, None, Told("23505")), ["rollback"], []),
        (RuntimeError(), ["rollback"], []),
        (DBAPIError(None, None, Told("40001")), ["rollback"], []),
        (DBAPIError(None, None, Told("25006")), GONE, GONE),
        (DBAPIError(None, None, Told("57P01")), GONE, GONE),
        (ConnectionResetError(), GONE, GONE),
        (asyncio.CancelledError(), GONE, []),
    ],
)
def test_a_failed_one_stays_and_a_useless_one_takes_all_others_with_it(
    error: BaseException, mine_after: list[str], other_after: list[str]
) -> None:
    """Those of the sibling pool too: they all lead to where the database was."""
    siblings = Siblings()
    pool, sibling = (Pool("postgresql://nowhere/none", 2, siblings) for _ in range(2))
    mine, other, third = Kept(), Kept(), Kept()
    pool._ready = [dated(other, 0), dated(mine, 0)]
    sibling._ready = [dated(third, 0)]

    def fail(connection: Connection) -> None:
        raise error

    with pytest.raises(type(error)):
        pool._run(fail)
    assert (mine.done, other.done, third.done) == (mine_after, other_after, other_after)
    kept: list[Any] = [held.connection for held in pool._ready]
    assert kept == [each for each in (other, mine) if not each.invalidated]
    assert siblings.era == bool(other_after)
    asyncio.run(pool.close())
    asyncio.run(sibling.close())
    assert other.done[-1] == third.done[-1] == "close"


def test_one_that_was_in_use_while_all_were_given_up_is_closed_afterwards_and_says_nothing_of_the_new() -> (
    None
):
    pool = Pool("postgresql://nowhere/none", 2)
    good, bad, new = Kept(), Kept(), Kept()
    pool._ready = [dated(bad, 0), dated(good, 0)]

    def give_up_meanwhile(connection: Connection) -> str:
        pool._siblings.give_up()
        pool._ready = [dated(new, 1)]
        return "done"

    def fail_late(connection: Connection) -> None:
        give_up_meanwhile(connection)
        raise DBAPIError(None, None, Told("25006"))

    assert pool._run(give_up_meanwhile) == "done"
    assert good.done == ["commit", *GONE]
    late = Kept()
    pool._siblings.era = 0
    pool._ready = [dated(late, 0)]
    with pytest.raises(DBAPIError):
        pool._run(fail_late)
    assert late.done == GONE
    assert (pool._siblings.era, new.done) == (1, [])
    assert bad.done == GONE


def test_one_that_cannot_be_put_in_order_or_was_closed_is_not_kept() -> None:
    pool = Pool("postgresql://nowhere/none", 2)
    stuck, closed = Kept(fails_to_roll_back=True), Kept()

    def fail(connection: Connection) -> None:
        closed.done.append("terminate")
        raise RuntimeError

    pool._ready = [dated(stuck, 0)]
    with pytest.raises(RuntimeError):
        pool._run(fail)
    assert (stuck.done, pool._ready) == (["rollback", *GONE], [])
    closed.done.clear()
    pool._ready = [dated(closed, 0)]
    with pytest.raises(RuntimeError):
        pool._run(fail)
    assert pool._ready == []


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


@pytest.mark.parametrize(("said", "is_refused"), [("on", True), ("off", False), (None, False)])
def test_a_connection_to_a_standby_is_closed_before_anything_is_read(
    said: str | None, is_refused: bool
) -> None:
    """What it shows may be old; servers before version 14 do not say, and are found out by the first write."""
    pool: Any = Pool("postgresql://nowhere/none", 1)
    found: Any = Kept()
    found.get_settings = lambda: SimpleNamespace() if said is None else SimpleNamespace(in_hot_standby=said)
    pool._engine = SimpleNamespace(connect=lambda: found, dispose=lambda: None)
    if is_refused:
        with pytest.raises(DBAPIError, match="standby") as caught:
            pool._run(lambda connection: "read")
        assert (found.done, code_of(caught.value)) == (GONE, "25006")
    else:
        assert pool._run(lambda connection: "read") == "read"
    asyncio.run(pool.close())
