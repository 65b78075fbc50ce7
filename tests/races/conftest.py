"""Gateways to race through: SQLite with one node, PostgreSQL with one and two, narrow and wide lanes."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE
from tests.postgres import PostgresServer
from tests.races.crowd import Cluster
from tests.world import copy_sqlite, fill, serve

SHAPES = [
    ("sqlite", 1, 1),
    ("sqlite", 1, 256),
    ("postgresql", 1, 256),
    ("postgresql", 2, 1),
    ("postgresql", 2, 256),
]
"""Database, nodes, width of a lane."""


class DurableServer(PostgresServer):
    """A server whose commits wait for the disk, and which remembers when each transaction was committed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, fsync=True)
        self._settings = {**self._settings, "track_commit_timestamp": "on"}


@pytest.fixture(scope="session")
def durable_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DurableServer]:
    """One durable server for the session, shared by all workers of pytest-xdist."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    server = DurableServer(folder / "durable")
    server.start()
    server.create_template(TEMPLATE, fill)
    yield server
    server.stop()


@pytest.fixture
def durable_url(durable_server: DurableServer) -> Iterator[str]:
    """A filled PostgreSQL database of the test's own."""
    url = durable_server.create_database(TEMPLATE)
    yield url
    durable_server.drop_database(url)


@pytest.fixture
def make_cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Make gateways on one database."""
    with ExitStack() as stack:

        def make(database: str, nodes: int = 1, width: int = 64, **changes: object) -> Cluster:
            if database == "sqlite":
                url = copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path)
            else:
                url = request.getfixturevalue("durable_url")
            served = [
                stack.enter_context(serve(url, tmp_path, lane_width=width, **changes)) for _ in range(nodes)
            ]
            return Cluster(tuple(served), database)

        yield make


@pytest.fixture(params=SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def cluster(request: pytest.FixtureRequest, make_cluster: Callable[..., Cluster]) -> Cluster:
    """Gateways of every shape."""
    return make_cluster(*request.param)


@pytest.fixture
def two_nodes(make_cluster: Callable[..., Cluster]) -> Cluster:
    """Two gateways on one PostgreSQL."""
    return make_cluster("postgresql", 2)
