"""The table of metrics, counting together, and the address at which they are shown."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import values

from gateway.kit.telemetry.metrics import (
    DECLARED,
    FOLDER_VARIABLE,
    NAMED,
    Measure,
    Metrics,
    address_of,
    counting_together,
    seen,
)

BOUNDED = {
    "method": "gateway.web.server.outer_middleware counts any other word as one",
    "route": "the words of our routes alone (gateway.web.paths)",
    "status": "ours",
    "partner": "registered",
    "endpoint": "userinfo, release",
    "code": "gateway.kit.errors",
    "move": "EventType",
    "outcome": "ours",
    "what": "ours",
    "lane": "names of our functions",
    "remedy": "Remedy",
    "pool": "ours",
    "queue": "ours",
    "lease": "ours",
    "work": "Work",
    "alg": "ALGORITHMS",
    "kind": "ours",
}
"""Why no label can grow without an end; none of them can name a person."""


def test_names_keep_to_the_rules_of_prometheus() -> None:
    """https://prometheus.io/docs/practices/naming: a prefix, base units, a unit or a plural at the end."""
    assert len(NAMED) == len(DECLARED)
    for each in DECLARED:
        assert re.fullmatch(r"gateway(_[a-z]+)+", each.name), each
        assert not each.name.endswith(("_total", "_count", "_sum", "_bucket", "_info")), each
        assert not re.search(r"_(ms|milliseconds|minutes|hours|percent|kb)(_|$)", each.name), each
        assert ("timestamp" in each.name) <= each.name.endswith("_timestamp_seconds"), each
        assert bool(each.buckets) is (each.measure is Measure.HISTOGRAM), each
        assert each.help.endswith("."), each


def test_no_label_grows_without_an_end_or_names_a_person() -> None:
    assert {label for each in DECLARED for label in each.labels} == set(BOUNDED)


def test_what_the_table_does_not_have_cannot_be_counted() -> None:
    with pytest.raises(KeyError):
        Metrics().count("gateway_nonsense")
    with pytest.raises(KeyError):
        Metrics().put("gateway_requests", 1)


def test_processes_count_together_and_the_dead_leave_only_what_they_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A counter never goes back; how a process stood is over with the process."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    (tmp_path / "counter_1.db").write_bytes(b"of an earlier run")
    with counting_together():
        metrics = Metrics()
        metrics.count("gateway_failures")
        metrics.put("gateway_requests_in_progress", 3)
        metrics.observe("gateway_lane_batch_items", 2, "release")
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        for kind in ("counter", "gauge_livesum", "histogram"):
            shutil.copy(tmp_path / f"{kind}_{os.getpid()}.db", tmp_path / f"{kind}_{ended.pid}.db")
        read = metrics.gathered().get_sample_value
        assert read("gateway_failures_total") == 2
        assert read("gateway_requests_in_progress") == 3
        assert read("gateway_lane_batch_items_count", {"lane": "release"}) == 2
    assert tmp_path.exists(), "the folder is the operator's"


def test_a_folder_of_our_own_is_there_while_we_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    alone = values.ValueClass
    with counting_together():
        folder = Path(os.environ[FOLDER_VARIABLE])
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    assert FOLDER_VARIABLE not in os.environ
    assert values.ValueClass is alone


def test_an_address_has_a_host_and_a_port() -> None:
    assert address_of("127.0.0.1:9464") == ("127.0.0.1", 9464)
    assert address_of("[::1]:9464") == ("::1", 9464)
    for wrong in (
        "9464",
        "127.0.0.1",
        ":9464",
        "host:",
        "host:0",
        "host:65536",
        "host:1/metrics",
        "a@host:1",
    ):
        with pytest.raises(ValueError, match=r"[pP]ort"):
            address_of(wrong)


def test_outside_of_a_request_nothing_is_kept() -> None:
    seen().partner_id = "quizco"
    assert seen().partner_id == "none"
