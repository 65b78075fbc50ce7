"""Is the database there, and is its schema this program's? Asked at each start, so without Alembic's machinery."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.store.engine import Backend, open_backend

MIGRATE = "Run 'consent-gateway migrate'."

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


class DatabaseDown(Exception):
    """The database does not answer, or is not what this program expects; the text says what to do."""


def newest_revision() -> str:
    """Tell the newest revision by the files' names, such as ``m0020_pages.py``: reading them all costs 20 ms."""
    return max(path.name[1:5] for path in _VERSIONS.glob("m*.py"))


async def schema_state(backend: Backend) -> tuple[str | None, str]:
    """Tell the database's revision, None when it is empty, and the newest one."""
    return await backend.read(_present), newest_revision()


def _present(connection: Connection) -> str | None:
    # The table is Alembic's; it has one row, or none after a way down.
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
    if present != newest:
        found = "is empty" if present is None else f"has the schema {present}, not {newest}"
        raise DatabaseDown(f"the database {found}. {MIGRATE}")


@asynccontextmanager
async def reached(url: str) -> AsyncIterator[Backend]:
    """Open a database for a while.

    Raises:
        DatabaseDown: it does not answer.
    """
    backend = open_backend(url)
    try:
        yield backend
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise _down(error) from None
    finally:
        await backend.close()


def _down(error: Exception) -> DatabaseDown:
    """Say why a database does not answer: the driver's own words, which here hold no row."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = next(iter(str(cause).strip().splitlines()), cause.__class__.__name__)
    return DatabaseDown(f"the database does not answer: {said}. Look at CONSENT_GATEWAY_DATABASE_URL.")
