"""The sequencer: every row gets its place once, cause before effect, and nothing is signed over a fork."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.ledger.sequencer import LEASE, LEASE_TTL, LogFork, Sequencer
from gateway.actions.oauth.keys import drop_retired_signing_keys, rotate_log_key
from gateway.kit.ids import Kind, random_ids
from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.log_keys import NoLogKey, current_log_key, new_log_key
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.ledger.tiles import hash_of, keys_of
from gateway.model.administration.actions import AdminAction
from gateway.model.grants import ReasonCode
from gateway.model.registry import LogOrigin
from gateway.store.admin_actions import append_actions
from gateway.store.engine.backend import Operation
from gateway.store.engine.leases import LeaseClaim, hold
from gateway.store.engine.schema import downgrade, migrate, schema_differences
from gateway.store.ledger.origins import Beginning, begin_logs
from gateway.store.ledger.tree import Turn, load_tiles
from gateway.store.tables import handoff, lease, log_checkpoint, log_leaf, log_pending, log_tile
from tests.ledgers import entries, last_checkpoint, leaves, log_keys, sequence, unguarded
from tests.patience import until
from tests.world import NOW, World, serve

AUDITOR = "per_an-auditor"


def read_twice_then_revoke(world: World, email: str = "asha@lakeside.example") -> str:
    """Opt in, be read twice, be revoked; give the grant."""
    token = world.tokens(email=email)["access_token"]
    for _ in range(2):
        world.clock.pass_by(1)
        assert world.userinfo(token).status_code == 200
    (line,) = world.run(find_grants, world.services, AUDITOR, GrantSearch(email=email)).lines
    world.run(revoke_grant, world.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    return line.grant.grant_id


def story(world: World, grant_id: str) -> list[str]:
    """Tell a grant's leaves in their order."""
    return [each.get("type", each["kind"]) for each in entries(world) if each.get("grant") == grant_id]


def waiting(world: World) -> int:
    return len(world.store(lambda connection, _: [connection.execute(log_pending.select()).all()], None))


def test_every_row_gets_its_place_once_and_the_checkpoint_is_theirs(each_world: World) -> None:
    grant_id = read_twice_then_revoke(each_world)
    assert waiting(each_world) > 4
    signed = sequence(each_world)
    assert waiting(each_world) == 0
    found = leaves(each_world)
    assert [each.sequence for each in found] == list(range(len(found)))
    assert {each.kind for each in found} == {"handoff", "consent_event", "admin_action"}
    assert story(each_world, grant_id) == ["given", "handoff", "handoff", "revoked"]
    frontier = Frontier()
    for each in found:
        assert each.leaf_hash == leaf_hash(each.entry)
        frontier.add(each.leaf_hash)
    checkpoint = check_checkpoint(signed.note, log_keys(each_world))
    assert (checkpoint.origin, checkpoint.size) == ("gateway.example/log", len(found))
    assert checkpoint.root == signed.root == frontier.root()
    tiles = each_world.store(load_tiles, keys_of([(0, checkpoint.size)]))
    assert hash_of(tiles, (0, checkpoint.size)) == checkpoint.root
    assert sequence(each_world) == signed
    assert not any(b"per_" in each.entry for each in found)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 300])
