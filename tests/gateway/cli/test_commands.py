"""Every command: it explains itself, and says its faults in plain words."""

import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.cli import commands, terminal
from gateway.cli.terminal import CommandFault, words_for
from gateway.kit.errors import Refusal
from gateway.kit.secrets.key_ring import new_key_ring, write_key_ring
from gateway.kit.secrets.sealing import SealBroken
from tests.gateway.cli.conftest import Cli

ROOT = Path(__file__).resolve().parents[3]


def every_command(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Walk through the tree of commands."""
    command = command or typer.main.get_command(commands.app)
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from every_command(each, (*path, name))


COMMANDS = dict(every_command())


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_explains_the_command_and_every_option_of_it(empty: Cli, path: tuple[str, ...]) -> None:
    assert "Usage: consent-gateway" in empty(*path, "--help").replace("root", "consent-gateway")
    command = COMMANDS[path]
    assert command.help, path
    assert command.help.strip().endswith("."), path
    for parameter in command.params:
        assert getattr(parameter, "help", None), (path, parameter.name)


def test_every_file_of_commands_is_found_by_its_name() -> None:
    """A command whose file nothing names is one that nobody can call."""
    folder = ROOT / "gateway" / "cli"
    files = [
        path
        for path in folder.rglob("*.py")
        if "typer.Typer(" in path.read_text() or "typer.Option" in path.read_text()
    ]
    sources = "".join(path.read_text() for path in folder.rglob("*.py"))
    places = {place.partition(":")[0] for place in commands.PLACES.values()}
    for path in files:
        name = ".".join(path.relative_to(folder).with_suffix("").parts)
        is_found = name in places or f"from gateway.cli.{name} import" in sources or name == "commands"
        assert is_found, (
            f"gateway/cli/commands.py, PLACES: nothing leads to gateway/cli/{name.replace('.', '/')}.py"
        )


def test_without_a_command_it_shows_the_help(empty: Cli) -> None:
    empty(status=2)
    assert "migrate" in empty.said


def test_version(empty: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "version", lambda name: "1.2.3")
    assert empty("--version") == "1.2.3\n"

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(commands, "version", missing)
    assert empty("--version") == "not installed\n"


@pytest.mark.parametrize(
    "words", [["nonsense"], ["serve", "--port", "0"], ["keys", "rotate"], ["grant", "revoke", "gra_1"]]
)
def test_a_wrong_use_is_status_2(empty: Cli, words: list[str]) -> None:
    empty(*words, status=2)
    assert "Usage:" in empty.said


def test_every_fault_of_the_settings_is_told_at_once(empty: Cli, environment: Callable[..., None]) -> None:
    environment(issuer="http://gateway.example", code_ttl=3600)
    empty("doctor", status=1)
    assert "issuer: may be http only on this machine" in empty.said
    assert "code_ttl" in empty.said


def test_a_missing_key_ring_says_how_to_make_one(empty: Cli) -> None:
    empty("keys", "list", status=1)
    assert "consent-gateway keys create" in empty.said


def test_a_database_that_is_not_migrated_says_so(empty: Cli) -> None:
    empty("keys", "create")
    empty("people", "invite", "asha@lakeside.example", status=1)
    assert "the database is empty. Run 'consent-gateway migrate'." in empty.said


def test_a_database_that_does_not_answer_says_so(cli: Cli, environment: Callable[..., None]) -> None:
    environment(database_url="postgresql://nobody@127.0.0.1:9/nothing")
    cli("partner", "list", status=1)
    assert "the database does not answer" in cli.said


def test_a_foreign_key_ring_is_told_in_plain_words(cli: Cli) -> None:
    cli.ring.unlink()
    write_key_ring(cli.ring, new_key_ring())
    cli("keys", "rotate", "--master", "--rewrap", status=1)
    assert "the key ring does not open what the database holds" in cli.said


def test_a_fault_of_the_program_names_its_place_and_no_text_of_the_error(
    empty: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ValueError("asha@lakeside.example")

    monkeypatch.setattr("gateway.cli.doctor.read_settings", broken)
    empty("doctor", status=1)
    assert "ValueError at test_commands.py:" in empty.said
    assert "asha" not in empty.said


def test_ctrl_c_is_status_130(empty: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.doctor.read_settings", interrupted)
    empty("doctor", status=130)


def test_refusals_and_broken_seals_have_words() -> None:
    assert "There is nothing here. (unknown grant)" in words_for(Refusal("not_found", detail="unknown grant"))
    assert "Restore the key ring" in words_for(SealBroken("x"))
    assert words_for(CommandFault("plain")) == "plain"
    assert "an unknown place" in words_for(RuntimeError())


def test_times_are_spelled_in_utc() -> None:
    assert terminal.time_words(0) == "1970-01-01 00:00:00"
    assert terminal.time_words(None) == "–"


def test_the_collector_works_while_a_command_runs(cli: Cli) -> None:
    """It rests while the program is read."""
    gc.disable()
    try:
        cli("keys", "list")
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()


def test_serving_reads_no_other_commands_file() -> None:
    code = (
        "import sys; from gateway.cli.commands import app, Commands; Commands()['serve']; "
        "print(*(name for name in sys.modules if name.startswith(('alembic', 'gateway.cli.'))))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(shown.stdout.split()) == {
        "gateway.cli.commands",
        "gateway.cli.serve",
        "gateway.cli.terminal",
        "gateway.cli.tls_files",
    }


def test_it_runs_as_a_module() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    assert "Usage: consent-gateway doctor" in shown.stdout
