"""The sequencer: every row gets its place once, cause before effect, and nothing is signed over a fork."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from gateway.actions.admin_grants import GrantSearch, find_grants, revoke_grant
from gateway.actions.keys import drop_retired_signing_keys, rotate_log_key
from gateway.actions.sequencer import LEASE, LEASE_TTL, LogFork, Sequencer
from gateway.kit.ids import Kind, random_ids
from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.log_keys import NoLogKey, current_log_key, new_log_key
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.ledger.tiles import hash_of, keys_of
from gateway.model.admin_actions import AdminAction
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import append_actions
from gateway.store.engine import Operation
from gateway.store.keys import add_first_log_keys
from gateway.store.leases import Claim, hold
from gateway.store.log_tree import Turn, load_tiles
from gateway.store.schema import downgrade, migrate, schema_differences
from gateway.store.tables import handoff, lease, log_checkpoint, log_leaf, log_pending, log_tile
from tests.ledgers import entries, last_checkpoint, leaves, log_keys, sequence, unguarded
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


def test_every_row_gets_its_place_once_and_the_checkpoint_is_theirs(both: World) -> None:
    grant_id = read_twice_then_revoke(both)
    assert waiting(both) > 4
    signed = sequence(both)
    assert waiting(both) == 0
    found = leaves(both)
    assert [each.sequence for each in found] == list(range(len(found)))
    assert {each.kind for each in found} == {"handoff", "consent_event", "admin_action"}
    assert story(both, grant_id) == ["given", "handoff", "handoff", "revoked"]
    frontier = Frontier()
    for each in found:
        assert each.leaf_hash == leaf_hash(each.entry)
        frontier.add(each.leaf_hash)
    checkpoint = check_checkpoint(signed.note, log_keys(both))
    assert (checkpoint.origin, checkpoint.size) == ("gateway.example/log", len(found))
    assert checkpoint.root == signed.root == frontier.root()
    tiles = both.store(load_tiles, keys_of([(0, checkpoint.size)]))
    assert hash_of(tiles, (0, checkpoint.size)) == checkpoint.root
    assert sequence(both) == signed
    assert not any(b"per_" in each.entry for each in found)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 300])
def test_cause_comes_before_effect_whatever_the_clock_and_the_batch(
    both: World, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """handoff-log.md 6: a grant is never taken by halves, and a clock that is set back changes nothing."""
    monkeypatch.setattr("gateway.actions.sequencer.BATCH", batch)
    token = both.tokens()["access_token"]
    for step in (5, -100, 50, -7):
        both.clock.pass_by(step)
        both.userinfo(token)
    (line,) = both.run(find_grants, both.services, AUDITOR, GrantSearch()).lines
    both.clock.pass_by(-500)
    both.run(revoke_grant, both.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    sequence(both)
    told = story(both, line.grant.grant_id)
    assert told[0] == "given"
    assert told[-1] == "revoked"
    assert told.count("handoff") == len(told) - 2 >= 1


def test_the_log_grows_over_many_turns_and_stays_consistent(both: World) -> None:
    token = both.tokens()["access_token"]
    sizes = []
    for _ in range(4):
        both.userinfo(token)
        sizes.append(sequence(both).size)
    assert sizes == list(range(sizes[0], sizes[0] + 4))


def test_a_row_whose_transaction_was_run_again_keeps_its_one_place(both: World) -> None:
    """The answer to a commit was lost, the row got its place, and then the store ran the transaction again."""
    both.userinfo(both.tokens()["access_token"])
    sequence(both)
    (row,) = [each for each in leaves(both) if each.kind == "handoff"]
    again = {"grant_id": entries(both)[row.sequence]["grant"], "source_id": row.source_id, "kind": "handoff"}
    unguarded(both, lambda connection: connection.execute(insert(log_pending).values(again)))
    before = leaves(both)
    sequence(both)
    assert leaves(both) == before
    assert waiting(both) == 0


def test_a_row_that_was_deleted_before_it_got_its_place_is_said_loudly(both: World, log_output: Path) -> None:
    both.userinfo(both.tokens()["access_token"])
    unguarded(both, lambda connection: connection.execute(delete(handoff)))
    before = log_output.stat().st_size
    sequence(both)
    assert "log_rows_lost" in log_output.read_text()[before:]
    assert "handoff" not in {each.kind for each in leaves(both)}


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
def test_nothing_is_signed_over_a_fork(both: World, fork: str, log_output: Path) -> None:
    """handoff-log.md 4: it refuses, says so, and goes on refusing."""
    token = both.tokens()["access_token"]
    signed = sequence(both)
    unguarded(both, FORKS[fork])
    both.userinfo(token)
    for _ in range(2):
        before = log_output.stat().st_size
        with pytest.raises(LogFork):
            sequence(both)
        assert "log_fork" in log_output.read_text()[before:]
    kept = last_checkpoint(both)
    assert kept is not None
    assert kept.size == signed.size


def test_one_node_works_at_a_time_and_any_can_take_over(both: World) -> None:
    both.userinfo(both.tokens()["access_token"])
    first, second = Sequencer(both.services), Sequencer(both.services)
    both.run(first.turn)
    both.userinfo(both.tokens(email="aoife@northfield.example")["access_token"])
    both.run(second.turn)
    assert waiting(both) > 0
    both.clock.pass_by(LEASE_TTL)
    both.run(second.turn)
    assert waiting(both) == 0


def test_a_node_that_stops_is_followed_at_once(both: World) -> None:
    both.userinfo(both.tokens()["access_token"])
    first, second = Sequencer(both.services), Sequencer(both.services)
    both.run(first.turn)
    both.userinfo(both.tokens(email="aoife@northfield.example")["access_token"])
    both.run(second.retire)
    both.run(second.turn)
    assert waiting(both) > 0
    both.run(first.retire)
    both.run(second.turn)
    assert waiting(both) == 0


def test_a_turn_does_not_wait_for_what_comes_meanwhile(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a steady stream every transaction would else be one of a few rows, and no turn would ever end."""
    both.tokens()
    node, plan = Sequencer(both.services), both.services.store.run_planned
    sizes = []

    async def planned(operation: Operation[Any, Any], item: Any) -> Any:
        outcome = await plan(operation, item)
        if isinstance(item, Turn):
            act = AdminAction(random_ids(Kind.ACTION), AUDITOR, "read_log", "log", "all", both.clock())
            await both.services.store.run(append_actions, act)
            sizes.append(outcome)
        return outcome

    monkeypatch.setattr(both.services.store, "run_planned", planned)
    both.run(node.turn)
    assert waiting(both) == 1
    both.run(node.turn)
    assert sizes[1:] == [1]


