"""The page of the house says which wings there are, and no folder outgrows what one looks through at a glance."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("actions", "store", "web", "cli")
GROUND = {
    "actions": {"grants"},
    "store": {"engine", "postgres", "tables", "migrations"},
    "web": {"server", "pages", "templates", "static"},
    "cli": {"controls", "demo"},
}
MOST = 15
REASONS = {
    "gateway/web/templates": "one file a page, under the name that its view has",
    "gateway/store/migrations/versions": "one file for each change of the schema, in their order",
}


def drawn() -> dict[str, set[str]]:
    """Return floor → wings, as the page's table has them."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.) \| (.) \| (.) \| (.) \|$", text, re.MULTILINE)
    assert rows, "docs/architecture.md has no table of wings"
    return {floor: {row[0] for row in rows if row[1 + place] == "✓"} for place, floor in enumerate(FLOORS)}


@pytest.mark.parametrize("floor", FLOORS)
def test_the_page_shows_the_wings_that_there_are(floor: str) -> None:
    found = {path.parent.name for path in (ROOT / "gateway" / floor).glob("*/__init__.py")}
    assert drawn()[floor] == found - GROUND.get(floor, set()), f"docs/architecture.md, column {floor}"


def test_a_test_stands_where_what_it_tests_stands() -> None:
    """A wing of tests without the wing would be somewhere that nobody looks."""
    for floor in FLOORS:
        for path in (ROOT / "tests" / "gateway" / floor).glob("*/__init__.py"):
            name = path.parent.name
            assert (ROOT / "gateway" / floor / name).is_dir() or name in ("samples", *drawn()["actions"]), (
                path
            )


def test_no_folder_outgrows_a_glance() -> None:
    """Past 15 files a noun is missing; a reason for more stands above."""
    for package in ("gateway", "partners", "scopes"):
        sources = [path for ending in ("py", "html") for path in (ROOT / package).rglob(f"*.{ending}")]
        for folder in {path.parent for path in sources}:
            name = folder.relative_to(ROOT).as_posix()
            files = [path for path in sources if path.parent == folder and path.name != "__init__.py"]
            assert len(files) <= MOST or name in REASONS, f"{name} holds {len(files)} files"
