"""``python -m bench``: start everything, measure, print, write. See docs/performance.md."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from bench import machine, reference, report
from bench.load import run_load
from bench.operations import OPERATIONS, REFERENCE, Operation
from bench.report import Cell
from bench.seeds import Database, Seeds
from bench.servers import Server, running
from gateway.kit.key_ring import write_key_ring
from tests.postgres import PostgresServer
from tests.world import fixed_ring

ROOT = Path(__file__).parent.parent
CONSOLE = Console(stderr=True)
SMOKE = {"callers": "1,16", "rounds": 1, "seconds": 0.3, "warm_up": 0.0, "people": 50}


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
    parser.add_argument("--out", type=Path, help="folder for bench.json and bench.svg")
    chosen = parser.parse_args()
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
        self.about: dict[str, object] = {"machine": machine.description(), "database": url.split(":")[0]}

    def prepare(self) -> None:
        """Fill the database."""
        write_key_ring(self.folder / "key-ring.json", fixed_ring())
        columns = (
            TextColumn("filling the database"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} people"),
        )
        with Progress(*columns, console=CONSOLE) as bar:
            task = bar.add_task("people", total=self.chosen.people)
            self.seeds.fill(lambda done, total: bar.update(task, completed=done, total=total))
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
        with self._serving("gateway.app:app_from_environment", "/ready") as server:
            self.about.setdefault("start_up_seconds", round(server.ready_after, 2))
            for name in self.chosen.operations.split(","):
                self._operation(server, name, OPERATIONS[name], number)
            self.about["resident_megabytes"] = round(machine.resident_megabytes(server.pid))

    @contextmanager
    def _serving(self, app: str, probe: str) -> Iterator[Server]:
        environment = {
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
            cell = self._cell(server, name, operation, callers, number, self.chosen.seconds)
            self.cells.append(cell)
            CONSOLE.print(
                f"{name:>9} c{callers:<3} round {number}  {cell.per_second:7.0f}/s  p50 {cell.p50:6.1f}  "
                f"p99 {cell.p99:6.1f}  server {cell.server_ms:.2f}  database {cell.database_ms:.2f} ms  "
                f"foreign {cell.foreign:.2f}  {cell.wrong or ''} {cell.first_wrong[:200]}",
                highlight=False, markup=False,
            )  # fmt: skip

    def _cell(
        self, server: Server, name: str, operation: Operation, callers: int, number: int, seconds: float
    ) -> Cell:
        load = operation.load(self.seeds, int(operation.fastest * seconds * min(1.0, 0.2 + callers / 32)))
        own, database, busy, self_at = self._read_clocks(server)
        tally = uvloop.run(run_load(server.port, load, callers, seconds))
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
            wrong=tally.wrong,
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
    with tempfile.TemporaryDirectory() as name, database(chosen, Path(name)) as (url, pid):
        bench = Bench(chosen, url, Path(name), pid)
        bench.prepare()
        bench.measure()
        found = report.lines(bench.cells)
        print(report.table(found))
        print(_words(bench.about))
        if chosen.out:
            report.write(chosen.out, bench.cells, bench.about)
    return 1 if any(line.wrong for line in found) else 0


def _words(about: Mapping[str, object]) -> str:
    return "\n" + "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in about.items())


if __name__ == "__main__":
    sys.exit(main())
