"""`backup`: a whole copy while others write, read back, kept for so many days, and put back safely."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.actions.operation import backups
from gateway.cli import backups as command
from gateway.cli.terminal import with_services
from gateway.kit.clock import DAY, system_clock
from gateway.kit.secrets.key_ring import new_key_ring, write_key_ring
from gateway.model.nodes import Node
from gateway.store.operation.copies import CopyFault, look_at_copy
from gateway.store.operation.nodes import forget_nodes, load_nodes, report_nodes
from tests.gateway.cli.conftest import Cli

ASHA = "asha@lakeside.example"


@pytest.fixture
def database(cli: Cli) -> Path:
    """The database that the command line works on."""
    [file] = cli.folder.glob("*.db")
    return file


def made(cli: Cli) -> Path:
    """Make a backup."""
    cli("backup", "make", "--to", str(cli.folder / "backups"))
    [file] = (cli.folder / "backups").glob("gateway-*.db")
    return file


def organisations(cli: Cli) -> set[str]:
    return {each["organisation_id"] for each in cli.json("organisation", "list")}


def test_a_backup_is_whole_by_itself_and_nobody_elses_to_read(cli: Cli) -> None:
    file = made(cli)
    assert {each.name for each in file.parent.iterdir()} == {file.name, file.with_suffix(".json").name}
    assert {each.stat().st_mode & 0o777 for each in file.parent.iterdir()} == {0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert "is whole" in cli("backup", "check", str(file))
    assert json.loads(file.with_suffix(".json").read_text())["schema"] in cli.said


def test_who_writes_meanwhile_is_not_half_in_it(cli: Cli, database: Path) -> None:
    """A transaction that is open while the copy is made is not in it, and goes on undisturbed."""
    with closing(sqlite3.connect(database, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE organisation SET name = 'Half'")
        file = made(cli)
        writer.execute("COMMIT")
    with closing(sqlite3.connect(file)) as copy:
        assert copy.execute("SELECT count(*) FROM organisation WHERE name = 'Half'").fetchone() == (0,)
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_backups_are_kept_as_long_as_was_promised(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was erased since lies in them. A file that is no backup of ours stays."""
    folder, now = tmp_path / "backups", system_clock()
    folder.mkdir()
    (folder / "gateway-by-hand.db").write_text("mine")
    for days in (10, 5, 0):
        monkeypatch.setattr(command, "system_clock", lambda days=days: now - days * DAY)
        cli("backup", "make", "--to", str(folder), "--keep-days", "7")
    assert "1 older deleted" in cli.said
    assert len([*folder.glob("gateway-2*.db")]) == len([*folder.glob("*.json")]) == 2
    assert (folder / "gateway-by-hand.db").exists()
    cli("backup", "make", "--to", str(folder), status=1)
    assert "is there already" in cli.said


def test_what_comes_back_is_safe_before_anybody_is_served(cli: Cli, database: Path) -> None:
    """Erased people stay erased, nothing is released before somebody has looked, and what was there is kept."""
    file = made(cli)
    cli("organisation", "add", "hillside", "Hillside", "IN")
    cli("people", "erase", ASHA, "--yes")
    cli("backup", "restore", str(file), answer="n\n", status=1)
    assert "nothing was changed" in cli.said
    assert "hillside" in organisations(cli)
    shown = cli("backup", "restore", str(file), "--yes")
    assert "1 people who were erased after it are erased again" in shown
    assert "Paused, so that nothing is released before you have looked: campuspress, quizco" in shown
    assert "hillside" not in organisations(cli)
    assert {each["state"] for each in cli.json("partner", "list")} == {"paused"}
    cli("people", "invite", ASHA, status=1)
    assert "there is no account with this address" in cli.said
    [aside] = [each for each in cli.folder.glob("*.db.before-*") if not each.name.endswith(("-wal", "-shm"))]
    with closing(sqlite3.connect(aside)) as before:
        assert before.execute("SELECT 1 FROM organisation WHERE organisation_id = 'hillside'").fetchone()
    assert not [*cli.folder.glob("*.restoring*")]
    assert database.stat().st_mode & 0o777 == 0o600


def test_somebody_who_came_and_was_erased_after_the_backup_is_not_looked_for(
    cli: Cli, database: Path
) -> None:
    file = made(cli)
    with closing(sqlite3.connect(database, isolation_level=None)) as later:
        later.execute("PRAGMA foreign_keys=OFF")
        later.execute("UPDATE person SET person_id = 'per_later', state = 'closed' WHERE rowid = 1")
    assert "1 people" in cli("backup", "restore", str(file), "--yes")


@pytest.mark.parametrize("loss", ["missing", "damaged"])
def test_where_the_database_is_lost_it_says_what_nobody_can_know(cli: Cli, database: Path, loss: str) -> None:
    file = made(cli)
    for each in cli.folder.glob(f"{database.name}*"):
        each.unlink()
    if loss == "damaged":
        database.write_text("a letter" * 1000)
    shown = cli("backup", "restore", str(file), "--yes")
    assert "nothing here tells who it was" in shown
    assert ("What was there before" in shown) is (loss == "damaged")
    assert "lakeside" in organisations(cli)


