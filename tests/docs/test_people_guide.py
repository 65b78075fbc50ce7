"""docs/guides/people.md says what the import takes."""

import re
from datetime import date
from pathlib import Path

from gateway.accounts.people_list import COLUMNS, REQUIRED, read_people
from gateway.actions.guardians.new_proposals import METHODS
from gateway.model.people import Role

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "people.md").read_text(encoding="utf-8")


def test_every_column_is_described_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", GUIDE, re.MULTILINE))
    assert set(rows) == set(COLUMNS)
    assert {name for name, needed in rows.items() if needed == "yes"} == set(REQUIRED)


def test_every_role_is_named() -> None:
    [line] = [line for line in GUIDE.splitlines() if line.startswith("| `role`")]
    assert set(re.findall(r"`(\w+)`", line)) - {"role"} == set(Role)


def test_the_example_can_be_imported() -> None:
    [example] = re.findall(r"```csv\n(.*?)```", GUIDE, re.DOTALL)
    found = read_people(example.encode(), frozenset({"lakeside"}), date(2026, 3, 1))
    assert found.faults == ()
    assert len(found.people) == 3


def test_the_methods_of_verifying_a_guardian_are_named() -> None:
    [line] = [line for line in GUIDE.splitlines() if line.startswith("The method is")]
    assert tuple(re.findall(r"`(\w+)`", line)) == tuple(METHODS)
