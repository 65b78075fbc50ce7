"""CONTRIBUTING.md and the pages of docs/ name paths that exist, and the map of tests is that of the wings."""

import re
from pathlib import Path

import pytest

from tests.docs.test_architecture_page import GROUND

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = [
    CONTRIBUTING,
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
    *sorted((ROOT / "docs" / "operate").glob("*.md")),
]
FLOORS = ("actions", "store", "web", "cli")
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
"""Blocks, and words in a line."""
NAMED = re.compile(
    r"(?<![\w/.:-])(?:gateway|partners|scopes|tests|bench|deploy|docs|requirements)/[\w./-]*\w"
)


def paths_in(document: Path) -> set[str]:
    """Return the files and folders of this project that a page names in code."""
    code = [block or word for block, word in CODE.findall(document.read_text(encoding="utf-8"))]
    return {path for text in code for path in NAMED.findall(text)}


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_that_a_page_names_is_there(document: Path) -> None:
    """Whoever looks where a page points finds it; `docs/errors` is an address of the gateway."""
    missing = {path for path in paths_in(document) if not (ROOT / path).exists() and path != "docs/errors"}
    assert not missing, f"{document.relative_to(ROOT)} names {sorted(missing)}"


def floors_of_wings() -> dict[str, list[str]]:
    """Return the floors on which each wing has tests, as CONTRIBUTING.md says."""
    rows = re.findall(
        r"^\| `(\w+)` \| ([a-z, ]+) \| `tests/", CONTRIBUTING.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {wing: floors.split(", ") for wing, floors in rows}


def test_the_map_has_every_wing_of_actions() -> None:
    """A wing that is not there has tests that nobody finds."""
    wings = {path.parent.name for path in (ROOT / "gateway" / "actions").glob("*/__init__.py")}
    assert set(floors_of_wings()) == wings - GROUND["actions"], (
        "the map in CONTRIBUTING.md has other wings than gateway/actions"
    )


@pytest.mark.parametrize(("wing", "floors"), floors_of_wings().items())
def test_the_map_says_on_which_floors_a_wing_has_tests(wing: str, floors: list[str]) -> None:
    """A folder that came or went is named."""
    there = [floor for floor in FLOORS if any((ROOT / "tests" / "gateway" / floor / wing).glob("test_*.py"))]
    assert floors == there, f"CONTRIBUTING.md, the map, {wing}: its tests are on {', '.join(there)}"
