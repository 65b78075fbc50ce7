"""The store: runs operations on SQLite or PostgreSQL, alone or in lanes."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import StaticPool

from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.kit.telemetry.metrics import Metrics
from gateway.model.registry import Registry
from gateway.store.engine.lanes import Lane, say_what_waits
from gateway.store.engine.outages import Remedy, code_of, is_useless, remedy_of
from gateway.store.engine.pool import Pool, Siblings, say_what_is_used
from gateway.store.engine.registry import OnVersion as OnVersion
from gateway.store.engine.registry import current_version, load_registry

ItemT = TypeVar("ItemT")
OutcomeT = TypeVar("OutcomeT")
T = TypeVar("T")
Operation = Callable[[Connection, Sequence[ItemT]], Sequence[OutcomeT]]
"""A store operation: conditional and independent for each item, outcomes in the items' order."""

VersionedOperation = Callable[[Connection, Sequence[ItemT], OnVersion], Sequence[OutcomeT]]
"""An operation that itself reads the registry's version and reports it before anything is decided."""

ATTEMPTS = 4
"""How often a transaction is tried while the database's errors say that another try may work."""

BUSY_TIMEOUT = 5.0
"""Seconds that SQLite waits for another process that writes."""


class Ways(Protocol):
    """The ways in which a database runs work."""

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
        """The ways in which lanes run work: statements of one shape, with lists of any length."""
        ...

    @property
    def pools(self) -> Mapping[str, Pool]:
        """The pools of connections by name; none where there is no server to connect to."""
        ...

    async def close(self) -> None:
        """Close every connection."""
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
        """Run the work of lanes like any other work."""
        return self

    @property
    def pools(self) -> Mapping[str, Pool]:
        """There is no server."""
        return {}

    @staticmethod
    def _engine(url: str, begin: str) -> Engine:
        engine = create_engine(
            url,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT, "cached_statements": 512},
            # Otherwise an exception's text would quote the statement's values.
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _: object) -> None:
            # We send BEGIN ourselves, because the driver would begin late, and never IMMEDIATE.
            connection.isolation_level = None
            # Without recursive triggers INSERT OR REPLACE would get around the append-only guards.
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "recursive_triggers=ON",
                # Otherwise a destroyed key would stay on a free page until something overwrites it.
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
            with _reopening(self._writer), self._writer.begin() as connection:
                return work(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)
        except DBAPIError as error:
            if is_useless(error):
                # The reader has the same file open, which may no longer be the database.
                self._reader.dispose()
            raise

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a short read on the event loop, which takes 50 µs, less than handing it to a thread."""
        with _reopening(self._reader), self._reader.begin() as connection:
            return work(connection)

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        """Run work as `write` does."""
        return await self.write(work)

    async def close(self) -> None:
        """Finish the writer's work, then close."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._writer.dispose()
        self._reader.dispose()


@contextmanager
def _reopening(engine: Engine) -> Iterator[None]:
    """Close the connection after a failure that makes it useless; the next work opens the file anew."""
    try:
        yield
    except DBAPIError as error:
        if is_useless(error):
            engine.dispose()
        raise


class PostgresBackend(Pool):
    """PostgreSQL through asyncpg.

    Lists of unknown length make PostgreSQL plan a statement anew each time, which costs a batch of eight more than
    running it. So a lane's statements are planned once, for any values. Such a plan stays when its table has grown a
    hundredfold, so no plan may read a whole table; tests hold each to an index of every table that grows.
    """

    locks_rows = True

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        """Prepare the two pools, each of so many connections at most."""
        siblings = Siblings()
        super().__init__(url, pool_size, siblings)
        # Merge joins are off, because they would read a small index from end to end.
        self._in_lanes = Pool(
            url,
            pool_size,
            siblings,
            plan_cache_mode="force_generic_plan",
            enable_seqscan="off",
            enable_mergejoin="off",
        )

    @property
    def in_lanes(self) -> Ways:
        """The pool of connections that plan each statement once."""
        return self._in_lanes

    @property
    def pools(self) -> Mapping[str, Pool]:
        """The pool of all other work, and that of the lanes."""
        return {"work": self, "lanes": self._in_lanes}

    async def close(self) -> None:
        """Close both pools."""
        await super().close()
        await self._in_lanes.close()


def open_backend(url: str) -> Backend:
    """Choose the backend by the address."""
    return SqliteBackend(url) if url.startswith("sqlite") else PostgresBackend(url)


