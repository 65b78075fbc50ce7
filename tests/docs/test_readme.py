"""README.md claims nothing that is not so: files, commands, addresses, people."""

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import typer

from gateway.cli.commands import app
from gateway.cli.demo import command
from gateway.web.routes import all_routes

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PEOPLE = (ROOT / "deploy" / "demo" / "people.csv").read_text(encoding="utf-8")


def unique(pattern: str) -> list[str]:
    """Find what a pattern's group finds, once each, in order."""
    found = list(dict.fromkeys(re.findall(pattern, README)))
    assert found, pattern
    return found


@pytest.mark.parametrize("link", unique(r"\]\((?!https?:)([^)]+)\)"))
def test_what_is_linked_is_there(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("folder", unique(r"(?m)^\| `([a-z]+/)` \|"))
def test_the_folders_are_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("words", unique(r"`consent-gateway ([a-z]+(?: [a-z][a-z-]*)*)"))
def test_the_commands_exist(words: str) -> None:
    found: Any = typer.main.get_command(app)
    for word in words.split():
        found = found.commands[word]


def test_the_options_exist() -> None:
    root: Any = typer.main.get_command(app)
    demo = {name for each in root.commands["demo"].params for name in each.opts}
    assert set(unique(r"make demo ARGS=(--[a-z]+)")) <= demo
    rotate = {name for each in root.commands["keys"].commands["rotate"].params for name in each.opts}
    assert set(unique(r"keys rotate (--[a-z]+)")) <= rotate


@pytest.mark.parametrize("target", unique(r"(?m)^make ([a-z]+)"))
def test_the_commands_are_targets_of_make(target: str) -> None:
    shown = subprocess.run(
        ["make", "-n", "--no-print-directory", target], cwd=ROOT, capture_output=True, text=True
    )
    assert shown.stdout.split()[:3] == ["python3", "dev", target]


def test_the_demonstration_has_these_addresses_and_people() -> None:
    paths = {route.path for route in all_routes()}
    for port, path in re.findall(r"<http://localhost:(\d+)(/[a-z]+)>", README):
        if port == "8000":
            assert path in paths
        else:
            assert (ROOT / "deploy" / "partners.d" / f"{path[1:]}.toml").exists()
    for name in ("Asha Rao", "Ben Okafor", "Meera Iyer", "Priya Nair"):
        assert name in README
        [line] = [line for line in PEOPLE.splitlines() if f",{name}," in line]
        assert line.split(",")[2] in command.WORTH_TRYING


def test_the_pythons_are_those_that_the_project_takes() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11,<3.15"' in project
    assert "Python 3.11 to 3.14" in README


def test_the_picture_is_readable_for_everybody() -> None:
    """Well-formed, described in words, with colours for dark screens, and nothing loaded from elsewhere."""
    text = (ROOT / "docs" / "flow.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    names = {child.tag.rpartition("}")[2] for child in root}
    assert {"title", "desc"} <= names
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"href|url\((?!#)|<script", text)
