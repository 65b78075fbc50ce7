"""The load harness in its short form: no times, only that every answer under load is right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.growth import Size, sizes_up_to
from bench.overload import Overload
from bench.report import BEGIN, END, Cell, Run, chart, lines, publish, sections, table

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_every_answer_under_load_is_right(database: str, tmp_path: Path) -> None:
    options = ["--sqlite", "--journeys", "--growth", "60"] if database == "sqlite" else []
    command = [sys.executable, "-m", "bench", "--smoke", "--out", str(tmp_path), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "bench.json").read_text())
    assert {cell["operation"] for cell in found["cells"]} >= set("ABCDEF")
    if database == "sqlite":
        assert {cell["operation"] for cell in found["cells"]} >= {"G", "Gs"}
        assert [each["people"] for each in found["growth"]] == [60]
        assert {"connected services, ms", "a partner, ms", "reminders, ms"} <= found["growth"][0][
            "pages"
        ].keys()
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


def test_growth_goes_through_powers_of_ten_and_compares_the_ends() -> None:
    assert sizes_up_to(50_000) == (1_000, 10_000, 50_000)
    assert sizes_up_to(1_000) == (1_000,)
    sizes = [Size(1_000, {"D": 0.5}, {"page": 2.0}), Size(10_000, {"D": 0.6}, {"page": 2.0})]
    told = sections(Run([cell("E", cpu=1.0)], {}, sizes))
    assert "| D | 0.50 | 0.60 | 1.20 |" in told
    assert "| page | 2.00 | 2.00 | 1.00 |" in told


def test_what_was_measured_goes_between_its_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    over = Overload(10, 1.0, 5, 5, 0, "", 3.0, 100.0, 110.0, 0.5)
    run = Run([cell("E", cpu=1.0)], {"machine": {"processor": "one"}, "database": "sqlite"}, (), over)
    publish(page, sections(run))
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert all(word in text for word in ("processor: one", "refused: 5", "p99 ms: 3.0", "eight fields"))
    assert (ROOT / "docs" / "performance.md").read_text().count(BEGIN) == 1
