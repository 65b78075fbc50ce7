"""Statements on PostgreSQL's driver itself: what is said to it, and what comes of its failures."""

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError

from gateway.store.engine import driver
from gateway.store.engine.driver import fetch, forgetting, in_transaction
from gateway.store.engine.statements import insert_all_once
from gateway.store.tables import lease, log_pending


class Driver:
    """A driver that keeps what is said to it, and fails when it hears certain words."""

    def __init__(self, **failures: BaseException) -> None:
        self.failures = failures
        self.said: list[str] = []

    async def execute(self, command: str) -> None:
        self.said.append(command)
        if command in self.failures:
            raise self.failures[command]

    async def fetch(self, text: str, *values: Any) -> list[Any]:
        await self.execute(text.split()[0])
        return [each for each in values if isinstance(each, Record)]

    def is_closed(self) -> bool:
        return False


class Record(dict[str, Any]):
    """A row as the driver gives it: it has the methods of a mapping, but what it yields are its values."""

    def __iter__(self) -> Any:
        return iter(self.values())


class Held:
    """A connection as SQLAlchemy holds it."""

    def __init__(self, driver: Driver, *, invalidated: bool = False) -> None:
        self.connection = SimpleNamespace(driver_connection=driver)
        self.dialect = dialect()
        self.invalidated = invalidated

    def invalidate(self) -> None:
        self.invalidated = True


@pytest.fixture(autouse=True)
def without_greenlets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for the driver's answers in a loop of the test's own."""

    def wait(answer: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(answer)

    monkeypatch.setattr(driver, "await_only", wait)


def held(driver: Driver) -> Any:
    """Give a connection of SQLAlchemy's that holds this driver's, as far as it is asked."""
    return Held(driver)


def run(found: Any, work: Any = None) -> Any:
    return in_transaction(found, work or (lambda connection: fetch(connection, "SELECT 1", [Record(n=7)])))


def test_work_stands_between_begin_and_commit() -> None:
    said = Driver()
    assert [row.n for row in run(held(said))] == [7]
    assert said.said == ["BEGIN", "SELECT", "COMMIT"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (asyncpg.UniqueViolationError("x"), IntegrityError),
        (asyncpg.InterfaceError("x"), InterfaceError),
        (asyncpg.SerializationError("x"), DBAPIError),
    ],
)
def test_a_failure_is_one_of_sqlalchemys_and_rolls_back(failure: Exception, kind: type[DBAPIError]) -> None:
    said = Driver(SELECT=failure)
    with pytest.raises(kind) as caught:
        run(held(said))
    assert caught.value.orig is failure
    assert said.said[-1] == "ROLLBACK"


def test_a_connection_that_cannot_roll_back_is_given_up() -> None:
    found = Held(Driver(SELECT=asyncpg.SerializationError("x"), ROLLBACK=ConnectionResetError()))
    with pytest.raises(DBAPIError):
        run(found)
    assert found.invalidated


def test_a_connection_that_was_given_up_is_not_opened_again_to_roll_back() -> None:
    said = Driver()
    found = held(said)

    def lose(connection: Connection) -> None:
        found.invalidated = True
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        run(found, lose)
    assert said.said == ["BEGIN"]


def test_several_inserts_are_one_statement() -> None:
    said = Driver()
    rows: dict[Table, list[dict[str, Any]]] = {
        log_pending: [{"grant_id": "g", "source_id": "s", "kind": "handoff"}],
        lease: [{"name": "n", "holder": "h", "expires_at": 1}],
    }
    for _ in range(2):
        insert_all_once(held(said), rows)
    assert said.said == ["WITH", "WITH"]


def test_a_rows_columns_are_attributes_even_where_a_record_has_a_method() -> None:
    columns = {"items": "[]", "count": 2, "at": 7}
    (row, _) = fetch(held(Driver()), "SELECT", [Record(columns), Record(columns)])
    assert (row.items, row.count, row.at) == tuple(row) == ("[]", 2, 7)
    assert row._mapping == columns


def test_no_rows_are_no_rows() -> None:
    assert fetch(held(Driver()), "SELECT", []) == []


@pytest.mark.parametrize(("is_closed", "is_given_up"), [(True, True), (False, False)])
def test_a_connection_that_was_closed_under_a_statement_is_given_up(
    is_closed: bool, is_given_up: bool
) -> None:
    found = held(Driver())

    def work(_: Connection) -> None:
        raise DBAPIError("SELECT 1", {}, OSError(), connection_invalidated=is_closed)

    for _ in range(2):
        with pytest.raises(DBAPIError):
            forgetting(found, work)
        assert found.invalidated is is_given_up
    assert forgetting(found, lambda _: "done") == "done"
