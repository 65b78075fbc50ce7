"""The load harness in its short form: no times, only that every answer under load is right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.report import Cell, chart, lines, table

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_every_answer_under_load_is_right(database: str, tmp_path: Path) -> None:
    options = ["--sqlite"] if database == "sqlite" else []
    command = [sys.executable, "-m", "bench", "--smoke", "--out", str(tmp_path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "bench.json").read_text())
    assert {cell["operation"] for cell in found["cells"]} >= set("ABCDEF")
    assert all(cell["requests"] > 0 and cell["wrong"] == 0 for cell in found["cells"])


def cell(operation: str, *, cpu: float, wrong: int = 0) -> Cell:
    return Cell(
        operation=operation, callers=16, round=0, per_second=10.0, p50=1.0, p99=2.0, requests=10, wrong=wrong,
        first_wrong="", ran_out=False, server_ms=cpu, database_ms=0.0, foreign=0.0,
    )  # fmt: skip


def test_a_ratio_compares_cpu_with_the_reference_at_as_many_callers() -> None:
    found = {line.operation: line for line in lines([cell("insert", cpu=2.0), cell("E", cpu=1.0, wrong=3)])}
    assert found["E"].ratio == 2.0
    assert found["E"].capacity == 2000.0
    assert found["E"].wrong == 3


def test_table_and_chart_show_every_operation() -> None:
    found = lines([cell("insert", cpu=2.0), cell("E", cpu=1.0)])
    assert "eight fields" in table(found)
    assert chart(found).count("<rect") == 2
