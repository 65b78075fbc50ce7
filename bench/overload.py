"""Overload: ten times as many requests in flight as may wait; what is refused, what it costs, how it recovers."""

import threading
import time
from dataclasses import asdict, dataclass

import uvloop

from bench import machine
from bench.load import Load, run_load

DEPTH = 128
"""Requests that one process may have in progress, for this measurement."""
SETTINGS = {"CONSENT_GATEWAY_MAX_REQUESTS_IN_PROGRESS": str(DEPTH)}
TIMES = 10
CALM = 20
"""So many right answers in a row, and it has recovered."""


@dataclass(frozen=True, slots=True)
class Overload:
    """What came of it.

    Attributes:
        refused: answers 503 with Retry-After; `wrong` counts everything else that is not right.
        recovery_s: from the last overloading request to the last refusal or wrong answer after it.
    """

    callers: int
    seconds: float
    accepted: int
    refused: int
    wrong: int
    first_wrong: str
    p99_ms: float
    calm_mb: float
    peak_mb: float
    recovery_s: float


class Watch:
    """Looks at a tree's memory all the while."""

    def __init__(self, pid: int) -> None:
        self.peak = 0.0
        self._pid, self._over = pid, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.peak = max(self.peak, machine.resident_megabytes(self._pid))
            if self._over.wait(0.5):
                return


def overload(port: int, pid: int, load: Load, workers: int, seconds: float) -> Overload:
    """Overload a server, then wait until it answers as before."""
    callers = TIMES * DEPTH * workers
    calm = machine.resident_megabytes(pid)
    with Watch(pid) as watch:
        tally = uvloop.run(run_load(port, load, callers, seconds))
    began = time.perf_counter()
    in_a_row, recovered_at = 0, began
    while in_a_row < CALM and time.perf_counter() < began + 60:
        one = uvloop.run(run_load(port, Load(load.requests[:1], load.expected, is_single_use=True), 1, 10))
        in_a_row = in_a_row + 1 if one.latencies else 0
        if not one.latencies:
            recovered_at = time.perf_counter()
    return Overload(
        callers=callers,
        seconds=tally.seconds,
        accepted=len(tally.latencies),
        refused=tally.refused,
        wrong=tally.wrong,
        first_wrong=tally.first_wrong,
        p99_ms=tally.percentile(0.99),
        calm_mb=calm,
        peak_mb=watch.peak,
        recovery_s=recovered_at - began,
    )


def lines(found: Overload) -> str:
    """Spell it as a list."""
    rows = [f"- {name.replace('_', ' ')}: {_spelled(value)}" for name, value in asdict(found).items()]
    return "\n".join(row for row in rows if not row.endswith(": "))


def _spelled(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else f"{value}"
