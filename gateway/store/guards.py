"""Append-only guards: triggers that refuse to change or delete a row, on both databases."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

_POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def add_guards(connection: Connection, tables: Sequence[str]) -> None:
    """Guard tables against UPDATE and DELETE, on PostgreSQL against TRUNCATE too."""
    for statement in _guards(connection.dialect.name, tables):
        connection.execute(text(statement))


def drop_guards(connection: Connection, tables: Sequence[str]) -> None:
    """Take the last guards away, for a migration down to nothing."""
    drop_triggers(connection, tables)
    if connection.dialect.name != "sqlite":
        connection.execute(text("DROP FUNCTION refuse_change()"))


def drop_triggers(connection: Connection, tables: Sequence[str]) -> None:
    """Take the guards of some tables away, for a migration down."""
    for table in tables:
        if connection.dialect.name == "sqlite":
            connection.execute(text(f"DROP TRIGGER {table}_no_update"))
            connection.execute(text(f"DROP TRIGGER {table}_no_delete"))
        else:
            connection.execute(text(f"DROP TRIGGER {table}_append_only ON {table}"))
            connection.execute(text(f"DROP TRIGGER {table}_no_truncate ON {table}"))


def _guards(dialect: str, tables: Sequence[str]) -> Iterator[str]:
    if dialect == "sqlite":
        for table in tables:
            for verb in ("UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    yield _POSTGRES_FUNCTION
    for table in tables:
        yield (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        yield (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
