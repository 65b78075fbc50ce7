"""A primary that dies and a standby that is promoted behind the same address: 503 meanwhile, nothing lost after it."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import postgres_binaries
from tests.patience import PATIENCE, until
from tests.ports import free_port
from tests.postgres import ADMIN, CARELESS, SETTINGS, Admin, PostgresServer, StartError, clean_environment
from tests.races.cable import Cable, cabled
from tests.world import World, fill, serve


class Standby:
    """A copy of a server that streams what is written there, until it is promoted."""

    def __init__(self, primary: PostgresServer, folder: Path) -> None:
        self._programs, self._identity = postgres_binaries.choose()
        # Not in the test's folder, which whom the server runs as may not be able to enter.
        self._folder = Path(tempfile.mkdtemp(prefix="consent-gateway-standby-"))
        if self._identity.owner is not None:
            os.chown(self._folder, *self._identity.owner)
        self._data = self._folder / "cluster"
        self.port = free_port()
        self._environment = clean_environment() | {"PGPASSWORD": primary._known["admin_password"]}
        place = f"host=127.0.0.1 port={primary._known['port']} user={ADMIN}"
        # Streaming begins at once, and nothing waits for a checkpoint.
        options = ["-D", str(self._data), "-d", place, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        self._run("pg_basebackup", *options)
        settings = [f"--{name}={value}" for name, value in (SETTINGS | CARELESS).items()]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *settings, f"--port={self.port}"]
        with (folder / "standby.log").open("wb") as log:
            self._server = subprocess.Popen(
                [*self._identity.prefix, *command], env=self._environment, stdout=log, stderr=log
            )
        self._admin = Admin(
            host="127.0.0.1",
            port=self.port,
            user=ADMIN,
            password=primary._known["admin_password"],
            database="postgres",
            ssl=False,
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._identity.prefix, str(self._programs / program), *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, timeout=PATIENCE)
        if done.returncode:
            raise StartError(done.stderr.decode(errors="replace"))

    def rows(self, query: str) -> list[Any]:
        try:
            return self._admin.fetch((query, ()))
        except Exception as error:
            if self._server.poll() is not None:
                raise StartError("the standby ended") from error
            return []

    def close(self) -> None:
        self._admin.close()
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def beside(primary: PostgresServer, folder: Path) -> Iterator[Standby]:
    """Start a standby; both have everything that was written until now."""
    standby = Standby(primary, folder)
    try:
        yield standby
    finally:
        standby.close()


def caught_up(primary: PostgresServer, standby: Standby) -> bool:
    ((written,),) = primary._rows("SELECT pg_current_wal_lsn()::text")
    found = standby.rows(f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn")
    return bool(found and found[0][0])


@pytest.fixture
def fallible(tmp_path: Path) -> Iterator[tuple[PostgresServer, Cable, World]]:
    """A gateway on a server of its own, behind an address that can lead elsewhere."""
    server = PostgresServer(tmp_path / "primary")
    server.start()
    try:
        url = server.create_database()
        fill(url)
        with cabled(url) as (cable, near), serve(near, tmp_path) as world:
            yield server, cable, world
    finally:
        server.stop()


def statuses(world: World, tokens: dict[str, str]) -> set[int]:
    world.clock.pass_by(1)
    asked = [
        world.userinfo(tokens["access_token"]),
        world.post("/introspect", {"token": tokens["access_token"]}),
        world.client().get("/ready"),
    ]
    assert all(each.headers.get("Retry-After") for each in asked[:2] if each.status_code == 503)
    return {each.status_code for each in asked}


def test_a_promoted_standby_is_used_without_a_start_and_an_old_one_shows_nothing(
    fallible: tuple[PostgresServer, Cable, World], tmp_path: Path
) -> None:
    """A standby that is not promoted yet could show a consent that has ended: it is not even read."""
    primary, cable, world = fallible
    tokens = world.tokens()
    with beside(primary, tmp_path) as standby:
        assert statuses(world, tokens) == {200}
        until(lambda: caught_up(primary, standby), "the standby does not follow")
        os.kill(primary.pid, signal.SIGQUIT)
        cable.cut()
        cable._target = ("127.0.0.1", standby.port)
        cable.plug_in()
        assert statuses(world, tokens) == {503}
        assert statuses(world, tokens) == {503}
        assert standby.rows("SELECT pg_promote()") == [(True,)]
        assert statuses(world, tokens) == {200}
        assert world.refresh(tokens["refresh_token"]).status_code == 200
