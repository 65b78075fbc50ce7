"""Connections to PostgreSQL: work gets one that is ready, and no pool opens more than its size."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool
from sqlalchemy.util import greenlet_spawn

from gateway.kit.database_address import read_address
from gateway.kit.telemetry.metrics import Metrics
from gateway.store.engine.driver import driver_of, forgetting, hang_up, in_transaction
from gateway.store.engine.outages import READ_ONLY, is_useless

T = TypeVar("T")

PATIENCE = 5
"""Seconds that work waits for a free connection."""

CONNECT_WITHIN = 10
"""Seconds that opening a connection may take, because a server that has vanished does not even refuse."""


class OnlyReads(Exception):
    """A new connection leads to a standby, whose data may be old and may still show a stopped consent."""

    sqlstate = READ_ONLY


class Siblings:
    """The pools over one server; when one finds its connections useless, all give theirs up.

    Attributes:
        era: how often all were given up; a connection of an earlier era is never used again.
    """

    def __init__(self) -> None:
        """Begin with no pool."""
        self.era = 0
        self.pools: list[Pool] = []

    def give_up(self) -> None:
        """Give up every connection that is open: the idle ones at once, the others when their work ends."""
        self.era += 1
        for pool in self.pools:
            pool.close_idle()


class _Dated(NamedTuple):
    connection: Connection
    era: int


class Pool:
    """Connections with the same settings for planning.

    A connection stays as it is for the next work: taking it out of SQLAlchemy's pool and putting it back costs as much
    as a statement. The one used last is taken first: it knows the statements. None is opened beyond the size:
    learning the types and statements anew costs more than waiting for one that knows them.

    One that is lost, or answers but cannot write, is closed with all beside it, as they lead to where the
    database was.

    Attributes:
        size: connections at most.
        in_use: those that work uses now.
    """

    def __init__(self, url: str, size: int, siblings: Siblings | None = None, **planning: str) -> None:
        """Prepare a pool; nothing connects yet.

        Args:
            siblings: the other pools over this server.
            planning: PostgreSQL's settings for it; its just-in-time compiler is off anyway.
        """
        settings = ", ".join(
            f"set_config('{name}', '{value}', false)" for name, value in {"jit": "off", **planning}.items()
        )
        self.size = size
        self.in_use = 0
        self._free = asyncio.Semaphore(size)
        self._ready: list[_Dated] = []
        self._siblings = siblings or Siblings()
        self._siblings.pools.append(self)
        address = read_address(url)
        tls = address.tls()
        self._engine = create_engine(
            address.url.replace("postgresql://", "postgresql+asyncpg://", 1),
            connect_args={"timeout": CONNECT_WITHIN} | ({} if tls is None else {"ssl": tls}),
            isolation_level="AUTOCOMMIT",
            # A closed connection is really closed; SQLAlchemy keeps no second pool underneath.
            poolclass=NullPool,
            hide_parameters=True,
        )

        # The settings are no parameters of the start-up, because a pooler in between would refuse those.
        @event.listens_for(self._engine, "connect")
        def prepare(connection: Any, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute(f"SELECT {settings}")
            cursor.close()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a READ COMMITTED transaction: each statement sees what was committed before it."""
        return await self.read(lambda connection: in_transaction(connection, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read without a transaction, because BEGIN and ROLLBACK would add a quarter to its cost.

        Raises:
            PoolTimeout: no connection became free.
        """
        await self._take()
        self.in_use += 1
        try:
            # One greenlet runs all of it. With AsyncConnection each step would get one of its own, which
            # costs as much as a statement; and its package imports the whole ORM, which costs 50 ms and 10 MB.
            return await greenlet_spawn(self._run, work)
        finally:
            self.in_use -= 1
            self._free.release()

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """Run work without BEGIN and COMMIT, which saves two round trips."""
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

    def close_idle(self) -> None:
        """Close the idle connections without waiting for an answer, as the server may be gone."""
        idle, self._ready = self._ready, []
        for held in idle:
            hang_up(held.connection)

    def _run(self, work: Callable[[Connection], T]) -> T:
        held = self._ready.pop() if self._ready else self._open()
        try:
            outcome = forgetting(held.connection, work)
            # SQLAlchemy begins only in its own records, because the mode is AUTOCOMMIT.
            if held.connection.in_transaction():
                held.connection.commit()
        except BaseException as error:
            self._after(held, error)
            raise
        self._put_back(held)
        return outcome

    def _open(self) -> _Dated:
        era = self._siblings.era
        connection = self._engine.connect()
        # Servers before version 14 do not say if they are a standby; there, the first write finds out.
        if getattr(driver_of(connection).get_settings(), "in_hot_standby", "off") == "on":
            hang_up(connection)
            found = OnlyReads("the server is a standby, which can only be read")
            raise DBAPIError(None, None, found, hide_parameters=True)
        return _Dated(connection, era)

    def _after(self, held: _Dated, error: BaseException) -> None:
        """Keep a connection after a failure, if the next work can use it."""
        connection = held.connection
        if connection.invalidated or is_useless(error):
            hang_up(connection)
            # A late failure of a connection that was already given up says nothing about the new ones.
            if held.era == self._siblings.era:
                self._siblings.give_up()
        elif isinstance(error, Exception) and _is_in_order(connection):
            self._put_back(held)
        else:
            # The work was, for example, cancelled during a statement whose answer is still to come.
            hang_up(connection)

    def _put_back(self, held: _Dated) -> None:
        if held.era == self._siblings.era:
            self._ready.append(held)
        else:
            hang_up(held.connection)

    def _close(self) -> None:
        while self._ready:
            self._ready.pop().connection.close()
        self._engine.dispose()


def say_what_is_used(pools: Mapping[str, Pool], metrics: Metrics) -> None:
    """Put the connections in use into the metrics, and how many there may be."""
    for name, pool in pools.items():
        metrics.put("gateway_database_connections", pool.in_use, name)
        metrics.put("gateway_database_connections_most", pool.size, name)


def _is_in_order(connection: Connection) -> bool:
    """Roll back what a failure left in SQLAlchemy's records; tell whether the connection is still good."""
    try:
        connection.rollback()
    except (DBAPIError, OSError):
        return False
    return not driver_of(connection).is_closed()
