"""docs/flow.md numbers exactly the points at which the gateway is killed."""

import re
from pathlib import Path

from tests.kill.points import OPERATIONS, POINTS

FLOW = (Path(__file__).resolve().parents[2] / "docs" / "flow.md").read_text(encoding="utf-8")
ROWS = {int(number): row for number, row in re.findall(r"^\| (\d+) \| (.*)$", FLOW, re.MULTILINE)}


def test_every_numbered_point_is_a_place_of_death() -> None:
    assert tuple(ROWS) == POINTS


def test_the_operations_are_those_of_the_page() -> None:
    named = {number: found[1] for number, row in ROWS.items() if (found := re.match(r"[^|]*?`(\w+)`", row))}
    del named[3]  # `authorize` only looks.
    told = {number: name for number, name in OPERATIONS.items() if number != 15}
    assert {number: named.get(number) for number in told} == told
