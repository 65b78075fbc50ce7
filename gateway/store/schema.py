"""Moving the schema up and down, and comparing it with the tables that this program expects."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from gateway.store.engine import Backend
from gateway.store.tables import metadata

HEAD = "head"
BASE = "base"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def migrate(backend: Backend, revision: str = HEAD) -> None:
    """Bring the schema up to a revision, in one transaction."""

    def work(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)

    await backend.write(work)


async def downgrade(backend: Backend, revision: str = BASE) -> None:
    """Take the schema down to a revision: what the later ones hold is lost."""

    def work(connection: Connection) -> None:
        command.downgrade(_config(connection), revision)

    await backend.write(work)


async def schema_differences(backend: Backend) -> list[object]:
    """Tell how the database's tables differ from `gateway.store.tables`; empty when they agree."""

    def work(connection: Connection) -> list[object]:
        found: list[object] = compare_metadata(MigrationContext.configure(connection), metadata)
        return found

    return await backend.read(work)
