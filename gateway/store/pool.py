"""Connections to PostgreSQL: who asks gets one that is ready, and nobody opens more than there may be."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.util import greenlet_spawn

from gateway.store.driver import forgetting, in_transaction

T = TypeVar("T")

PATIENCE = 5
"""Seconds that work waits for a free connection."""


class Pool:
    """Connections that share a way of planning.

    A connection whose work went well stays as it is for the next: taking it out of SQLAlchemy's pool and putting it
    back costs as much as a statement. The one used last goes out first: it knows the statements. None is opened
    beyond the pool's size: learning the types and statements anew costs more than waiting for one that knows them.
    """

    def __init__(self, url: str, size: int, **planning: str) -> None:
        """Prepare a pool; nothing connects yet.

        Args:
            planning: PostgreSQL's settings for it; its just-in-time compiler is off anyway.
        """
        settings = ", ".join(
            f"set_config('{name}', '{value}', false)" for name, value in {"jit": "off", **planning}.items()
        )
        self._free = asyncio.Semaphore(size)
        self._ready: list[Connection] = []
        self._engine = create_engine(
            url.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            pool_size=size,
            max_overflow=0,
            hide_parameters=True,
        )

        # Not as parameters of the start-up: a pooler in between would refuse those.
        @event.listens_for(self._engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute(f"SELECT {settings}")
            cursor.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a READ COMMITTED transaction: each statement sees what was committed before it."""
        return await self.read(lambda connection: in_transaction(connection, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read without a transaction: BEGIN and ROLLBACK around it would cost a quarter of it.

        Raises:
            PoolTimeout: no connection became free.
        """
        await self._take()
        try:
            # One greenlet from beginning to end: through AsyncConnection each step would get one of its own, which
            # costs as much as a statement; and its package imports the whole ORM, which costs 50 ms and 10 MB.
            return await greenlet_spawn(self._run, work)
        finally:
            self._free.release()

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """Run work without BEGIN and COMMIT: two round trips less."""
        return await self.read(work)

    async def close(self) -> None:
        """Close every connection."""
        await greenlet_spawn(self._close)

    async def _take(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            await asyncio.wait_for(self._free.acquire(), PATIENCE)
        except TimeoutError:
            raise PoolTimeout("no connection became free") from None

    def _run(self, work: Callable[[Connection], T]) -> T:
        connection = self._ready.pop() if self._ready else self._engine.connect()
        try:
            outcome = forgetting(connection, work)
            # SQLAlchemy begins by itself, if only in its books: the mode is AUTOCOMMIT.
            if connection.in_transaction():
                connection.commit()
        except BaseException:
            is_lost = connection.invalidated
            connection.close()
            if is_lost:
                # What closed this one has most likely closed them all.
                self._forget_all()
            raise
        self._ready.append(connection)
        return outcome

    def _forget_all(self) -> None:
        while self._ready:
            connection = self._ready.pop()
            connection.invalidate()
            connection.close()

    def _close(self) -> None:
        while self._ready:
            self._ready.pop().close()
        self._engine.dispose()
