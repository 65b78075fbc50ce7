"""deploy/monitoring: alerts that fire when they should, a dashboard of metrics that exist, a runbook for each alert."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.kit.telemetry.metrics import DECLARED, Measure, Metric
from tests.deploy.machine import ROOT, chapters

MONITORING = ROOT / "deploy" / "monitoring"
OPERATE = ROOT / "docs" / "operate"
ALERT = re.compile(r"(?m)^      - alert: (\w+)$")
SUFFIXES = {Measure.HISTOGRAM: ("_bucket", "_sum", "_count")}
OF_PROMETHEUS = {"instance", "job", "le"}


def promtool(*words: str | Path) -> str:
    """Run Prometheus's own checker."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("needs promtool (apt-get install prometheus)")
    done = subprocess.run([found, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alerts() -> list[str]:
    return ALERT.findall((MONITORING / "alerts.yml").read_text())


def test_each_alert_fires_when_it_should_and_not_beside_it() -> None:
    promtool("check", "config", MONITORING / "prometheus.yml")
    promtool("test", "rules", MONITORING / "alerts_test.yml")
    tested = re.findall(r"alertname: (\w+)\n +exp_alerts:", (MONITORING / "alerts_test.yml").read_text())
    assert set(tested) == set(alerts())


def expressions() -> Iterator[str]:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def test_prometheus_reads_every_expression_of_the_dashboard(tmp_path: Path) -> None:
    rules: list[dict[str, Any]] = [
        {"record": f"panel:{number}", "expr": each.replace("$__rate_interval", "5m")}
        for number, each in enumerate(expressions())
    ]
    file = tmp_path / "rules.yml"
    # JSON is YAML.
    file.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", "--lint=none", file)


def metrics_by_shown_name() -> dict[str, Metric]:
    return {
        name: each
        for each in DECLARED
        for name in [each.name + suffix for suffix in SUFFIXES.get(each.measure, ())] or [each.shown]
    }


def test_alerts_and_dashboard_name_what_is_measured_and_all_of_it_is_shown() -> None:
    known = metrics_by_shown_name()
    texts = {"alerts": (MONITORING / "alerts.yml").read_text(), "dashboard": "\n".join(expressions())}
    for place, text in texts.items():
        assert set(re.findall(r"\bgateway_\w+", text)) <= set(known), place
        labels = set(re.findall(r"[{,] ?(\w+)=~?\"|\bby \(([\w, ]+)\)|\$labels\.(\w+)", text))
        used = {
            name for found in labels for group in found for name in group.replace(" ", "").split(",") if name
        }
        assert used <= OF_PROMETHEUS | {label for each in DECLARED for label in each.labels}, place
    shown = {known[name].name for name in re.findall(r"\bgateway_\w+", texts["dashboard"])}
    assert shown == {each.name for each in DECLARED}


def test_each_alert_has_a_runbook_and_each_runbook_its_commands() -> None:
    """`test_book.py` types them."""
    headings = [heading for chapter, heading in chapters(OPERATE) if chapter == "runbooks"]
    assert headings == alerts() == re.findall(r"(?m)^## (.+)$", (OPERATE / "runbooks.md").read_text())
    links = re.findall(
        r"runbook: docs/operate/runbooks\.md#(\w+)$", (MONITORING / "alerts.yml").read_text(), re.M
    )
    assert links == [each.lower() for each in alerts()]
    for section in (OPERATE / "runbooks.md").read_text().split("\n## ")[1:]:
        assert "**It means**" in section
        assert "**Mend**" in section


def test_what_runbooks_look_for_in_the_log_is_written_there() -> None:
    code = "".join(file.read_text() for file in (ROOT / "gateway").rglob("*.py"))
    named = re.findall(r'"event": "([\w\\()|]+)', (OPERATE / "runbooks.md").read_text())
    events = {event for each in named for event in re.findall(r"[a-z_]+", each)}
    assert {"refused", "log_fork", "letter_given_up"} <= events
    for event in events - {"database_", "login_"}:
        assert re.search(rf'"\w*{event}"', code), event


def test_the_page_lists_what_is_measured() -> None:
    table = "\n".join(rows(DECLARED))
    assert table in (OPERATE / "metrics.md").read_text(), f"the table has to be:\n{table}"


def rows(metrics: Iterable[Metric]) -> Iterator[str]:
    yield "| metric | type | labels | what |"
    yield "|---|---|---|---|"
    for each in metrics:
        labels = ", ".join(f"`{label}`" for label in each.labels) or "–"
        yield f"| `{each.shown}` | {each.measure} | {labels} | {each.help} |"
