"""Fixtures for every test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.world import World, copy_sqlite, fill, serve

pytest_plugins = ["tests.postgres"]

TEMPLATE = "gateway_world"


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
def both(database_url: str, tmp_path: Path) -> Iterator[World]:
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
