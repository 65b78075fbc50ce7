"""Whatever goes wrong at the start of a command: plain words with the next step, status 1, and never a stack trace."""

import errno
import os
import socket
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError

from gateway.cli.terminal import words_for
from gateway.kit.database_address import AddressFault
from gateway.kit.errors import Refusal
from gateway.kit.secrets.key_ring import write_key_ring
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli
from tests.world import fixed_ring


@dataclass
class Machine:
    """Where something is wrong."""

    cli: Cli
    set: Callable[..., None]
    folder: Path
    postgres: Callable[[], str]


Case = Callable[[Machine], None]


def no_ring(at: Machine) -> None:
    at.cli.ring.unlink()


def ring_is_a_folder(at: Machine) -> None:
    at.cli.ring.unlink()
    at.cli.ring.mkdir()


def ring_is_half_written(at: Machine) -> None:
    at.cli.ring.write_bytes(at.cli.ring.read_bytes()[:100])


def ring_is_binary(at: Machine) -> None:
    at.cli.ring.write_bytes(b"\xff\x00\xfe")


def bad_toml(at: Machine) -> None:
    (at.folder / "gateway.toml").write_text("issuer = ")
    at.set(config=at.folder / "gateway.toml")


def toml_in_another_encoding(at: Machine) -> None:
    (at.folder / "gateway.toml").write_bytes('service_name = "Lycée"'.encode("latin-1"))
    at.set(config=at.folder / "gateway.toml")


def no_toml(at: Machine) -> None:
    at.set(config=at.folder / "none.toml")


def toml_is_a_folder(at: Machine) -> None:
    at.set(config=at.folder)


def wrong_setting(at: Machine) -> None:
    at.set(issuer="https://Gateway.example:443")


def unknown_scheme(at: Machine) -> None:
    at.set(database_url="mysql://db")


def asyncpgs_spelling(at: Machine) -> None:
    at.set(database_url="postgresql://db/gateway?ssl=require")


def no_root_certificate(at: Machine) -> None:
    at.set(database_url="postgresql://db/gateway?sslmode=verify-full&sslrootcert=/nowhere/root.pem")


def database_down(at: Machine) -> None:
    at.set(database_url="postgresql://nobody@127.0.0.1:9/nothing")


def wrong_password(at: Machine) -> None:
    user, _, rest = at.postgres().removeprefix("postgresql://").partition(":")
    at.set(database_url=f"postgresql://{user}:guess@{rest.partition('@')[2]}")


def no_such_database(at: Machine) -> None:
    at.set(database_url=f"{at.postgres().rpartition('/')[0]}/nowhere")


def server_without_tls(at: Machine) -> None:
    at.set(database_url=f"{at.postgres()}?sslmode=require")


def database_is_text(at: Machine) -> None:
    (at.folder / "text.db").write_text("This is a letter, not a database. " * 100)
    at.set(database_url=f"sqlite:///{at.folder / 'text.db'}")


def database_in_no_folder(at: Machine) -> None:
    at.set(database_url=f"sqlite:///{at.folder / 'none' / 'gateway.db'}")


def empty_database(at: Machine) -> None:
    at.set(database_url=f"sqlite:///{at.folder / 'empty.db'}")


WRONG: dict[Case, str] = {
    no_ring: "no key ring at",
    ring_is_a_folder: "let the gateway's user own the file",
    ring_is_half_written: "it is damaged",
    ring_is_binary: "it is damaged",
    bad_toml: "gateway.toml: ",
    toml_in_another_encoding: "gateway.toml: ",
    no_toml: "there is no file",
    toml_is_a_folder: "there is no file",
    wrong_setting: "write https://gateway.example ",
    unknown_scheme: "must begin with sqlite:/// or postgresql://",
    asyncpgs_spelling: "write sslmode=",
    no_root_certificate: "there is no file sslrootcert=/nowhere/root.pem",
    database_down: "Look at CONSENT_GATEWAY_DATABASE_URL",
    wrong_password: "It refuses this user or this password",
    no_such_database: "createdb",
    server_without_tls: "The server has no TLS",
    database_is_text: "The file is something else, or damaged",
    database_in_no_folder: "Make its folder",
    empty_database: "Run 'consent-gateway migrate'",
}
"""What is wrong, and words that have to be said."""

COMMANDS = (
    ("serve", "--port", "9"),
    ("relay",),
    ("keys", "list"),
    ("keys", "rotate", "--signing"),
    ("organisation", "list"),
    ("partner", "list"),
    ("log", "verify"),
)


@pytest.fixture
def machine(
    cli: Cli, environment: Callable[..., None], tmp_path: Path, request: pytest.FixtureRequest
) -> Machine:
    def postgres() -> str:
        url: str = request.getfixturevalue("postgres_server").create_database()
        return url

    environment(relay_domain="relay.example.org")
    return Machine(cli, environment, tmp_path, postgres)


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.__name__)
def test_every_command_says_what_is_wrong_and_what_to_do(machine: Machine, case: Case) -> None:
    case(machine)
    for words in COMMANDS:
        machine.cli(*words, status=1)
        assert WRONG[case] in " ".join(machine.cli.said.split()), (words, machine.cli.said)
        assert "something went wrong that should not" not in machine.cli.said


