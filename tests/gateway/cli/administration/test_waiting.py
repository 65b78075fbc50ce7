"""What takes two people, at the command line: who stands behind it, and that it is one person there."""

import os
import pwd
import re
from types import SimpleNamespace

import pytest

from gateway.cli import terminal
from tests.gateway.cli.conftest import Cli

SAM = "support@platform.example"


def ask(cli: Cli, by: str = "alice") -> str:
    said = cli("--by", by, "people", "role", SAM, "auditor", "--why", "moves on")
    found = re.search(r"wai_\S+", said)
    assert found is not None
    return found[0]


def test_a_request_is_listed_shown_and_taken_back(cli: Cli) -> None:
    request = ask(cli)
    assert "cli:alice" in cli("waiting", "list")
    (listed,) = cli.json("waiting", "list")
    assert (listed["request"], listed["asked_by"], listed["state"]) == (request, "cli:alice", "waiting")
    shown = cli("waiting", "show", request)
    for words in (
        "Another role for an account",
        "Support",
        "Auditor",
        "moves on",
        "Somebody else has to agree",
    ):
        assert words in shown
    assert cli.json("waiting", "show", request)["facts"]["New role"] == "Auditor"
    cli("--by", "bob", "waiting", "withdraw", request, status=1)
    cli("--by", "alice", "waiting", "withdraw", request)
    assert "withdrawn by cli:alice" in cli("waiting", "show", request)


def test_the_command_line_is_one_person(cli: Cli) -> None:
    request = ask(cli)
    digest = cli.json("waiting", "show", request)["content"]
    cli("--by", "bob", "waiting", "approve", request, "--content", digest, status=1)
    cli("--by", "bob", "waiting", "refuse", request, status=1)
    assert cli.json("waiting", "show", request)["state"] == "waiting"


def test_whoever_is_not_there_has_no_role(cli: Cli) -> None:
    cli("people", "role", "nobody@lakeside.example", "auditor", "--why", "none", status=1)
    assert "no account with this address" in cli.said


def test_without_a_name_it_is_the_user_of_the_system(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def known_as(name: str) -> str:
        monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name=name))
        terminal.name_who_acts("")
        return terminal.acting_name()

    assert known_as("asha") == "cli:asha"
    assert known_as("ASHA@home") == f"cli:uid-{os.getuid()}"

    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    terminal.name_who_acts("")
    assert terminal.acting_name() == f"cli:uid-{os.getuid()}"


def test_an_address_is_no_name_for_the_record(cli: Cli) -> None:
    cli("--by", "asha@lakeside.example", "waiting", "list", status=2)
    assert "a short name" in cli.said


def test_the_glass_is_broken_on_the_machine_itself_and_everybody_is_told(cli: Cli) -> None:
    """Where nobody else is left, one goes on alone: on record, by letter to all, in the list of the doctor."""
    request = ask(cli)
    digest = cli.json("waiting", "show", request)["content"]
    assert "nobody did alone what takes two" in doctor(cli)
    cli("waiting", "break-glass", request, "--content", digest, status=1, answer="n\n")
    cli("--by", "alice", "waiting", "break-glass", request, "--content", "0" * 64, "--yes", status=1)
    cli("--by", "alice", "waiting", "break-glass", request, "--content", digest, "--yes")
    shown = cli.json("waiting", "show", request)
    assert (shown["state"], shown["decided_by"]) == ("approved", "cli:alice")
    assert "broken 1 time(s)" in doctor(cli)
    mail = "\n".join(file.read_text() for file in (cli.folder / "mail").iterdir())
    for name in ("admin", "officer", "manager", "auditor"):
        assert f"To: {name}@platform.example" in mail
    assert "One person did this alone" in mail


def doctor(cli: Cli) -> str:
    return next(each["detail"] for each in cli.json("doctor")["controls"] if each["name"] == "two people")
