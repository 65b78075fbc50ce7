"""After a fail-over: sessions that answer and cannot write any more, plans that are gone, sessions that were ended.

No answer is a failure of ours, nothing waits for somebody to start the gateway anew, and every hand-off happens once.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.util import greenlet_spawn

from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.operation.postman import Postman
from gateway.actions.operation.upkeep import sweep
from gateway.kit.errors import Refusal
from gateway.store.engine.driver import driver_of, fetch
from gateway.store.tables import registry_version
from tests.postgres import PostgresServer
from tests.races.crowd import Cluster, posting, reading
from tests.world import World, serve

READ_ONLY = "SET default_transaction_read_only = on"


@pytest.fixture
def one(durable_url: str, tmp_path: Path) -> Iterator[World]:
    """A gateway on PostgreSQL."""
    with serve(durable_url, tmp_path) as world:
        yield world


def in_every_session(world: World, command: str) -> set[int]:
    """Say something in every open session of the gateway; give their processes, of which there are several."""

    def say() -> set[int]:
        backend: Any = world.services.store._backend
        held = [each.connection for pool in (backend, backend._in_lanes) for each in pool._ready]
        for connection in held:
            fetch(connection, command, [])
        return {driver_of(each).get_server_pid() for each in held}

    return world.run(greenlet_spawn, say)


def let_a_crowd_in(world: World, token: str) -> set[int]:
    """Have several sessions open in each pool."""
    pages = [lambda client: client.get("/connected", headers={"Cookie": "__Host-session=cg_se_x"})] * 4
    Cluster((world,), "postgresql").at_once(
        [*pages, reading(token), posting(world, "/introspect", {"token": token})]
    )
    sessions = in_every_session(world, "SELECT 1")
    assert len(sessions) > 2
    return sessions


def background(world: World, work: Callable[[], Awaitable[object]]) -> int:
    """Do work that has no answer but what it raises."""
    try:
        world.run(work)
    except Refusal as refusal:
        return {"temporarily_unavailable": 503}[refusal.code]
    return 200


def ready(world: World) -> int:
    world.clock.pass_by(1)
    return world.client().get("/ready").status_code


def refresh(world: World, tokens: dict[str, str]) -> int:
    answer = world.refresh(tokens["refresh_token"])
    tokens |= answer.json()
    return answer.status_code


WRITING: dict[str, Callable[[World, dict[str, str]], int]] = {
    "a release": lambda world, tokens: world.userinfo(tokens["access_token"]).status_code,
    "a refresh": refresh,
    "a revocation": lambda world, _: world.post("/revoke", {"token": "cg_at_" + "x" * 43}).status_code,
    "a log-in": lambda world, _: 200 if world.signed_in() else 500,
    "readiness": lambda world, _: ready(world),
    "the postman": lambda world, _: background(world, Postman(world.services).turn),
}
READING: dict[str, Callable[[World, dict[str, str]], int]] = {
    "an introspection": lambda world, tokens: (
        world.post("/introspect", {"token": tokens["access_token"]}).status_code
    ),
    "a page": lambda world, _: world.browser().open("/notices/not_unknown").status - 204,
    "the sequencer": lambda world, _: background(world, Sequencer(world.services).turn),
    "the sweep": lambda world, _: background(world, lambda: sweep(world.services)),
}
"""Every way to the database: transactions, lanes, lanes of one statement, reads, background work."""


def trouble_for(world: World, server: PostgresServer, trouble: str, sessions: set[int]) -> None:
    if trouble == "ended":
        server._rows("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", list(sessions))
    else:
        in_every_session(world, trouble)


@pytest.mark.parametrize("trouble", [READ_ONLY, "DEALLOCATE ALL", "ended"])
def test_sessions_that_cannot_go_on_are_closed_and_nobody_notices(
    one: World, durable_server: PostgresServer, trouble: str
) -> None:
    """Each way to the database meets them first, once."""
    tokens = one.tokens()
    # What only reads may go on over a session that only reads, and has its plans in the same pools.
    for way, ask in (WRITING | (READING if trouble == "ended" else {})).items():
        sessions = let_a_crowd_in(one, tokens["access_token"])
        entries = Cluster((one,), "postgresql").count("handoff")
        trouble_for(one, durable_server, trouble, sessions)
        assert ask(one, tokens) == 200, way
        assert one.userinfo(tokens["access_token"]).status_code == 200, way
        if trouble != "DEALLOCATE ALL":
            assert not sessions & in_every_session(one, "SELECT 1"), way
        assert ready(one) == 200, way
        assert Cluster((one,), "postgresql").count("handoff") == entries + 1 + (way == "a release"), way


def test_a_database_that_can_only_be_read_is_answered_503_until_it_can_be_written(
    one: World, durable_url: str, durable_server: PostgresServer
) -> None:
    """Old sessions and new ones: no 500, `/ready` says it, and nothing but the database has to be set right."""
    tokens, browser = one.tokens(), one.signed_in()
    name = durable_url.rpartition("/")[2]
    let_a_crowd_in(one, tokens["access_token"])
    durable_server._admin(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    in_every_session(one, READ_ONLY)
    for _ in range(2):
        answer = one.userinfo(tokens["access_token"])
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert ready(one) == 503
        assert one.refresh(tokens["refresh_token"]).status_code == 503
        assert browser.open("/connected").status in (200, 503)
        assert background(one, Postman(one.services).turn) == 503
    durable_server._admin(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    assert one.userinfo(tokens["access_token"]).status_code == 200
    assert one.refresh(tokens["refresh_token"]).status_code == 200
    assert ready(one) == 200
    assert Cluster((one,), "postgresql").count("handoff") == 2


def test_a_changed_type_under_a_plan_is_planned_anew(one: World) -> None:
    """0A000, *cached plan must not change result type*: what each transaction reads first gets another type."""
    tokens = one.tokens()
    sizes = iter(("bigint", "integer") * 20)

    def version(connection: Connection, _: Sequence[None]) -> list[int]:
        return [connection.execute(select(registry_version.c.version)).scalar_one()]

    def change(connection: Connection, sizes: Sequence[str]) -> Sequence[str]:
        fetch(connection, f"ALTER TABLE registry_version ALTER COLUMN version TYPE {sizes[0]}", [])
        return sizes

    # The first is a statement that SQLAlchemy runs, whose adapter tells the failure without its code.
    ways = {"a statement": lambda world, _: world.store(version, None) and 200, **WRITING, **READING}
    for way, ask in ways.items():
        one.store(version, None)
        let_a_crowd_in(one, tokens["access_token"])
        one.store(change, next(sizes))
        assert ask(one, tokens) == 200, way
        assert one.userinfo(tokens["access_token"]).status_code == 200, way
        assert ready(one) == 200, way
