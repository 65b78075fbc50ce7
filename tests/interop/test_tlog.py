"""The log against an independent implementation: golang.org/x/mod/sumdb/note and tlog, from Debian's archive.

They are the packages that the C2SP formats came from; `tlog/main.go` asks them what they think of a served gateway.
"""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.actions.ledger.export import Span, export_log
from gateway.ledger.notes import parse_note
from gateway.store.admin_actions import AdminAction, append_actions
from tests.kill.outside import Outside
from tests.ledgers import log_keys, sequence
from tests.patience import PATIENCE
from tests.world import NOW, World, serve

GO = shutil.which("go")
SOURCES = Path("/usr/share/gocode")
NEEDED = SOURCES / "src" / "golang.org" / "x" / "mod" / "sumdb" / "tlog"
HERE = Path(__file__).parent / "tlog"

pytestmark = pytest.mark.skipif(
    GO is None or not NEEDED.is_dir(),
    reason="needs Debian's golang-go and golang-golang-x-mod-dev (apt-get install); .ci/run installs them",
)


@pytest.fixture(scope="module")
def tlog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker, built without any network."""
    folder = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": os.environ["PATH"],
        "GO111MODULE": "off",
        "GOPATH": str(SOURCES),
        "GOCACHE": str(folder / "cache"),
        "GOPROXY": "off",
        "CGO_ENABLED": "0",
    }
    command = [str(GO), "build", "-o", str(folder / "tlog"), "."]
    subprocess.run(command, cwd=HERE, env=environment, check=True)
    shutil.rmtree(folder / "cache")
    return folder / "tlog"


@contextmanager
def served(url: str, folder: Path) -> Iterator[tuple[Outside, dict[str, str]]]:
    """Serve a log of a few hundred leaves by a process of its own; give the checker's arguments for it."""
    with serve(url, folder) as inner:
        fill_log(inner, 100)
        (folder / "kept").write_text(sequence(inner).note)
        inner.userinfo(inner.tokens()["access_token"])
        fill_log(inner, 500)
        sequence(inner)

        async def export() -> None:
            await export_log(inner.services, "cli", Span(), folder / "log.tar")

        inner.run(export)
        with tarfile.open(folder / "log.tar") as archive:
            archive.extract("entries.jsonl", folder, filter="data")
        outside = Outside(inner)
        try:
            outside.be_born(url, folder, sequencer_interval=0)
            (key,) = log_keys(inner)
            yield (
                outside,
                {
                    "url": f"http://127.0.0.1:{outside.transport.port}",
                    "host": "gateway.example",
                    "key": str(key),
                    "kept": str(folder / "kept"),
                    "entries": str(folder / "entries.jsonl"),
                },
            )
        finally:
            outside.leave()


def fill_log(world: World, count: int) -> None:
    acts = [
        AdminAction(f"act_{world.clock()}_{number}", "cli", "read_log", "log", "all", NOW)
        for number in range(count)
    ]
    world.run(world.services.store.run_all, append_actions, acts)
    world.clock.pass_by(1)


def ask(tlog: Path, arguments: dict[str, str]) -> subprocess.CompletedProcess[str]:
    words = [word for name, value in arguments.items() for word in (f"-{name}", value)]
    return subprocess.run([str(tlog), *words], capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_checkpoints_tiles_and_proofs_verify_there(tlog: Path, database_url: str, tmp_path: Path) -> None:
    with served(database_url, tmp_path) as (_, arguments):
        answer = ask(tlog, arguments)
    assert answer.returncode == 0, answer.stdout
    assert answer.stdout.startswith("✓ 6")
    assert "consistent with 1" in answer.stdout


def test_it_would_say_so_if_they_did_not(tlog: Path, sqlite_url: str, tmp_path: Path) -> None:
    """The checker can fail: a changed entry, another key, a kept checkpoint that was forged."""
    with served(sqlite_url, tmp_path) as (_, arguments):
        entries, kept = tmp_path / "entries.jsonl", tmp_path / "kept"
        whole = entries.read_text()
        entries.write_text(whole.replace("read_log", "read_lag", 1))
        assert "✗ inclusion of" in ask(tlog, arguments).stdout
        entries.write_text(whole)
        key = arguments["key"]
        assert "✗ the" in ask(tlog, {**arguments, "key": key[:-4] + "AAA="}).stdout
        note = parse_note(kept.read_text())
        kept.write_text(kept.read_text().replace(note.text.split("\n")[1], "99", 1))
        assert "✗ the checkpoint" in ask(tlog, arguments).stdout