def test_cause_comes_before_effect_whatever_the_clock_and_the_batch(
    each_world: World, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """handoff-log.md 6: a grant is never taken by halves, and a clock that is set back changes nothing."""
    monkeypatch.setattr("gateway.actions.ledger.sequencer.BATCH", batch)
    token = each_world.tokens()["access_token"]
    for step in (5, -100, 50, -7):
        each_world.clock.pass_by(step)
        each_world.userinfo(token)
    (line,) = each_world.run(find_grants, each_world.services, AUDITOR, GrantSearch()).lines
    each_world.clock.pass_by(-500)
    each_world.run(revoke_grant, each_world.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    sequence(each_world)
    told = story(each_world, line.grant.grant_id)
    assert told[0] == "given"
    assert told[-1] == "revoked"
    assert told.count("handoff") == len(told) - 2 >= 1


def test_the_log_grows_over_many_turns_and_stays_consistent(each_world: World) -> None:
    token = each_world.tokens()["access_token"]
    sizes = []
    for _ in range(4):
        each_world.userinfo(token)
        sizes.append(sequence(each_world).size)
    assert sizes == list(range(sizes[0], sizes[0] + 4))


def test_a_row_whose_transaction_was_run_again_keeps_its_one_place(each_world: World) -> None:
    """The answer to a commit was lost, the row got its place, and then the store ran the transaction again."""
    each_world.userinfo(each_world.tokens()["access_token"])
    sequence(each_world)
    (row,) = [each for each in leaves(each_world) if each.kind == "handoff"]
    again = {
        "grant_id": entries(each_world)[row.sequence]["grant"],
        "source_id": row.source_id,
        "kind": "handoff",
    }
    unguarded(each_world, lambda connection: connection.execute(insert(log_pending).values(again)))
    before = leaves(each_world)
    sequence(each_world)
    assert leaves(each_world) == before
    assert waiting(each_world) == 0


def test_a_row_that_was_deleted_before_it_got_its_place_is_said_loudly(
    each_world: World, log_output: Path
) -> None:
    each_world.userinfo(each_world.tokens()["access_token"])
    unguarded(each_world, lambda connection: connection.execute(delete(handoff)))
    before = log_output.stat().st_size
    sequence(each_world)
    assert "log_rows_lost" in log_output.read_text()[before:]
    assert "handoff" not in {each.kind for each in leaves(each_world)}


FORKS = {
    "a tile is changed": lambda c: c.execute(update(log_tile).values(hashes=b"\x00" * 32 * 40)),
    "a tile is cut": lambda c: c.execute(update(log_tile).values(hashes=b"\x00" * 32)),
    "leaves are cut off": lambda c: c.execute(delete(log_leaf).where(log_leaf.c.sequence > 2)),
    "all leaves are gone": lambda c: c.execute(delete(log_leaf)),
    "the checkpoint is forged": lambda c: c.execute(
        update(log_checkpoint).values(note="x\n1\n" + "A" * 43 + "=\n\n— x AAAAAAAA\n")
    ),
}


@pytest.mark.parametrize("fork", FORKS)
def test_nothing_is_signed_over_a_fork(each_world: World, fork: str, log_output: Path) -> None:
    """handoff-log.md 4: it refuses, says so, and goes on refusing."""
    token = each_world.tokens()["access_token"]
    signed = sequence(each_world)
    unguarded(each_world, FORKS[fork])
    each_world.userinfo(token)
    for _ in range(2):
        before = log_output.stat().st_size
        with pytest.raises(LogFork):
            sequence(each_world)
        assert "log_fork" in log_output.read_text()[before:]
    kept = last_checkpoint(each_world)
    assert kept is not None
    assert kept.size == signed.size


def test_one_node_works_at_a_time_and_any_can_take_over(each_world: World) -> None:
    each_world.userinfo(each_world.tokens()["access_token"])
    first, second = Sequencer(each_world.services), Sequencer(each_world.services)
    each_world.run(first.turn)
    each_world.userinfo(each_world.tokens(email="aoife@northfield.example")["access_token"])
    each_world.run(second.turn)
    assert waiting(each_world) > 0
    each_world.clock.pass_by(LEASE_TTL)
    each_world.run(second.turn)
    assert waiting(each_world) == 0


def test_a_node_that_stops_is_followed_at_once(each_world: World) -> None:
    each_world.userinfo(each_world.tokens()["access_token"])
    first, second = Sequencer(each_world.services), Sequencer(each_world.services)
    each_world.run(first.turn)
    each_world.userinfo(each_world.tokens(email="aoife@northfield.example")["access_token"])
    each_world.run(second.retire)
    each_world.run(second.turn)
    assert waiting(each_world) > 0
    each_world.run(first.retire)
    each_world.run(second.turn)
    assert waiting(each_world) == 0


def test_a_turn_does_not_wait_for_what_comes_meanwhile(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under a steady stream every transaction would else be one of a few rows, and no turn would ever end."""
    each_world.tokens()
    node, plan = Sequencer(each_world.services), each_world.services.store.run_planned
    sizes = []

    async def planned(operation: Operation[Any, Any], item: Any) -> Any:
        outcome = await plan(operation, item)
        if isinstance(item, Turn):
            act = AdminAction(random_ids(Kind.ACTION), AUDITOR, "read_log", "log", "all", each_world.clock())
            await each_world.services.store.run(append_actions, act)
            sizes.append(outcome)
        return outcome

    monkeypatch.setattr(each_world.services.store, "run_planned", planned)
    each_world.run(node.turn)
    assert waiting(each_world) == 1
    each_world.run(node.turn)
    assert sizes[1:] == [1]


def test_a_tree_that_another_node_has_signed_meanwhile_is_not_signed_again(each_world: World) -> None:
    """Looked at before, signed by somebody else, and tried again; and a node without the lease signs nothing."""
    each_world.userinfo(each_world.tokens()["access_token"])
    signed = sequence(each_world)
    node = Sequencer(each_world.services)
    for now, holds in ((each_world.clock(), False), (each_world.clock() + LEASE_TTL, True)):
        claim = LeaseClaim(LEASE, "somebody", now, LEASE_TTL)
        assert each_world.store(node._sign, claim) is False
        assert each_world.store(node._integrate, Turn(claim, 10)) == (0 if holds else None)
    assert sequence(each_world) == signed


def test_a_node_without_work_writes_nothing(world: World) -> None:
    world.userinfo(world.tokens()["access_token"])
    sequence(world)

    def expiry(connection: Connection, _: object) -> list[int]:
        return [connection.execute(select(lease.c.expires_at)).scalar_one()]

    before = world.store(expiry, None)
    world.clock.pass_by(1)
    sequence(world)
    assert world.store(expiry, None) == before


def test_a_lease_from_a_clock_that_was_set_back_does_not_hold_for_years(each_world: World) -> None:
    def held(holder: str, now: int) -> bool:
        claim = LeaseClaim("role", holder, now, 10)
        return each_world.store(lambda connection, _: [hold(connection, claim)], None)

    assert held("a", NOW + 10**6)
    assert held("b", NOW)
    assert not held("a", NOW + 9)
    assert held("b", NOW + 9)
    assert held("a", NOW + 19)


def test_keys_rotate_and_old_checkpoints_still_verify(each_world: World) -> None:
    token = each_world.tokens()["access_token"]
    first = sequence(each_world)
    each_world.clock.pass_by(1)
    each_world.run(rotate_log_key, each_world.services, "cli")
    each_world.userinfo(token)
    second = sequence(each_world)
    old, new = log_keys(each_world)
    assert check_checkpoint(first.note, [old])
    assert check_checkpoint(second.note, [new])
    each_world.clock.pass_by(10**7)
    each_world.run(drop_retired_signing_keys, each_world.services, "cli")
    assert log_keys(each_world) == [old, new]
    assert {key.alg for key in each_world.services.registry.signing_keys} == {"ES256", "RS256"}
    kids = {key["kid"] for key in each_world.client().get("/jwks.json").json()["keys"]}
    assert not kids & {key.kid for key in each_world.services.registry.log_keys}


def test_only_the_first_of_two_new_keys_and_names_is_kept(each_world: World) -> None:
    sealing = each_world.services.seal.ring.signing
    keys = [new_log_key(sealing, now=NOW, ids=random_ids) for _ in range(2)]
    for number, each in enumerate(keys):
        each_world.store(begin_logs, Beginning(LogOrigin(1, f"{number}.example/log", 0, NOW), each))
    assert [each.origin for each in each_world.services.registry.log_origins] == ["0.example/log"]
    assert [each.kid for each in each_world.services.registry.log_keys] == [keys[0].kid]
    retired = dataclasses.replace(keys[0], retired_at=1)
    with pytest.raises(NoLogKey):
        current_log_key(sealing, [retired])


def test_it_runs_by_itself_survives_a_failure_and_stops(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_output: Path
) -> None:
    """Within a second and without anybody asking."""
    turn = Sequencer.turn
    failed: list[int] = []

    async def failing_once(self: Sequencer) -> None:
        if not failed:
            failed.append(1)
            raise RuntimeError("once")
        await turn(self)

    monkeypatch.setattr(Sequencer, "turn", failing_once)
    before = log_output.stat().st_size
    with serve(sqlite_url, tmp_path, sequencer_interval=0.01) as world:
        world.userinfo(world.tokens()["access_token"])

        until(
            lambda: "handoff" in {each.kind for each in leaves(world)} and last_checkpoint(world),
            "the hand-off is in no checkpoint",
        )
    assert "sequencer_failed" in log_output.read_text()[before:]


def test_a_database_that_was_filled_before_the_log_gets_it_whole(each_world: World) -> None:
    """Migration 0002 lets what was there wait, and 0001 can be gone back to."""
    grant_id = read_twice_then_revoke(each_world)
    sequence(each_world)
    before = [each.entry for each in leaves(each_world)]
    backend = each_world.services.store._backend
    each_world.run(downgrade, backend, "0001")
    each_world.run(migrate, backend)
    assert each_world.run(schema_differences, backend) == []
    sequence(each_world)
    assert [each.entry for each in leaves(each_world)] == before
    assert story(each_world, grant_id) == ["given", "handoff", "handoff", "revoked"]
