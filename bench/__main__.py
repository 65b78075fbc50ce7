"""``python -m bench``: start everything, measure, print, write. See docs/performance.md."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bench import growth, journey, machine, overload, pages, reference, report
from bench.bulk import Database
from bench.load import Tally, run_load
from bench.operations import OPERATIONS, REFERENCE, Operation
from bench.report import Cell
from bench.seeds import Seeds
from bench.servers import GATEWAY, Server, running
from gateway.kit.secrets.key_ring import write_key_ring
from tests.postgres import PostgresServer
from tests.world import fixed_ring

ROOT = Path(__file__).parent.parent
CONSOLE = Console(stderr=True)
NOTHING: Mapping[str, str] = {}
SMOKE = {"callers": "1,16", "rounds": 1, "seconds": 0.3, "warm_up": 0.0, "people": 50}
ALL = {"journeys": True, "growth": 1_000_000, "overload": 60.0, "with_sqlite": True, "write": True}
PAGE = ROOT / "docs" / "performance.md"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few seconds: is every answer right?")
    parser.add_argument("--sqlite", action="store_true", help="the embedded database, one worker")
    parser.add_argument("--operations", default=",".join(OPERATIONS), help="letters, with commas")
    parser.add_argument("--callers", default="1,16,64", help="numbers of connections, with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a cell")
    parser.add_argument("--warm-up", type=float, default=1.0, help="seconds of each operation thrown away")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--journeys", action="store_true", help="G and Gs too: a person's whole way")
    parser.add_argument(
        "--growth", type=int, default=0, metavar="PEOPLE", help="measure while it grows so far"
    )
    parser.add_argument("--overload", type=float, default=0.0, metavar="SECONDS", help="overload it so long")
    parser.add_argument(
        "--with-sqlite", action="store_true", help="A and E on the embedded database after it"
    )
    parser.add_argument("--out", type=Path, help="folder for bench.json and bench.svg")
    parser.add_argument("--write", action="store_true", help="bring docs/performance.md up to date")
    parser.add_argument(
        "--all", action="store_true", help="all of it, as it is published; takes about an hour"
    )
    chosen = parser.parse_args()
    if chosen.all:
        vars(chosen).update(ALL)
    if chosen.smoke:
        vars(chosen).update(SMOKE)
    return chosen


class Bench:
    """One run."""

    def __init__(self, chosen: argparse.Namespace, url: str, folder: Path, database_pid: int | None) -> None:
        self.chosen, self.url, self.folder, self.database_pid = chosen, url, folder, database_pid
        self.callers = [int(word) for word in chosen.callers.split(",")]
        self.seeds = Seeds(url, folder, chosen.people)
        self.cells: list[Cell] = []
        self.sizes: list[growth.Size] = []
        self.overloaded: overload.Overload | None = None
        self.about: dict[str, object] = {"machine": machine.description(), "database": url.split(":")[0]}

    def prepare(self) -> None:
        """Fill the database."""
        write_key_ring(self.folder / "key-ring.json", fixed_ring())
        with _bar("filling the database") as tell:
            self.seeds.fill(tell)
        if not self.url.startswith("sqlite"):
            Database(self.url).command(reference.TABLE)

    def measure(self) -> None:
        """Measure reference and gateway in turn, in the opposite order every other round."""
        for number in range(self.chosen.rounds):
            turns = [self._reference, self._gateway]
            for turn in turns if number % 2 == 0 else reversed(turns):
                turn(number)

    def _reference(self, number: int) -> None:
        if self.database_pid is None:
            return
        with self._serving("bench.reference:app", "/constant") as server:
            for name, operation in REFERENCE.items():
                self._operation(server, name, operation, number)

    def _gateway(self, number: int) -> None:
        with self._serving(GATEWAY, "/ready") as server:
            self.about.setdefault("start_up_seconds", round(server.ready_after, 2))
            for name in self.chosen.operations.split(","):
                self._operation(server, name, OPERATIONS[name], number)
            if self.chosen.journeys:
                self._journeys(server, number)
            self.about["resident_megabytes"] = round(machine.resident_megabytes(server.pid))

    def _journeys(self, server: Server, number: int) -> None:
        # A journey takes long, so a cell of it does too.
        seconds = 3 * self.chosen.seconds
        for name in journey.JOURNEYS:
            for callers in (each for each in self.callers if each <= 16):
                go = partial(journey.run_journeys, server.port, name, self.chosen.people, callers, seconds)
                self._keep(self._timed(server, name, callers, number, go))

    def grow(self) -> None:
        """Measure D and E, and what pages read, at one size after another."""
        for people in growth.sizes_up_to(self.chosen.growth):
            if people > self.seeds.people:
                with _bar(f"growing to {people:,}") as tell:
                    self.seeds.grow(people, tell)
            costs = {}
            with self._serving(GATEWAY, "/ready") as server:
                for name in ("D", "E", "C"):
                    self._cell(server, name, OPERATIONS[name], 16, 0, self.chosen.warm_up or 0.1)
                    cell = self._cell(server, name, OPERATIONS[name], 16, 0, self.chosen.seconds)
                    costs[f"{name} at 16, CPU ms"] = cell.cpu_ms
                looked = pages.look_at_pages(self.url, self.folder, server.port, people)
            self.sizes.append(growth.Size(people, costs, {f"{name}, ms": ms for name, ms in looked.items()}))

    def overload(self) -> None:
        """Overload userinfo."""
        workers = self.chosen.workers
        with self._serving(GATEWAY, "/ready", overload.SETTINGS) as server:
            load = OPERATIONS["E"].load(self.seeds, 0)
            self.overloaded = overload.overload(server.port, server.pid, load, workers, self.chosen.overload)

    @contextmanager
    def _serving(self, app: str, probe: str, more: Mapping[str, str] = NOTHING) -> Iterator[Server]:
        environment = {
            **journey.SETTINGS,
            **more,
            "CONSENT_GATEWAY_DATABASE_URL": self.url,
            "CONSENT_GATEWAY_DATA_DIR": str(self.folder),
            "BENCH_DATABASE": self.url,
            "PYTHONPATH": str(ROOT),
        }
        workers = 1 if self.database_pid is None else self.chosen.workers
        with running(app, environment, self.folder / "server.log", probe=probe, workers=workers) as server:
            yield server

    def _operation(self, server: Server, name: str, operation: Operation, number: int) -> None:
        if self.chosen.warm_up:
            self._cell(server, name, operation, 16, number, self.chosen.warm_up)
        for callers in self.callers:
            self._keep(self._cell(server, name, operation, callers, number, self.chosen.seconds))

    def _keep(self, cell: Cell) -> None:
        self.cells.append(cell)
        CONSOLE.print(
            f"{cell.operation:>9} c{cell.callers:<3} round {cell.round}  {cell.per_second:7.0f}/s  "
            f"p50 {cell.p50:6.1f}  p99 {cell.p99:6.1f}  server {cell.server_ms:.2f}  "
            f"database {cell.database_ms:.2f} ms  foreign {cell.foreign:.2f}  "
            f"{cell.wrong or ''} {cell.first_wrong[:200]}",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip

    def _cell(
        self, server: Server, name: str, operation: Operation, callers: int, number: int, seconds: float
    ) -> Cell:
        load = operation.load(self.seeds, int(operation.fastest * seconds * min(1.0, 0.2 + callers / 32)))
        return self._timed(
            server, name, callers, number,
            partial(run_load, server.port, load, callers, seconds),
        )  # fmt: skip

    def _timed(
        self,
        server: Server,
        name: str,
        callers: int,
        number: int,
        run: Callable[[], Coroutine[Any, Any, Tally]],
    ) -> Cell:
        own, database, busy, self_at = self._read_clocks(server)
        tally = uvloop.run(run())
        own_after, database_after, busy_after, self_after = self._read_clocks(server)
        done = max(len(tally.latencies), 1)
        known = (own_after - own) + (database_after - database) + (self_after - self_at)
        return Cell(
            operation=name,
            callers=callers,
            round=number,
            per_second=len(tally.latencies) / tally.seconds,
            p50=tally.percentile(0.5),
            p99=tally.percentile(0.99),
            requests=done,
            wrong=tally.wrong + tally.refused,
            first_wrong=tally.first_wrong,
            ran_out=tally.ran_out,
            server_ms=(own_after - own) * 1000 / done,
            database_ms=(database_after - database) * 1000 / done,
            foreign=max(0.0, (busy_after - busy - known) / tally.seconds / 2),
        )

    def _read_clocks(self, server: Server) -> tuple[float, float, float, float]:
        database = machine.cpu_seconds(self.database_pid) if self.database_pid else 0.0
        return machine.cpu_seconds(server.pid), database, machine.busy_seconds(), time.process_time()


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.completed}/{task.total} people"))
    with Progress(*columns, console=CONSOLE) as bar:
        task = bar.add_task("people", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def database(chosen: argparse.Namespace, folder: Path) -> Iterator[tuple[str, int | None]]:
    """Give an empty database that survives a crash of the machine, and its server's process."""
    if chosen.sqlite:
        yield f"sqlite:///{folder}/gateway.db", None
        return
    server = PostgresServer(folder / "postgres", fsync=True)
    server.start()
    try:
        yield server.create_database(), server.pid
    finally:
        server.stop()


def main() -> int:
    """Run; fail when any answer was wrong."""
    chosen = arguments()
    done = run(chosen)
    parts = [done]
    if chosen.with_sqlite and not chosen.sqlite:
        only = {"sqlite": True, "operations": "A,E", "journeys": False, "growth": 0, "overload": 0.0}
        parts.append(run(argparse.Namespace(**{**vars(chosen), **only})))
    text = "\n\n".join(report.sections(part) for part in parts)
    print(text)
    if chosen.out:
        report.write(chosen.out, done)
    if chosen.write:
        report.write(PAGE.parent, done)
        report.publish(PAGE, text)
    return 1 if any(cell.wrong for part in parts for cell in part.cells) else 0


def run(chosen: argparse.Namespace) -> report.Run:
    """Measure once, on one database."""
    with tempfile.TemporaryDirectory() as name, database(chosen, Path(name)) as (url, pid):
        bench = Bench(chosen, url, Path(name), pid)
        bench.prepare()
        bench.measure()
        if chosen.overload:
            bench.overload()
        if chosen.growth:
            bench.grow()
        return report.Run(bench.cells, bench.about, bench.sizes, bench.overloaded)


if __name__ == "__main__":
    sys.exit(main())
