"""Say at the end of a run which files and which tests took longest: what to make cheaper first.

`./dev` loads this for the whole suite; a test alone is quick enough to be silent.
"""

from collections import defaultdict

import pytest

SHOWN = 12


class Stopwatch:
    """Adds up what pytest measured: set-up, call and tear-down, from all workers."""

    def __init__(self) -> None:
        self.tests: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tests[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        files: dict[str, float] = defaultdict(float)
        for test, seconds in self.tests.items():
            files[test.partition("::")[0]] += seconds
        for title, found in (("files", files), ("tests", self.tests)):
            terminalreporter.section(f"slowest {title} of {len(found)}, {sum(found.values()):.0f} s in all")
            for name, seconds in sorted(found.items(), key=lambda each: -each[1])[:SHOWN]:
                terminalreporter.write_line(f"{seconds:8.1f} s  {name}")


def pytest_configure(config: pytest.Config) -> None:
    """Measure where the reports of all workers come together."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(), "stopwatch")
