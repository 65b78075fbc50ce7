"""Bulk loading: rows by COPY, and what a table's rows are looked up by made once, after they are all there."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import Table, create_engine

Rows = Sequence[dict[str, object]]

INDEXES = """
SELECT format('DROP INDEX %I', i.relname), pg_get_indexdef(i.oid) FROM pg_index x
JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relname = ANY($1) AND NOT x.indisunique ORDER BY 1
"""
FOREIGN_KEYS = """
SELECT format('ALTER TABLE %I DROP CONSTRAINT %I', t.relname, c.conname),
       format('ALTER TABLE %I ADD CONSTRAINT %I %s', t.relname, c.conname, pg_get_constraintdef(c.oid))
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE t.relname = ANY($1) AND c.contype = 'f' ORDER BY 1
"""


FILLED = """
SELECT format('VACUUM (ANALYZE) %I', relname) FROM pg_stat_user_tables WHERE n_live_tup >= 50 ORDER BY 1
"""


class Database:
    """Bulk loading, by COPY where the database has it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def copies(self) -> bool:
        """Whether this is PostgreSQL."""
        return not self.url.startswith("sqlite")

    def load(self, table: Table, rows: Rows) -> None:
        """Put rows into a table."""
        if not rows:
            return
        if self.copies:
            names = list(rows[0])
            records = [tuple(row[name] for name in names) for row in rows]
            self._connected(lambda to: to.copy_records_to_table(table.name, records=records, columns=names))
            return
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(table.insert(), list(rows))
        engine.dispose()

    def command(self, *statements: str) -> None:
        """Run statements of PostgreSQL in one session, each by itself."""

        async def run(connection: Any) -> None:
            for statement in statements:
                await connection.execute(statement)

        self._connected(run)

    def settle(self) -> None:
        """Do what autovacuum would have done by now; otherwise it begins while something is measured.

        Like it, leave tables of a few rows alone: one that is known to be empty gets plans for an empty table.
        """
        if self.copies:
            self.command(*(each for (each,) in self._connected(lambda at: at.fetch(FILLED))))

    @contextmanager
    def bare(self, tables: Sequence[Table]) -> Iterator[None]:
        """Take off indexes and foreign keys of tables that millions of rows go into; put them back at the end.

        A million rows into an index in no order touch a page of it each; built at the end, it is sorted once.
        """
        if not self.copies:
            yield
            return
        names = [table.name for table in tables]
        keys = self._connected(lambda at: at.fetch(FOREIGN_KEYS, names))
        indexes = self._connected(lambda at: at.fetch(INDEXES, names))
        self.command(*(off for off, _ in (*keys, *indexes)))
        yield
        self.command("SET maintenance_work_mem = '512MB'", *(on for _, on in (*indexes, *keys)))

    def _connected(self, ask: Callable[[Any], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                return await ask(connection)
            finally:
                await connection.close()

        return asyncio.run(go())
