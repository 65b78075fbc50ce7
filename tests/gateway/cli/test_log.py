"""`log sequence`, `log verify`, `log export`: what an administrator can do about the tree from a terminal."""

from pathlib import Path

from sqlalchemy import create_engine, text

from tests.gateway.cli.conftest import Cli


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
