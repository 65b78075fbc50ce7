"""What a failure of the database means: passing trouble, a useless connection, or a fault of ours.

After a fail-over old connections may still answer, but refuse every write. So a failure is judged by the
database's own codes, which no language and no version changes.
"""

import sqlite3
from collections.abc import Iterator
from enum import Enum

import asyncpg
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

READ_ONLY = "25006"


class Remedy(Enum):
    """What helps after a failure; a repetition is safe, as nothing was kept or ids let it happen once."""

    REPEAT = "over the same connection, after a pause"
    RECONNECT = "over a new connection, after a pause: this one and those beside it are gone"
    ELSEWHERE = "over a new connection, at once and once: these answer, but cannot do this any more"
    LATER = "not now: who waits for it would only keep others waiting"


_STATES = {
    "40001": Remedy.REPEAT,  # serialization failure
    "40P01": Remedy.REPEAT,  # deadlock
    "53300": Remedy.REPEAT,  # too many connections
    READ_ONLY: Remedy.ELSEWHERE,
    "26000": Remedy.ELSEWHERE,  # a statement that was prepared is not there any more
    "42P05": Remedy.ELSEWHERE,  # one is there that somebody else prepared
    "25P03": Remedy.RECONNECT,  # idle for too long inside a transaction
    "25P04": Remedy.RECONNECT,  # a transaction that took too long
    "3D000": Remedy.LATER,  # there is no such database, as while it is being restored
    "55P03": Remedy.LATER,  # the operator's limit for waiting at a lock
    "57014": Remedy.LATER,  # the operator's limit for a statement
    "58030": Remedy.LATER,  # the disk fails
}
_CLASSES = {
    "08": Remedy.RECONNECT,  # the connection
    "28": Remedy.LATER,  # this user is not let in, as while a password is being changed
    "53": Remedy.LATER,  # no disk, no memory
    "57P": Remedy.RECONNECT,  # the server stops, starts or ended this session
}
"""SQLSTATEs (PostgreSQL, appendix A), and the beginnings of those that mean the same."""

_SQLITE = {
    sqlite3.SQLITE_BUSY: Remedy.REPEAT,
    sqlite3.SQLITE_LOCKED: Remedy.REPEAT,
    sqlite3.SQLITE_PROTOCOL: Remedy.REPEAT,
    sqlite3.SQLITE_CANTOPEN: Remedy.RECONNECT,
    # The database was restored from a backup, or its disk was mounted anew, and the open file is the old one.
    sqlite3.SQLITE_READONLY: Remedy.ELSEWHERE,
    sqlite3.SQLITE_IOERR: Remedy.ELSEWHERE,
    sqlite3.SQLITE_FULL: Remedy.LATER,
    sqlite3.SQLITE_NOMEM: Remedy.LATER,
}


def remedy_of(error: BaseException) -> Remedy | None:
    """Tell what helps after a failure; None for a fault of ours, which no repetition mends."""
    if not isinstance(error, DBAPIError):
        return Remedy.RECONNECT if isinstance(error, OSError) else None
    known = next(filter(None, map(_known, _causes(error))), None)
    if known is not None:
        return known
    if code_of(error) or isinstance(error.orig, sqlite3.Error):
        return None
    is_lost = error.connection_invalidated or isinstance(error, (InterfaceError, OperationalError))
    return Remedy.RECONNECT if is_lost else None


def is_useless(error: BaseException) -> bool:
    """Whether the failure means that its connection and those beside it are of no more use."""
    return remedy_of(error) in (Remedy.RECONNECT, Remedy.ELSEWHERE)


def code_of(error: BaseException) -> str | None:
    """Tell PostgreSQL's code or the name of SQLite's, which unlike the text quote no row."""
    if not isinstance(error, DBAPIError):
        return None
    for each in _causes(error):
        code = getattr(each, "sqlstate", None) or getattr(each, "sqlite_errorname", None)
        if code:
            return str(code)
    return None


def _causes(error: DBAPIError) -> Iterator[BaseException]:
    """Give the driver's own error, because SQLAlchemy's adapter around it does not pass on every code."""
    each: BaseException | None = error.orig
    while each is not None:
        yield each
        each = each.__cause__


def _known(cause: BaseException) -> Remedy | None:
    if isinstance(cause, sqlite3.Error):
        return _SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF)
    if isinstance(cause, (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)):
        # A column's type has changed under a plan; the code, 0A000, stands for every feature not supported.
        return Remedy.ELSEWHERE
    state = getattr(cause, "sqlstate", None) or ""
    return _STATES.get(state) or next(
        (_CLASSES[begin] for begin in _CLASSES if state.startswith(begin)), None
    )
