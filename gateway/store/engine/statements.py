"""Statements for both databases, whose shape stays the same for any number of items.

SQLAlchemy compiles a shape once; a list in ``IN (…)`` is a new shape for every length, and expanding it costs more
than the query. So PostgreSQL gets its lists as one array. Statements built at import are never built again.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Table,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import Grouping

from gateway.store.engine.driver import fetch
from gateway.store.engine.embedded import Insert, Text, filled, places, width_of

POSTGRESQL = "postgresql"


class Lists:
    """The lists that a statement is about, by name: arrays on PostgreSQL, ``IN`` and ``CASE`` on SQLite."""

    def __init__(
        self, dialect: str, values: Mapping[str, Any] | None = None, widths: Mapping[str, int] | None = None
    ) -> None:
        """Make lists whose values come when the statement runs, or are given here and become part of it.

        Args:
            widths: on SQLite, how many places each list has whose values come later.
        """
        self.dialect = dialect
        self._values = values
        self._widths = widths or {}

    def value(self, name: str, kind: Any) -> ColumnElement[Any]:
        """Give a single value."""
        return bindparam(name, type_=kind) if self._values is None else literal(self._values[name], kind)

    def any_of(self, column: ColumnElement[Any], name: str = "wanted") -> ColumnElement[bool]:
        """Compare a column with a list."""
        if self.dialect == POSTGRESQL:
            return column == func.any(array_of(name, column.type))
        if name in self._widths:
            return column.in_(
                [bindparam(place, type_=column.type) for place in places(name, self._widths[name])]
            )
        return column.in_(bindparam(name, expanding=True) if self._values is None else self._values[name])

    def by_key(
        self, key: ColumnElement[Any], keys: str, values: str, otherwise: ColumnElement[Any]
    ) -> ColumnElement[Any]:
        """Choose a value for each row by its key; rows of other keys get `otherwise`, which also gives the type."""
        if self.dialect == POSTGRESQL:
            place = func.array_position(array_of(keys, key.type), key)
            # Without the parentheses the subscript would be read as part of the cast to an array.
            return func.coalesce(Grouping(array_of(values, otherwise.type))[place], otherwise)
        pairs = dict(zip(self._listed(keys), self._listed(values), strict=True))
        return case(pairs, value=key, else_=otherwise) if pairs else otherwise

    def pair_among(
        self, left: ColumnElement[Any], right: ColumnElement[Any], lefts: str, rights: str
    ) -> ColumnElement[bool]:
        """Compare two columns with a list of pairs; the left one is also compared alone, for an index."""
        if self.dialect == POSTGRESQL:
            ones, others = array_of(lefts, left.type), array_of(rights, right.type)
            listed = func.unnest(ones, others).table_valued("l", "r").render_derived()
            is_listed = exists().where(listed.c.l == left, listed.c.r == right)
            return (left == func.any(ones)) & is_listed
        pairs = zip(self._listed(lefts), self._listed(rights), strict=True)
        return or_(false(), *((left == one) & (right == other) for one, other in pairs))

    def _listed(self, name: str) -> Sequence[Any]:
        # Statements that choose by values have to be built with them; see `PreparedStatement`.
        values: Sequence[Any] = (self._values or {})[name]
        return values


def array_of(name: str, kind: Any) -> ColumnElement[Any]:
    """Give a list as one array, whose values come when the statement runs (PostgreSQL)."""
    return bindparam(name, type_=ARRAY(kind))


class PreparedStatement:
    """A statement for the most frequent operations, built once and run by the driver itself.

    Its values come by the names of its `bindparam`; a missing one keeps the value in the statement.
    """

    def __init__(self, build: Callable[[Lists], Any], *, with_values: bool = False) -> None:
        """Take what builds the statement.

        Args:
            with_values: on SQLite it has to be built anew with its values, because it chooses by key or pair.
        """
        self._build = build
        self._with_values = with_values
        self._built: dict[str, Any] = {}
        self._texts: dict[tuple[tuple[str, int], ...], Text] = {}
        self._text = ""
        self._values: tuple[tuple[str, Any], ...] = ()

    def statement(self, dialect: str) -> Any:
        """Give the statement that is built once for a dialect."""
        if dialect not in self._built:
            self._built[dialect] = self._build(Lists(dialect))
        return self._built[dialect]

    def __call__(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """Run it; give its rows, if it gives any."""
        if connection.dialect.name == POSTGRESQL:
            if not self._text:
                self._spell(connection)
            return fetch(connection, self._text, [values.get(name, kept) for name, kept in self._values])
        if self._with_values:
            result = connection.execute(self._build(Lists(connection.dialect.name, values)))
            return result.all() if result.returns_rows else ()
        return self._run_embedded(connection, values)

    def _run_embedded(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        lists = {name: each for name, each in values.items() if isinstance(each, (list, tuple))}
        widths = tuple((name, width_of(each)) for name, each in lists.items())
        if not all(width for _, width in widths):
            result = connection.execute(self.statement(connection.dialect.name), values)
            return result.all() if result.returns_rows else ()
        text = self._texts.get(widths)
        if text is None:
            text = Text(self._build(Lists(connection.dialect.name, widths=dict(widths))))
            self._texts[widths] = text
        spread = dict(values)
        for name, each in lists.items():
            spread.update(filled(name, each))
        return text.run(connection, spread)

    def _spell(self, connection: Connection) -> None:
        compiled = self.statement(POSTGRESQL).compile(dialect=connection.dialect)
        kept = compiled.params
        self._values = tuple((name, kept[name]) for name in compiled.positiontup)
        self._text = compiled.string


def _inserting(dialect: str, table: Table) -> Any:
    return (postgresql.insert if dialect == POSTGRESQL else sqlite.insert)(table)


Rows = Sequence[Mapping[str, Any]]
_Shape = tuple[tuple[Table, tuple[str, ...]], ...]


def _from_arrays(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    columns = [table.c[name] for name in names]
    arrays = [func.unnest(array_of(f"{table.name}_{c.name}", c.type)) for c in columns]
    return postgresql.insert(table).from_select(list(names), select(*arrays))


@cache
def _insert_arrays(shape: _Shape, *, once: bool) -> PreparedStatement:
    """Insert rows given as one array a column: one message and one plan for any number of rows and tables."""

    def build(_: Lists) -> Any:
        inserts = []
        for table, names in shape:
            rows = _from_arrays(table, names)
            inserts.append(rows.on_conflict_do_nothing() if once else rows)
        *before, last = inserts
        return last.add_cte(*(each.cte(f"rows_{number}") for number, each in enumerate(before)))

    return PreparedStatement(build)


@cache
def _insert_text(table: Table, names: tuple[str, ...], *, once: bool) -> Insert:
    rows = sqlite.insert(table)
    return Insert(rows.on_conflict_do_nothing() if once else rows, names)


def insert_new(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; fail if one is there already."""
    _insert(connection, {table: rows}, once=False)


