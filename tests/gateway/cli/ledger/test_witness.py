"""`log witness`: it runs without a gateway, and a gateway that is told of it gets cosigned by itself."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.actions.ledger.witness import Witness
from gateway.ledger.notes import check_note, parse_key
from tests.gateway.cli.conftest import Cli
from tests.ledgers import log_keys, sequence
from tests.patience import PATIENCE, until
from tests.ports import free_port
from tests.world import ISSUER, NOW, serve

ROOT = Path(__file__).resolve().parents[4]
LOG = "gateway.example/log+ff5baa70+AfDM8XzTxCWr3GfYOgJtUWdrXZDCK9uJLTppHkd+RksK"


def test_the_key_is_shown_and_stays(empty: Cli, tmp_path: Path) -> None:
    words = ("log", "witness", "--name", "witness.example/w1", "--folder", str(tmp_path / "w"), "--show-key")
    key = parse_key(empty(*words))
    assert key.name == "witness.example/w1"
    assert parse_key(empty(*words)) == key


def test_what_is_missing_or_wrong_is_told(empty: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    words = ("log", "witness", "--name", "w", "--folder", str(folder))
    empty(*words, status=1)
    assert "no --log" in empty.said
    empty(*words, "--log", "key", status=1)
    assert "--log key: not" in empty.said
    port = str(free_port())
    with Witness(folder, "w", [], lambda: NOW).alone():
        empty(*words, "--log", LOG, "--port", port, status=1)
    assert "another witness is at work" in empty.said
    (folder / "key").write_text("damaged")
    empty(*words, "--show-key", status=1)
    assert "cannot be used" in empty.said


def test_a_gateway_is_cosigned_by_a_witness_next_door(
    sqlite_url: str, tmp_path: Path, cli: Cli, environment: Callable[..., None]
) -> None:
    folder = tmp_path / "w"
    key = Witness(folder, "witness.example/w1", [], lambda: NOW).key
    with serve(sqlite_url, tmp_path) as world:
        sequence(world)
        (log_key,) = log_keys(world)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gateway", "log", "witness", "--name", "witness.example/w1"]
    command += ["--folder", str(folder), "--log", str(log_key), "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        with serve(sqlite_url, tmp_path, sequencer_interval=0.05, log_witnesses=(f"{key} {url}",)) as world:
            client = world.client()
            until(lambda: "witness.example/w1" in client.get("/log/checkpoint").text, "no cosignature")
            shown = client.get("/log/checkpoint").text
        _, signers = check_note(shown, [key])
        assert signers
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=PATIENCE)
    assert re.search(r"witness of 1 log\(s\)", said)
    environment(issuer=ISSUER)
    cli.json("log", "verify", "--witness", str(key))
    cli("log", "verify", "--witness", "nobody", status=1)
    assert "--witness nobody: not" in cli.said
