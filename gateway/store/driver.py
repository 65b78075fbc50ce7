"""PostgreSQL's driver without SQLAlchemy's execution around it: for statements whose text is made once.

SQLAlchemy makes the text, the driver runs it, over the connection that SQLAlchemy holds.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.util import await_only

T = TypeVar("T")


class Row(asyncpg.Record):  # type: ignore[misc]  # asyncpg has no types
    """A row whose columns are attributes too, as SQLAlchemy's are."""

    def __getattr__(self, name: str) -> Any:
        """Give a column's value."""
        return self[name]

    @property
    def items(self) -> Any:
        """A column's value here too; the record's own method would hide it."""
        return self["items"]

    @property
    def _mapping(self) -> "Row":
        """The row by its columns' names, as SQLAlchemy spells it."""
        return self


def fetch(connection: Connection, text: str, values: Sequence[Any]) -> Sequence[Any]:
    """Run one statement with its values in the order of their numbers; give its rows."""
    driver = _driver(connection)
    rows: Sequence[Any] = _wait(driver, driver.fetch(text, *values, record_class=Row))
    return rows


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
