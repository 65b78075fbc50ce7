"""The table of everything that waits to be used: whatever the code makes stands in it, with its test."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.kit.ids import SECRET_BYTES
from gateway.store.accounts.mail_links import RECOVERY, VERIFICATION

ROOT = Path(__file__).resolve().parents[2]
DECISION = ROOT / "docs" / "decisions" / "0063-links-die-with-what-they-protect.md"
MAKERS = frozenset({"ticket", "signature", "dated_ticket"})
"""Calls that make something which comes back; a link of a letter that is made otherwise has a kind of secret."""


def table() -> list[list[str]]:
    lines = [line for line in DECISION.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def makers() -> Iterator[str]:
    """Name every module that makes a ticket or a signature."""
    for file in sorted((ROOT / "gateway").rglob("*.py")):
        if file.name in ("sealing.py", "dated_tickets.py"):
            continue
        calls = (each.func for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Call))
        names = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls}
        if names & MAKERS:
            yield file.relative_to(ROOT / "gateway").as_posix()


def test_whatever_is_made_stands_in_the_table() -> None:
    """A new ticket, link or kind of secret fails here until somebody has said what it dies with."""
    rows = table()
    modules = {re.findall(r"`([\w/]+\.py)`", row[1])[0] for row in rows}
    assert sorted(set(makers()) - modules) == []
    assert [name for name in sorted(modules) if not (ROOT / "gateway" / name).exists()] == []
    words = " ".join(row[0] for row in rows)
    assert [str(kind) for kind in sorted(SECRET_BYTES) if f"`{kind}`" not in words] == []
    assert [kind for kind in (RECOVERY, VERIFICATION) if f"`{kind}`" not in words] == []


def test_each_row_is_whole_and_its_test_is_there() -> None:
    tests = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    for row in table():
        assert len(row) == 6
        assert all(row), row
        (name,) = re.findall(r"`(test_\w+)`", row[5])
        assert f"def {name}(" in tests, name
