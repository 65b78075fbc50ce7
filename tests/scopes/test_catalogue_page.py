"""Promise P6: the published catalogue and the code cannot drift."""

from pathlib import Path

from tests.scopes.catalogue_page import page

PAGE = Path(__file__).parents[2] / "docs" / "catalogue.md"


def test_the_page_is_what_the_code_says():
    command = "python3 dev run python -m tests.scopes.catalogue_page > docs/catalogue.md"
    assert PAGE.read_text(encoding="utf-8") == page(), f"run: {command}"
