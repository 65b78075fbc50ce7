"""The command line over a filled database, in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import commands
from gateway.cli.controls import checking, network
from gateway.kit.secrets.key_ring import write_key_ring
from tests.world import fixed_ring

VARIABLES = (
    "DATA_DIR",
    "DATABASE_URL",
    "KEY_RING",
    "CONFIG",
    "ISSUER",
    "ENVIRONMENT",
    "CONTACT",
    "SMTP_URL",
    "RELAY_DOMAIN",
    "MAIL_INTERVAL",
)


class Cli:
    """Runs commands and looks at what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ring = folder / "key-ring.json"
        self.said = ""

    def __call__(self, *words: str, status: int = 0, answer: str | None = None) -> str:
        """Run a command; give what it printed, both streams together."""
        result = CliRunner().invoke(commands.app, words, input=answer)
        self.said = result.output
        assert result.exit_code == status, (result.exit_code, result.output, result.exception)
        assert "Traceback" not in result.output
        return result.stdout

    def json(self, *words: str, status: int = 0) -> Any:
        """Run a command with --json; give the document, which is all that stands on stdout."""
        return json.loads(self(*words, "--json", status=status))


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set settings in the environment, where the command line finds them."""

    def change(**settings: object) -> None:
        for name, value in settings.items():
            monkeypatch.setenv(f"CONSENT_GATEWAY_{name.upper()}", str(value))

    for name in VARIABLES:
        monkeypatch.delenv(f"CONSENT_GATEWAY_{name}", raising=False)
    # Commands set the logs up for a process of their own; here the session's file keeps them.
    monkeypatch.setattr(commands, "configure_logs", lambda: None)
    monkeypatch.setenv("COLUMNS", "160")
    return change


@pytest.fixture(autouse=True)
def _slow_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the doctor's controls take their time: which of them holds must not depend on how quick the machine is."""
    monkeypatch.setattr(checking, "PATIENCE", 600)
    monkeypatch.setattr(network, "PATIENCE", 120)
    look = network._end_of_certificate

    async def nearby(host: str, port: int) -> int:
        if host != "localhost":
            raise ConnectionRefusedError
        return await look(host, port)

    # No test talks to anything but the loopback.
    monkeypatch.setattr(network, "_end_of_certificate", nearby)


@pytest.fixture
def empty(environment: Callable[..., None], tmp_path: Path) -> Cli:
    """The command line where there is nothing yet."""
    folder = tmp_path / "installation"
    environment(data_dir=folder)
    return Cli(folder)


@pytest.fixture
def cli(environment: Callable[..., None], sqlite_url: str, tmp_path: Path) -> Cli:
    """The command line over the world's people and partners, on SQLite."""
    environment(data_dir=tmp_path, database_url=sqlite_url)
    return over(tmp_path)


@pytest.fixture
def both_cli(environment: Callable[..., None], database_url: str, tmp_path: Path) -> Cli:
    """The same on each database."""
    environment(data_dir=tmp_path, database_url=database_url)
    return over(tmp_path)


def over(folder: Path) -> Cli:
    """Put the world's key ring into a folder."""
    folder.chmod(0o700)
    found = Cli(folder)
    write_key_ring(found.ring, fixed_ring())
    return found
