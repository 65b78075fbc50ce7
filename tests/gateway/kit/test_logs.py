"""Logs: one JSON object a line, without a secret and without an exception's text."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kit.ids import SECRET_BYTES, Kind, random_ids
from gateway.kit.logs import configure_logs, log
from tests.conftest import check_log_output


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged in this test, instead of the run's own log."""
    structlog_before = structlog.get_config()
    root, authlib = logging.getLogger(), logging.getLogger("authlib")
    before = (root.handlers[:], root.level, authlib.level)
    stream = io.StringIO()
    configure_logs(stream)
    yield stream
    structlog.configure(**structlog_before)
    root.handlers[:], root.level = before[0], before[1]
    authlib.setLevel(before[2])


def test_a_line_is_one_json_object_with_time_level_and_request(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1"):
        log().info("request", status=200)
    (line,) = lines.getvalue().splitlines()
    found = json.loads(line)
    assert found["event"] == "request"
    assert (found["level"], found["status"], found["request_id"]) == ("info", 200, "req_1")
    assert found["timestamp"].endswith("Z")


@pytest.mark.parametrize("kind", sorted(SECRET_BYTES))
def test_whatever_looks_like_our_secret_is_cut_however_deep_it_stands(lines: io.StringIO, kind: Kind) -> None:
    secret = random_ids(kind)
    log().info("oops", text=f"got {secret}!", deep={"a": [secret]}, line=f"x\n{secret}")
    log().warning(f"event {secret}")
    logging.getLogger("somebody").error("their line has %s", secret)
    assert secret[8:] not in lines.getvalue()
    assert lines.getvalue().count("[secret]") == 5
    json.loads(lines.getvalue().splitlines()[0])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.text(max_size=12), after=st.text(max_size=12))
def test_no_neighbour_hides_a_secret(lines: io.StringIO, before: str, after: str) -> None:
    secret = "cg_at_" + "S" * 43
    log().info("oops", text=before + secret + after)
    assert "S" * 20 not in lines.getvalue()


def test_an_exception_is_named_and_placed_and_not_quoted(lines: io.StringIO) -> None:
    """A driver's message can quote the row that it could not store."""
    try:
        raise ValueError("asha@lakeside.example")
    except ValueError as error:
        log().error("failure", error=error)
    found = json.loads(lines.getvalue())
    assert found["error"] == "ValueError"
    assert found["trace"][0].startswith("test_logs.py:")
    assert "asha" not in lines.getvalue()


def test_what_is_no_exception_is_logged_as_it_is_not(lines: io.StringIO) -> None:
    """Only an exception may be an `error`; a text under that name could be an exception's text."""
    log().error("failure", error="asha@lakeside.example")
    assert "asha" not in lines.getvalue()


def test_exceptions_that_others_log_lose_their_text_too(lines: io.StringIO) -> None:
    """The event loop and the server log what nobody caught."""
    try:
        raise ValueError("asha@lakeside.example")
    except ValueError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved")
    logging.getLogger("asyncio").error("nothing to show", exc_info=(None, None, None))
    assert "ValueError\ntest_logs.py:" in lines.getvalue()
    assert "asha" not in lines.getvalue()


def test_authlib_never_speaks_below_warning(lines: io.StringIO) -> None:
    """Trap 10: at DEBUG it prints live tokens."""
    configure_logs(lines, level=logging.DEBUG)
    logging.getLogger("authlib").debug("token")
    logging.getLogger("authlib.oauth2.rfc6749").info("token")
    assert not logging.getLogger("authlib.oauth2").isEnabledFor(logging.INFO)
    assert lines.getvalue() == ""
    log().debug("ours")
    assert "ours" in lines.getvalue()


def test_without_a_stream_the_log_goes_to_stderr(lines: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logs()
    log().info("here")
    assert "here" in stderr.getvalue()


def test_the_run_keeps_everything_that_was_logged(log_output: Path) -> None:
    log().info("a line that only this test writes")
    assert "a line that only this test writes" in log_output.read_text()


def test_the_check_at_the_end_of_a_run_finds_what_must_not_be_logged() -> None:
    """The check that every run ends with can fail."""
    check_log_output('{"event": "request", "path": "/:id"}')
    with pytest.raises(AssertionError, match="personal"):
        check_log_output("read by Asha Rao")
    with pytest.raises(AssertionError, match="usable secrets"):
        check_log_output("cg_at_" + "x" * 43)
