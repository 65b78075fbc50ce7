"""PostgreSQL's driver without SQLAlchemy's execution around it, for statements whose text is made once.

SQLAlchemy makes the text, the driver runs it, over the connection that SQLAlchemy holds.
"""

from collections import namedtuple
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.util import await_only

T = TypeVar("T")


class _Columns(Protocol):
    def _make(self, values: Iterable[Any]) -> Any: ...


@cache
def row_of(names: tuple[str, ...]) -> _Columns:
    """Make a tuple class for rows of these columns; its attributes cost a tenth of a look-up by name."""

    class Row(namedtuple("Row", names, rename=True)):  # type: ignore[misc]  # mypy wants the names to stand here
        """A row as SQLAlchemy's are."""

        __slots__ = ()

        @property
        def _mapping(self) -> Mapping[str, Any]:
            return dict(zip(names, self, strict=True))

    return Row


def fetch(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Any]:
    """Run one statement with its values in the order of their numbers; give its rows."""
    driver = driver_of(connection)
    records = _wait(driver, driver.fetch(text, *values))
    # All records of one answer have the same columns.
    return list(map(row_of(tuple(records[0].keys()))._make, records)) if records else []


def in_transaction(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run work between BEGIN and COMMIT (READ COMMITTED); what fails is rolled back.

    The connection is in SQLAlchemy's mode AUTOCOMMIT, so nothing else sends BEGIN or COMMIT.
    """
    _say(connection, "BEGIN")
    try:
        outcome = work(connection)
        _say(connection, "COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    return outcome


def forgetting(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run work; give up a connection that was closed during a statement, which SQLAlchemy cannot notice."""
    try:
        return work(connection)
    except DBAPIError as error:
        if error.connection_invalidated and not connection.invalidated:
            connection.invalidate()
        raise


def _say(connection: Connection, command: str) -> None:
    driver = driver_of(connection)
    _wait(driver, driver.execute(command))


def _roll_back(connection: Connection) -> None:
    if connection.invalidated:
        # The connection is gone; asking SQLAlchemy for it would open another.
        return
    try:
        _say(connection, "ROLLBACK")
    except (DBAPIError, OSError):
        connection.invalidate()


def hang_up(connection: Connection) -> None:
    """Close a connection at once, without a farewell to a server that may be gone."""
    if not connection.invalidated:
        driver_of(connection).terminate()
        connection.invalidate()
    connection.close()


def driver_of(connection: Connection) -> Any:
    """Give the driver's own connection beneath SQLAlchemy's."""
    return connection.connection.driver_connection


def _wait(driver: Any, answer: Awaitable[T]) -> T:
    try:
        return await_only(answer)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), DBAPIError)
        # Statement and values are left out, because an exception's text must not quote a row.
        raise kind(
            None, None, error, hide_parameters=True, connection_invalidated=driver.is_closed()
        ) from None


_KINDS: tuple[tuple[type[Exception], type[DBAPIError]], ...] = (
    (asyncpg.IntegrityConstraintViolationError, IntegrityError),
    (asyncpg.InterfaceError, InterfaceError),
)
