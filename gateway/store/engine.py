"""The store: runs operations on SQLite or PostgreSQL, alone or in lanes."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.model.registry import Registry
from gateway.store.lanes import Lane
from gateway.store.pool import Pool
from gateway.store.registry import current_version, load_registry

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
T = TypeVar("T")
Operation = Callable[[Connection, Sequence[Item]], Sequence[Outcome]]
"""A store operation: conditional and independent for each item, outcomes in the items' order."""

Know = Callable[[int], None]
Telling = Callable[[Connection, Sequence[Item], Know], Sequence[Outcome]]
"""An operation whose own statement reads the registry's version and tells it before anything is decided."""

ATTEMPTS = 4
"""How often a transaction is tried when the database says that trying again makes sense."""

_RETRIABLE = frozenset({"40001", "40P01", "57P01", "57P02", "57P03", "53300", "08000", "08003", "08006"})
"""SQLSTATEs: serialization failure, deadlock, server stopping or starting or full, connection lost."""


class Ways(Protocol):
    """How work is run."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in a transaction and commit it durably."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads."""
        ...

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """Run work that writes by one statement, which is its own transaction where the database has that."""
        ...


class Backend(Ways, Protocol):
    """One kind of database.

    Attributes:
        locks_rows: whether others may write meanwhile, and one statement can keep them from single rows.
    """

    locks_rows: bool

    @property
    def in_lanes(self) -> Ways:
        """How a lane's work is run: statements of one shape each, about lists of every length."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...


class SqliteBackend:
    """SQLite: reads on the loop, writes in one thread of their own, WAL, ``synchronous=FULL``."""

    locks_rows = False

    def __init__(self, url: str) -> None:
        """Open the file; it need not exist."""
        self._writer = self._engine(url, "BEGIN IMMEDIATE")
        self._reader = self._engine(url, "BEGIN")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")

    @property
    def in_lanes(self) -> Ways:
        """Like everything else."""
        return self

    @staticmethod
    def _engine(url: str, begin: str) -> Any:
        engine = create_engine(
            url,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": 5, "cached_statements": 512},
            # An exception's text would quote the statement's values.
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _: object) -> None:
            # We say BEGIN ourselves: the driver would begin late, and never IMMEDIATE.
            connection.isolation_level = None
            # Without recursive triggers INSERT OR REPLACE would pass by the append-only guards.
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
                # Or a destroyed key would lie on a free page until something is written over it.
                "secure_delete=ON",
            ):
                connection.execute(f"PRAGMA {pragma}").close()

        @event.listens_for(engine, "begin")
        def say_begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        return engine

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in the writer thread; SQLite allows one writer anyway."""

        def transaction() -> T:
            with self._writer.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a short read on the loop: 50 µs, less than handing it to a thread."""
        with self._reader.begin() as connection:
            return work(connection)

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """Run work as any that writes."""
        return await self.write(work)

    async def close(self) -> None:
        """Finish the writer's work, then close."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._writer.dispose()
        self._reader.dispose()


class PostgresBackend(Pool):
    """PostgreSQL through asyncpg.

    Lists of unknown length make PostgreSQL plan a statement anew each time, which costs a batch of eight more than
    running it. So a lane's statements are planned once, for any values. Such a plan stays when its table has grown a
    hundredfold, so none may read a table whole; each is held against an index for every table that grows.
    """

    locks_rows = True

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """Prepare the two pools, each of so many connections at most."""
        super().__init__(url, pool_size)
        # Merging, too, would read a small index from end to end.
        self._in_lanes = Pool(
            url,
            pool_size,
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
            enable_mergejoin="off",
        )

    @property
    def in_lanes(self) -> Ways:
        """Over connections that plan each statement once."""
        return self._in_lanes

    async def close(self) -> None:
        """Close both pools."""
        await super().close()
        await self._in_lanes.close()


def open_backend(url: str) -> Backend:
    """Choose the backend by the address."""
    return SqliteBackend(url) if url.startswith("sqlite") else PostgresBackend(url)


