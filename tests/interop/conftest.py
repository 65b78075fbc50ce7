"""A served gateway for the libraries of other people; what is missing on this machine is said, not hidden."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.stage import MODULES, Stage, prepare, served
from tests.world import copy_sqlite


@pytest.fixture(scope="session")
def interop_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database with the libraries' clients in it."""
    folder = tmp_path_factory.mktemp("interop")
    prepare(copy_sqlite(sqlite_template, folder), folder)
    return folder / "gateway.db"


@pytest.fixture
def stage(interop_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """A gateway of the test's own."""
    with served(copy_sqlite(interop_template, tmp_path), tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def node() -> None:
    """Make sure that there is Node.js with the libraries."""
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js on this machine: apt-get install nodejs npm")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < 20:
        pytest.skip(f"Node.js {version.strip()} is too old for the libraries, which want 20")
    if not (MODULES / "node_modules").is_dir():
        pytest.skip("the libraries are not installed: make interop does it, where there is npm")


@pytest.fixture
def interop_nonce_stage(interop_template: Path, tmp_path: Path) -> Iterator[Stage]:
    """A gateway that wants a nonce in every proof."""
    with served(copy_sqlite(interop_template, tmp_path), tmp_path, dpop_nonce="true") as found:
        yield found
