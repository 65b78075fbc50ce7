"""Rows that one statement writes where what each of them depends on holds (PostgreSQL)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Table, func, select
from sqlalchemy.dialects.postgresql import Insert, insert

from gateway.store.engine.statements import Rows, array_of


def rows_beside(table: Table, key: str, kind: Any) -> CTE:
    """Read a table's rows out of one array for each column, and beside each row what it depends on."""
    columns = [
        func.unnest(array_of(f"{table.name}_{each.name}", each.type)).label(each.name) for each in table.c
    ]
    beside = func.unnest(array_of(f"{table.name}_{key}", kind)).label("beside")
    return select(*columns, beside).cte(f"{table.name}_rows")


def insert_where(table: Table, rows: CTE, holds: Any) -> Insert:
    """Insert those rows of `rows_beside` for which something holds; what is there already stays as it is."""
    columns = select(*(rows.c[each.name] for each in table.c)).where(holds)
    return insert(table).from_select([each.name for each in table.c], columns).on_conflict_do_nothing()


def arrays_beside(table: Table, rows: Rows, key: str, beside: Sequence[Any]) -> dict[str, Sequence[Any]]:
    """Spell the values of `rows_beside`."""
    columns = {f"{table.name}_{each.name}": [row[each.name] for row in rows] for each in table.c}
    return columns | {f"{table.name}_{key}": beside}
