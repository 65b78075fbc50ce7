"""`log sequence`, `log verify`, `log export`: what an administrator can do about the tree from a terminal."""

import asyncio
import json
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.actions.ledger.search import LogSearch, read_log
from gateway.actions.ledger.verification import TreeCheck
from gateway.cli.ledger import log
from gateway.cli.terminal import open_services
from gateway.kit.clock import DAY, system_clock
from tests.gateway.cli.conftest import Cli
from tests.ledgers import read_member


def test_sequence_verify_and_export(both_cli: Cli, tmp_path: Path) -> None:
    cli = both_cli
    cli("log", "sequence")
    cli("log", "show")
    cli("log", "sequence")
    found = cli.json("log", "verify")
    assert found["ok"]
    assert found["leaves"] > 0
    assert "faults: none" in cli("log", "verify")
    cli("log", "export", str(tmp_path / "log.tar"), "--since", "2020-01-01", "--until", "2020-01-02")
    assert "wrote 0 entries" in cli.said
    cli("log", "export", str(tmp_path / "log.tar"))
    assert f"wrote {found['leaves']} entries" in cli.said


def test_every_way_to_read_the_log_from_a_terminal_is_itself_in_the_log(
    both_cli: Cli, tmp_path: Path
) -> None:
    """Design of the log, 2: administrators' reads of the log are leaves, a check of the whole among them."""
    cli = both_cli
    cli("log", "show")
    cli("log", "sequence")
    cli("log", "verify")
    cli("log", "export", str(tmp_path / "first.tar"))
    cli("log", "sequence")
    assert cli.json("log", "verify")["ok"]
    cli("log", "export", str(tmp_path / "log.tar"))
    with tarfile.open(tmp_path / "log.tar") as archive:
        lines = read_member(archive, "entries.jsonl").splitlines()
    entries = [json.loads(json.loads(line)["entry"]) for line in lines]
    looks = [each["action"] for each in entries if each.get("target_kind") == "log"]
    assert sorted(looks) == ["export_log", "read_log", "verify_log"]


def test_a_kept_checkpoint_is_compared(cli: Cli, tmp_path: Path, sqlite_url: str) -> None:
    cli("log", "sequence")
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        note = connection.execute(text("SELECT note FROM log_checkpoint")).scalar_one()
        kept = tmp_path / "kept"
        kept.write_text(note)
        forged = tmp_path / "forged"
        forged.write_text(note.replace("\n", "\n1", 1))
    assert cli.json("log", "verify", "--checkpoint", str(kept))["ok"]
    cli("log", "verify", "--checkpoint", str(forged), status=1)
    assert "does not hold" in cli.said
    cli("log", "verify", "--checkpoint", str(tmp_path / "absent"), status=1)
    assert "cannot be read" in cli.said
    with engine.begin() as connection:
        connection.execute(text("UPDATE log_tile SET hashes = x'00'"))
    found = cli.json("log", "verify", status=1)
    assert [each["subject"] for each in found["faults"]] == ["tile 0/000"]
    engine.dispose()


async def look_often() -> None:
    """Fill a bundle of the log."""
    async with open_services() as services:
        for _ in range(256):
            await read_log(services, "cli", LogSearch())


def test_archive_and_prune(both_cli: Cli, tmp_path: Path) -> None:
    cli = both_cli
    folder = str(tmp_path / "archive")
    cli("log", "prune", folder, "--yes", status=1)
    assert "nothing was archived yet" in cli.said
    cli("log", "archive", "--before", "2100-01-01", "--to", folder, status=1)
    assert "no checkpoint yet" in cli.said
    cli("log", "sequence")
    assert "nothing is old enough" in cli("log", "archive", "--before", "2100-01-01", "--to", folder)
    asyncio.run(look_often())
    cli("log", "sequence")
    assert "leaves 0 to 255 are in" in cli("log", "archive", "--before", "2100-01-01", "--to", folder)
    cli("log", "prune", folder, answer="n\n", status=1)
    assert "nothing was changed" in cli.said
    assert "0 hand-offs before leaf 256" in cli("log", "prune", folder, answer="y\n")
    cli("log", "sequence")
    assert cli.json("log", "verify", "--archive", folder)["ok"]


def test_a_timer_archives_and_prunes_without_being_asked(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = str(tmp_path / "archive")
    words = ("log", "archive", "--older-than", "365", "--to", folder, "--then-prune")
    cli("log", "sequence")
    asyncio.run(look_often())
    cli("log", "sequence")
    assert "nothing is old enough" in cli(*words)
    assert "are in the archives only" not in cli.said
    monkeypatch.setattr(log, "system_clock", lambda: system_clock() + 366 * DAY)
    shown = cli(*words)
    assert "leaves 0 to 255 are in" in shown
    assert "0 hand-offs before leaf 256 are in the archives only" in shown
    for wrong in ((), ("--older-than", "1", "--before", "2100-01-01")):
        cli("log", "archive", "--to", folder, *wrong, status=2)
        assert "--older-than, one of them" in cli.said


def test_pruned_hand_offs_are_counted(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def verified(*_: object, **given: object) -> TreeCheck:
        return TreeCheck(5, b"r" * 32, 1, 2, ())

    monkeypatch.setattr("gateway.cli.ledger.verify.verify_tree", verified)
    assert "2 hand-offs are in archives" in cli("log", "verify")
    assert "in archives" not in cli("log", "verify", "--archive", str(tmp_path))
    assert cli.json("log", "verify")["archived"] == 2
