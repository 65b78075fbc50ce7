"""The lock: complete, hashed, silent about where packages came from, within the project's bounds."""

import importlib.metadata
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements/dev.txt", "requirements/runtime.txt"]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def entries(name: str) -> dict[str, list[str]]:
    """Return each requirement of a lock (`name==version ; marker`) with its hashes."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / name).read_text().splitlines():
        text = line.partition("#")[0].strip().removesuffix("\\").strip()
        if text.startswith("--hash="):
            found[list(found)[-1]].append(text.removeprefix("--hash="))
        elif text:
            found[text] = []
    return found


def versions(name: str) -> dict[str, str]:
    """Return package → version of a lock."""
    pinned = [Requirement(entry) for entry in entries(name)]
    return {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in pinned}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    """What is installed is what was locked, byte by byte, wherever it comes from."""
    found = entries(name)
    assert found
    for entry, hashes in found.items():
        assert re.match(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[0-9][^ ]*( ; .+)?$", entry), entry
        assert hashes, entry
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), entry


@pytest.mark.parametrize("name", LOCKS)
def test_no_host_and_no_address_is_in_the_lock(name: str) -> None:
    """Each machine asks the registry that its own configuration names."""
    text = (ROOT / name).read_text()
    for trace in (
        "://",
        "@",
        "index-url",
        "find-links",
        "trusted-host",
        "file:",
        ".org",
        ".com",
        "/root/",
        "/home/",
    ):
        assert trace not in text, trace


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("requirements/dev.txt", PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]),
        ("requirements/runtime.txt", PROJECT["dependencies"]),
    ],
)
def test_the_lock_satisfies_the_bounds_of_the_project(name: str, wanted: list[str]) -> None:
    """A bound that was changed without `python3 dev lock` shows here."""
    locked = versions(name)
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not in {name}: python3 dev lock"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{requirement}: {version} is locked"
        )


def test_a_server_gets_what_the_tests_ran_with() -> None:
    """The runtime lock is a part of the development lock, hashes included."""
    everything, runtime = (entries(name) for name in LOCKS)
    assert runtime.items() <= everything.items()
    assert "pytest" not in versions("requirements/runtime.txt")


def here(lines: list[str], extras: set[str]) -> list[Requirement]:
    """Choose the requirements that hold on this machine for these extras."""
    found = [Requirement(line) for line in lines]
    return [
        each
        for each in found
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras})
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_the_lock_is_complete(name: str) -> None:
    """Nothing is resolved when it is installed, so whatever a package or one of its extras needs is in it."""
    locked = versions(name)
    lines = [*PROJECT["dependencies"]]
    if name == "requirements/dev.txt":
        lines += PROJECT["optional-dependencies"]["dev"]
    todo, seen = here(lines, set()), set()
    while todo:
        wanted = todo.pop()
        version = locked.get(canonicalize_name(wanted.name))
        assert version is not None, f"{wanted} is not in {name}: python3 dev lock"
        assert wanted.specifier.contains(version, prereleases=True), f"{wanted}: {version} is locked"
        if (known := (wanted.name, *sorted(wanted.extras))) not in seen:
            seen.add(known)
            todo += here(importlib.metadata.requires(wanted.name) or [], wanted.extras)


def test_what_is_installed_is_what_is_locked() -> None:
    """The tests ran with the lock's versions, and not with what was there before."""
    for entry in map(Requirement, entries("requirements/dev.txt")):
        if entry.marker is None or entry.marker.evaluate():
            assert str(entry.specifier) == f"=={importlib.metadata.version(entry.name)}", entry.name


def test_nothing_that_is_made_again_is_kept() -> None:
    """A link called .venv once passed `/.venv/` in .gitignore, and took everybody's own environment away."""
    asked = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    kept = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert kept.stdout == ""
    modes = subprocess.run(
        ["git", "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    assert not [line for line in modes.stdout.splitlines() if line.startswith("120000 ")], "a link"
