"""Rotating the master key while gateways run: nothing is sealed with a key that one of them does not know."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.actions.operation import masters
from gateway.actions.operation.masters import (
    GatewaysBehind,
    StillInUse,
    announce_master,
    drop_unused_masters,
    rewrap_person_keys,
    use_newest_master,
)
from gateway.actions.operation.presence import Presence
from gateway.actions.services import Services
from gateway.app import open_seal
from gateway.kit.secrets.key_ring import KeyRing, change_key_ring, read_key_ring, write_key_ring
from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.nodes import SILENCE
from gateway.store.accounts.profile_edits import count_person_keys
from gateway.store.operation.nodes import load_nodes
from tests.gateway.cli.test_database import run
from tests.gateway.store.samples import rows
from tests.world import World, apart, fixed_ring

PEOPLE = 12


class Gateway:
    """A node beside the command line: it has the same services, and looks at a ring's file of its own."""

    def __init__(self, world: World, path: Path) -> None:
        settings = world.services.settings.model_copy(update={"key_ring": path})
        self.services: Services = copied(world, settings=settings, seal=open_seal(settings))
        self.presence = Presence(self.services)
        self.world = world
        world.run(self.presence.begin)

    def look(self) -> None:
        self.world.run(self.presence.turn)


def copied(world: World, **changes: object) -> Services:
    return replace(world.services, **changes)  # type: ignore[arg-type]  # each test changes what it is about


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The ring's file on the first machine."""
    write_key_ring(tmp_path / "ring.json", fixed_ring())
    return tmp_path / "ring.json"


@pytest.fixture
def gateway(each_world: World, path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """A gateway on the same machine; whoever waits for it does not wait long."""
    monkeypatch.setattr(masters, "LOOKS", 3)
    monkeypatch.setattr(masters, "PAUSE", 0)
    monkeypatch.setattr(masters, "SETTLING", 0)
    return Gateway(each_world, path)


def command(gateway: Gateway) -> Services:
    """Services of a command that has just started."""
    settings = gateway.services.settings
    return copied(gateway.world, settings=settings, seal=open_seal(settings))


def counts(world: World) -> dict[str, int]:
    return world.store(count_person_keys, None)


def test_a_key_is_used_only_when_every_gateway_has_said_that_it_knows_it(
    gateway: Gateway, path: Path, tmp_path: Path
) -> None:
    """Two machines: the second one has a copy of the ring, which somebody has to bring up to date."""
    world, copy = gateway.world, tmp_path / "copy.json"
    copy.write_bytes(path.read_bytes())
    second = Gateway(world, copy)
    newest = announce_master(path).newest
    said: list[str] = []
    gateway.look()
    with pytest.raises(GatewaysBehind, match=f"did not read {newest}. Copy the key ring to every machine"):
        world.run(use_newest_master, command(gateway), path, said.append)
    assert len(said) == 1
    assert "waiting for " in said[0]
    assert read_key_ring(path).current == "m1"
    copy.write_bytes(path.read_bytes())
    second.look()
    services = command(gateway)
    assert world.run(use_newest_master, services, path).current == newest
    assert world.run(rewrap_person_keys, services, "cli") == PEOPLE
    assert counts(world) == {newest: PEOPLE}
    person = world.person_id()
    [key] = rows(world, f"SELECT master, wrapped FROM person_key WHERE person_id = '{person}'")
    for each in (gateway, second):
        assert each.services.seal.person_key(person, WrappedKey(*key))


def test_a_gateway_that_ended_or_was_killed_is_not_waited_for(gateway: Gateway, path: Path) -> None:
    world = gateway.world
    Gateway(world, path)
    world.run(gateway.presence.end)
    newest = announce_master(path).newest
    with pytest.raises(GatewaysBehind):
        world.run(use_newest_master, command(gateway), path)
    world.clock.pass_by(SILENCE)
    assert world.run(use_newest_master, command(gateway), path).current == newest
    [left] = world.store(load_nodes, None)
    assert (left.current, left.masters) == ("m1", frozenset({"m1"}))


def test_two_commands_at_once_do_not_take_each_others_key_back(gateway: Gateway, path: Path) -> None:
    world = gateway.world
    announce_master(path)
    gateway.look()
    early = command(gateway)
    newest = announce_master(path).newest
    gateway.look()
    assert world.run(use_newest_master, command(gateway), path).current == newest
    assert world.run(use_newest_master, early, path).current == newest


def test_an_old_key_goes_when_every_gateway_seals_with_the_new_one(gateway: Gateway, path: Path) -> None:
    world = gateway.world
    newest = announce_master(path).newest
    gateway.look()
    services = command(gateway)
    world.run(use_newest_master, services, path)
    world.run(rewrap_person_keys, services, "cli")
    with pytest.raises(GatewaysBehind, match=f"did not seal with {newest}"):
        world.run(drop_unused_masters, services, path)
    assert set(read_key_ring(path).masters) == {"m1", newest}
    gateway.look()
    assert world.run(drop_unused_masters, services, path) == ["m1"]
    assert set(read_key_ring(path).masters) == {newest}
    assert world.run(drop_unused_masters, services, path) == []


def test_what_was_sealed_while_a_key_was_dropped_brings_the_key_back(
    gateway: Gateway, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow import wrapped somebody's key a moment ago and commits now: nobody's values may be lost."""
    world = gateway.world
    world.run(gateway.presence.end)
    newest = announce_master(path).newest
    services = command(gateway)
    world.run(use_newest_master, services, path)
    world.run(rewrap_person_keys, services, "cli")
    person = world.person_id()

    drop = change_key_ring

    def late(path: Path, change: Callable[[KeyRing], KeyRing]) -> KeyRing:
        monkeypatch.setattr(masters, "change_key_ring", drop)
        ring = drop(path, change)
        statement = f"UPDATE person_key SET master = 'm1' WHERE person_id = '{person}'"
        apart(run(world.services.settings.database, statement))
        return ring

    monkeypatch.setattr(masters, "change_key_ring", late)
    with pytest.raises(StillInUse, match="sealed with m1 meanwhile"):
        world.run(drop_unused_masters, services, path)
    assert set(read_key_ring(path).masters) == {"m1", newest}
    assert counts(world) == {"m1": 1, newest: PEOPLE - 1}