def test_a_gateway_at_work_is_stopped_first_and_is_not_at_work_in_what_comes_back(cli: Cli) -> None:
    node = Node("node", "host, process 7", 0, system_clock(), "m1", frozenset(), {})
    with_services(lambda services: services.store.run(report_nodes, node))
    file = made(cli)
    cli("backup", "restore", str(file), "--yes", status=1)
    assert "a gateway is at work (host, process 7)" in cli.said
    with_services(lambda services: services.store.run(forget_nodes, "node"))
    cli("backup", "restore", str(file), "--yes")
    assert with_services(lambda services: services.store.read(load_nodes, None)) == []


def test_a_backup_that_is_not_what_it_was_is_not_put_back(cli: Cli) -> None:
    file = made(cli)
    note, whole = file.with_suffix(".json"), file.read_bytes()
    file.write_bytes(whole[:-1] + b"?")
    cli("backup", "restore", str(file), "--yes", status=1)
    assert "is not what it was when it was made" in cli.said
    file.write_bytes(b"a letter" * 1000)
    noted = json.loads(note.read_text())
    note.write_text(json.dumps({**noted, "sha256": backups._sha256(file)}))
    cli("backup", "check", str(file), status=1)
    assert "file is not a database. Take an older one." in " ".join(cli.said.split())
    note.write_text("[]")
    cli("backup", "check", str(file), status=1)
    assert "is not the note of a backup" in cli.said
    note.unlink()
    cli("backup", "check", str(file), status=1)
    assert "a backup is the .db and the .json beside it" in cli.said
    note.write_text(json.dumps(noted))
    file.unlink()
    cli("backup", "check", str(file), status=1)
    assert "cannot be read" in cli.said


def test_a_row_that_its_table_does_not_allow_is_found(tmp_path: Path) -> None:
    """Every page can be read, and still something is wrong."""
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        copy.executescript(
            "CREATE TABLE kept (word); INSERT INTO kept VALUES (NULL); PRAGMA writable_schema = ON;"
        )
        copy.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE kept (word NOT NULL)'")
        copy.commit()
    with pytest.raises(CopyFault, match=r"copy\.db is damaged \(NULL value in kept\.word\)"):
        look_at_copy(tmp_path / "copy.db")


def test_a_page_that_is_damaged_is_found(cli: Cli, tmp_path: Path) -> None:
    """The note can be right about a file that was copied from a damaged database."""
    file, damaged = made(cli), tmp_path / "damaged.db"
    content = bytearray(file.read_bytes())
    page = len(content) // 2 // 4096 * 4096
    content[page : page + 4096] = b"\xff" * 4096
    damaged.write_bytes(content)
    noted = json.loads(file.with_suffix(".json").read_text())
    damaged.with_suffix(".json").write_text(json.dumps({**noted, "sha256": backups._sha256(damaged)}))
    cli("backup", "check", str(damaged), status=1)
    assert "Take an older one." in cli.said


def test_under_another_ring_or_from_a_newer_program_nothing_is_replaced(cli: Cli, database: Path) -> None:
    file, before = made(cli), database.stat().st_ino
    with closing(sqlite3.connect(file)) as copy, copy:
        copy.execute("UPDATE alembic_version SET version_num = '9998'")
    noted = json.loads(file.with_suffix(".json").read_text())
    changed = {**noted, "schema": "9998", "sha256": backups._sha256(file)}
    file.with_suffix(".json").write_text(json.dumps(changed))
    cli("backup", "restore", str(file), "--yes", status=1)
    assert "A newer version of this program has been here" in cli.said
    for each in file.parent.iterdir():
        each.unlink()
    file = made(cli)
    write_key_ring(cli.ring, new_key_ring())
    cli("backup", "restore", str(file), "--yes", status=1)
    assert "the key ring does not open" in cli.said
    assert database.stat().st_ino == before
    assert not [*cli.folder.glob("*.restoring*")]


def test_where_there_is_nothing_to_copy_it_says_so(
    cli: Cli, database: Path, environment: Callable[..., None], tmp_path: Path
) -> None:
    environment(database_url=f"sqlite:///{tmp_path / 'none.db'}")
    cli("backup", "make", "--to", str(tmp_path / "backups"), status=1)
    assert "there is no database at" in cli.said
    (tmp_path / "none.db").write_text("a letter" * 1000)
    cli("backup", "make", "--to", str(tmp_path / "backups"), status=1)
    assert "no backup was made" in cli.said
    assert not [*(tmp_path / "backups").iterdir()]
    environment(database_url=f"sqlite:///{tmp_path / 'empty.db'}")
    sqlite3.connect(tmp_path / "empty.db").close()
    assert "empty" in cli("backup", "make", "--to", str(tmp_path / "backups"))
    environment(database_url="postgresql://gateway@db/gateway")
    for words in (("make", "--to", str(tmp_path)), ("restore", "file")):
        cli("backup", *words, status=1)
        assert "which has backups of its own" in cli.said
