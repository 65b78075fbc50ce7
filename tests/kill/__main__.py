"""Kill the gateway as often as you like: ``python -m tests.kill --rounds 1000 --database postgresql``."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import TEMPLATE
from tests.kill.campaign import campaign
from tests.kill.points import traps
from tests.postgres import PostgresServer
from tests.world import copy_sqlite, fill

LIVES = 66
"""Lives of one database: then it is a fresh one, so that checking the whole log after each death stays quick."""


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[Path], str]]:
    """Give a maker of filled databases."""
    if kind == "sqlite":
        template = folder / "template.db"
        fill(f"sqlite:///{template}")
        yield lambda home: copy_sqlite(template, home)
        return
    server = PostgresServer(folder)
    server.start()
    try:
        server.create_template(TEMPLATE, fill)
        yield lambda home: server.create_database(TEMPLATE)
    finally:
        server.stop()


def run(kind: str, rounds: int) -> int:
    """Kill so many times; give how many of the deaths were moments that no point names."""
    points: Counter[int] = Counter()
    waiting = list(traps(rounds))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        with databases(kind, folder) as make:
            while waiting:
                part, waiting = waiting[:LIVES], waiting[LIVES:]
                home = Path(tempfile.mkdtemp(dir=folder))
                with campaign(make(home), home) as found:
                    for trap in part:
                        found.round(trap)
                        points[trap.point] += 1
                    found.finish()
                reads = sum(found.reads.came.values())
                lost = sum(found.reads.unknown.values())
                print(f"{kind}: {points.total()} kills; {reads} answers, {lost} cut off", flush=True)
    return points[0]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=LIVES)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    given = parser.parse_args()
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    for kind in kinds:
        moments = run(kind, given.rounds)
        print(f"{kind}: {given.rounds} kills, {moments} of them at no point in particular: nothing was lost")
    sys.exit(0)


if __name__ == "__main__":
    main()
