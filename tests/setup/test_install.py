"""An old lock installs whatever is published later: with the pips of old, with the newest, and with uv.

Nothing is asked of a network: the packages and their index are made here.
"""

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.patience import PATIENCE
from tests.setup.conftest import ROOT

OLD_PIPS = {file.stem: file for file in sorted((Path(__file__).parent / "pips").glob("*.txt"))}
"""Python → the pip that its first release brought along."""
FETCHED = ROOT / ".cache" / "pips"


class Index:
    """A package index in a folder (PEP 503), with tiny packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = (folder / "simple").as_uri()

    def publish(self, name: str, version: str, *about: str) -> str:
        """Publish a package with lines of its own in the metadata; give its line of a lock."""
        inside = f"{name}-{version}.dist-info"
        texts = {
            f"{name}.py": "",
            f"{inside}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{inside}/METADATA": "\n".join(
                ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *about, ""]
            ),
        }
        rows = [f"{file},{_recorded(text)},{len(text)}" for file, text in texts.items()]
        texts[f"{inside}/RECORD"] = "\n".join([*rows, f"{inside}/RECORD,,", ""])
        shelf = self.folder / "simple" / name
        shelf.mkdir(parents=True, exist_ok=True)
        wheel = shelf / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as packed:
            for file, text in texts.items():
                packed.writestr(file, text)
        sha = hashlib.sha256(wheel.read_bytes()).hexdigest()
        with (shelf / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}#sha256={sha}">{wheel.name}</a><br>\n')
        return f"{name}=={version} --hash=sha256:{sha}\n"


def _recorded(text: str) -> str:
    raw = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    """The only index there is: what this machine's configuration names is not asked."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    made = Index(tmp_path / "index")
    own = {
        "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": made.url, "PIP_CACHE_DIR": str(tmp_path / "cache"),
        "UV_NO_CONFIG": "1", "UV_DEFAULT_INDEX": made.url, "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_PYTHON_DOWNLOADS": "never",
    }  # fmt: skip
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def stale_lock(dev: ModuleType, index: Index) -> Path:
    """A complete lock, and a newer version of a locked package, of which another package wants an extra.

    Fetching `ruler[toml]` apart from the locked `ruler`, pip 22 and 23 take the newer one and refuse it, because
    it has no hash.
    """
    lines = [
        index.publish("measure", "1.0", "Requires-Dist: ruler[toml]>=1"),
        index.publish("ruler", "1.0", "Provides-Extra: toml", 'Requires-Dist: tomlish>=1; extra == "toml"'),
        index.publish("tomlish", "1.0"),
    ]
    index.publish("ruler", "2.0", "Provides-Extra: toml", 'Requires-Dist: unheard-of; extra == "toml"')
    lock: Path = dev.LOCK
    lock.write_text("".join(lines))
    return lock


@pytest.fixture(autouse=True)
def _quiet(capfd: pytest.CaptureFixture[str]):
    """What installs says nothing: a warning here would be one at everybody's first command."""
    yield
    said = capfd.readouterr()
    assert "warning" not in (said.out + said.err).lower()