def test_a_tree_that_another_node_has_signed_meanwhile_is_not_signed_again(both: World) -> None:
    """Looked at before, signed by somebody else, and tried again; and a node without the lease signs nothing."""
    both.userinfo(both.tokens()["access_token"])
    signed = sequence(both)
    node = Sequencer(both.services)
    for now, holds in ((both.clock(), False), (both.clock() + LEASE_TTL, True)):
        claim = Claim(LEASE, "somebody", now, LEASE_TTL)
        assert both.store(node._sign, claim) is False
        assert both.store(node._integrate, Turn(claim, 10)) == (0 if holds else None)
    assert sequence(both) == signed


def test_a_node_without_work_writes_nothing(world: World) -> None:
    world.userinfo(world.tokens()["access_token"])
    sequence(world)

    def expiry(connection: Connection, _: object) -> list[int]:
        return [connection.execute(select(lease.c.expires_at)).scalar_one()]

    before = world.store(expiry, None)
    world.clock.pass_by(1)
    sequence(world)
    assert world.store(expiry, None) == before


def test_a_lease_from_a_clock_that_was_set_back_does_not_hold_for_years(both: World) -> None:
    def held(holder: str, now: int) -> bool:
        claim = Claim("role", holder, now, 10)
        return both.store(lambda connection, _: [hold(connection, claim)], None)

    assert held("a", NOW + 10**6)
    assert held("b", NOW)
    assert not held("a", NOW + 9)
    assert held("b", NOW + 9)
    assert held("a", NOW + 19)


def test_keys_rotate_and_old_checkpoints_still_verify(both: World) -> None:
    token = both.tokens()["access_token"]
    first = sequence(both)
    both.clock.pass_by(1)
    both.run(rotate_log_key, both.services, "cli")
    both.userinfo(token)
    second = sequence(both)
    old, new = log_keys(both)
    assert check_checkpoint(first.note, [old])
    assert check_checkpoint(second.note, [new])
    both.clock.pass_by(10**7)
    both.run(drop_retired_signing_keys, both.services, "cli")
    assert log_keys(both) == [old, new]
    assert {key.alg for key in both.services.registry.signing_keys} == {"ES256", "RS256"}
    kids = {key["kid"] for key in both.client().get("/jwks.json").json()["keys"]}
    assert not kids & {key.kid for key in both.services.registry.log_keys}


def test_only_the_first_of_two_new_keys_is_kept(both: World) -> None:
    sealing = both.services.seal.ring.signing
    keys = [new_log_key(sealing, now=NOW, ids=random_ids) for _ in range(2)]
    for each in keys:
        both.store(add_first_log_keys, each)
    assert [each.kid for each in both.services.registry.log_keys] == [keys[0].kid]
    retired = dataclasses.replace(keys[0], retired_at=1)
    with pytest.raises(NoLogKey):
        current_log_key(sealing, [retired])


def test_it_runs_by_itself_survives_a_failure_and_stops(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log_output: Path
) -> None:
    """Within a second and without anybody asking."""
    turn, failed = Sequencer.turn, []

    async def failing_once(self: Sequencer) -> None:
        if not failed:
            failed.append(1)
            raise RuntimeError("once")
        await turn(self)

    monkeypatch.setattr(Sequencer, "turn", failing_once)
    before = log_output.stat().st_size
    with serve(sqlite_url, tmp_path, sequencer_interval=0.01) as world:
        world.userinfo(world.tokens()["access_token"])

        for _ in range(3000):
            if "handoff" in {each.kind for each in leaves(world)} and last_checkpoint(world):
                break
            time.sleep(0.02)
        assert "handoff" in {each.kind for each in leaves(world)}
    assert "sequencer_failed" in log_output.read_text()[before:]


def test_a_database_that_was_filled_before_the_log_gets_it_whole(both: World) -> None:
    """Migration 0002 lets what was there wait, and 0001 can be gone back to."""
    grant_id = read_twice_then_revoke(both)
    sequence(both)
    before = [each.entry for each in leaves(both)]
    backend = both.services.store._backend
    both.run(downgrade, backend, "0001")
    both.run(migrate, backend)
    assert both.run(schema_differences, backend) == []
    sequence(both)
    assert [each.entry for each in leaves(both)] == before
    assert story(both, grant_id) == ["given", "handoff", "handoff", "revoked"]
