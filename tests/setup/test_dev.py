"""The bootstrap and its Makefile: what a newcomer sees first."""

import importlib.machinery
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    "setup", "demo", "test", "check", "lint", "interop", "run", "migrate", "bench", "kill", "lock", "clean",
    "explore", "screens",
]  # fmt: skip


def load_dev() -> ModuleType:
    """Import the bootstrap, which has no suffix."""
    loader = importlib.machinery.SourceFileLoader("dev", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The bootstrap, working on an empty folder."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    module = load_dev()
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").write_text("# nothing\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("ROOT", "VENV", "BIN", "STAMP", "LOCK", "PYPROJECT"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).relative_to(ROOT))
    return module


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the root of the project."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)


def targets() -> set[str]:
    """Return the Makefile's targets."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_help_lists_every_command_with_what_it_does() -> None:
    """`python3 dev --help` needs no .venv and says it all."""
    shown = run(sys.executable, "dev", "--help")
    assert shown.returncode == 0, shown.stderr
    for command in COMMANDS:
        assert re.search(rf"^  {command}  +\S.+\.$", shown.stdout, re.MULTILINE), command


def test_an_unknown_command_is_refused() -> None:
    """A misspelt command does nothing and says what there is."""
    shown = run(sys.executable, "dev", "tset")
    assert shown.returncode == 2
    assert "'check'" in shown.stderr


def test_bare_make_prints_every_target() -> None:
    """`make` alone is safe: it lists what there is."""
    shown = run("make")
    assert shown.returncode == 0, shown.stderr
    assert set(re.findall(r"^  make (\S+)\s+\S", shown.stdout, re.MULTILINE)) == targets()


def test_every_target_is_documented_and_is_a_command_of_dev() -> None:
    """The Makefile adds nothing of its own."""
    text = (ROOT / "Makefile").read_text()
    documented = set(re.findall(r"^([a-z]+):.*## \S", text, re.MULTILINE))
    assert documented == targets() == set(re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)[0].split())
    assert targets() - {"help"} <= set(COMMANDS)
    assert {"setup", "demo", "test", "check", "lint", "bench", "lock", "clean"} <= targets()


def test_the_bootstrap_and_the_project_agree_on_python() -> None:
    """The bootstrap repeats requires-python, because it may not find it with an old Python."""
    module = load_dev()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest, beyond = module.OLDEST, (module.NEWEST[0], module.NEWEST[1] + 1)
    assert project["requires-python"] == ">={}.{},<{}.{}".format(*oldest, *beyond)


def test_an_environment_is_made_once_and_again_when_the_lock_changes(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second command starts at once, a new lock is never forgotten, other settings need no new .venv."""
    monkeypatch.setattr(dev, "install_with_uv", lambda: False)
    monkeypatch.setattr(
        dev,
        "install_with_pip",
        lambda: dev.run([sys.executable, "-m", "venv", "--without-pip", dev.VENV], ""),
    )
    dev.setup()
    assert "making .venv" in capsys.readouterr().out
    dev.setup()
    assert capsys.readouterr().out == ""
    dev.PYPROJECT.write_text(dev.PYPROJECT.read_text() + "\n# changed\n")
    dev.setup()
    assert "making .venv" not in capsys.readouterr().out
    dev.LOCK.write_text("# changed\n")
    dev.setup()
    assert "making .venv" in capsys.readouterr().out


def test_the_environment_has_the_command_and_the_version(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`consent-gateway` runs the entry point, also through a link and below a folder with spaces."""
    home = dev.ROOT / "a folder"
    for name in ("VENV", "BIN"):
        monkeypatch.setattr(dev, name, home / getattr(dev, name).relative_to(dev.ROOT))
    dev.run([sys.executable, "-m", "venv", "--without-pip", dev.VENV], "")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (dev.ROOT / "gateway").mkdir()
    (dev.ROOT / "gateway" / "__main__.py").write_text(
        "import sys\ndef main(): print(sys.prefix, sys.argv[1]); return 3\n"
    )
    dev.link_project()
    dev.link_project()
    link = dev.ROOT / "link"
    link.symlink_to(dev.BIN / "consent-gateway")
    shown = subprocess.run([link, "a word"], capture_output=True, text=True, cwd="/")
    assert (shown.stdout.strip(), shown.returncode) == (f"{dev.VENV} a word", 3), shown.stderr
    asked = "import importlib.metadata as m; print(m.version('consent-gateway'))"
    version = subprocess.run([dev.BIN / "python", "-c", asked], capture_output=True, text=True, cwd="/")
    assert version.stdout.strip() == tomllib.loads(dev.PYPROJECT.read_text())["project"]["version"]


def test_without_pip_and_uv_the_advice_is_a_command(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare Debian lacks ensurepip; the text says what to install."""
    monkeypatch.setattr(dev, "has_ensurepip", lambda python: False)
    monkeypatch.setattr(dev, "succeeds", lambda command: False)
    monkeypatch.setattr(dev.Path, "glob", lambda path, pattern: iter(()))
    with pytest.raises(dev.StepError, match="apt-get install python3-venv"):
        dev.install_with_pip()


def test_an_unsupported_python_hands_over_or_says_what_is_needed(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old python3 looks for a newer one; a broken candidate on PATH is passed over."""
    monkeypatch.setattr(dev, "NEWEST", (3, 10))
    monkeypatch.setattr(dev, "OLDEST", (3, 10))
    monkeypatch.setattr(dev.shutil, "which", lambda name: "/bin/false")
    with pytest.raises(dev.StepError, match="no other is on PATH"):
        dev.continue_with_supported_python()
    taken: list[str] = []
    monkeypatch.setattr(dev, "version_of", lambda python: (3, 10))
    monkeypatch.setattr(dev.os, "execv", lambda python, words: taken.append(python))
    with pytest.raises(dev.StepError):
        dev.continue_with_supported_python()
    assert taken == ["/bin/false"]


def test_a_failing_step_says_what_to_do(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """The last line of a failure is advice."""
    with pytest.raises(dev.StepError, match=r"ended with status 1\.\n  Try the other\."):
        dev.run(["false"], "Try the other.")
