"""Checking at each start that the database is there with this program's schema, without loading Alembic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.kit.database_address import AddressFault
from gateway.store.engine.backend import Backend, open_backend

MIGRATE = "Run 'consent-gateway migrate'."
NEWER = (
    "A newer version of this program has been here. Run that one, or let it take the schema down "
    "with 'consent-gateway migrate --down --to REVISION'."
)

_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"


class DatabaseDown(Exception):
    """The database does not answer, or is not what this program expects; the text says what to do."""


def newest_revision() -> str:
    """Tell the newest revision by file names like ``m0020_pages.py``, since reading the files costs 20 ms."""
    return max(path.name[1:5] for path in _VERSIONS.glob("m*.py"))


def is_newer(present: str | None, newest: str) -> bool:
    """Whether a schema was made by a newer version of this program, by comparing revision numbers."""
    return present is not None and (not present.isdigit() or int(present) > int(newest))


async def schema_state(backend: Backend) -> tuple[str | None, str]:
    """Tell the database's revision, None when it is empty, and the newest one."""
    return await backend.read(present_revision), newest_revision()


def present_revision(connection: Connection) -> str | None:
    """Tell the database's revision."""
    # The table is Alembic's; it has one row, or none after a downgrade.
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


async def check_schema(url: str) -> None:
    """Make sure that the database is there and its schema is this program's.

    Raises:
        DatabaseDown: with what to do.
    """
    async with reached(url) as backend:
        present, newest = await schema_state(backend)
    if is_newer(present, newest):
        raise DatabaseDown(newer_words(present, newest))
    if present != newest:
        found = "is empty" if present is None else f"has the schema {present}, not {newest}"
        raise DatabaseDown(f"the database {found}. {MIGRATE}")


def newer_words(present: str | None, newest: str) -> str:
    """Say that the schema is a newer program's."""
    return f"the database has the schema {present}; this program knows none after {newest}. {NEWER}"


@asynccontextmanager
async def reached(url: str) -> AsyncIterator[Backend]:
    """Open a database for a while.

    Raises:
        DatabaseDown: it does not answer.
    """
    try:
        backend = open_backend(url)
    except AddressFault as fault:
        raise DatabaseDown(f"{fault}.") from None
    try:
        yield backend
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise _down(error) from None
    finally:
        await backend.close()


_ADDRESS = "Look at CONSENT_GATEWAY_DATABASE_URL."
_SPACE = "Make room where the database is, then try again. Nothing half-done was kept."
_ADVICE = (
    ("28P01", f"It refuses this user or this password. {_ADDRESS}"),
    ("28000", f"It refuses this user from this machine. {_ADDRESS} Look also at its pg_hba.conf."),
    ("3D000", f"Make the database with PostgreSQL's 'createdb', or correct its name. {_ADDRESS}"),
    ("25006", f"It can only be read: a standby, or set so. Let the address lead to the primary. {_ADDRESS}"),
    ("42501", "Give this user the rights on the database's schema: it has to make tables there."),
    ("53100", _SPACE),
    ("53300", "It has no connection left: close others, or raise its max_connections."),
    ("57P03", "It is starting or stopping. Try again in a moment."),
    ("unable to open database file", "Make its folder, and let the gateway's user own it and write there."),
    (
        "readonly",
        "Let the gateway's user own the file and its folder, on a file system that can be written.",
    ),
    ("disk is full", _SPACE),
    ("disk I/O error", "The disk fails or is full. Make room, or look at the disk."),
    ("locked", "Another program is writing, perhaps another 'migrate'. Try again when that is done."),
    (
        "not a database",
        "The file is something else, or damaged. Restore it from a backup, or correct its name.",
    ),
    ("malformed", "The file is damaged. Restore it from a backup."),
    ("SSL upgrade", "The server has no TLS: switch it on there, or write another sslmode."),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "Its certificate is not signed by whom sslrootcert names, or is another host's.",
    ),
)
"""Advice by SQLSTATE or by the driver's words."""


def _down(error: Exception) -> DatabaseDown:
    """Say why a database does not answer, in the driver's own words, which hold no row here."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = next(iter(str(cause).strip().splitlines()), cause.__class__.__name__)
    known = f"{getattr(cause, 'sqlstate', '')} {said}"
    advice = next((words for mark, words in _ADVICE if mark in known), _ADDRESS)
    return DatabaseDown(f"the database does not answer: {said}. {advice}")


def words_of_database(error: BaseException | None) -> str | None:
    """Say what a database complains about in the middle of work; None where there are no words for it.

    All words are ours, because the driver's may quote a row.
    """
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    known = f"{getattr(error.orig, 'sqlstate', '')} {error.orig}"
    return next((f"the database refused. {words}" for mark, words in _ADVICE if mark in known), None)
