"""`log move-origin`, and a log under another issuer: what the terminal says of the log's own name (A3, C1)."""

from collections.abc import Callable

import pytest
from sqlalchemy import create_engine, text

from gateway.actions.ledger.verification import TreeCheck
from gateway.cli.serve import check_production
from gateway.cli.terminal import CommandFault
from gateway.kit.settings import read_settings
from tests.gateway.cli.conftest import Cli

ADMIN = "admin@platform.example"
Set = Callable[..., None]


def controls(cli: Cli, status: int = 0) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in cli.json("doctor", status=status)["controls"]}


def test_the_log_is_sound_whatever_the_issuer_is_set_to(both_cli: Cli, environment: Set) -> None:
    """A newcomer sets nothing but database and key ring; `log verify` said that the log was not sound."""
    environment(issuer="http://localhost:18000")
    both_cli("log", "sequence")
    for issuer in ("http://localhost:8000", "https://another.example"):
        environment(issuer=issuer)
        found = both_cli.json("log", "verify")
        assert (found["ok"], found["faults"]) == (True, [])
        both_cli("log", "sequence")
    assert "faults: none" in both_cli("log", "verify")


def test_doctor_and_production_say_that_the_name_is_another(cli: Cli, environment: Set) -> None:
    assert "once it begins" in controls(cli)["log's name"]["detail"]
    environment(issuer="https://gateway.example")
    cli("log", "sequence")
    assert controls(cli)["log's name"]["detail"] == "gateway.example/log"
    environment(issuer="https://new.example")
    found = controls(cli, status=1)["log's name"]
    assert not found["ok"]
    assert "log move-origin" in found["remedy"]
    environment(environment="production", smtp_url="smtp://localhost", contact="us@platform.org")
    with pytest.raises(
        CommandFault, match=r"The hand-off log is gateway\.example/log, and CONSENT_GATEWAY_ISSUER would"
    ):
        check_production(read_settings())


def test_move_origin_says_what_it_does_and_asks(both_cli: Cli, environment: Set) -> None:
    cli = both_cli
    environment(issuer="https://old.example")
    cli("log", "move-origin", "--by", "asha@lakeside.example", status=1)
    assert "not the log-in of a platform administrator" in cli.said
    assert "it will begin as old.example/log" in cli("log", "move-origin", "--by", ADMIN)
    cli("log", "sequence")
    environment(issuer="https://new.example")
    cli("log", "move-origin", "--by", ADMIN, answer="n\n", status=1)
    assert "nothing was changed" in cli.said
    shown = cli("log", "move-origin", "--by", ADMIN, answer="y\n")
    for each in (
        "The log is old.example/log",
        "becomes new.example/log",
        "1. ",
        "3. ",
        "Witnesses",
        "Publish",
    ):
        assert each in shown
    assert cli.json("log", "verify")["ok"]
    again = cli("log", "move-origin", "--by", ADMIN, "--yes")
    assert "becomes" not in again
    assert "the log is new.example/log" in again
    environment(issuer="https://third.example")
    assert "becomes third.example/log" in cli("log", "move-origin", "--by", ADMIN, "--yes")
    assert cli.json("log", "verify")["ok"]


def test_a_log_that_cannot_go_on_is_named(cli: Cli, sqlite_url: str) -> None:
    """`doctor` finds it without writing anything, and `log sequence` says it in words."""
    cli("log", "sequence")
    cli("log", "show")
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE log_tile SET hashes = zeroblob(length(hashes))"))
    engine.dispose()
    cli("log", "sequence", status=1)
    assert "does not continue what was signed last" in cli.said
    found = controls(cli, status=1)["log's growth"]
    assert not found["ok"]
    assert "nothing more can be signed" in found["detail"]


def test_something_that_waits_is_told_and_forbids_no_start(cli: Cli) -> None:
    found = controls(cli)["log's growth"]
    assert found["ok"]
    assert "is a gateway running?" in found["detail"]
    cli("log", "sequence")
    assert "waits" not in controls(cli)["log's growth"]["detail"]


def test_older_entries_that_name_somebody_are_counted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    async def verified(*_: object, **given: object) -> TreeCheck:
        return TreeCheck(5, b"r" * 32, 1, 0, (), (2, 4))

    monkeypatch.setattr("gateway.cli.ledger.verify.verify_tree", verified)
    assert "2 entries of an older version name a person by their id" in cli("log", "verify")
    assert "leaves 2, 4" in cli("log", "verify")
    found = cli.json("log", "verify")
    assert (found["ok"], found["unmarked"]) == (True, [2, 4])
