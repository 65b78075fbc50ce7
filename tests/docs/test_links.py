"""Every document: what it links is there, and so is every file that it names as its check."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]+))?\)")
CHECK = re.compile(r"`(tests/[\w/.-]+\.py)`")


def anchors(file: Path) -> set[str]:
    """Name a document's headings as a link does."""
    headings = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", each.lower()).strip().replace(" ", "-") for each in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_document_links_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target, anchor in LINK.findall(text):
        file = (document.parent / target).resolve() if target else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def test_the_checks_that_decisions_name_are_there() -> None:
    found = [
        (file.name, name)
        for file in (ROOT / "docs" / "decisions").glob("*.md")
        for name in CHECK.findall(file.read_text(encoding="utf-8"))
    ]
    assert found
    assert [each for each in found if not (ROOT / each[1]).exists()] == []
