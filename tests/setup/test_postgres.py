"""The tests' own PostgreSQL: it works, databases are apart, and nothing of it outlives its users."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests import postgres_binaries
from tests.patience import until
from tests.postgres import PostgresServer, apart

ROOT = Path(__file__).resolve().parents[2]
START_AND_WAIT = """
import sys, time
from pathlib import Path
from tests.postgres import PostgresServer
print(PostgresServer(Path(sys.argv[1])).start(), flush=True)
time.sleep(600)
"""


def query(dsn: str, *statements: str) -> Any:
    """Run statements; return the first value of the last."""

    async def work() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return apart(work())


def answers(dsn: str) -> bool:
    """Tell whether somebody listens at the address."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(dsn).port or 0)) == 0


def ends(dsn: str) -> bool:
    """Tell whether the server stops listening within a few seconds."""
    until(lambda: not answers(dsn), "the server still listens")
    return True


@pytest.fixture(scope="module")
def template(postgres_server: PostgresServer) -> str:
    """A template with one table and one row."""
    name = "template_of_setup_tests"

    def fill(dsn: str) -> None:
        query(dsn, "CREATE TABLE person (name text)", "INSERT INTO person VALUES ('Élodie')", "SELECT 1")

    postgres_server.create_template(name, fill)
    return name


@pytest.fixture
def database(postgres_server: PostgresServer, template: str) -> Iterator[str]:
    """A database of the test's own."""
    dsn = postgres_server.create_database(template)
    yield dsn
    postgres_server.drop_database(dsn)


def test_a_database_has_what_its_template_was_filled_with(database: str) -> None:
    """The copy holds the rows, and text outside ASCII sorts and folds as in a production database."""
    assert query(database, "SELECT lower(name) FROM person") == "élodie"


def test_databases_of_one_template_do_not_see_each_other(
    postgres_server: PostgresServer, template: str, database: str
) -> None:
    """What one test writes is neither in another's database nor in the template."""
    query(database, "DELETE FROM person", "SELECT 1")
    other = postgres_server.create_database(template)
    try:
        assert query(other, "SELECT count(*) FROM person") == 1
        assert query(database, "SELECT count(*) FROM person") == 0
    finally:
        postgres_server.drop_database(other)


def test_a_dropped_database_is_gone_although_somebody_is_connected(
    postgres_server: PostgresServer, template: str
) -> None:
    """A test that leaks a connection does not keep its database."""
    dsn = postgres_server.create_database(template)

    async def leak() -> None:
        connection = await asyncpg.connect(dsn)
        postgres_server.drop_database(dsn)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")
        connection.terminate()

    asyncio.run(leak())
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        query(dsn, "SELECT 1")


def test_a_template_is_filled_once(postgres_server: PostgresServer, template: str) -> None:
    """Every worker asks for the template; one of them fills it."""
    calls: list[str] = []
    postgres_server.create_template(template, calls.append)
    assert calls == []


def test_a_template_that_could_not_be_filled_is_filled_anew(postgres_server: PostgresServer) -> None:
    """A fault in a migration shows in every test, instead of half a schema in all but the first."""

    def fail(dsn: str) -> None:
        query(dsn, "CREATE TABLE half (id int)", "SELECT 1")
        raise RuntimeError("no schema")

    with pytest.raises(RuntimeError, match="no schema"):
        postgres_server.create_template("template_that_fails", fail)
    postgres_server.create_template("template_that_fails", lambda dsn: None)
    dsn = postgres_server.create_database("template_that_fails")
    try:
        assert query(dsn, "SELECT to_regclass('half')") is None
    finally:
        postgres_server.drop_database(dsn)


def test_databases_belong_to_a_role_that_is_no_superuser(database: str) -> None:
    """What passes here needs no more rights in production than to own its database."""
    assert query(database, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_the_server_refuses_who_does_not_know_the_password(database: str) -> None:
    """Other users of the machine cannot become the database's superuser through the loopback."""
    address = urlsplit(database)
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(f"postgresql://postgres:guess@127.0.0.1:{address.port}{address.path}", "SELECT 1")


def test_a_second_user_shares_the_server_and_the_last_ends_it(tmp_path: Path) -> None:
    """All workers of a run share one server; it ends when the last of them leaves, and its data with it."""
    first, second = PostgresServer(tmp_path, fsync=True), PostgresServer(tmp_path, fsync=True)
    dsn = first.start()
    assert second.start() == dsn
    first.stop()
    assert query(f"{second.create_database()}", "SHOW fsync") == "on"
    data = Path(second._known["data"])
    second.stop()
    assert ends(dsn)
    assert first.start() != dsn, "a server that is ending must not be joined"
    first.stop()
    assert not data.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_test_run_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    """Nothing of the run can clean up after SIGKILL, so somebody else does."""
    command = [sys.executable, "-c", START_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
        assert run.stdout is not None
        dsn = run.stdout.readline().strip()
        assert answers(dsn)
        run.send_signal(number)
    assert ends(dsn)


def test_the_variable_names_the_only_folder_that_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A developer who asks for one PostgreSQL never tests silently with another."""
    monkeypatch.setenv(postgres_binaries.VARIABLE, str(tmp_path))
    with pytest.raises(LookupError, match=str(tmp_path)):
        postgres_binaries.choose.__wrapped__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_where_namespaces_are_forbidden_root_becomes_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers often forbid user namespaces; the server then runs as a user that every Unix has."""
    namespace, *others = postgres_binaries.identities(is_root=True)
    assert "unshare" in namespace.prefix
    monkeypatch.setattr(postgres_binaries, "identities", lambda is_root: iter(others))
    monkeypatch.setattr(postgres_binaries, "choose", postgres_binaries.choose.__wrapped__)
    server = PostgresServer(tmp_path)
    dsn = server.start()
    try:
        assert query(server.create_database(), "SELECT 1") == 1
        assert server._known["identity"] in {"user postgres", "user nobody"}
    finally:
        server.stop()
    assert ends(dsn)
