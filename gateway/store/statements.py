"""Statements that both databases understand, of one shape however many items they are about.

SQLAlchemy compiles a shape once; a list in ``IN (…)`` is a new shape for every length, and expanding it costs more
than the query. So PostgreSQL gets its lists as one array. What is built at import is not even built anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Row,
    Table,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import Grouping

POSTGRESQL = "postgresql"


def among(dialect: str, column: ColumnElement[Any], name: str = "wanted") -> ColumnElement[bool]:
    """Compare a column with the list that is given under this name when the statement runs."""
    if dialect == POSTGRESQL:
        return column == func.any(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(bindparam(name, expanding=True))


def any_of(connection: Connection, column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Compare a column with a list."""
    wanted = sorted(set(values))
    if connection.dialect.name == POSTGRESQL:
        return column == func.any(literal(wanted, ARRAY(column.type)))
    return column.in_(wanted)


def by_key(
    connection: Connection,
    key: ColumnElement[Any],
    values: Mapping[Any, Any],
    otherwise: ColumnElement[Any],
) -> ColumnElement[Any]:
    """Choose a value for each row by its key; rows of other keys get `otherwise`, which also gives the type."""
    if connection.dialect.name != POSTGRESQL:
        return case(dict(values), value=key, else_=otherwise)
    place = func.array_position(literal(list(values), ARRAY(key.type)), key)
    # In parentheses, or the subscript would read as a part of the cast to an array.
    chosen = Grouping(literal(list(values.values()), ARRAY(otherwise.type)))
    return func.coalesce(chosen[place], otherwise)


def pair_among(
    connection: Connection,
    left: ColumnElement[Any],
    right: ColumnElement[Any],
    pairs: Iterable[tuple[Any, Any]],
) -> ColumnElement[bool]:
    """Compare two columns with a list of pairs; the left one, by itself, is what an index finds."""
    wanted = sorted(set(pairs))
    if connection.dialect.name != POSTGRESQL:
        return or_(*((left == one) & (right == other) for one, other in wanted))
    ones, others = ([pair[side] for pair in wanted] for side in (0, 1))
    listed = (
        func.unnest(literal(ones, ARRAY(left.type)), literal(others, ARRAY(right.type)))
        .table_valued("l", "r")
        .render_derived()
    )
    is_listed = exists().where(listed.c.l == left, listed.c.r == right)
    return (left == func.any(literal(ones, ARRAY(left.type)))) & is_listed


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(table)


@cache
def _insert_arrays(table: Table, names: tuple[str, ...]) -> Any:
    """Insert rows that come as one array for each column: one message and one plan, however many rows."""
    columns = [table.c[name] for name in names]
    arrays = [func.unnest(bindparam(each.name, type_=ARRAY(each.type))) for each in columns]
    return postgresql.insert(table).from_select(list(names), select(*arrays)).on_conflict_do_nothing()


@cache
def _insert_rows(table: Table) -> Any:
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; a row whose key is there already stays as it is (so an ambiguous commit can be repeated)."""
    if not rows:
        return
    if connection.dialect.name != POSTGRESQL:
        connection.execute(_insert_rows(table), list(rows))
        return
    names = tuple(rows[0])
    arrays = {name: [row[name] for row in rows] for name in names}
    connection.execute(_insert_arrays(table, names), arrays)


def did_insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row and tell whether it was new: whoever races for the same key, one wins."""
    key = next(iter(table.primary_key))
    statement = _insert(connection.dialect.name, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_or_lock(connection: Connection, table: Table, row: Mapping[str, Any]) -> Row[Any]:
    """Insert one row or, where its key is there already, lock that row as it stands; give the row."""
    keys = list(table.primary_key)
    insert = _insert(connection.dialect.name, table).values(**row)
    same = {key.name: insert.excluded[key.name] for key in keys}
    statement = insert.on_conflict_do_update(index_elements=keys, set_=same).returning(*table.c)
    found: Row[Any] = connection.execute(statement).one()
    return found


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or make those whose key is there already what they are now."""
    keys = [key.name for key in table.primary_key]
    insert = _insert(connection.dialect.name, table)
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))
