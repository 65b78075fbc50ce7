"""A private PostgreSQL for a test session, and a database of its own for every test.

`python -m tests.postgres` says which PostgreSQL the tests take, as whom it runs, and proves that it starts.
"""

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import hmac
import itertools
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from tests import postgres_binaries, postgres_keeper
from tests.patience import until
from tests.ports import free_port
from tests.postgres_binaries import Identity

T = TypeVar("T")

ADMIN, OWNER = "postgres", "gateway"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "400",
    "timezone": "UTC",
    "log_min_messages": "warning",
}
# Without these a crash of the machine loses data, and nothing else changes.
CARELESS = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread and a loop of its own: the caller may be inside a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time pass."""
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clean_environment() -> dict[str, str]:
    """Return this process's variables without those that steer PostgreSQL or its messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C"}


def verifier_of(password: str) -> str:
    """Spell what a server keeps of a random password: one round of hashing instead of 4,096 (RFC 5803 §3).

    Rounds slow down whoever guesses, and nobody guesses 128 bits; every test connects several times.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    parts = (salt, stored, hmac.digest(salted, b"Server Key", "sha256"))
    return "SCRAM-SHA-256$1:{}${}:{}".format(*(base64.b64encode(each).decode() for each in parts))


class StartError(Exception):
    """The server did not come up; the text holds the end of its log."""


class Admin:
    """One connection as the superuser, kept open in a thread and a loop of its own: a new one costs 20 ms."""

    def __init__(self, **place: Any) -> None:
        self._place = place
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._connection: Any = None

    def fetch(self, *statements: tuple[str, tuple[object, ...]]) -> list[Any]:
        """Run statements; return the rows of the last."""
        return self._thread.submit(self._runner.run, self._fetch(statements)).result()

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.terminate()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    async def _fetch(self, statements: Sequence[tuple[str, tuple[object, ...]]]) -> list[Any]:
        if self._connection is None:
            self._connection = await asyncpg.connect(**self._place)
        rows: list[Any] = []
        for statement, arguments in statements:
            rows = await self._connection.fetch(statement, *arguments)
        return rows


class PostgresServer:
    """One server for all processes that name the same folder: the first starts it, it ends after the last.

    Args:
        folder: where the lock, the state and the log are; the data lie in a temporary folder of their own.
        fsync: whether commits survive a crash of the machine; tests of races and faults want it.
    """

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self._folder = folder
        self._settings = SETTINGS if fsync else SETTINGS | CARELESS
        self._users, self._state, self._log = (folder / f"postgres.{end}" for end in ("users", "json", "log"))
        self._lock: int | None = None
        self._known: dict[str, Any] = {}
        self._superuser: Admin | None = None
        self._numbers = itertools.count(1)

    @property
    def dsn(self) -> str:
        """The address of the server for the role that owns the databases; it is no superuser."""
        return f"postgresql://{OWNER}:{self._known['password']}@127.0.0.1:{self._known['port']}"

    @property
    def pid(self) -> int:
        """The process of the server; every other one of its processes descends from it."""
        return int((Path(self._known["data"]) / "cluster" / "postmaster.pid").read_text().split("\n", 1)[0])

    def start(self) -> str:
        """Join the server of the folder, or start it; return its address without a database.

        Raises:
            StartError: it did not come up.
            LookupError: there is no PostgreSQL on this machine.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        with locked(self._folder / "postgres.start"):
            self._lock = os.open(self._users, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # Waits for a server that is just ending; afterwards none can end while this lock is held.
            fcntl.flock(self._lock, fcntl.LOCK_SH)
            try:
                if not self._state.exists():
                    self._launch()
                self._known = json.loads(self._state.read_text())
            except BaseException:
                self.stop()
                raise
        return self.dsn

    def stop(self) -> None:
        """Leave the server; when nobody else uses it, it ends within a second."""
        self._hang_up()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def create_template(self, name: str, fill: Callable[[str], None]) -> None:
        """Make a database that others are copied from, once for all processes; `fill` gets its address."""
        with locked(self._folder / "postgres.templates"):
            if self._rows("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", name):
                return
            self._admin(
                f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" OWNER {OWNER}'
            )
            fill(f"{self.dsn}/{name}")
            # A template that somebody is connected to cannot be copied.
            self._admin(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false IS_TEMPLATE true')
            self._rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

    def create_database(self, template: str = "template1") -> str:
        """Copy a template; return the address of the new database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        # Copying files takes half as long as writing each block to the WAL.
        copy = f'TEMPLATE "{template}" STRATEGY FILE_COPY OWNER {OWNER}'
        self._admin(f'CREATE DATABASE "{name}" {copy}')
        return f"{self.dsn}/{name}"

    def drop_database(self, dsn: str) -> None:
        """Drop a database by its address, whoever is still connected to it."""
        self._admin(f'DROP DATABASE IF EXISTS "{dsn.rpartition("/")[2]}" WITH (FORCE)')

    def _launch(self) -> None:
        """Start a server; when another process was quicker to take the port, try again with the next."""
        for attempts_left in reversed(range(5)):
            data = Path(tempfile.mkdtemp(prefix="consent-gateway-postgres-"))
            try:
                self._launch_in(data)
                return
            except StartError as fault:
                self._hang_up()
                shutil.rmtree(data, ignore_errors=True)
                if not attempts_left or "could not bind" not in str(fault):
                    raise

    def _launch_in(self, data: Path) -> None:
        """Make a cluster, hand it to the keeper and note, for this user only, how to reach it."""
        programs, identity = postgres_binaries.choose()
        owner, admin = secrets.token_hex(16), secrets.token_hex(16)
        known = {"port": free_port(), "password": owner, "admin_password": admin}
        self._known = known | {"programs": str(programs), "identity": identity.name, "data": str(data)}
        self._initialise(programs, identity, data, admin)
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        server = [*identity.prefix, str(programs / "postgres"), "-D", str(data / "cluster"), *settings]
        self._await(self._keep(data, [*server, f"--port={known['port']}"]))
        self._admin(
            f"ALTER ROLE {ADMIN} PASSWORD '{verifier_of(admin)}'",
            f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{verifier_of(owner)}'",
        )
        partial = self._state.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(json.dumps(self._known))
        partial.rename(self._state)

    def _initialise(self, programs: Path, identity: Identity, data: Path, password: str) -> None:
        secret = data / "password"
        secret.write_text(password)
        if identity.owner is not None:
            for path in (data, secret):
                os.chown(path, *identity.owner)
        options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        options += [f"--username={ADMIN}", f"--pwfile={secret}", str(data / "cluster")]
        process = self._spawn([*identity.prefix, str(programs / "initdb"), *options])
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0:
            raise StartError(self._log_end())
        secret.unlink()

    def _log_end(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def _keep(self, data: Path, command: list[str]) -> int:
        script = str(postgres_keeper.__file__)
        places = [str(path) for path in (self._users, self._state, data)]
        return self._spawn([sys.executable, "-I", "-S", script, *places, *command])

    def _spawn(self, command: list[str]) -> int:
        """Start a command apart from terminal and pipes of the test run; what it says goes to the log."""
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        places = [
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, log, 1),
            (os.POSIX_SPAWN_DUP2, log, 2),
        ]
        try:
            return os.posix_spawnp(command[0], command, clean_environment(), file_actions=places, setsid=True)
        finally:
            os.close(log)
            os.close(null)

    def _await(self, keeper: int) -> None:
        def answers() -> bool:
            try:
                self._rows("SELECT 1")
            except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError) as fault:
                if os.waitpid(keeper, os.WNOHANG)[0]:
                    raise StartError(self._log_end()) from fault
                return False
            return True

        until(answers, "PostgreSQL does not answer")

    def _admin(self, *statements: str) -> None:
        self._ask(*((statement, ()) for statement in statements))

    def _rows(self, query: str, *arguments: object) -> list[Any]:
        return self._ask((query, arguments))

    def _ask(self, *statements: tuple[str, tuple[object, ...]]) -> list[Any]:
        if self._superuser is None:
            place = {"host": "127.0.0.1", "port": self._known["port"], "database": "postgres", "ssl": False}
            self._superuser = Admin(user=ADMIN, password=self._known["admin_password"], **place)
        return self._superuser.fetch(*statements)

    def _hang_up(self) -> None:
        if self._superuser is not None:
            self._superuser.close()
            self._superuser = None


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for the session, shared by all workers of pytest-xdist."""
    own = tmp_path_factory.getbasetemp()
    server = PostgresServer(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)
    server.start()
    yield server
    server.stop()


def main() -> None:
    """Start a server, say what it is, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder))
        server.start()
        version = server._rows("SHOW server_version")[0][0]
        print(f"PostgreSQL {version} from {server._known['programs']}, as {server._known['identity']}")
        server.stop()


if __name__ == "__main__":
    main()
