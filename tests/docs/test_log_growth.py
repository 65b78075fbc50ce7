"""docs/log-growth.md shows what was measured, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.log import Line, doubling, report
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "log-growth.md").read_text(encoding="utf-8")
GOALS = dict.fromkeys(("whole", "postgres", "tree"), 10_000_000)
RUNS = {name: json.loads((ROOT / "docs" / f"log-growth-{name}.json").read_text()) for name in GOALS}


def lines_of(run: dict[str, list[dict[str, Any]]]) -> list[Line]:
    return [Line(**each) for each in run["lines"]]


def test_the_table_is_the_one_of_the_runs() -> None:
    assert report({run["log"]: lines_of(run) for run in RUNS.values()}) in PAGE


def test_what_the_page_claims_about_growth_is_what_the_runs_say() -> None:
    """Ten times as many leaves, and memory and the cost of one leaf stay: within a factor that noise explains."""
    for name, run in RUNS.items():
        first, *_, last = lines_of(run)
        assert last.leaves == GOALS[name]
        assert last.peak_mb < first.peak_mb + 32
        for cost in ("append_us", "verify_us", "proof_us"):
            assert doubling(first, last, cost) < 1.15, (run["log"], cost)


def test_the_measurement_runs(tmp_path: Path) -> None:
    for words in (["--most", "1000"], ["--most", "1000", "--postgres"], ["--most", "10000", "--tree"]):
        file = tmp_path / "lines.json"
        command = [sys.executable, "-m", "bench.log", *words, "--json", str(file)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
        found = json.loads(file.read_text())
        assert found["lines"][-1]["leaves"] == int(words[1])
        command = [sys.executable, "-m", "bench.log", "--report", str(file)]
        shown = subprocess.run(
            command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        assert found["log"] in shown.stdout
