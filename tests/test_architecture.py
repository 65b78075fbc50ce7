"""The floors hold: contracts of imports, faces of packages, and rules that no linter knows."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import gateway
import partners
import scopes

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (scopes, partners, gateway)


def packages() -> Iterator[str]:
    """Name every package of ours."""
    for package in PACKAGES:
        yield package.__name__
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if found.ispkg:
                yield found.name


def sources() -> Iterator[Path]:
    """Find every source file of ours."""
    for package in PACKAGES:
        yield from sorted((ROOT / package.__name__).rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Name the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{each.name}" for each in node.names}
    return found


def test_every_contract_of_imports_is_kept() -> None:
    """A floor that reaches up, a second place with SQL, or a second reader of values breaks the build."""
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert f"Contracts: {len(contracts)} kept, 0 broken." in done.stdout


@pytest.mark.parametrize(
    "module", ["gateway.store.profiles", "gateway.store.deciders", "gateway.actions.opened_profile"]
)
def test_who_may_read_values_is_listed_and_short(module: str) -> None:
    """Promise P13: besides the gates only a person's own pages and their guardian's come near a value."""
    own_pages = {
        # What the consent screen shows its person, and how old they are.
        *("gateway.actions.consent", "gateway.actions.deciders", "gateway.store.deciders"),
        *(f"gateway.actions.{name}" for name in ("connected", "guardians", "profile", "sessions", "upkeep")),
    }
    gates = {
        *("gateway.actions.release", "gateway.store.release"),
        # What people give their contacts: promise P2.
        *("gateway.actions.contacts", "gateway.store.contact_views"),
    }
    importers = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources()
        if module in imports_of(path)
    }
    assert importers
    assert importers <= own_pages | gates


@pytest.mark.parametrize("name", list(packages()))
def test_every_package_says_what_it_is_and_shows_what_it_lists(name: str) -> None:
    """The face of a package is its docstring and, where it has one, a sorted and true ``__all__``."""
    package = importlib.import_module(name)
    assert package.__doc__
    listed = getattr(package, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert all(hasattr(package, each) for each in listed)
    ours = {each.__name__ for each in PACKAGES}
    shown = {
        key
        for key, value in vars(package).items()
        if not key.startswith("_") and str(getattr(value, "__module__", "")).partition(".")[0] in ours
    }
    assert not listed or shown <= set(listed)


def test_every_module_says_what_it_is() -> None:
    """Whoever opens a file reads first what it is for."""
    silent = [path for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent in ([], [ROOT / "gateway" / "__main__.py"])


def test_no_module_has_an_empty_name() -> None:
    """Drawers without a noun fill up with everything."""
    empty = re.compile(r"(utils?|helpers?|managers?|services?_?impl|misc|common)$")
    assert [path for path in sources() if empty.search(path.stem)] == []


def test_who_only_computes_waits_for_nothing() -> None:
    """Protocol, consent and ledger are pure: no coroutine, no file, no network, no thread."""
    banned = {"asyncio", "socket", "pathlib", "threading", "os", "subprocess", "httpx2", "logging"}
    for room in ("oauth", "consent", "ledger", "model"):
        for path in sorted((ROOT / "gateway" / room).rglob("*.py")):
            assert not imports_of(path) & banned, path
            tree = ast.parse(path.read_text())
            assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(tree)), (
                path
            )


def test_a_word_that_names_nothing_is_not_in_a_function_name() -> None:
    """``process_`` and ``handle_`` say that something happens, not what."""
    for path in sources():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert not node.name.startswith(("process_", "handle_")), (path, node.name)
