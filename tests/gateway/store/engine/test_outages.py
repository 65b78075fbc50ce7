"""What a failure of the database means, by the database's own codes."""

import sqlite3

import asyncpg
import pytest
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
)

from gateway.store.engine.outages import Remedy, code_of, is_useless, remedy_of


class Told(Exception):
    """What a driver raises, with its SQLSTATE."""

    def __init__(self, sqlstate: str | None = None) -> None:
        super().__init__("asha@lakeside.example")
        self.sqlstate = sqlstate


def postgres(sqlstate: str) -> DBAPIError:
    return DBAPIError(None, None, Told(sqlstate))


def embedded(code: int) -> DBAPIError:
    cause = sqlite3.OperationalError("in whatever language")
    cause.sqlite_errorcode = code
    return OperationalError(None, None, cause)


def wrapped(cause: BaseException) -> DBAPIError:
    """As SQLAlchemy's adapter tells it, without the code."""
    outer = Told()
    outer.__cause__ = cause
    return NotSupportedError(None, None, outer)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        *((postgres(state), Remedy.REPEAT) for state in ("40001", "40P01", "53300")),
        *((postgres(state), Remedy.ELSEWHERE) for state in ("25006", "26000", "42P05")),
        *((postgres(f"57P0{number}"), Remedy.RECONNECT) for number in range(1, 6)),
        *((postgres(state), Remedy.RECONNECT) for state in ("08000", "08001", "08006", "08P01", "25P03")),
        *(
            (postgres(state), Remedy.LATER)
            for state in ("53100", "53200", "28P01", "3D000", "57014", "58030")
        ),
        *((postgres(state), None) for state in ("23505", "42P01", "0A000", "22000", "XX001")),
        (wrapped(asyncpg.InvalidCachedStatementError("plan")), Remedy.ELSEWHERE),
        (wrapped(asyncpg.OutdatedSchemaCacheError("type")), Remedy.ELSEWHERE),
        (wrapped(asyncpg.FeatureNotSupportedError("other")), None),
        (embedded(sqlite3.SQLITE_BUSY_SNAPSHOT), Remedy.REPEAT),
        (embedded(sqlite3.SQLITE_LOCKED), Remedy.REPEAT),
        (embedded(sqlite3.SQLITE_CANTOPEN), Remedy.RECONNECT),
        (embedded(sqlite3.SQLITE_READONLY_DBMOVED), Remedy.ELSEWHERE),
        (embedded(sqlite3.SQLITE_IOERR_FSYNC), Remedy.ELSEWHERE),
        (embedded(sqlite3.SQLITE_FULL), Remedy.LATER),
        (embedded(sqlite3.SQLITE_ERROR), None),
        (OperationalError(None, None, sqlite3.OperationalError("without a code")), None),
        (IntegrityError(None, None, Told("23505")), None),
        (DataError(None, None, Told()), None),
        (DataError(None, None, Told(), connection_invalidated=True), Remedy.RECONNECT),
        (InterfaceError(None, None, Told()), Remedy.RECONNECT),
        (OSError(), Remedy.RECONNECT),
        (TimeoutError(), Remedy.RECONNECT),
        (RuntimeError(), None),
    ],
)
def test_what_helps_is_told_by_the_databases_own_codes(error: Exception, remedy: Remedy | None) -> None:
    assert remedy_of(error) is remedy
    assert is_useless(error) is (remedy in (Remedy.RECONNECT, Remedy.ELSEWHERE))


def test_a_code_quotes_no_row() -> None:
    assert code_of(postgres("25006")) == "25006"
    assert code_of(wrapped(asyncpg.InvalidCachedStatementError("plan"))) == "0A000"
    assert code_of(DBAPIError(None, None, Told())) is None
    assert code_of(OSError("row")) is None
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(":memory:").execute("SELECT asha")
    assert code_of(OperationalError(None, None, caught.value)) == "SQLITE_ERROR"
