"""No test knows how quick its machine is: waits go by `tests.patience`, and no test measures time."""

import ast
from pathlib import Path

import pytest

from gateway.kit import outbound
from gateway.store.engine import backend as engine
from gateway.store.engine import pool
from tests import patience

HERE = Path(__file__).parent
WAITS = {"timeout", "wait", "wait_for", "join", "result", "poll", "set_default_timeout", "set_options"}
"""What takes seconds, by its name or as an argument of this name."""
LIMITS = {
    ("postgres_keeper.py", "wait"): "ends a server whose data are thrown away, and kills it when it does not",
    ("gateway/kit/test_outbound.py", "wait"): "a server that answers too late, and is hurried",
    ("protocol/test_slow_heads.py", "timeout"): "the limit that is tested, set to next to nothing",
}
"""Numbers that may stand: waits whose end is what is tested."""
CLOCKS = {"monotonic", "perf_counter", "stopwatch", "process_time"}
MEASURE = {
    "patience.py": "the place for it",
    "gateway/kit/test_ids.py": "the stopwatch itself",
    "kill/__main__.py": "a run by hand that goes on for as long as it is told",
    "setup/test_dev.py": "a stopwatch that is told what to say",
}


def trees() -> list[tuple[str, ast.AST]]:
    files = sorted(HERE.rglob("*.py"))
    return [(str(file.relative_to(HERE)), ast.parse(file.read_text())) for file in files]


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in {int, float}


def numbers_of_seconds(tree: ast.AST) -> list[tuple[str, int]]:
    """Find calls that are told to wait for a number of seconds: (name, line)."""
    found = []
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        found += [
            ("timeout", each.value.lineno)
            for each in call.keywords
            if each.arg == "timeout" and is_number(each.value)
        ]
        if name in WAITS and any(map(is_number, call.args)):
            found.append((name, call.lineno))
    return found


def test_waits_go_by_one_patience() -> None:
    """A number of seconds that is enough today fails on a busy machine tomorrow."""
    found = {
        (file, name, line)
        for file, tree in trees()
        for name, line in numbers_of_seconds(tree)
        if (file, name) not in LIMITS
    }
    assert not found, f"take `tests.patience`: {sorted(found)}"


def test_no_test_measures_time() -> None:
    found = {
        f"{file}:{node.lineno}"
        for file, tree in trees()
        if file not in MEASURE
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and getattr(node, "attr", getattr(node, "id", "")) in CLOCKS
    }
    assert not found, f"wait with `until` of `tests.patience`: {sorted(found)}"


def test_the_gateway_is_as_patient_as_its_tests() -> None:
    """Its own limits answer 503 on a machine that is slow enough: honest, and not what a test is about."""
    assert min(engine.BUSY_TIMEOUT, pool.PATIENCE, outbound.SECONDS) >= patience.PATIENCE
    for place, name in patience.OWN_LIMITS:
        assert getattr(place, name) >= patience.PATIENCE, name


def test_until_fails_with_the_words_for_what_did_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.0)
    with pytest.raises(AssertionError, match="the letter"):
        patience.until(lambda: False, "the letter")
    patience.until(lambda: True, "the letter")
