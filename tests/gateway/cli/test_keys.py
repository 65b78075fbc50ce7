"""`keys`: the ring, signing keys, master keys; nobody's values are lost by a rotation."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from gateway.actions.operation import masters
from gateway.actions.services import Services
from gateway.app import build_services, make_app
from gateway.cli import keys as commands
from gateway.kit.secrets.key_ring import read_key_ring
from gateway.kit.settings import Settings
from tests.gateway.cli.conftest import Cli
from tests.gateway.cli.test_database import run
from tests.world import ISSUER, FakeClock, Letterbox, World, settings_for


def test_create_makes_a_ring_once(empty: Cli) -> None:
    empty("keys", "create")
    assert empty.ring.stat().st_mode & 0o777 == 0o600
    before = empty.ring.read_bytes()
    empty("keys", "create", status=1)
    assert "there is a key ring" in empty.said
    assert empty.ring.read_bytes() == before


def test_list_shows_ids_and_no_key(cli: Cli) -> None:
    found = cli.json("keys", "list")
    assert found["masters"] == [{"id": "m1", "state": "current", "person_keys": 12}]
    assert [(key["alg"], key["retired_at"]) for key in found["signing"]] == [("ES256", None), ("RS256", None)]
    shown = cli("keys", "list")
    assert all(key["kid"] in shown for key in found["signing"])
    assert "m1" in shown


def test_new_signing_keys_retire_those_before(cli: Cli) -> None:
    before = {key["kid"] for key in cli.json("keys", "list")["signing"]}
    cli("keys", "rotate", "--signing")
    found = cli.json("keys", "list")["signing"]
    assert {key["kid"] for key in found if key["retired_at"] is not None} == before
    assert {key["alg"] for key in found if key["retired_at"] is None} == {"ES256", "RS256"}


def test_a_new_key_of_the_log_signs_the_next_checkpoint_and_the_old_one_stays(cli: Cli) -> None:
    cli("log", "sequence")
    [before] = cli.json("keys", "list")["log"]
    cli("keys", "rotate", "--log")
    cli("log", "sequence")
    old, new = sorted(cli.json("keys", "list")["log"], key=lambda key: key["retired_at"] is None)
    assert old["kid"] == before["kid"]
    assert new["kid"] in cli("keys", "list")
    found = cli.json("log", "verify")
    assert (found["ok"], found["checkpoints"]) == (True, 2)
    cli("keys", "prune")
    assert len(cli.json("keys", "list")["log"]) == 2


def test_a_retired_signing_key_goes_when_its_grace_is_over(cli: Cli) -> None:
    cli("keys", "rotate", "--signing")
    assert "0 signing key(s)" in cli("keys", "prune")
    asyncio.run(
        run(Settings().database, "UPDATE signing_key SET retired_at = 1 WHERE retired_at IS NOT NULL")
    )
    assert "2 signing key(s)" in cli("keys", "prune")
    assert len(cli.json("keys", "list")["signing"]) == 2


def test_a_new_master_key_is_announced_and_seals_nothing_yet(cli: Cli) -> None:
    shown = cli("keys", "rotate", "--master")
    assert "is announced" in shown
    assert "Copy the ring to every other machine" in shown
    ring = read_key_ring(cli.ring)
    assert (ring.current, set(ring.masters)) == ("m1", {"m1", ring.newest})
    listed = cli.json("keys", "list")["masters"]
    assert [(each["id"], each["state"], each["person_keys"]) for each in listed] == [
        ("m1", "current", 12),
        (ring.newest, "announced", 0),
    ]
    assert "dropped 0 master key(s)" in cli("keys", "prune")


def test_rewrapping_and_pruning_keep_every_profile_readable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a ring of an earlier version, whose key has no fingerprint in its name."""
    monkeypatch.setattr(masters, "BATCH", 5)
    monkeypatch.setattr(masters, "SETTLING", 0)
    cli("keys", "rotate", "--master", "--rewrap")
    newest = read_key_ring(cli.ring).newest
    assert f"{newest} is the current master key; 12 keys wrapped anew" in cli.said
    assert "0 keys wrapped anew" in cli("keys", "rewrap")
    assert [each["state"] for each in cli.json("keys", "list")["masters"]] == ["old", "current"]
    assert "dropped 1 master key(s) (m1)" in cli("keys", "prune")
    assert "dropped 0 master key(s) (none)" in cli("keys", "prune")
    assert list(read_key_ring(cli.ring).masters) == [newest]
    with served(cli) as world:
        assert "Asha Rao" in world.signed_in().open("/profile").text


@contextmanager
def served(cli: Cli) -> Iterator[World]:
    """Serve the same database with the ring as it is now."""
    clock, letters = FakeClock(), Letterbox()
    settings = settings_for(Settings().database, cli.folder)
    services = build_services(settings, ring=read_key_ring(cli.ring), clock=clock)
    with TestClient(make_app(services), base_url=ISSUER) as client:
        yield World(services, client, clock, letters)


def test_an_interrupted_rewrap_goes_on_where_it_stopped(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masters, "BATCH", 5)
    cli("keys", "rotate", "--master")

    async def interrupted(services: Services, actor_id: str, _: Callable[[int, int], None]) -> int:
        def pull_the_plug(done: int, total: int) -> None:
            assert (done, total) == (5, 12)
            raise KeyboardInterrupt

        return await masters.rewrap_person_keys(services, actor_id, pull_the_plug)

    with monkeypatch.context() as patch:
        patch.setattr(commands, "rewrap_person_keys", interrupted)
        cli("keys", "rewrap", status=130)
    assert [each["person_keys"] for each in cli.json("keys", "list")["masters"]] == [7, 5]
    assert "7 keys wrapped anew" in cli("keys", "rewrap")


def test_nothing_is_pruned_while_it_still_wraps_something(cli: Cli) -> None:
    cli("keys", "rotate", "--master")
    assert "dropped 0 master key(s)" in cli("keys", "prune")
    assert len(read_key_ring(cli.ring).masters) == 2


def test_both_keys_rotate_at_once(cli: Cli) -> None:
    shown = cli("keys", "rotate", "--signing", "--master")
    assert "sign from the next request on" in shown
    assert "is announced" in shown
