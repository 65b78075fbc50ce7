"""The bootstrap, working on a folder of a test's own."""

import importlib.machinery
import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


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
    for name in ("ROOT", "VENV", "BIN", "STAMP", "LOCK", "SERVER_LOCK", "PYPROJECT"):
        monkeypatch.setattr(module, name, tmp_path / getattr(module, name).relative_to(ROOT))
    return module
