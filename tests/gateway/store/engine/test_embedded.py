"""SQLite's driver by itself: what SQLAlchemy's execution would give, for lists of any length."""

import sqlite3
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Integer, MetaData, Table, create_engine, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.pool import StaticPool

from gateway.store.engine.embedded import WIDEST, Insert, Text, width_of
from gateway.store.engine.statements import PreparedStatement, insert_new, insert_once

NUMBER = Table(
    "number",
    MetaData(),
    Column("value", Integer, primary_key=True),
    Column("is_even", Boolean, nullable=True),
)
FIND = PreparedStatement(
    lambda lists: select(NUMBER.c.value, NUMBER.c.is_even).where(lists.any_of(NUMBER.c.value))
)


@pytest.fixture
def connection() -> Any:
    """An open transaction on a database of a thousand numbers."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as opened:
        NUMBER.create(opened)
        rows = [{"value": value, "is_even": value % 2 == 0 if value else None} for value in range(1000)]
        insert_new(opened, NUMBER, rows)
        yield opened


@pytest.mark.parametrize("count", [1, 2, 3, 64, 65, WIDEST - 1, WIDEST, WIDEST + 1, 900])
def test_a_list_of_any_length_finds_exactly_what_it_names(connection: Connection, count: int) -> None:
    wanted = list(range(1000 - count, 1000))
    assert sorted(row.value for row in FIND(connection, wanted=wanted)) == wanted


def test_an_empty_list_finds_nothing(connection: Connection) -> None:
    assert list(FIND(connection, wanted=[])) == []


def test_what_is_true_comes_back_as_true_and_what_is_unknown_as_unknown(connection: Connection) -> None:
    found = {row.value: row.is_even for row in FIND(connection, wanted=[0, 1, 2])}
    assert found == {0: None, 1: False, 2: True}
    assert all(value is None or isinstance(value, bool) for value in found.values())


def test_lists_of_similar_length_share_a_text() -> None:
    assert [width_of([0] * count) for count in (0, 1, 2, 3, 5, 64, 65)] == [0, 1, 2, 4, 8, 64, 128]
    assert (width_of([0] * WIDEST), width_of([0] * (WIDEST + 1))) == (WIDEST, 0)


def test_a_row_that_is_there_is_refused_or_left_alone(connection: Connection) -> None:
    before = FIND(connection, wanted=[2])
    insert_once(connection, NUMBER, [{"value": 2, "is_even": False}])
    assert FIND(connection, wanted=[2]) == before
    with pytest.raises(IntegrityError):
        insert_new(connection, NUMBER, [{"value": 2, "is_even": False}])


def test_a_failure_is_one_of_sqlalchemys_and_quotes_no_value(connection: Connection) -> None:
    missing = Table("missing", MetaData(), Column("value", Integer))
    writing = Insert(insert(missing), ("value",))
    with pytest.raises(OperationalError) as written:
        writing.run(connection, [{"value": 4711}])
    with pytest.raises(OperationalError) as read:
        Text(select(missing).where(missing.c.value == 4711)).run(connection, {})
    for each in (written.value, read.value):
        assert isinstance(each, DBAPIError)
        assert isinstance(each.orig, sqlite3.OperationalError)
        assert "4711" not in str(each)
