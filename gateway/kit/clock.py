"""The clock is an argument: whoever needs the time is given one of these."""

import time
from collections.abc import Callable

DAY = 86_400
"""Seconds of one day."""

Clock = Callable[[], int]
"""Returns the present time as whole seconds UTC since 1970-01-01."""


def system_clock() -> int:
    """Read the machine's clock, in whole seconds UTC."""
    return int(time.time())


def stopwatch() -> float:
    """Read a monotonic clock, in seconds: only differences have a meaning."""
    return time.perf_counter()