def installed(dev: ModuleType) -> dict[str, str]:
    """Read name → version of what is in .venv besides the installers' own."""
    asked = "import importlib.metadata as m; print(*(d.name + '=' + d.version for d in m.distributions()))"
    shown = subprocess.run(
        [dev.BIN / "python", "-c", asked], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    found = dict(each.split("=") for each in shown.stdout.split())
    return {name: version for name, version in found.items() if name not in {"pip", "setuptools"}}


def python_for(dev: ModuleType, version: str) -> str:
    """Find the Python that a pip came with, else one that is older: a pip outlives its Python, not the reverse."""
    wanted = tuple(map(int, version.split(".")))
    for found in (sys.executable, shutil.which(f"python{version}")):
        if found and dev.version_of(found) == wanted:
            return found
    if sys.version_info[:2] > wanted:
        pytest.skip(f"there is no Python {version}, and its first pip may not run with a newer one")
    return sys.executable


def old_pip(version: str) -> Path:
    """Find the pip that the first release of a Python brought along."""
    file = OLD_PIPS[version]
    number = file.read_text().split("pip==")[1].split()[0]
    wheel = FETCHED / f"pip-{number}-py3-none-any.whl"
    if not wheel.exists():
        command = f"pip download --no-deps --require-hashes -r {file.relative_to(ROOT)} -d .cache/pips"
        pytest.skip(f"pip {number} is not here; `python3 dev run {command}` fetches it")
    return wheel


def use_pip(dev: ModuleType, monkeypatch: pytest.MonkeyPatch, python: str, *pip: str) -> list[str]:
    """Let the bootstrap install by this pip; give its command."""
    command = [str(dev.BIN / "python"), *pip] if pip else [python, "-m", "pip", "--python", str(dev.VENV)]

    def make(_: str) -> list[str]:
        dev.run([python, "-m", "venv", "--clear", "--without-pip", dev.VENV], "")
        return command

    monkeypatch.setattr(dev, "make_venv_with_pip", make)
    return command


LOCKED = {"measure": "1.0", "ruler": "1.0", "tomlish": "1.0"}


@pytest.mark.usefixtures("stale_lock")
def test_a_stale_lock_installs_with_the_pip_that_this_python_brings(dev: ModuleType) -> None:
    dev.install_with_pip()
    assert installed(dev) == LOCKED


@pytest.mark.parametrize("version", OLD_PIPS)
@pytest.mark.usefixtures("stale_lock")
def test_a_stale_lock_installs_with_the_first_pip_of_each_python(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    use_pip(dev, monkeypatch, python_for(dev, version), str(old_pip(version) / "pip"))
    dev.install_with_pip()
    assert installed(dev) == LOCKED


@pytest.mark.usefixtures("stale_lock")
def test_a_stale_lock_installs_with_the_newest_pip(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    use_pip(dev, monkeypatch, sys.executable)
    dev.install_with_pip()
    assert installed(dev) == LOCKED


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> str:
    """The locked uv, as if somebody had it on PATH."""
    found = Path(sys.executable).parent / "uv"
    folder = found.parent if found.exists() else None
    if folder is None:
        pytest.skip("the lock's uv is not in .venv: `python3 dev setup`")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return str(found)


@pytest.mark.usefixtures("stale_lock", "uv")
def test_a_stale_lock_installs_with_uv(dev: ModuleType) -> None:
    assert dev.install_with_uv()
    assert installed(dev) == LOCKED


@pytest.mark.parametrize("version", ["3.11", "3.12"])
def test_the_newer_package_is_a_trap_for_who_resolves(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, stale_lock: Path, version: str
) -> None:
    """The tests above can fail: the same lock without `--no-deps` is what stopped the first command."""
    python = python_for(dev, version)
    pip = use_pip(dev, monkeypatch, python, str(old_pip(version) / "pip"))
    dev.make_venv_with_pip(python)
    command = [*pip, "install", "--quiet", "--require-hashes", "-r", str(stale_lock)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert "all requirements must have their versions pinned" in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_a_lock_that_lacks_a_package_is_named(
    dev: ModuleType,
    index: Index,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    installer: str,
) -> None:
    """Nothing is resolved, so what is missing is asked for: at set-up, not at the first import of a demonstration."""
    dev.LOCK.write_text(index.publish("measure", "1.0", "Requires-Dist: ruler>=1"))
    index.publish("ruler", "1.0")
    if installer == "uv":
        request.getfixturevalue("uv")
    else:
        use_pip(dev, monkeypatch, sys.executable)
    with pytest.raises(dev.StepError, match=r"does not hold together:\n(.|\n)*ruler(.|\n)*dev lock") as told:
        dev.install_with_uv() if installer == "uv" else dev.install_with_pip()
    assert "measure" in str(told.value)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_another_file_than_the_locked_one_is_refused(
    dev: ModuleType,
    stale_lock: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    capfd: pytest.CaptureFixture[str],
    installer: str,
) -> None:
    """A hash that does not match installs nothing."""
    stale_lock.write_text(stale_lock.read_text().replace("sha256:", "sha256:0")[:-2] + "\n")
    if installer == "uv":
        request.getfixturevalue("uv")
        assert not dev.install_with_uv()
    else:
        use_pip(dev, monkeypatch, sys.executable)
        with pytest.raises(dev.StepError, match="registry reachable"):
            dev.install_with_pip()
    capfd.readouterr()
    assert installed(dev) == {}


def test_the_locks_own_uv_does_not_clear_itself_away(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With .venv active, uv on PATH is the one inside, which `uv venv --clear` would take away."""
    dev.BIN.mkdir(parents=True)
    inside = dev.BIN / "uv"
    inside.write_text("#!/bin/sh\nexit 1\n")
    inside.chmod(0o755)
    monkeypatch.setenv("PATH", str(dev.BIN))
    assert dev.uv_on_path() is None
    assert dev.install_with_uv() is False
    assert dev.find_uv() == str(inside)


def test_nothing_in_the_repository_installs_python_packages_but_the_bootstrap() -> None:
    """Each other way would need the same care: `pip install` and `uv` stand in `dev`, and nowhere else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    words = ("pip install", "pip3 install", "pip sync", "uv sync", "uv run", "pipx ", "--require-hashes")
    own = {"dev", "tests/setup/test_install.py"}
    found = {
        f"{file.relative_to(ROOT)}: {word}"
        for file in files
        if file.is_file() and str(file.relative_to(ROOT)) not in own and file.suffix not in {".png"}
        # Decisions tell what was chosen; nobody runs them.
        if "decisions" not in file.parts
        for word in words
        if word in file.read_text(errors="replace")
    }
    assert found == {
        ".ci/run: --require-hashes",  # fetches the old pips for the tests above
        "docs/guides/partners.md: pip install",  # what a partner does on a computer of their own
    }