def insert_once(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; a row whose key is there already stays as it is (so an ambiguous commit can be repeated)."""
    insert_all_once(connection, {table: rows})


def insert_all_once(connection: Connection, tables: Mapping[Table, Rows]) -> None:
    """Insert rows into several tables that do not refer to each other; see `insert_once`."""
    _insert(connection, tables, once=True)


def _insert(connection: Connection, tables: Mapping[Table, Rows], *, once: bool) -> None:
    filled = {table: rows for table, rows in tables.items() if rows}
    if not filled:
        return
    if connection.dialect.name != POSTGRESQL:
        for table, rows in filled.items():
            _insert_text(table, tuple(rows[0]), once=once).run(connection, rows)
        return
    shape = tuple((table, tuple(rows[0])) for table, rows in filled.items())
    arrays = {
        f"{table.name}_{name}": [row[name] for row in filled[table]]
        for table, names in shape
        for name in names
    }
    _insert_arrays(shape, once=once)(connection, **arrays)


def did_insert(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert one row and tell whether it was new; of several that race for one key, one wins."""
    return bool(_insert_row(table, tuple(row))(connection, **row))


@cache
def _insert_row(table: Table, names: tuple[str, ...]) -> PreparedStatement:
    key = next(iter(table.primary_key))
    return PreparedStatement(
        lambda lists: _from_values(lists, table, names).on_conflict_do_nothing().returning(key)
    )


def _from_values(lists: Lists, table: Table, names: tuple[str, ...]) -> Any:
    values = {name: lists.value(name, table.c[name].type) for name in names}
    return _inserting(lists.dialect, table).values(values)


def insert_or_lock(connection: Connection, table: Table, row: Mapping[str, Any]) -> Any:
    """Insert one row or, where its key is there already, lock that row as it stands; give the row."""
    return _insert_or_lock_row(table, tuple(row))(connection, **row)[0]


@cache
def _insert_or_lock_row(table: Table, names: tuple[str, ...]) -> PreparedStatement:
    return PreparedStatement(lambda lists: _locking(_from_values(lists, table, names)))


def _locking(insert: Any) -> Any:
    keys = list(insert.table.primary_key)
    same = {key.name: insert.excluded[key.name] for key in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=same).returning(*insert.table.c)


def insert_or_lock_all(connection: Connection, table: Table, rows: Rows) -> Sequence[Any]:
    """Do as `insert_or_lock` does with rows of different keys, in their order; give the rows."""
    if connection.dialect.name != POSTGRESQL:
        return [insert_or_lock(connection, table, row) for row in rows]
    if not rows:
        return []
    names = tuple(rows[0])
    arrays = {f"{table.name}_{name}": [row[name] for row in rows] for name in names}
    return _insert_or_lock_arrays(table, names)(connection, **arrays)


@cache
def _insert_or_lock_arrays(table: Table, names: tuple[str, ...]) -> PreparedStatement:
    return PreparedStatement(lambda _: _locking(_from_arrays(table, names)))


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; replace the values of those whose key is there already."""
    keys = [key.name for key in table.primary_key]
    insert = _inserting(connection.dialect.name, table)
    changed = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))
