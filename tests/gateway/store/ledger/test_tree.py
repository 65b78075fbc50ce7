"""The log's own tables: what must not cost more as the log grows."""

from typing import Any

from sqlalchemy import Connection, event

from gateway.store.ledger.tree import read_tiles
from tests.world import World


def test_tiles_are_found_by_their_index_however_many_there_are(world: World) -> None:
    """SQLite reads a whole table for pairs in one list: every proof and every batch would."""
    plans: list[str] = []

    def explain(connection: Connection, _: object) -> list[None]:
        def look(
            cursor_connection: Connection, cursor: object, statement: str, values: Any, *_: object
        ) -> None:
            if "FROM log_tile" in statement and not statement.startswith("EXPLAIN"):
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                plans.extend(row[-1] for row in rows)

        event.listen(connection, "before_cursor_execute", look)
        read_tiles(connection, [(0, 0), (0, 7), (1, 0), (2, 0)])
        event.remove(connection, "before_cursor_execute", look)
        return [None]

    world.store(explain, None)
    assert any("SEARCH log_tile" in each for each in plans)
    assert not any("SCAN log_tile" in each for each in plans)


def test_tiles_that_are_not_there_are_absent_and_none_is_asked_for_in_vain(each_world: World) -> None:
    assert each_world.store(lambda connection, _: [read_tiles(connection, [(0, 10**6), (7, 1)])], None) == {}
    assert each_world.store(lambda connection, _: [read_tiles(connection, [])], None) == {}
