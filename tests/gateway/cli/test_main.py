"""`python -m gateway` is the command line, and importing it runs nothing."""

import importlib
import runpy
import sys

import pytest


def test_the_package_runs_as_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["consent-gateway", "--help"])
    monkeypatch.delitem(sys.modules, "gateway.__main__", raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("gateway", run_name="__main__")
    assert ended.value.code == 0
    assert "consent-gateway" in capsys.readouterr().out


def test_importing_it_runs_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["consent-gateway", "--help"])
    monkeypatch.delitem(sys.modules, "gateway.__main__", raising=False)
    importlib.import_module("gateway.__main__")
    assert capsys.readouterr().out == ""
