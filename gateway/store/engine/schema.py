"""Moving the schema up and down, and comparing it with the tables that this program expects."""

import asyncio
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from gateway.store.engine.backend import Backend
from gateway.store.engine.revision import present_revision
from gateway.store.tables import metadata

HEAD = "head"
BASE = "base"
ATTEMPTS = 60
"""Most attempts; each waits up to five seconds on SQLite, which locks the database while another migrates."""
PAUSE = 0.2
_LOST = frozenset({"23505", "42P07", "42710", "40001", "40P01"})
"""SQLSTATEs that mean that another migration made the same thing first, or is in the way."""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(backend: Backend, revision: str = HEAD) -> None:
    """Upgrade the schema to a revision, in one transaction."""
    await move(backend, revision)


async def downgrade(backend: Backend, revision: str = BASE) -> None:
    """Downgrade the schema to a revision; the data of later ones is lost."""
    await move(backend, revision, down=True)


async def move(backend: Backend, revision: str, *, down: bool = False) -> tuple[str | None, str | None]:
    """Move the schema in one transaction; of two that do so at once, the second finds it moved already.

    It waits for the row that names the schema. While there is none, the databases themselves let one of two
    make the same table; the other tries again, and then finds that row. SQLite has one writer anyway.

    Returns:
        The revisions before and after.
    """

    def work(connection: Connection) -> tuple[str | None, str | None]:
        _wait_for_others(connection)
        before = present_revision(connection)
        (command.downgrade if down else command.upgrade)(_config(connection), revision)
        return before, present_revision(connection)

    for _ in range(ATTEMPTS):
        try:
            return await backend.write(work)
        except DBAPIError as error:
            if not _somebody_else_moved(error):
                raise
            lost = error
        await asyncio.sleep(PAUSE)
    raise lost


def _wait_for_others(connection: Connection) -> None:
    if connection.dialect.name != "sqlite" and inspect(connection).has_table("alembic_version"):
        connection.execute(text("SELECT version_num FROM alembic_version FOR UPDATE")).all()


def _somebody_else_moved(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _LOST if state else "locked" in str(error.orig)


async def schema_differences(backend: Backend) -> list[object]:
    """Tell how the database's tables differ from `gateway.store.tables`; empty when they agree."""

    def work(connection: Connection) -> list[object]:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
        return found

    return await backend.read(work)
