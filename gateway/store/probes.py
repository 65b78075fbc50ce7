"""Looking at a database from outside: does it answer, which schema, how durable, do the guards stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from alembic.util import CommandError
from sqlalchemy import Connection, func, select, text

from gateway.store.engine import Backend
from gateway.store.revision import DatabaseDown, reached, schema_state
from gateway.store.schema import BASE, HEAD, downgrade, migrate, schema_differences
from gateway.store.tables import APPEND_ONLY, admin_action, consent_event, handoff, person_key


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found.

    Attributes:
        revision: of the schema; None for an empty database.
        differences: how its tables differ from what this program expects, in the words of the comparison.
        durability: faults of the settings that make a commit survive a power cut.
        unguarded: append-only tables whose rows could be changed.
        newest_at: time of the newest row of a log, seconds UTC.
        clock: the database server's own clock, where it has one.
    """

    revision: str | None
    newest_revision: str
    differences: tuple[str, ...] = ()
    durability: tuple[str, ...] = ()
    unguarded: tuple[str, ...] = ()
    newest_at: int | None = None
    clock: int | None = None

    @property
    def is_current(self) -> bool:
        """Whether the schema is the one of this program."""
        return self.revision == self.newest_revision


def count_person_keys(connection: Connection, _: Sequence[None]) -> Sequence[dict[str, int]]:
    """Count the person keys under each master key."""
    statement = select(person_key.c.master, func.count()).group_by(person_key.c.master)
    return [{row.master: row[1] for row in connection.execute(statement)}]


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
    if revision != newest:
        return Findings(revision, newest, durability=tuple(durability))
    return Findings(
        revision,
        newest,
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


_SQLITE_GUARDS = "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
_POSTGRES_GUARDS = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.prosrc LIKE '%RAISE EXCEPTION%'
"""


def _unguarded(connection: Connection) -> list[str]:
    """Name the append-only tables that lack one of their triggers: two each, and the locks' on the hand-offs."""
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
        before, _ = await schema_state(backend)
        try:
            await (downgrade(backend, revision or BASE) if down else migrate(backend, revision or HEAD))
        except CommandError as error:
            raise DatabaseDown(f"the schema cannot go there: {error}.") from None
        after, _ = await schema_state(backend)
    return before, after
