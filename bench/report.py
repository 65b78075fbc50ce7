"""Results as a table, JSON, a chart and docs/performance.md."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

from bench import growth, overload
from bench.journey import JOURNEYS
from bench.operations import OPERATIONS, REFERENCE

OWN = {*OPERATIONS, *JOURNEYS}
BASE = "insert"
"""The reference that ratios are given to."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One operation at one number of callers in one round.

    Attributes:
        server_ms: CPU milliseconds a request in the server's processes.
        database_ms: the same in PostgreSQL's.
        foreign: share of the machine's cores that neither of us nor the load generator used.
    """

    operation: str
    callers: int
    round: int
    per_second: float
    p50: float
    p99: float
    requests: int
    wrong: int
    first_wrong: str
    ran_out: bool
    server_ms: float
    database_ms: float
    foreign: float

    @property
    def cpu_ms(self) -> float:
        """CPU milliseconds a request, server and database."""
        return self.server_ms + self.database_ms


@dataclass(frozen=True, slots=True)
class Line:
    """One operation at one number of callers, the median of its rounds."""

    operation: str
    title: str
    callers: int
    per_second: float
    p50: float
    p99: float
    server_ms: float
    database_ms: float
    capacity: float
    ratio: float
    wrong: int


def lines(cells: Sequence[Cell]) -> list[Line]:
    """Sum the rounds up."""
    groups: dict[tuple[str, int], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.operation, cell.callers), []).append(cell)
    cpu = {key: median(cell.cpu_ms for cell in group) for key, group in groups.items()}
    titles = {name: each.title for name, each in {**OPERATIONS, **REFERENCE}.items()} | dict(JOURNEYS)
    return [
        Line(
            operation=operation,
            title=titles.get(operation, operation),
            callers=callers,
            per_second=median(cell.per_second for cell in group),
            p50=median(cell.p50 for cell in group),
            p99=median(cell.p99 for cell in group),
            server_ms=median(cell.server_ms for cell in group),
            database_ms=median(cell.database_ms for cell in group),
            capacity=2000 / cpu[operation, callers] if cpu[operation, callers] else 0.0,
            ratio=_ratio(cpu.get((BASE, callers)), cpu[operation, callers]),
            wrong=sum(cell.wrong for cell in group),
        )
        for (operation, callers), group in sorted(
            groups.items(), key=lambda each: (each[0][0].islower(), each[0])
        )
    ]


def _ratio(base: float | None, own: float) -> float:
    return base / own if base and own else 0.0


HEAD = (
    "operation",
    "callers",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "server ms",
    "database ms",
    "capacity/s",
    "to insert",
)


def table(found: Iterable[Line]) -> str:
    """Spell the lines as a Markdown table."""
    rows = [f"| {' | '.join(HEAD)} |", "|---|" + "---:|" * (len(HEAD) - 1)]
    for line in found:
        name = f"{line.operation} {line.title}" if line.operation in OWN else line.title
        values = (
            name, f"{line.callers}", f"{line.per_second:.0f}", f"{line.p50:.1f}", f"{line.p99:.1f}",
            f"{line.server_ms:.2f}", f"{line.database_ms:.2f}", f"{line.capacity:.0f}", f"{line.ratio:.2f}",
        )  # fmt: skip
        rows.append(f"| {' | '.join(values)} |")
    return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was measured on one database."""

    cells: Sequence[Cell]
    about: Mapping[str, object]
    sizes: Sequence[growth.Size] = ()
    overloaded: overload.Overload | None = None


def sections(run: Run) -> str:
    """Spell a run for the page and the terminal: the machine, the operations, growth, overload."""
    told = [f"### {run.about.get('database', 'measured')}", _machine(run.about), table(lines(run.cells))]
    if run.sizes:
        told += ["Growth:", growth.table(run.sizes)]
    if run.overloaded:
        told += ["Overload:", overload.lines(run.overloaded)]
    return "\n\n".join(told)


def _machine(about: Mapping[str, object]) -> str:
    known = {**about, **_described(about)}
    return "\n".join(
        f"- {name.replace('_', ' ')}: {value}" for name, value in known.items() if name != "machine"
    )


def _described(about: Mapping[str, object]) -> Mapping[str, object]:
    machine = about.get("machine", {})
    return machine if isinstance(machine, dict) else {}


def as_json(run: Run) -> str:
    """Spell everything that was measured."""
    told = {
        "about": run.about,
        "cells": [asdict(cell) for cell in run.cells],
        "growth": [asdict(each) for each in run.sizes],
        "overload": asdict(run.overloaded) if run.overloaded else None,
    }
    return json.dumps(told, indent=1) + "\n"


def chart(found: Sequence[Line]) -> str:
    """Draw capacity at the largest number of callers as bars."""
    most = max(line.callers for line in found)
    bars = [line for line in found if line.callers == most]
    widest = max(line.capacity for line in bars) or 1.0
    drawn = []
    for number, line in enumerate(bars):
        y, width = 44 + number * 28, 420 * line.capacity / widest
        kind = "own" if line.operation in OWN else "reference"
        drawn.append(
            f'<text x="330" y="{y + 14}" text-anchor="end">{escape(line.title)}</text>'
            f'<rect class="{kind}" x="340" y="{y}" width="{width:.1f}" height="20" rx="3"/>'
            f'<text x="{348 + width:.1f}" y="{y + 14}">{line.capacity:,.0f}</text>'
        )
    height = 56 + 28 * len(bars)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 {height}" font-family="system-ui, sans-serif" '
        'font-size="12" role="img" aria-label="Requests a second that two free cores would give">'
        "<style>text{fill:#222}.own{fill:#2563a8}.reference{fill:#9aa5b1}"
        "@media (prefers-color-scheme:dark){text{fill:#eee}.own{fill:#6aa8ea}.reference{fill:#66707c}}</style>"
        f'<text x="10" y="24" font-size="14">Requests a second that two free cores would give, {most} callers</text>'
        + "".join(drawn)
        + "</svg>\n"
    )


def write(folder: Path, run: Run) -> None:
    """Write JSON and the chart."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(as_json(run))
    (folder / "bench.svg").write_text(chart(lines(run.cells)))


BEGIN, END = "<!-- measured by make bench -->", "<!-- end of what was measured -->"


def publish(page: Path, text: str) -> None:
    """Put what was measured between its two marks in a page."""
    before, rest = page.read_text().split(BEGIN)
    _, after = rest.split(END)
    picture = "![Requests a second that two free cores would give](bench.svg)"
    page.write_text(f"{before}{BEGIN}\n\n{picture}\n\n{text}\n\n{END}{after}")
