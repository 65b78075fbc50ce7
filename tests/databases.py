"""Which databases the tests run on: whoever names tests gets SQLite alone, the whole suite and `--postgres` both.

Only twins are left out: a test that has no variant on SQLite always runs, and so does a variant that is named
(`test_one[postgresql]`).
"""

import re

import pytest

NAMED = re.compile(r"(?<![a-z])postgresql(?=[-\]]|$)")
LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "run on PostgreSQL too what runs on SQLite; the whole suite always does"
    parser.addoption("--postgres", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """No test is named: this is the whole suite. Workers of pytest-xdist are told by the option."""
    if config.args_source is pytest.Config.ArgsSource.TESTPATHS:
        config.option.postgres = True


def twin_of(item: pytest.Item) -> tuple[object, str] | None:
    """Return where the same test on SQLite would stand, of one that names PostgreSQL in its name or parameters."""
    name, found = NAMED.subn("sqlite", item.name)
    return (item.parent, name) if found else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is collected on SQLite as well; after `-k`, so that `-k postgresql` finds its tests."""
    if config.option.postgres:
        return
    collected = {(item.parent, item.name) for item in items}
    left_out = [item for item in items if twin_of(item) in collected]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        dropped = set(left_out)
        items[:] = [item for item in items if item not in dropped]
    config.stash[LEFT_OUT] = len(left_out)


def pytest_report_header(config: pytest.Config) -> str:
    return f"databases: {'SQLite and PostgreSQL' if config.option.postgres else sqlite_alone('what has both runs')}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say it at the end too: `-q` shows no header. Only workers know how many, when there are any."""
    count = config.stash.get(LEFT_OUT, 0)
    if count and not config.option.postgres:
        terminalreporter.write_line(sqlite_alone(f"{count} tests ran"))


def sqlite_alone(what: str) -> str:
    return f"{what} on SQLite alone; --postgres adds PostgreSQL"