class Store:
    """Runs operations; keeps the registry's snapshot true by reading its version in every transaction."""

    def __init__(self, backend: Backend, *, lane_width: int = 64, lane_depth: int = 2048) -> None:
        """Take a backend; `open` must run before the first request."""
        self._backend = backend
        self._width = lane_width
        self._depth = lane_depth
        self._lanes: dict[tuple[object, bool], Lane[Any, Any]] = {}
        self._registry = Registry(version=0)

    @property
    def registry(self) -> Registry:
        """The snapshot that the latest transaction found to be true."""
        return self._registry

    @property
    def locks_rows(self) -> bool:
        """Whether the database locks single rows; see `Backend`."""
        return self._backend.locks_rows

    async def open(self) -> "Store":
        """Load the registry."""
        await self._attempt(self._backend.read, lambda connection: None)
        return self

    async def close(self) -> None:
        """Let every lane finish, then close the database."""
        for lane in self._lanes.values():
            await lane.drain()
        await self._backend.close()

    async def run(self, operation: Operation[Item, Outcome], item: Item) -> Outcome:
        """Run an operation over one item in a transaction of its own."""
        return (await self.run_all(operation, [item]))[0]

    async def run_all(self, operation: Operation[Item, Outcome], items: Sequence[Item]) -> Sequence[Outcome]:
        """Run an operation over a set in one transaction: all of it commits or nothing."""
        return await self._write_all(self._backend, operation, items)

    async def run_planned(self, operation: Operation[Item, Outcome], item: Item) -> Outcome:
        """Run an operation as `run` does, whose statements are planned once, as a lane's are: for what runs all day."""
        return (await self._write_all(self._backend.in_lanes, operation, [item]))[0]

    async def _write_all(
        self, ways: Ways, operation: Operation[Item, Outcome], items: Sequence[Item]
    ) -> Sequence[Outcome]:
        return await self._attempt(ways.write, lambda connection: operation(connection, items))

    async def read(self, operation: Operation[Item, Outcome], item: Item) -> Outcome:
        """Run an operation that only reads."""
        return (await self._attempt(self._backend.read, lambda connection: operation(connection, [item])))[0]

    def lane(
        self, operation: Operation[Item, Outcome], *, reads: bool = False, at_once: bool = False
    ) -> Lane[Item, Outcome]:
        """Give the lane of an operation; the same one each time.

        Args:
            reads: it only reads.
            at_once: it writes by a single statement, which is a transaction by itself.
        """
        lane = self._lanes.get((operation, reads))
        if lane is None:
            ways = self._backend.in_lanes
            way = ways.read if reads else ways.at_once

            def commit(items: Sequence[Item]) -> Awaitable[Sequence[Outcome]]:
                if not reads and not at_once:
                    return self._write_all(ways, operation, items)
                return self._attempt(way, lambda connection: operation(connection, items))

            lane = Lane(commit, width=self._width, depth=self._depth)
            self._lanes[operation, reads] = lane
        return lane

    def telling_lane(self, operation: Telling[Item, Outcome], *, reads: bool = False) -> Lane[Item, Outcome]:
        """Give the lane of an operation that tells the registry's version itself: a round trip less.

        What it writes, it writes by one statement, which is a transaction by itself.

        Args:
            reads: it only reads.
        """
        lane = self._lanes.get((operation, reads))
        if lane is None:
            run = self._tell_readers if reads else self._tell_all
            lane = Lane(lambda items: run(operation, items), width=self._width, depth=self._depth)
            self._lanes[operation, reads] = lane
        return lane

    async def _tell_all(self, operation: Telling[Item, Outcome], items: Sequence[Item]) -> Sequence[Outcome]:
        return await self._persist(lambda: self._backend.in_lanes.at_once(self._told(operation, items)))

    async def _tell_readers(
        self, operation: Telling[Item, Outcome], items: Sequence[Item]
    ) -> Sequence[Outcome]:
        return await self._persist(lambda: self._backend.in_lanes.read(self._told(operation, items)))

    def _told(
        self, operation: Telling[Item, Outcome], items: Sequence[Item]
    ) -> Callable[[Connection], Sequence[Outcome]]:
        def work(connection: Connection) -> Sequence[Outcome]:
            return operation(connection, items, lambda version: self._catch_up(connection, version))

        return work

    async def _attempt(
        self, way: Callable[[Callable[[Connection], T]], Awaitable[T]], work: Callable[[Connection], T]
    ) -> T:
        return await self._persist(lambda: way(lambda connection: self._over_true_registry(connection, work)))

    async def _persist(self, once: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await once()
            except PoolTimeout as error:
                # It has waited for a free connection long enough.
                log().warning("database_busy", error=error)
                break
            except (DBAPIError, OSError, TimeoutError) as error:
                if not _is_retriable(error):
                    raise
                log().warning("database_retry", attempt=attempt, error=error)
                if attempt < ATTEMPTS:
                    await asyncio.sleep(0.02 * 4**attempt)
        raise Refusal("temporarily_unavailable", detail="the database does not answer", retry_after=5)

    def _over_true_registry(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        self._catch_up(connection, current_version(connection))
        return work(connection)

    def _catch_up(self, connection: Connection, version: int) -> None:
        if version != self._registry.version:
            # A slow load must not put back what a quicker one has already found to be over.
            loaded = load_registry(connection)
            self._registry = max(self._registry, loaded, key=lambda snapshot: snapshot.version)


def _is_retriable(error: Exception) -> bool:
    """Whether trying again can help: items carry client-made ids, so an ambiguous commit happens once."""
    if not isinstance(error, DBAPIError):
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _RETRIABLE
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig) or "unable to open" in str(error.orig)
    return error.connection_invalidated or isinstance(error, (InterfaceError, OperationalError))
