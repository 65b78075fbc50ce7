"""Statements of one shape: the same answers on both databases, and index plans on tables that nobody analysed."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text, select, text, update

from gateway.store.codes import _codes
from gateway.store.engine import PostgresBackend, open_backend
from gateway.store.loading import _items
from gateway.store.profiles import _fields, _keys
from gateway.store.release import _tokens
from gateway.store.statements import any_of, by_key, insert_once, pair_among
from gateway.store.tokens import _refresh_tokens
from tests.conftest import TEMPLATE
from tests.world import World, fill

WORD = Table("word", MetaData(), Column("key", LargeBinary, primary_key=True), Column("said", Text))
KEYS = st.binary(min_size=1, max_size=2)


def run(world: World, work: Any) -> Any:
    return world.run(world.services.store.run, lambda connection, _: [work(connection)], None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(KEYS, st.none() | st.sampled_from("abc"), max_size=8),
    changes=st.dictionaries(KEYS, st.sampled_from("xyz"), min_size=1, max_size=8),
    pairs=st.sets(st.tuples(KEYS, st.sampled_from("abc")), min_size=1, max_size=8),
)
def test_sets_are_handled_item_by_item(
    both: World, rows: dict[bytes, str | None], changes: dict[bytes, str], pairs: set[tuple[bytes, str]]
) -> None:
    """Insert, look up, change by key and find pairs, as a dictionary would."""

    def work(connection: Connection) -> tuple[set[bytes], set[bytes], dict[bytes, str | None]]:
        connection.execute(text("DROP TABLE IF EXISTS word"))
        WORD.create(connection)
        stored = [{"key": key, "said": said} for key, said in rows.items()]
        insert_once(connection, WORD, stored)
        insert_once(connection, WORD, [row | {"said": "again"} for row in stored])
        paired = pair_among(connection, WORD.c.key, WORD.c.said, pairs)
        there = any_of(connection, WORD.c.key, changes)
        found = set(connection.execute(select(WORD.c.key).where(there)).scalars())
        both_found = set(connection.execute(select(WORD.c.key).where(paired)).scalars())
        said = by_key(connection, WORD.c.key, dict(list(changes.items())[:1]), WORD.c.said)
        connection.execute(update(WORD).where(there).values(said=said))
        return found, both_found, {row.key: row.said for row in connection.execute(select(WORD))}

    found, paired, after = run(both, work)
    first = dict(list(changes.items())[:1])
    assert found == rows.keys() & changes.keys()
    assert paired == {key for key, said in rows.items() if (key, said) in pairs}
    assert after == {key: first.get(key, said) for key, said in rows.items()}


GROWING = {
    "access_token", "authorization_code", "refresh_token", "grant_item", "person_field", "consent_grant", "person",
    "person_key",
}  # fmt: skip

STATEMENTS = {
    "access tokens": (_tokens("postgresql", True), [b"x"] * 64),
    "codes": (_codes("postgresql"), [b"x"] * 64),
    "refresh tokens": (_refresh_tokens("postgresql"), [b"x"] * 64),
    "items": (_items("postgresql"), ["x"] * 64),
    "fields": (_fields("postgresql"), ["x"] * 64),
    "keys": (_keys("postgresql"), ["x"] * 64),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_batch_of_64_finds_its_rows_by_index(fresh_postgres: str, name: str) -> None:
    """Where reading a table whole is forbidden, an index is there for every table that grows."""
    statement, wanted = STATEMENTS[name]
    assert not asyncio.run(_scans(fresh_postgres, statement, wanted)) & GROWING


@pytest.fixture
def fresh_postgres(request: pytest.FixtureRequest) -> Any:
    """A filled database whose tables nobody has analysed."""
    server = request.getfixturevalue("postgres_server")
    server.create_template(TEMPLATE, fill)
    url = server.create_database(TEMPLATE)
    yield url
    server.drop_database(url)


async def _scans(url: str, statement: Any, wanted: Sequence[Any]) -> set[str]:
    """Name the tables that the plan reads whole."""
    backend = open_backend(url)
    assert isinstance(backend, PostgresBackend)
    dialect = backend._engine.dialect
    spelled = str(statement.compile(dialect=dialect))

    def explain(connection: Connection) -> set[str]:
        # A table of a few rows is rightly read whole: the plan for it says nothing about one of a million.
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.exec_driver_sql("EXPLAIN (FORMAT JSON) " + spelled, (list(wanted),)).scalar_one()
        return set(_sequential(plan[0]["Plan"]))

    try:
        return await backend.read(explain)
    finally:
        await backend.close()


def _sequential(plan: dict[str, Any]) -> Sequence[str]:
    own = [plan["Relation Name"]] if plan["Node Type"] == "Seq Scan" else []
    return own + [name for below in plan.get("Plans", ()) for name in _sequential(below)]
