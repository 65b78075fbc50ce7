"""Fixtures for every test."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gateway.kit.logs import configure_logs
from tests.patience import be_patient
from tests.profiles import load_profile
from tests.statements import share_texts
from tests.world import PERSONAL_VALUES, World, copy_sqlite, fill, serve

pytest_plugins = ["tests.postgres", "tests.databases"]

TEMPLATE = "gateway_world"

load_profile()
be_patient()
share_texts()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases that `first_on_postgresql` leaves to SQLite."""
    met: set[tuple[Any, ...]] = set()
    kept: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        mark = item.get_closest_marker("first_on_postgresql")
        given: dict[str, Any] = item.callspec.params if isinstance(item, pytest.Function) and mark else {}
        if mark and "postgresql" in given.values():
            which = (item.nodeid.partition("[")[0], *(str(given[name]) for name in mark.args))
            if which in met:
                left_out.append(item)
                continue
            met.add(which)
        kept.append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def log_output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that holds everything that was logged in this process so far, also by other people's loggers."""
    path = tmp_path_factory.mktemp("logs") / "output.log"
    with path.open("a", buffering=1) as stream:
        configure_logs(stream)
        yield path
        # What is still logged while the session ends has nowhere to go any more.
        configure_logs(StringIO())
    check_log_output(path.read_text())


def check_log_output(text: str) -> None:
    """Whatever the tests of this process did, nothing that was logged is personal or opens anything (P13)."""
    personal = [value for value in PERSONAL_VALUES if value in text]
    assert not personal, f"personal values in the log: {personal}"
    secrets = sorted(set(re.findall(r"cg_(?:at|rt|ac|req|cs|se|in|ml|dc|rg)_[A-Za-z0-9_-]{20,}", text)))
    assert not secrets, f"{len(secrets)} usable secrets in the log, the first is {secrets[0]}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A filled SQLite database that tests copy."""
    file = tmp_path_factory.mktemp("template") / "gateway.db"
    fill(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A filled database of the test's own, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    server.create_template(TEMPLATE, fill)
    url = server.create_database(TEMPLATE)
    yield url
    server.drop_database(url)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A filled SQLite database of the test's own, for what cannot differ between databases."""
    return copy_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A world on SQLite."""
    with serve(sqlite_url, tmp_path) as found:
        yield found


@pytest.fixture
def each_world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world on each database: for everything that the store decides."""
    with serve(database_url, tmp_path) as found:
        yield found


@pytest.fixture
def make_world(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Make worlds on SQLite with settings of the test's own."""

    with ExitStack() as stack:

        def make(**changes: Any) -> World:
            return stack.enter_context(serve(sqlite_url, tmp_path, **changes))

        yield make
