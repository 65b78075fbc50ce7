"""The bootstrap and its Makefile: what a newcomer sees first."""

import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.patience import PATIENCE, until
from tests.setup.conftest import ROOT, load_dev

COMMANDS = [
    "setup", "demo", "test", "check", "lint", "interop", "run", "migrate", "bench", "kill", "lock", "clean",
    "explore", "screens",
]  # fmt: skip


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in the root of the project."""
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


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


def test_a_server_has_what_it_runs_with_and_stays_a_server(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No later command brings the tests' packages to a machine that serves people."""
    taken: list[str] = []

    def install() -> None:
        taken.append(dev.LOCK.name)
        dev.run([sys.executable, "-m", "venv", "--without-pip", dev.VENV], "")

    monkeypatch.setattr(dev, "install_with_uv", lambda: False)
    monkeypatch.setattr(dev, "install_with_pip", install)
    dev.SERVER_LOCK.write_text("# less\n")
    whole = dev.LOCK
    dev.setup(["--server"])
    assert "from requirements/runtime.txt" in capsys.readouterr().out
    monkeypatch.setattr(dev, "LOCK", whole)
    dev.setup()
    assert capsys.readouterr().out == ""
    assert taken == ["runtime.txt"]


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


def test_steps_are_listed_at_the_end_also_when_one_failed(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What took longest is what to make cheaper, and a failed run knows it too."""
    times = iter([0.0, 0.0, 2.0, 2.0, 10.0])
    monkeypatch.setattr(dev.time, "perf_counter", lambda: next(times))

    def work(_rest: object) -> None:
        """Work."""
        with dev.step("quick"):
            pass
        with dev.step("slow"):
            raise dev.StepError("no")

    monkeypatch.setitem(dev.COMMANDS, "lint", work)
    monkeypatch.setattr(dev.signal, "signal", lambda number, handler: None)
    assert dev.main(["lint"]) == 1
    said = capsys.readouterr().out
    assert said.endswith("· steps, the slowest first\n       8.0 s  slow\n       2.0 s  quick\n")


ENDED = """
import sys
from tests.setup.conftest import load_dev

dev = load_dev()

def work(_rest):
    "Work."
    with dev.step("tests of the parts"):
        dev.run_tests(["pytest"], "--rootdir", sys.argv[1], "-p", "no:cacheprovider", sys.argv[1], "-n", "1")

dev.COMMANDS["test"] = work
sys.exit(dev.main(["test"]))
"""


def test_a_run_that_is_ended_says_what_was_slowest(tmp_path: Path) -> None:
    """CI ends a gate that takes too long by SIGTERM; what it saw until then is what somebody needs.

    Also where a script runs it in its background, and SIGINT is ignored.
    """
    begun = tmp_path / "begun"
    (tmp_path / "test_slow.py").write_text(
        "import time\n\n\ndef test_first():\n    pass\n\n\n"
        f"def test_slow():\n    open({str(begun)!r}, 'w').close()\n    time.sleep({PATIENCE})\n"
    )
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-c", ENDED, str(tmp_path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        until(lambda: begun.exists() or running.poll() is not None, "the slow test did not begin")
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 128 + signal.SIGTERM, said
    assert "ended from outside" in said
    assert "test_slow.py::test_first" in said[said.index("slowest tests") :]


def test_what_was_compiled_is_kept_also_where_nothing_may_be_written_beside_the_sources(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers forbid bytecode; every process that a test starts would compile everything anew."""
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    env = dev.environment()
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert env["PYTHONPYCACHEPREFIX"] == str(dev.ROOT / ".cache" / "bytecode")
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    assert "PYTHONPYCACHEPREFIX" not in dev.environment()
