"""The engine: tries again where that can help, tells an outage from a fault, keeps the registry true."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gateway.kit.errors import Refusal
from gateway.store.admin_actions import AdminAction, append_actions, load_actions
from gateway.store.engine import backend as engine
from gateway.store.engine.backend import PostgresBackend, Store, open_backend
from gateway.store.engine.driver import fetch
from gateway.store.engine.outages import Remedy, code_of, remedy_of
from gateway.store.engine.pool import Pool
from gateway.store.engine.registry import look_at_registry
from gateway.store.partners.partners import StateChange, move_partners
from tests.gateway.store.samples import rows
from tests.world import NOW, PARTNERS, World, publish


class PostgresError(Exception):
    """What a driver raises, with its SQLSTATE."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("asha@lakeside.example")
        self.sqlstate = sqlstate


def failure(kind: type[DBAPIError], cause: BaseException, *, invalidated: bool = False) -> DBAPIError:
    return kind("SELECT :x", {"x": "asha@lakeside.example"}, cause, connection_invalidated=invalidated)


SERIALIZATION = failure(DBAPIError, PostgresError("40001"))
LOST = failure(InterfaceError, PostgresError(None))
READ_ONLY = failure(DBAPIError, PostgresError("25006"))
FULL = failure(DBAPIError, PostgresError("53100"))
FAULT = failure(IntegrityError, PostgresError("23505"))


class Flaky:
    """A database that fails a few times, before its commit or, worse, after it."""

    locks_rows = False

    def __init__(self, url: str, failures: list[Exception], *, after_commit: bool = False) -> None:
        self.inner = open_backend(url)
        self.failures = failures
        self.after_commit = after_commit
        self.calls = 0

    async def write(self, work: Callable[[Connection], Any]) -> Any:
        self.calls += 1
        if self.after_commit:
            outcome = await self.inner.write(work)
        if self.failures:
            raise self.failures.pop(0)
        return outcome if self.after_commit else await self.inner.write(work)

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return await self.inner.read(work)

    async def at_once(self, work: Callable[[Connection], Any]) -> Any:
        return await self.write(work)

    @property
    def in_lanes(self) -> "Flaky":
        return self

    @property
    def pools(self) -> Mapping[str, Pool]:
        return {}

    async def close(self) -> None:
        await self.inner.close()


@pytest.fixture
def run_flaky(sqlite_url: str) -> Callable[..., tuple[Any, Flaky]]:
    """Run a story with a store on a flaky database."""

    def run(story: Callable[[Store], Awaitable[Any]], *failures: Exception, **how: bool) -> tuple[Any, Flaky]:
        async def work() -> tuple[Any, Flaky]:
            flaky = Flaky(sqlite_url, list(failures), **how)
            store = Store(flaky)
            try:
                return await story(store), flaky
            finally:
                await store.close()

        return asyncio.run(work())

    return run


def act_once(store: Store) -> Awaitable[Any]:
    return store.run(append_actions, AdminAction("act_once", "per_1", "test", "test", "1", NOW))


async def acts(store: Store) -> int:
    return len(await store.read(load_actions, ("test", "1")))


def test_a_serialization_failure_and_a_lost_connection_are_tried_again(
    run_flaky: Callable[..., tuple[Any, Flaky]],
) -> None:
    async def story(store: Store) -> int:
        await act_once(store)
        return await acts(store)

    count, flaky = run_flaky(story, SERIALIZATION, LOST)
    assert count == 1
    assert flaky.calls == 4


def test_an_ambiguous_commit_is_repeated_and_happens_once(
    run_flaky: Callable[..., tuple[Any, Flaky]],
) -> None:
    """The connection is lost after the commit: the same client-made id makes the repetition harmless."""

    async def story(store: Store) -> int:
        await act_once(store)
        return await acts(store)

    assert run_flaky(story, LOST, after_commit=True)[0] == 1


def test_a_fault_of_ours_is_not_tried_again(run_flaky: Callable[..., tuple[Any, Flaky]]) -> None:
    async def story(store: Store) -> None:
        with pytest.raises(IntegrityError):
            await act_once(store)

    assert run_flaky(story, FAULT)[1].calls == 1


@pytest.mark.parametrize("outage", [ConnectionRefusedError(), TimeoutError(), SERIALIZATION])
def test_an_outage_ends_in_a_refusal_that_says_when_to_come_again(
    run_flaky: Callable[..., tuple[Any, Flaky]], monkeypatch: pytest.MonkeyPatch, outage: Exception
) -> None:
    monkeypatch.setattr(engine, "ATTEMPTS", 2)

    async def story(store: Store) -> None:
        with pytest.raises(Refusal) as caught:
            await store.read(look_at_registry, None)
        assert (caught.value.code, caught.value.retry_after) == ("temporarily_unavailable", 5)
        assert caught.value.__cause__ is outage

    assert run_flaky(story, outage, outage)[1].calls == 2


@pytest.mark.parametrize(
    ("failures", "calls"),
    # The server ended the session, the next one led to the old primary, and the one after that to the new one.
    [([READ_ONLY], 2), ([LOST, READ_ONLY], 3)],
)
def test_what_only_another_connection_mends_is_tried_there(
    run_flaky: Callable[..., tuple[Any, Flaky]], failures: list[Exception], calls: int
) -> None:
    assert run_flaky(act_once, *failures)[1].calls == calls


