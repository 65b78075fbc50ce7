"""`migrate`, and looking at a database from outside."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway.store import migrations
from gateway.store.engine import probes, schema
from gateway.store.engine.backend import open_backend
from gateway.store.engine.probes import look_at, move_schema
from gateway.store.engine.revision import DatabaseDown, check_schema
from tests.gateway.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[3]
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


def test_a_newer_schema_is_told_in_plain_words(
    blank_url: str, empty: Cli, environment: Callable[..., None]
) -> None:
    """Somebody starts the program of before beside a database that a newer one has migrated."""
    environment(database_url=blank_url)
    empty("keys", "create")
    empty("migrate")
    asyncio.run(run(blank_url, "UPDATE alembic_version SET version_num = '9998'"))
    for command in (("migrate",), ("migrate", "--down", "--yes"), ("keys", "list"), ("serve",)):
        empty(*command, status=1)
        assert f"the database has the schema 9998; this program knows none after {NEWEST}" in empty.said
        assert "A newer version of this program has been here. Run that one" in empty.said
    found = {each["id"]: each for each in empty.json("doctor", status=1)["controls"]}
    assert "A newer version" in found["schema"]["remedy"]


@pytest.mark.parametrize("begin", [None, "0021"])
def test_of_two_who_migrate_at_once_one_does_and_the_other_finds_it_done(
    blank_url: str, begin: str | None
) -> None:
    """From nothing, where no row can be waited at yet, and from an older schema."""
    if begin:
        asyncio.run(move_schema(blank_url, begin, down=False))
    # Processes, for Alembic keeps what it works on in places that threads would share.
    command = [sys.executable, "-m", "gateway", "migrate"]
    own = {**os.environ, "CONSENT_GATEWAY_DATABASE_URL": blank_url}
    migrations = [
        subprocess.Popen(
            command, cwd=ROOT, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    said = sorted(each.communicate()[0] for each in migrations)
    assert [each.returncode for each in migrations] == [0, 0], said
    assert f"the schema is {NEWEST} already" in said[0]
    assert f"went from {begin or 'empty'} to {NEWEST}" in said[1]
    asyncio.run(check_schema(blank_url))


def test_a_database_that_goes_on_being_somebody_elses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "ATTEMPTS", 2)
    monkeypatch.setattr(schema, "PAUSE", 0)
    url = f"sqlite:///{tmp_path / 'held.db'}"
    asyncio.run(run(url, "CREATE TABLE held (id INTEGER)"))

    def locked(*_: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(schema, "_wait_for_others", lambda connection: _raise(locked))
    with pytest.raises(DatabaseDown, match="Another program is writing, perhaps another 'migrate'"):
        asyncio.run(move_schema(url, None, down=False))


def _raise(cause: Callable[[], None]) -> None:
    try:
        cause()
    except sqlite3.OperationalError as error:
        raise OperationalError(None, None, error) from None


def test_a_migration_that_fails_is_not_tried_again(blank_url: str) -> None:
    asyncio.run(run(blank_url, "CREATE TABLE organisation (id INTEGER)"))
    tried = []

    def count(connection: Connection) -> None:
        tried.append(1)
        raise DBAPIError(None, None, ValueError("broken"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_wait_for_others", count)
        with pytest.raises(DatabaseDown):
            asyncio.run(move_schema(blank_url, None, down=False))
    assert tried == [1]


async def run(url: str, *statements: str) -> None:
    backend = open_backend(url)

    def work(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    await backend.write(work)
    await backend.close()


def test_a_sound_database_has_nothing_to_find(database_url: str) -> None:
    found = asyncio.run(look_at(database_url))
    assert found.is_current
    assert (found.differences, found.unguarded) == ((), ())
    assert found.newest_at is not None


def test_a_database_that_does_not_tell_whether_it_is_encrypted_is_not_guessed_at(database_url: str) -> None:
    """SQLite has no network; some that speak PostgreSQL's language lack its views."""
    found = asyncio.run(look_at(database_url)).is_encrypted
    assert found is (None if database_url.startswith("sqlite") else False)

    class Silent:
        dialect = postgresql.dialect()

        def execute(self, _: object) -> "Silent":
            return self

        def scalar(self) -> None:
            return None

    assert probes._is_encrypted(Silent()) is None  # type: ignore[arg-type]  # of a connection it needs these two


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
