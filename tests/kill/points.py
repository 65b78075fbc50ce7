"""The numbered points of docs/flow.md as places in the code where a process can be killed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """Where the process kills itself.

    Attributes:
        point: number in docs/flow.md; 0 for a moment that the test's clock chooses.
        place: name of a store operation, or a path of the HTTP interface.
        moment: of an operation: `before` its transaction, after `statement` number `nth`, `uncommitted` (every
            statement has run, COMMIT has not), `committed`; of a path: `asked`, `answered` (nothing sent yet),
            `sent` (its last byte is with the kernel).
        skip: how many times the place is passed first.
        after: for point 0: seconds after arming at which somebody else kills the process.
    """

    point: int
    place: str
    moment: str
    nth: int = 0
    skip: int = 0
    after: float = 0

    def __str__(self) -> str:
        if not self.point:
            return f"at a moment ({self.after * 1000:.0f} ms)"
        nth = f" {self.nth}" if self.nth else ""
        return f"point {self.point}: {self.place} {self.moment}{nth}, passed {self.skip} times"


OPERATIONS = {
    2: "push_requests",
    5: "open_sessions",
    7: "serve_notices",
    9: "commit_decisions",
    12: "redeem_codes",
    15: "release",
    18: "commit_changes",
    19: "integrate",
    20: "signed",
}
"""Points right after a commit; the point before each of them is right before its transaction."""
BEFORE = {4: 5, 6: 7, 8: 9, 11: 12, 14: 15, 17: 18}
PATHS = {
    1: ("/par", "asked"),
    3: ("/authorize", "answered"),
    10: ("/consent", "sent"),
    13: ("/token", "sent"),
    16: ("/userinfo", "sent"),
}
POINTS = tuple(sorted({*OPERATIONS, *BEFORE, *PATHS}))
REPEATED = {14, 15, 16, 19, 20}
"""What happens all the time, so that it is worth while to let it happen some times first."""
STATEMENTS = 8


def trap_at(point: int, turn: int) -> Trap:
    """Choose the trap of a point for the n-th time: each time another moment near it."""
    skip = turn % 4 if point in REPEATED else 0
    if point in PATHS:
        return Trap(point, *PATHS[point], skip=skip)
    if point in BEFORE:
        return Trap(point, OPERATIONS[BEFORE[point]], "before", skip=skip)
    moments = ["committed", "uncommitted", *["statement"] * STATEMENTS]
    which = turn % len(moments)
    return Trap(point, OPERATIONS[point], moments[which], nth=max(0, which - 1), skip=skip)


def traps(rounds: int) -> Sequence[Trap]:
    """List traps: every point in turn, and every so often a moment that no point names."""
    found = []
    for number in range(rounds):
        turn, which = divmod(number, len(POINTS) + 2)
        if which < len(POINTS):
            found.append(trap_at(POINTS[which], turn))
        else:
            # The golden ratio spreads moments evenly, however many there are.
            found.append(Trap(0, "", "", after=(number * 0.618034 % 1) * 0.25))
    return found
