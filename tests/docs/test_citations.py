"""Promises, rules and traps: every number that the source cites has its line, and every proof named there exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("gateway", "scopes", "partners", "tests", "bench", "deploy")
PAGES = {"promises.md": 17, "consent-rules.md": 13, "traps.md": 17}
# How each page is cited: `P13`, `consent.md rule 6` or `(rule 6)`, `trap 11`; `rules 1 and 3` names two.
CITATIONS = {
    "promises.md": re.compile(r"\bP(\d{1,2})\b(?!-)"),
    "consent-rules.md": re.compile(r"\brules? (\d{1,2})(?: and (\d{1,2}))?\b"),
    "traps.md": re.compile(r"\btraps? (\d{1,2})(?: and (\d{1,2}))?\b"),
}
NOT_PROMISES = re.compile(r"\bP\d+[DWMY]\b")
"""Durations (`P90D`) begin like a promise."""


def lines_of(document: str) -> dict[int, str]:
    """Return number → line of a page's table."""
    found = re.findall(r"^\| P?(\d{1,2}) \| (.+) \|$", (ROOT / "docs" / document).read_text(), re.MULTILINE)
    return {int(number): line for number, line in found}


@cache
def commented(path: Path) -> str:
    """Return a file's comments and docstrings: where a number is a citation, and not a value."""
    text = path.read_text(encoding="utf-8")
    words = [line.partition("#")[2] for line in text.splitlines()]
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            words.append(node.value.value)
    return "\n".join(words)


def cited(document: str) -> Iterator[tuple[Path, int]]:
    """Yield each citation of a page with the file that it stands in."""
    for folder in SOURCES:
        for path in (ROOT / folder).rglob("*.py"):
            for found in CITATIONS[document].finditer(NOT_PROMISES.sub("", commented(path))):
                yield from ((path, int(number)) for number in found.groups() if number)


def functions_of(path: Path) -> set[str]:
    """Return the names of a file's tests."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, functions)}


@pytest.mark.parametrize(("document", "last"), PAGES.items())
def test_a_page_numbers_its_lines_without_a_gap(document: str, last: int) -> None:
    """A line that was taken out would leave its citations behind."""
    assert list(lines_of(document)) == list(range(1, last + 1))


@pytest.mark.parametrize("document", PAGES)
def test_every_citation_has_its_line(document: str) -> None:
    """Whoever meets a number in the source finds what it means."""
    found = list(cited(document))
    assert found, f"nothing cites docs/{document}"
    wrong = [
        f"{path.relative_to(ROOT)} cites {number}"
        for path, number in found
        if number not in lines_of(document)
    ]
    assert not wrong, f"docs/{document} has no such line: {wrong}"


@pytest.mark.parametrize("document", PAGES)
def test_every_proof_exists(document: str) -> None:
    """A promise without a proof says so by a dash; a file that was renamed is found here."""
    for number, line in lines_of(document).items():
        proofs = re.findall(r"`((?:tests/[\w/]+\.py)|(?:test_\w+))`", line.rpartition("|")[2])
        assert proofs or line.endswith("—"), f"docs/{document} names no proof of {number}"
        for proof in proofs:
            if proof.startswith("tests/"):
                assert (ROOT / proof).is_file(), f"docs/{document}, {number}: there is no {proof}"
            else:
                assert proof in functions_of(ROOT / "tests/protocol/test_traps.py"), (
                    f"docs/{document}: there is no {proof}"
                )
