"""Looking at a database from outside: whether it answers, its schema, durability and guards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.util import CommandError
from sqlalchemy import Connection, func, inspect, select, text

from gateway.store.engine.backend import Backend
from gateway.store.engine.revision import DatabaseDown, is_newer, newer_words, reached, schema_state
from gateway.store.engine.schema import BASE, HEAD, move, schema_differences
from gateway.store.tables import APPEND_ONLY, admin_action, consent_event, handoff, person_key, signing_key


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found about a database.

    Attributes:
        revision: of the schema; None for an empty database.
        differences: how its tables differ from what this program expects, in the words of the comparison.
        durability: settings with which a commit would not survive a power cut.
        unguarded: append-only tables whose rows could be changed.
        newest_at: time of the newest row of a log, seconds UTC.
        clock: the database server's own clock, where it has one.
        is_encrypted: whether our connection to it is; None where it does not tell.
    """

    revision: str | None
    newest_revision: str
    differences: tuple[str, ...] = ()
    durability: tuple[str, ...] = ()
    unguarded: tuple[str, ...] = ()
    newest_at: int | None = None
    clock: int | None = None
    is_encrypted: bool | None = None

    @property
    def is_current(self) -> bool:
        """Whether the schema is the one of this program."""
        return self.revision == self.newest_revision


async def is_anything_sealed(url: str) -> bool:
    """Whether any key ring has sealed something in a database; asking does not create an embedded one.

    Raises:
        DatabaseDown: it cannot be reached.
    """
    if is_no_file(url):
        return False
    async with reached(url) as backend:
        return await backend.read(_is_anything_sealed)


def is_no_file(url: str) -> bool:
    """Whether an address leads to an embedded database that is not there yet."""
    return url.startswith("sqlite") and not Path(url.removeprefix("sqlite:///")).exists()


def _is_anything_sealed(connection: Connection) -> bool:
    tables = inspect(connection)
    return any(
        tables.has_table(table.name) and connection.execute(select(table).limit(1)).first() is not None
        for table in (person_key, signing_key)
    )


async def look_at(url: str) -> Findings:
    """Look at a database.

    Raises:
        DatabaseDown: it cannot be reached.
    """
    async with reached(url) as backend:
        return await _look(backend)


async def _look(backend: Backend) -> Findings:
    revision, newest = await schema_state(backend)
    durability = await backend.read(_durability)
    is_encrypted = await backend.read(_is_encrypted)
    if revision != newest:
        return Findings(revision, newest, durability=tuple(durability), is_encrypted=is_encrypted)
    return Findings(
        revision,
        newest,
        is_encrypted=is_encrypted,
        differences=tuple(str(each) for each in await schema_differences(backend)),
        durability=tuple(durability),
        unguarded=tuple(await backend.read(_unguarded)),
        newest_at=await backend.read(_newest),
        clock=await backend.read(_clock),
    )


def _durability(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        wanted = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
        found = {
            name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()).lower() for name in wanted
        }
    else:
        wanted = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
        found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in wanted}
    return [f"{name} is {found[name]}, not {wanted[name]}" for name in wanted if found[name] != wanted[name]]


def _is_encrypted(connection: Connection) -> bool | None:
    if connection.dialect.name == "sqlite":
        return None
    # Databases that speak PostgreSQL's language may not have its views.
    if connection.execute(text("SELECT to_regclass('pg_catalog.pg_stat_ssl')")).scalar() is None:
        return None
    own = text("SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()")
    found: bool | None = connection.execute(own).scalar()
    return found


_SQLITE_GUARDS = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
_POSTGRES_GUARDS = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.prosrc LIKE '%RAISE EXCEPTION%'
"""


def _unguarded(connection: Connection) -> list[str]:
    """Name the append-only tables that lack one of their two triggers, or of the hand-offs' lock triggers."""
    guards = _SQLITE_GUARDS if connection.dialect.name == "sqlite" else _POSTGRES_GUARDS
    found = list(connection.execute(text(guards)).scalars())
    return [table.name for table in APPEND_ONLY if found.count(table.name) < 2 + (table is handoff)]


def _newest(connection: Connection) -> int | None:
    times: Sequence[int | None] = [
        connection.execute(select(func.max(table.c.at))).scalar_one()
        for table in (handoff, consent_event, admin_action)
    ]
    return max((at for at in times if at is not None), default=None)


def _clock(connection: Connection) -> int | None:
    if connection.dialect.name == "sqlite":
        return None
    return int(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


async def move_schema(url: str, revision: str | None, *, down: bool) -> tuple[str | None, str | None]:
    """Migrate up (to the newest schema) or down (to nothing), or to a revision.

    Returns:
        The revisions before and after.

    Raises:
        DatabaseDown: it cannot be reached, or there is no such revision.
    """
    async with reached(url) as backend:
        present, newest = await schema_state(backend)
        if is_newer(present, newest):
            raise DatabaseDown(newer_words(present, newest))
        try:
            return await move(backend, revision or (BASE if down else HEAD), down=down)
        except CommandError as error:
            raise DatabaseDown(f"the schema cannot go there: {error}.") from None
