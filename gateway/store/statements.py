"""Statements that both databases understand."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


def insert_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a row whose key is there already stays as it is (so an ambiguous commit can be repeated)."""
    if not rows:
        return
    connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def did_insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row and tell whether it was new: whoever races for the same key, one wins."""
    key = next(iter(table.primary_key))
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_or_lock(connection: Connection, table: Table, row: Mapping[str, Any]) -> Row[Any]:
    """Insert one row or, where its key is there already, lock that row as it stands; give the row."""
    keys = list(table.primary_key)
    insert = _insert(connection, table).values(**row)
    same = {key.name: insert.excluded[key.name] for key in keys}
    statement = insert.on_conflict_do_update(index_elements=keys, set_=same).returning(*table.c)
    found: Row[Any] = connection.execute(statement).one()
    return found


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or make those whose key is there already what they are now."""
    keys = [key.name for key in table.primary_key]
    insert = _insert(connection, table)
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))
