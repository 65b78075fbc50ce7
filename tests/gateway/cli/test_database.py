"""`migrate`, and looking at a database from outside."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.store import migrations
from gateway.store.engine import open_backend
from gateway.store.probes import look_at, move_schema
from gateway.store.revision import DatabaseDown, check_schema
from tests.gateway.cli.conftest import Cli

VERSIONS = Path(migrations.__file__).parent / "versions"
NEWEST = max(file.name for file in VERSIONS.glob("m*.py"))[1:5]
"""The revision of the newest migration: their files are named by their numbers."""


@pytest.fixture(params=["sqlite", "postgresql"])
def blank_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'blank.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


def test_migrate_goes_up_down_and_up_again(
    blank_url: str, empty: Cli, environment: Callable[..., None]
) -> None:
    environment(database_url=blank_url)
    assert f"from empty to {NEWEST}" in empty("migrate")
    assert f"is {NEWEST} already" in empty("migrate")
    assert f"from {NEWEST} to empty" in empty("migrate", "--down", "--yes")
    assert "is empty already" in empty("migrate", "--down", "--yes")
    assert "from empty to 0001" in empty("migrate", "--to", "0001")


def test_migrate_makes_the_folder_of_the_embedded_database(empty: Cli) -> None:
    empty("migrate")
    assert empty.folder.stat().st_mode & 0o777 == 0o700
    assert (empty.folder / "gateway.db").exists()


def test_going_down_asks_first(empty: Cli) -> None:
    empty("migrate")
    empty("migrate", "--down", answer="n\n", status=1)
    assert "nothing was changed" in empty.said
    assert f"from {NEWEST} to empty" in empty("migrate", "--down", answer="y\n")


def test_an_unknown_revision_is_told_in_plain_words(empty: Cli) -> None:
    empty("migrate", "--to", "9999", status=1)
    assert "the schema cannot go there" in empty.said


def test_an_older_schema_is_not_served(blank_url: str) -> None:
    with pytest.raises(DatabaseDown, match="the database is empty"):
        asyncio.run(check_schema(blank_url))
    asyncio.run(move_schema(blank_url, None, down=False))
    asyncio.run(check_schema(blank_url))
    asyncio.run(run(blank_url, "UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(DatabaseDown, match=rf"schema 0000, not {NEWEST}\. Run 'consent-gateway migrate'"):
        asyncio.run(check_schema(blank_url))


async def run(url: str, *statements: str) -> None:
    backend = open_backend(url)
    for statement in statements:
        await backend.write(lambda connection, words=statement: connection.exec_driver_sql(words).close())
    await backend.close()


def test_a_sound_database_has_nothing_to_find(database_url: str) -> None:
    found = asyncio.run(look_at(database_url))
    assert found.is_current
    assert (found.differences, found.unguarded) == ((), ())
    assert found.newest_at is not None


def test_durable_settings_are_looked_at(database_url: str) -> None:
    found = asyncio.run(look_at(database_url))
    # The tests' own PostgreSQL runs without fsync, and that is found.
    expected = () if database_url.startswith("sqlite") else ("fsync is off, not on",)
    assert found.durability[:1] == expected


def test_a_dropped_guard_is_found(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        drop = "DROP TRIGGER handoff_no_update"
    else:
        drop = "ALTER TABLE handoff DISABLE TRIGGER handoff_append_only"
    asyncio.run(run(database_url, drop))
    assert asyncio.run(look_at(database_url)).unguarded == ("handoff",)


def test_a_table_that_somebody_changed_is_found(database_url: str) -> None:
    asyncio.run(run(database_url, "ALTER TABLE organisation ADD COLUMN notes TEXT"))
    assert "notes" in str(asyncio.run(look_at(database_url)).differences)


def test_a_file_that_is_no_database_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is a letter, not a database. " * 100)
    with pytest.raises(DatabaseDown, match="the database does not answer: file is not a database"):
        asyncio.run(look_at(f"sqlite:///{tmp_path / 'text.db'}"))