@pytest.mark.parametrize(
    "case", [each for each in WRONG if each not in (empty_database, no_ring)], ids=lambda case: case.__name__
)
def test_the_commands_of_a_first_start_say_it_too(machine: Machine, case: Case) -> None:
    """`migrate`, `keys create`, and the doctor, which goes on with what it can look at."""
    case(machine)
    for words, status in ((("migrate",), (0, 1)), (("keys", "create"), (0, 1)), (("doctor",), (0, 1))):
        from typer.testing import CliRunner

        from gateway.cli import commands

        result = CliRunner().invoke(commands.app, words)
        assert result.exit_code in status
        assert "Traceback" not in result.output
        assert "something went wrong that should not" not in result.output, (words, result.output)


def test_a_taken_port_a_wrong_host_and_a_manifest_in_another_encoding(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        machine.cli("serve", "--port", str(taken.getsockname()[1]), status=1)
    assert "choose another port with --port" in machine.cli.said
    machine.cli("serve", "--host", "no.such.host.invalid", status=1)
    assert "cannot be used" in machine.cli.said
    (machine.folder / "manifest.toml").write_bytes('name = "Lycée"'.encode("latin-1"))
    machine.cli("partner", "submit", str(machine.folder / "manifest.toml"), status=1)
    assert "UTF-8" in machine.cli.said
    machine.cli("partner", "submit", str(machine.folder / "none.toml"), status=1)
    assert "cannot be read (No such file or directory)" in machine.cli.said


def test_a_data_folder_that_is_a_file_is_told(machine: Machine) -> None:
    (machine.folder / "file").write_text("")
    machine.set(data_dir=machine.folder / "file", database_url="")
    for words in (("migrate",), ("keys", "create")):
        machine.cli(*words, status=1)
        assert "something went wrong that should not" not in machine.cli.said
    machine.set(data_dir=machine.folder / "file" / "below")
    for words in (("migrate",), ("keys", "create")):
        machine.cli(*words, status=1)
        assert "something went wrong that should not" not in machine.cli.said


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EDQUOT, "Make room"),
        (errno.EROFS, "cannot be written"),
        (errno.EACCES, "Let the user who runs this"),
        (errno.EPERM, "Let the user who runs this"),
        (errno.EISDIR, "Name a file"),
        (errno.ENOTDIR, "a folder has to be"),
        (errno.ENOENT, "Correct the name"),
        (errno.EEXIST, "name another place"),
    ],
)
def test_faults_of_the_machine_name_the_place_and_the_next_step(number: int, advice: str) -> None:
    words = words_for(OSError(number, os.strerror(number), "/srv/place"))
    assert words.startswith(f"/srv/place: {os.strerror(number)}. ")
    assert advice in words
    assert words_for(OSError(number, os.strerror(number))).startswith(os.strerror(number))


def test_what_has_no_advice_is_still_no_stack_trace() -> None:
    assert "something went wrong that should not" in words_for(OSError(errno.EPIPE, "Broken pipe"))
    assert "UTF-8" in words_for(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))
    assert words_for(AddressFault("why")) == "why"


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("database or disk is full", "Make room where the database is"),
        ("attempt to write a readonly database", "Let the gateway's user own the file"),
        ("disk I/O error", "Make room, or look at the disk"),
        ("database disk image is malformed", "Restore it from a backup"),
    ],
)
def test_a_database_that_fails_in_the_middle_is_told_without_its_rows(said: str, advice: str) -> None:
    words = words_for(OperationalError("UPDATE secret", {"value": "Asha"}, sqlite3.OperationalError(said)))
    assert words.startswith("the database refused. ")
    assert advice in words
    assert "Asha" not in words
    unknown = DBAPIError("UPDATE secret", {}, sqlite3.OperationalError("no such column: Asha"))
    assert "Asha" not in words_for(unknown)
    assert "something went wrong that should not" in words_for(unknown)


def test_an_outage_is_told_by_what_the_database_said_last() -> None:
    """A refusal says that it is busy; whoever stands at the machine can do something about it."""
    refusal = Refusal("temporarily_unavailable", detail="the database refuses, SQLITE_FULL")
    said = sqlite3.OperationalError("database or disk is full")
    refusal.__cause__ = OperationalError("UPDATE secret", {"value": "Asha"}, said)
    assert words_for(refusal).startswith("the database refused. Make room where the database is")
    refusal.__cause__ = TimeoutError()
    assert words_for(refusal).endswith("(the database refuses, SQLITE_FULL)")


def test_a_full_disk_leaves_the_ring_as_it_was(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = machine.cli.ring.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        machine.cli("keys", "rotate", "--master", status=1)
    assert "No space left on device" in machine.cli.said
    assert machine.cli.ring.read_bytes() == before
    write_key_ring(machine.cli.ring, fixed_ring())
    assert Settings().key_ring_path == machine.cli.ring