@pytest.mark.parametrize(("failures", "calls"), [([READ_ONLY, READ_ONLY], 2), ([FULL], 1)])
def test_a_database_that_can_only_be_read_is_tried_twice_and_a_full_one_once(
    run_flaky: Callable[..., tuple[Any, Flaky]], failures: list[Exception], calls: int
) -> None:
    async def story(store: Store) -> Refusal:
        with pytest.raises(Refusal) as caught:
            await act_once(store)
        return caught.value

    refusal, flaky = run_flaky(story, *failures)
    assert (flaky.calls, refusal.code, refusal.retry_after) == (calls, "temporarily_unavailable", 5)
    assert refusal.detail == f"the database refuses, {code_of(failures[-1])}"


def test_who_waited_for_a_free_connection_in_vain_does_not_wait_again(
    run_flaky: Callable[..., tuple[Any, Flaky]],
) -> None:
    async def story(store: Store) -> None:
        with pytest.raises(Refusal) as caught:
            await act_once(store)
        assert caught.value.code == "temporarily_unavailable"
        assert isinstance(caught.value.__cause__, PoolTimeout)

    assert run_flaky(story, PoolTimeout())[1].calls == 1


def test_a_run_is_all_or_nothing(each_world: World) -> None:
    """An operation that fails at its last item leaves nothing of the first."""

    def half(connection: Connection, items: Sequence[AdminAction]) -> list[None]:
        append_actions(connection, items)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        each_world.store(half, AdminAction("act_half", "per_1", "test", "test", "1", NOW))
    assert each_world.store(load_actions, ("test", "1")) == []


def test_a_failing_statement_quotes_no_value(each_world: World) -> None:
    """An exception's text can reach a log."""

    def fail(connection: Connection, values: Sequence[str]) -> list[None]:
        connection.execute(text("INSERT INTO organisation (organisation_id) VALUES (:v)"), {"v": values[0]})
        return [None]

    with pytest.raises(DBAPIError) as caught:
        each_world.store(fail, "Asha Rao")
    assert "[parameters" not in str(caught.value)


def test_every_node_acts_on_a_change_of_the_registry_in_its_next_transaction(
    each_world: World, database_url: str
) -> None:
    """A brake acts on the next request on every node (architecture: the store)."""

    async def other_node() -> tuple[bool, bool]:
        store = await Store(open_backend(database_url)).open()
        before = store.registry.partners["quizco"].is_live
        yield_to = asyncio.get_running_loop().run_in_executor
        await yield_to(None, brake)
        await store.read(look_at_registry, None)
        after = store.registry.partners["quizco"].is_live
        await store.close()
        return before, after

    def brake() -> None:
        action = AdminAction("act_brake", "per_1", "pause_partner", "partner", "quizco", NOW)
        assert each_world.store(move_partners, StateChange("quizco", "live", "paused", NOW, action))

    assert asyncio.run(other_node()) == (True, False)
    client_id = each_world.quizco
    each_world.store(look_at_registry, None)
    assert each_world.services.registry.find_client(client_id) is None
    assert each_world.services.registry.find_client("campuspress-shop") is not None
    assert each_world.services.registry.find_client("nobody") is None


def test_an_unchanged_registry_is_not_loaded_again(each_world: World) -> None:
    before = each_world.services.registry
    each_world.store(look_at_registry, None)
    assert each_world.services.registry is before
    assert rows(each_world, "SELECT version FROM registry_version") == [(before.version,)]


def test_a_new_offer_version_is_the_one_that_is_offered(world: World) -> None:
    manifest = (PARTNERS / "quizco.toml").read_text().replace("duration_days = 180", "duration_days = 90")
    world.run(lambda: publish(world.services, manifest, version=2, manifest_version=2))
    world.store(look_at_registry, None)
    live = world.services.registry.offers["practice-quizzes"]
    assert (live.version, live.offer.duration_days) == (2, 90)
    assert live.notices["en"].offer_version == 2


def test_a_lane_is_made_once_per_operation_and_kind(world: World) -> None:
    store = world.services.store
    lane = store.lane(append_actions)
    assert store.lane(append_actions) is lane
    assert store.lane(append_actions, reads=True) is not lane
    assert world.run(store.lane(look_at_registry, reads=True).submit, None) is None


def test_commits_on_sqlite_survive_a_power_cut_and_references_hold(world: World) -> None:
    def pragmas(connection: Connection, names: list[str]) -> list[Any]:
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    store = world.services.store
    names = ["journal_mode", "synchronous", "foreign_keys", "recursive_triggers"]
    assert list(world.run(store.run_all, pragmas, names)) == ["wal", 2, 1, 1]


@pytest.fixture
def full_server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A PostgreSQL that takes no further connection."""
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    name = url.rpartition("/")[2]
    server._admin(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
    yield url
    server.drop_database(url)


def test_a_server_without_a_free_place_is_an_outage_and_no_failure(
    full_server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "ATTEMPTS", 2)

    async def story() -> None:
        store = Store(PostgresBackend(full_server_url))
        with pytest.raises(Refusal):
            await store.open()
        await store.close()

    asyncio.run(story())


def test_a_connection_that_the_server_ends_is_not_used_again(request: pytest.FixtureRequest) -> None:
    """Though the statement was none of SQLAlchemy's."""
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()

    async def story() -> int:
        backend = PostgresBackend(url, pool_size=1)
        with pytest.raises(DBAPIError) as caught:
            await backend.read(
                lambda connection: fetch(connection, "SELECT pg_terminate_backend(pg_backend_pid())", [])
            )
        assert remedy_of(caught.value) is Remedy.RECONNECT
        (row,) = await backend.read(lambda connection: fetch(connection, "SELECT 7 AS number", []))
        await backend.close()
        number: int = row.number
        return number

    assert asyncio.run(story()) == 7
    server.drop_database(url)
