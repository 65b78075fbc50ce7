"""PostgreSQL's driver without SQLAlchemy's execution around it: for statements whose text is made once.

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
    """Make the class of rows that have these columns: a tuple, whose attributes cost a tenth of a look-up by name."""

    class Row(namedtuple("Row", names, rename=True)):  # type: ignore[misc]  # mypy wants the names to stand here
        """A row as SQLAlchemy's are."""

        __slots__ = ()

        @property
        def _mapping(self) -> Mapping[str, Any]:
            return dict(zip(names, self, strict=True))

    return Row


def fetch(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Any]:
    """Run one statement with its values in the order of their numbers; give its rows."""
    driver = _driver(connection)
    records = _wait(driver, driver.fetch(text, *values))
    # Records that lie in one answer have the same columns.
    return list(map(row_of(tuple(records[0].keys()))._make, records)) if records else []


def in_transaction(connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run work between BEGIN and COMMIT (READ COMMITTED); what fails is rolled back.

    The connection is one in SQLAlchemy's mode AUTOCOMMIT, so nobody else says either.
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
    """Run work; give a connection up that was closed under a statement, of which SQLAlchemy knows nothing."""
    try:
        return work(connection)
    except DBAPIError as error:
        if error.connection_invalidated and not connection.invalidated:
            connection.invalidate()
        raise


def _say(connection: Connection, command: str) -> None:
    driver = _driver(connection)
    _wait(driver, driver.execute(command))


def _roll_back(connection: Connection) -> None:
    if connection.invalidated:
        # There is no connection any more; asking for it would open another.
        return
    try:
        _say(connection, "ROLLBACK")
    except (DBAPIError, OSError):
        connection.invalidate()


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _wait(driver: Any, answer: Awaitable[T]) -> T:
    try:
        return await_only(answer)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        kind = next((ours for theirs, ours in _KINDS if isinstance(error, theirs)), DBAPIError)
        # Neither statement nor values: an exception's text must not quote a row.
        raise kind(
            None, None, error, hide_parameters=True, connection_invalidated=driver.is_closed()
        ) from None


_KINDS: tuple[tuple[type[Exception], type[DBAPIError]], ...] = (
    (asyncpg.IntegrityConstraintViolationError, IntegrityError),
    (asyncpg.InterfaceError, InterfaceError),
)
