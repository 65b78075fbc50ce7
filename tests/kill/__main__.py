"""Kill the gateway as often as you like: ``python -m tests.kill --rounds 1000 --database postgresql``.

It says on stderr how far it is, and `--json` prints what came out, one line a database. `--minutes` ends a long run
in time; `--from` goes on at the kill that it ended before, with a fresh database.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import TEMPLATE
from tests.kill.campaign import campaign
from tests.kill.points import POINTS, Trap, traps
from tests.postgres import PostgresServer
from tests.world import copy_sqlite, fill

LIVES = 66
"""Lives of one database: then it is a fresh one, so that checking the whole log after each death stays quick."""
TOLD_EVERY = 10


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


@dataclass
class Run:
    """Kills on one kind of database, and what came of them."""

    kind: str
    waiting: Sequence[Trap]
    first: int
    until: float
    points: Counter[int] = field(default_factory=Counter)
    answers: int = 0
    cut_off: int = 0
    lost: str = ""
    began: float = field(default_factory=time.monotonic)

    def go(self) -> None:
        """Kill until it is enough, the time is over, or something is lost."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o711)
            with databases(self.kind, folder) as make:
                for start in range(0, len(self.waiting), LIVES):
                    if self.is_over():
                        return
                    home = Path(tempfile.mkdtemp(dir=folder))
                    self._live(make(home), home, self.waiting[start : start + LIVES])

    def is_over(self) -> bool:
        """Whether no further life may begin."""
        return bool(self.lost) or time.monotonic() >= self.until

    def _live(self, url: str, home: Path, part: Sequence[Trap]) -> None:
        with campaign(url, home) as found:
            what = ""
            try:
                for trap in part:
                    what = f"before one {trap}"
                    found.round(trap)
                    self.points[trap.point] += 1
                    self._tell()
                    if self.is_over():
                        break
                what = "at the end"
                found.finish()
            except AssertionError as error:
                self.lost = f"after a kill, {what}: {error}"
        self.answers += sum(found.reads.came.values())
        self.cut_off += sum(found.reads.unknown.values())

    def _tell(self) -> None:
        done, total = self.points.total(), len(self.waiting)
        if done % TOLD_EVERY == 0 or done == total:
            each = (time.monotonic() - self.began) / done
            rest = f"{each:.1f} s each, {each * (total - done) / 60:.0f} min to go"
            print(f"{self.kind}: {done} of {total} kills; {rest}", file=sys.stderr, flush=True)

    def summary(self) -> dict[str, Any]:
        """Say what came out; `missed` are the points that no kill has hit."""
        return {
            "database": self.kind,
            "kills": self.points.total(),
            "next": self.first + self.points.total(),
            "moments": self.points[0],
            "points": {str(point): self.points[point] for point in POINTS},
            "missed": [point for point in POINTS if not self.points[point]],
            "answers": self.answers,
            "cut_off": self.cut_off,
            "lost": self.lost or None,
            "seconds": round(time.monotonic() - self.began),
        }


def told(summary: dict[str, Any]) -> str:
    """Say it in words."""
    lost = summary["lost"] or "nothing was lost"
    missed = f"; never at {', '.join(map(str, summary['missed']))}" if summary["missed"] else ""
    return (
        f"{summary['database']}: {summary['kills']} kills, {summary['moments']} of them at no point in particular"
        f"{missed}; {summary['answers']} answers, {summary['cut_off']} cut off; {summary['seconds']} s: {lost}"
    )


def main() -> int:
    """Run the command line; status 1 when something was lost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=LIVES, help="kills on each database")
    parser.add_argument("--from", type=int, default=0, dest="first", help="number of the first kill")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="at most so long on each database"
    )
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true", help="print what came out as JSON")
    given = parser.parse_args()
    kinds = ("sqlite", "postgresql") if given.database == "both" else (given.database,)
    has_lost = False
    for kind in kinds:
        waiting = traps(given.first + given.rounds)[given.first :]
        run = Run(kind, waiting, given.first, time.monotonic() + 60 * given.minutes)
        run.go()
        found = run.summary()
        print(json.dumps(found) if given.json else told(found), flush=True)
        has_lost = has_lost or bool(run.lost)
    return 1 if has_lost else 0


if __name__ == "__main__":
    sys.exit(main())
