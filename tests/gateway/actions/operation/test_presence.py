"""What a node says of itself: which keys it knows, and when it last did its background work."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from starlette.testclient import TestClient

from gateway.actions.operation import presence
from gateway.actions.operation.presence import REPORT_EVERY, Presence
from gateway.actions.services import Services
from gateway.app import build_services, make_app, open_seal, present
from gateway.kit.errors import Refusal
from gateway.kit.secrets.key_ring import KeyRing, change_key_ring, write_key_ring
from gateway.model.nodes import SILENCE, Node, Work, is_running
from gateway.store.operation.nodes import FORGOTTEN, load_nodes, report_nodes
from tests.world import ISSUER, NOW, FakeClock, World, fixed_ring, settings_for


def seen(world: World) -> list[Node]:
    return world.store(load_nodes, None)


@pytest.fixture
def services(each_world: World, tmp_path: Path) -> Services:
    """The world's services, with a ring's file."""
    write_key_ring(tmp_path / "key-ring.json", fixed_ring())
    return replace(each_world.services, seal=open_seal(each_world.services.settings))


def test_a_node_reports_what_changed_and_now_and_then_that_it_is_there(
    each_world: World, services: Services, tmp_path: Path
) -> None:
    node = Presence(services)
    each_world.run(node.begin)
    [first] = seen(each_world)
    assert (first.current, first.masters, first.started_at, first.seen_at) == (
        "m1",
        frozenset({"m1"}),
        NOW,
        NOW,
    )
    each_world.clock.pass_by(REPORT_EVERY - 1)
    each_world.run(node.turn)
    assert seen(each_world) == [first]
    ring = change_key_ring(tmp_path / "key-ring.json", KeyRing.with_next)
    each_world.run(node.turn)
    [second] = seen(each_world)
    assert (second.masters, second.seen_at) == (frozenset({"m1", ring.newest}), NOW + REPORT_EVERY - 1)
    each_world.clock.pass_by(REPORT_EVERY)
    each_world.run(node.turn)
    assert seen(each_world)[0].seen_at == NOW + 2 * REPORT_EVERY - 1
    each_world.run(node.end)
    assert seen(each_world) == []


def test_a_node_whose_clock_was_set_back_goes_on_reporting(each_world: World, services: Services) -> None:
    node = Presence(services)
    each_world.run(node.begin)
    each_world.clock.pass_by(-1000)
    each_world.run(node.turn)
    assert seen(each_world)[0].seen_at == NOW - 1000


def test_a_silent_node_is_taken_to_be_gone_and_forgotten_after_a_day(each_world: World) -> None:
    old = Node("old", "one, process 1", NOW, NOW, "m1", frozenset({"m1"}), {Work.MAIL: None})
    assert is_running(old, NOW + SILENCE - 1)
    assert not is_running(old, NOW + SILENCE)
    each_world.store(report_nodes, old)
    assert seen(each_world) == [old]
    each_world.store(report_nodes, replace(old, node_id="new", seen_at=NOW + FORGOTTEN + 1))
    assert [each.node_id for each in seen(each_world)] == ["new"]


def test_a_served_node_is_there_before_it_serves_and_gone_when_it_ends(
    database_url: str, tmp_path: Path
) -> None:
    """It does every kind of background work, and says when it last did."""
    write_key_ring(tmp_path / "key-ring.json", fixed_ring())
    every = dict.fromkeys(
        ("sequencer_interval", "mail_interval", "delivery_interval", "key_ring_interval"), 0.02
    )
    settings = settings_for(database_url, tmp_path, upkeep_interval=1, **every)
    clock = FakeClock()
    services = build_services(settings, clock=clock)
    with TestClient(make_app(services), base_url=ISSUER) as http:
        assert http.portal is not None
        [node] = http.portal.call(services.store.read, load_nodes, None)
        assert set(node.last_done) == set(Work)
        for _ in range(500):
            [node] = http.portal.call(services.store.read, load_nodes, None)
            if None not in node.last_done.values():
                break
            clock.pass_by(REPORT_EVERY)
            http.portal.call(asyncio.sleep, 0.05)
        assert None not in node.last_done.values()
    other = build_services(settings, clock=clock)

    async def left() -> list[Node]:
        await other.store.open()
        try:
            return await other.store.read(load_nodes, None)
        finally:
            await other.store.close()

    assert asyncio.run(left()) == []


def test_a_node_that_is_told_not_to_look_says_nothing(each_world: World) -> None:
    async def alone() -> list[Node]:
        async with present(each_world.services):
            return await each_world.services.store.read(load_nodes, None)

    assert each_world.run(alone) == []


def test_whatever_goes_wrong_is_said_and_the_next_turn_tries_again(
    each_world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = replace(services, settings=services.settings.model_copy(update={"key_ring_interval": 0.001}))
    node = Presence(quick)
    enough = asyncio.Event()
    turns = []

    async def turn() -> None:
        turns.append(1)
        if len(turns) == 3:
            enough.set()
        raise ValueError

    monkeypatch.setattr(node, "turn", turn)

    async def work() -> None:
        running = asyncio.create_task(node.run())
        await enough.wait()
        running.cancel()
        await asyncio.wait({running})

    with structlog.testing.capture_logs() as logs:
        each_world.run(work)
    assert {each["event"] for each in logs} == {"presence_failed"}


def test_a_node_ends_though_the_database_is_gone(
    each_world: World, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Presence(services)

    def gone(*_: object) -> None:
        raise Refusal("temporarily_unavailable", detail="gone")

    monkeypatch.setattr(presence, "forget_nodes", gone)
    each_world.run(node.end)