class Store:
    """Runs operations; keeps the registry's snapshot current by reading its version in every transaction."""

    def __init__(
        self,
        backend: Backend,
        *,
        lane_width: int = 64,
        lane_depth: int = 2048,
        metrics: Metrics | None = None,
    ) -> None:
        """Take a backend; `open` must run before the first request."""
        self._backend = backend
        self._metrics = metrics or Metrics()
        self._width = lane_width
        self._depth = lane_depth
        self._lanes: dict[tuple[object, bool], Lane[Any, Any]] = {}
        self._registry = Registry(version=0)

    @property
    def registry(self) -> Registry:
        """The snapshot that the latest transaction found to be current."""
        return self._registry

    @property
    def locks_rows(self) -> bool:
        """Whether the database locks single rows; see `Backend`."""
        return self._backend.locks_rows

    def say_how_it_stands(self) -> None:
        """Put into the metrics what waits in the lanes, and the connections that are in use."""
        say_what_waits(self._lanes.values(), self._metrics)
        say_what_is_used(self._backend.pools, self._metrics)

    async def open(self) -> "Store":
        """Load the registry."""
        await self._attempt(self._backend.read, lambda connection: None)
        return self

    async def close(self) -> None:
        """Let every lane finish, then close the database."""
        for lane in self._lanes.values():
            await lane.drain()
        await self._backend.close()

    async def run(self, operation: Operation[ItemT, OutcomeT], item: ItemT) -> OutcomeT:
        """Run an operation over one item in a transaction of its own."""
        return (await self.run_all(operation, [item]))[0]

    async def run_all(
        self, operation: Operation[ItemT, OutcomeT], items: Sequence[ItemT]
    ) -> Sequence[OutcomeT]:
        """Run an operation over a set in one transaction: all of it commits or nothing."""
        return await self._write_all(self._backend, operation, items)

    async def run_planned(self, operation: Operation[ItemT, OutcomeT], item: ItemT) -> OutcomeT:
        """Run a frequent operation as `run` does, but with statements planned once, as a lane's are."""
        return (await self._write_all(self._backend.in_lanes, operation, [item]))[0]

    async def _write_all(
        self, ways: Ways, operation: Operation[ItemT, OutcomeT], items: Sequence[ItemT]
    ) -> Sequence[OutcomeT]:
        return await self._attempt(ways.write, lambda connection: operation(connection, items))

    async def read(self, operation: Operation[ItemT, OutcomeT], item: ItemT) -> OutcomeT:
        """Run an operation that only reads."""
        return (await self._attempt(self._backend.read, lambda connection: operation(connection, [item])))[0]

    def lane(
        self, operation: Operation[ItemT, OutcomeT], *, reads: bool = False, at_once: bool = False
    ) -> Lane[ItemT, OutcomeT]:
        """Give the lane of an operation; the same one each time.

        Args:
            reads: it only reads.
            at_once: it writes by a single statement, which is a transaction by itself.
        """
        lane = self._lanes.get((operation, reads))
        if lane is None:
            ways = self._backend.in_lanes
            way = ways.read if reads else ways.at_once

            def commit(items: Sequence[ItemT]) -> Awaitable[Sequence[OutcomeT]]:
                if not reads and not at_once:
                    return self._write_all(ways, operation, items)
                return self._attempt(way, lambda connection: operation(connection, items))

            lane = self._lanes[operation, reads] = self._new_lane(operation, commit)
        return lane

    def versioned_lane(
        self, operation: VersionedOperation[ItemT, OutcomeT], *, reads: bool = False
    ) -> Lane[ItemT, OutcomeT]:
        """Give the lane of an operation that reports the registry's version itself, which saves a round trip.

        What it writes, it writes by one statement, which is a transaction by itself.

        Args:
            reads: it only reads.
        """
        lane = self._lanes.get((operation, reads))
        if lane is None:
            run = self._tell_readers if reads else self._tell_all
            lane = self._new_lane(operation, lambda items: run(operation, items))
            self._lanes[operation, reads] = lane
        return lane

    def _new_lane(
        self, operation: Any, commit: Callable[[Sequence[ItemT]], Awaitable[Sequence[OutcomeT]]]
    ) -> Lane[ItemT, OutcomeT]:
        name, metrics = operation.__name__, self._metrics
        return Lane(commit, width=self._width, depth=self._depth, name=name, metrics=metrics)

    async def _tell_all(
        self, operation: VersionedOperation[ItemT, OutcomeT], items: Sequence[ItemT]
    ) -> Sequence[OutcomeT]:
        return await self._persist(lambda: self._backend.in_lanes.at_once(self._told(operation, items)))

    async def _tell_readers(
        self, operation: VersionedOperation[ItemT, OutcomeT], items: Sequence[ItemT]
    ) -> Sequence[OutcomeT]:
        return await self._persist(lambda: self._backend.in_lanes.read(self._told(operation, items)))

    def _told(
        self, operation: VersionedOperation[ItemT, OutcomeT], items: Sequence[ItemT]
    ) -> Callable[[Connection], Sequence[OutcomeT]]:
        def work(connection: Connection) -> Sequence[OutcomeT]:
            return operation(connection, items, lambda version: self._catch_up(connection, version))

        return work

    async def _attempt(
        self, way: Callable[[Callable[[Connection], T]], Awaitable[T]], work: Callable[[Connection], T]
    ) -> T:
        return await self._persist(lambda: way(lambda connection: self._over_true_registry(connection, work)))

    async def _persist(self, once: Callable[[], Awaitable[T]]) -> T:
        failure: Exception | None = None
        was: Remedy | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await once()
            except PoolTimeout as error:
                # The work has waited for a free connection long enough.
                self._metrics.count("gateway_database_failures", "wait")
                log().warning("database_busy", error=error)
                failure = error
                break
            except (DBAPIError, OSError) as error:
                remedy = remedy_of(error)
                self._metrics.count("gateway_database_failures", remedy.name.lower() if remedy else "none")
                if remedy is None:
                    raise
                log().warning("database_retry", attempt=attempt, code=code_of(error), error=error)
                failure = error
            if remedy is Remedy.LATER or (remedy is was is Remedy.ELSEWHERE):
                break
            was = remedy
            if remedy is not Remedy.ELSEWHERE and attempt < ATTEMPTS:
                await asyncio.sleep(0.02 * 4**attempt)
        refusal = Refusal("temporarily_unavailable", detail=_said(failure), retry_after=5)
        # The cause of the refusal is the database's last error.
        raise refusal from failure

    def _over_true_registry(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        self._catch_up(connection, current_version(connection))
        return work(connection)

    def _catch_up(self, connection: Connection, version: int) -> None:
        if version != self._registry.version:
            # A slow load must not replace a newer snapshot that a quicker one has loaded meanwhile.
            loaded = load_registry(connection)
            self._registry = max(self._registry, loaded, key=lambda snapshot: snapshot.version)


def _said(failure: Exception | None) -> str:
    code = code_of(failure) if failure is not None else None
    return f"the database refuses, {code}" if code else "the database does not answer"
