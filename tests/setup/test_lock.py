"""The lock: complete, hashed, silent about where packages came from, within the project's bounds."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
