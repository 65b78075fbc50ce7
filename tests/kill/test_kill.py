"""Kill anywhere: no byte left without its entry, nothing acknowledged is lost, the log verifies (promise P13)."""

from functools import partial
from pathlib import Path

import pytest

from tests.kill.__main__ import Run, told
from tests.kill.campaign import campaign
from tests.kill.points import POINTS, Trap, traps


def test_p13_killed_at_every_point_twice(database_url: str, tmp_path: Path) -> None:
    with campaign(database_url, tmp_path) as found:
        for trap in traps(2 * (len(POINTS) + 2)):
            try:
                found.round(trap)
            except AssertionError as error:
                raise AssertionError(f"after a kill, before one {trap}: {error}") from error
        found.finish()
    assert found.kills == 2 * (len(POINTS) + 2)


def test_a_gateway_that_answers_before_it_commits_is_found_out(sqlite_url: str, tmp_path: Path) -> None:
    """The campaign can fail: values whose entry would have been committed a moment later are missed."""
    with campaign(sqlite_url, tmp_path, is_careless=True) as found:
        found.round(Trap(16, "/userinfo", "sent", skip=2))
        with pytest.raises(AssertionError, match="left without an entry"):
            found.check_reads()


def test_a_run_that_loses_something_stops_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.kill.__main__.campaign", partial(campaign, is_careless=True))
    run = Run("sqlite", [Trap(16, "/userinfo", "sent", skip=2)] * 9, first=40, until=float("inf"))
    run.go()
    found = run.summary()
    assert (found["kills"], found["next"]) == (1, 41)
    assert "point 16" in found["lost"]
    assert "left without an entry" in told(found)
    assert "never at 1, 2, 3" in told(found)


def test_a_run_ends_when_its_time_is_over() -> None:
    run = Run("sqlite", traps(9), first=0, until=float("-inf"))
    run.go()
    assert run.summary()["kills"] == 0
