"""Which databases a run takes: a named test SQLite alone, the gate both, and nothing drops out without a word."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.patience import PATIENCE
from tests.setup.conftest import ROOT

SAMPLES = """
import pytest

@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    return request.param

@pytest.fixture(params=[("sqlite", 1), ("postgresql", 1)], ids=lambda shape: "-".join(map(str, shape)))
def shape(request):
    return request.param

@pytest.mark.parametrize("word", ["one", "two"])
def test_both(url, word): pass

def test_shape(shape): pass

@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_only_there(url): pass

def test_on_sqlite(): pass

def test_on_postgresql(): pass
"""
ON_SQLITE = {
    "test_both[sqlite-one]", "test_both[sqlite-two]", "test_shape[sqlite-1]", "test_only_there[postgresql]",
    "test_on_sqlite",
}  # fmt: skip
TWINS = {
    "test_both[postgresql-one]", "test_both[postgresql-two]", "test_shape[postgresql-1]", "test_on_postgresql",
}  # fmt: skip
Run = Callable[..., tuple[set[str], str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run pytest on a small suite of its own; return the tests that ran, and what was said."""
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "test_sample.py").write_text(SAMPLES)
    (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = suite\n")

    def run(*words: str) -> tuple[set[str], str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.databases",
            *words,
        ]
        shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE)
        assert shown.returncode == 0, shown.stdout + shown.stderr
        passed = [line for line in shown.stdout.splitlines() if "PASSED" in line]
        return {
            word.partition("::")[2] for line in passed for word in line.split() if "::" in word
        }, shown.stdout

    return run


def test_a_named_test_runs_on_sqlite_alone_and_the_run_says_so(run: Run) -> None:
    """Only twins are left out: what there is on PostgreSQL alone runs."""
    ran, said = run("suite")
    assert ran == ON_SQLITE
    assert "databases: what has both runs on SQLite alone; --postgres adds PostgreSQL" in said
    assert f"{len(TWINS)} tests ran on SQLite alone; --postgres adds PostgreSQL" in said


def test_a_variant_that_is_named_runs(run: Run) -> None:
    """Whoever copies a name out of a report gets that test."""
    named = {"test_both[postgresql-one]"}
    assert run("suite/test_sample.py::test_both[postgresql-one]")[0] == named
    assert run("suite", "-k", "postgresql and both and one")[0] == named


@pytest.mark.parametrize(
    "words", [("suite", "--postgres"), (), ("-n", "1"), ("suite", "--postgres", "-n", "1")]
)
def test_the_whole_suite_and_the_option_take_both(run: Run, words: tuple[str, ...]) -> None:
    """Workers of pytest-xdist hear of it."""
    ran, said = run(*words)
    assert ran == ON_SQLITE | TWINS
    assert "databases: SQLite and PostgreSQL" in said


@pytest.mark.parametrize("command", ["test", "check", "interop"])
def test_the_gate_takes_both(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Whatever `dev` runs of the suite by itself, it runs with `--postgres`."""
    pytests: list[list[str]] = []

    class Process:
        """One that ended well."""

        def __init__(self, words: list[str], **_options: object) -> None:
            pytests.append(words)

        def __enter__(self) -> "Process":
            return self

        def __exit__(self, *_found: object) -> None:
            pass

        def wait(self) -> int:
            return 0

    monkeypatch.setattr(dev, "setup", lambda: None)
    monkeypatch.setattr(dev, "tool", lambda *words, **_options: None)
    monkeypatch.setattr(dev.shutil, "which", lambda name: None)
    monkeypatch.setattr(dev.subprocess, "Popen", Process)
    dev.COMMANDS[command]([])
    assert pytests
    assert all("--postgres" in words for words in pytests), pytests


def test_ci_runs_the_gate() -> None:
    """It runs the commands whose databases are held above, and pytest by no other way."""
    text = (ROOT / ".ci" / "run").read_text()
    assert " make check\n" in text
    assert " make interop\n" in text
    assert "pytest" not in text
