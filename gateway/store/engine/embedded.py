"""SQLite's driver without SQLAlchemy's execution around it, for statements whose text is made once.

SQLAlchemy makes the text, the driver runs it, over the connection that SQLAlchemy holds. A list has so many places as
the next power of two, filled up with its last value: ``IN`` asks for a set, so no shape is new after a few.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from gateway.store.engine.driver import driver_of, row_of

DIALECT = sqlite.dialect(paramstyle="qmark")
WIDEST = 256
"""Places of the longest list that gets a text of its own; SQLAlchemy expands longer ones."""


def width_of(values: Sequence[Any]) -> int:
    """Tell how many places a list gets; 0 where it is none or too long to have its own."""
    count = len(values)
    return 1 << (count - 1).bit_length() if 0 < count <= WIDEST else 0


@cache
def places(name: str, width: int) -> tuple[str, ...]:
    """Name the places of a list."""
    return tuple(f"{name}_{number}" for number in range(width))


def filled(name: str, values: Sequence[Any]) -> Iterable[tuple[str, Any]]:
    """Put a list's values into its places."""
    width = width_of(values)
    return zip(places(name, width), [*values, *[values[-1]] * (width - len(values))], strict=True)


class Text:
    """A statement's text, the order of its values, and how its rows are read."""

    def __init__(self, statement: Any) -> None:
        """Make the text once."""
        compiled = statement.compile(dialect=DIALECT)
        kept = compiled.params
        self._text: str = compiled.string
        self._values = tuple((name, kept[name]) for name in compiled.positiontup)
        self._flags = tuple(
            number
            for number, column in enumerate(statement.exported_columns)
            if isinstance(column.type, Boolean)
        )
        self._make: Callable[[Iterable[Any]], Any] | None = None

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Run it; give its rows, if it gives any."""
        ordered = [values.get(name, kept) for name, kept in self._values]
        try:
            cursor = driver_of(connection).execute(self._text, ordered)
            rows = cursor.fetchall()
        except sqlite3.Error as error:
            raise _told(error) from None
        if not rows:
            return ()
        if self._make is None:
            self._make = row_of(tuple(column[0] for column in cursor.description))._make
        return list(map(self._make, map(self._with_flags, rows) if self._flags else rows))

    def _with_flags(self, row: Sequence[Any]) -> Sequence[Any]:
        """Read 0 and 1 as False and True in Boolean columns."""
        read = list(row)
        for number in self._flags:
            read[number] = None if read[number] is None else bool(read[number])
        return read


class Insert:
    """An insert's text, for many rows at once."""

    def __init__(self, statement: Any, names: tuple[str, ...]) -> None:
        """Make the text for rows that have these columns."""
        compiled = statement.compile(dialect=DIALECT, column_keys=names)
        self._text: str = compiled.string
        # With one name only, the getter would give the bare value instead of a tuple of one.
        self._order = itemgetter(*compiled.positiontup, compiled.positiontup[0])

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows."""
        try:
            driver_of(connection).executemany(self._text, [self._order(row)[:-1] for row in rows])
        except sqlite3.Error as error:
            raise _told(error) from None


def _told(error: sqlite3.Error) -> Exception:
    """Make SQLAlchemy's exception without statement and values, because its text must not quote a row."""
    return DBAPIError.instance(None, None, error, sqlite3.Error, hide_parameters=True, dialect=DIALECT)
