"""Tampering: whatever the database's owner does to rows, leaves, tiles or checkpoints is found and named."""

import importlib.util
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.merkle import leaf_hash
from gateway.model.grants import MOVES, EventType, ReasonCode
from gateway.store.tables import (
    consent_event,
    consent_grant,
    handoff,
    log_checkpoint,
    log_leaf,
    log_pending,
    log_tile,
)
from tests.gateway.ledger.samples import decided_entry
from tests.ledgers import entries, leaves, read_member, sequence, unguarded
from tests.patience import PATIENCE
from tests.world import NOW, World

VERIFIER = Path(__file__).resolve().parents[4] / "deploy" / "log_verifier.py"
AUDITOR = "per_an-auditor"


def verify(world: World, *known: str) -> TreeCheck:
    async def work() -> TreeCheck:
        return await verify_tree(world.services, known=known)

    return world.run(work)


def whats(world: World, *known: str) -> set[str]:
    return {f"{fault.subject.partition(' (')[0]}: {fault.what}" for fault in verify(world, *known).faults}


def journey(world: World) -> str:
    """Opt in, be read three times under three checkpoints, be revoked; give the first checkpoint."""
    token = world.tokens()["access_token"]
    notes = []
    for _ in range(3):
        world.clock.pass_by(10)
        world.userinfo(token)
        notes.append(sequence(world).note)
    (line,) = world.run(find_grants, world.services, AUDITOR, GrantSearch()).lines
    world.run(revoke_grant, world.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    sequence(world)
    return notes[0]


def places(world: World, kind: str) -> list[int]:
    return [each.sequence for each in leaves(world) if each.kind == kind]


def test_a_log_that_nobody_touched_is_sound_however_small_the_slices(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verify(each_world).faults == ()
    kept = journey(each_world)
    for slices in (2000, 1, 3):
        monkeypatch.setattr("gateway.actions.ledger.verification.SLICE", slices)
        found = verify(each_world, kept)
        assert found.faults == ()
        assert (found.size, found.checkpoints) == (len(leaves(each_world)), 4)


def test_what_came_after_the_last_checkpoint_is_no_fault(world: World) -> None:
    from gateway.actions.ledger.sequencer import BATCH, LEASE, LEASE_TTL, Sequencer
    from gateway.store.engine.leases import LeaseClaim
    from gateway.store.ledger.tree import Turn

    journey(world)
    world.tokens(email="aoife@northfield.example")
    world.clock.pass_by(LEASE_TTL)
    turn = Turn(LeaseClaim(LEASE, "x", world.clock(), LEASE_TTL), BATCH)
    world.store(Sequencer(world.services)._integrate, turn)
    assert verify(world).faults == ()
    # Its edge is looked at nevertheless.
    unguarded(world, lambda c: c.execute(update(log_tile).values(hashes=b"\x00" * 32 * 100)))
    assert whats(world) == {"tile 0/000: it was changed"}


def test_an_edited_row_is_named(each_world: World) -> None:
    journey(each_world)
    unguarded(each_world, lambda c: c.execute(update(handoff).values(endpoint="elsewhere")))
    assert whats(each_world) == {
        f"leaf {place}: its row does not say what the log says" for place in places(each_world, "handoff")
    }


def test_a_read_by_another_partner_than_the_grants_is_named(each_world: World) -> None:
    journey(each_world)
    unguarded(each_world, lambda c: c.execute(update(handoff).values(partner_id="campuspress")))
    assert {
        what
        for what in whats(each_world)
        if what.endswith("it went to another partner than its grant is for")
    }


def test_a_deleted_row_is_named(each_world: World) -> None:
    journey(each_world)
    unguarded(each_world, lambda c: c.execute(delete(handoff)))
    assert whats(each_world) == {f"leaf {place}: its row is gone" for place in places(each_world, "handoff")}


def test_a_row_that_was_slipped_in_is_named(each_world: World) -> None:
    journey(each_world)

    def slip(connection: Connection) -> None:
        row = dict(connection.execute(select(handoff)).mappings().first() or {})
        connection.execute(insert(handoff).values({**row, "handoff_id": "hof_slipped"}))
        connection.execute(delete(log_pending))

    unguarded(each_world, slip)
    assert whats(each_world) == {"hof_slipped: it has no place in the log and waits for none"}


ROOT = "its root is not that of the leaves: something before it was changed"


def test_an_edited_leaf_is_named_even_when_its_row_and_hash_are_edited_with_it(world: World) -> None:
    """Back-dating: the time of a hand-off is changed everywhere but under the signatures."""
    journey(world)
    place = places(world, "handoff")[0]
    leaf = leaves(world)[place]
    forged = leaf.entry.replace(str(NOW + 10).encode(), str(NOW + 9).encode())
    assert forged != leaf.entry

    def edit(connection: Connection) -> None:
        own = log_leaf.c.sequence == place
        connection.execute(update(log_leaf).where(own).values(entry=forged, leaf_hash=leaf_hash(forged)))
        connection.execute(update(handoff).where(handoff.c.handoff_id == leaf.source_id).values(at=NOW + 9))

    unguarded(world, edit)
    sizes = sorted(each for each in checkpoint_sizes(world) if each > place)
    assert whats(world) == {"tile 0/000: it was changed", *(f"checkpoint {size}: {ROOT}" for size in sizes)}


def checkpoint_sizes(world: World) -> list[int]:
    return world.store(lambda c, _: [list(c.execute(select(log_checkpoint.c.size)).scalars())], None)


def test_a_leafs_hash_alone_and_an_entry_that_is_none_are_named(world: World) -> None:
    journey(world)
    unguarded(
        world, lambda c: c.execute(update(log_leaf).where(log_leaf.c.sequence == 1).values(entry=b"{}"))
    )
    found = whats(world)
    assert "leaf 1: its hash is not that of its entry" in found
    assert "leaf 1: it is no entry of this log" in found
    assert "leaf 1: its row does not say what the log says" in found


def test_swapped_leaves_are_named(world: World) -> None:
    """A revocation that is moved before a hand-off."""
    journey(world)
    found = leaves(world)
    one, other = places(world, "handoff")[-1], places(world, "consent_event")[-1]

    def swap(connection: Connection) -> None:
        for place in (one, other):
            connection.execute(delete(log_leaf).where(log_leaf.c.sequence == place))
        for place, leaf in ((one, found[other]), (other, found[one])):
            row = {name: getattr(leaf, name) for name in leaf.__dataclass_fields__}
            connection.execute(insert(log_leaf).values({**row, "sequence": place}))

    unguarded(world, swap)
    named = whats(world)
    assert f"leaf {other}: a hand-off while its grant is ended" in named
    assert "tile 0/000: it was changed" in named
    assert any(ROOT in each for each in named)


def test_a_leaf_that_was_cut_out_is_named(world: World) -> None:
    journey(world)
    place = places(world, "handoff")[1]
    unguarded(world, lambda c: c.execute(delete(log_leaf).where(log_leaf.c.sequence == place)))
    assert f"leaf {place}: it is missing: leaf {place + 1} comes next" in whats(world)


def test_a_log_that_was_cut_off_is_named(world: World) -> None:
    journey(world)
    size = len(leaves(world))
    unguarded(world, lambda c: c.execute(delete(log_leaf).where(log_leaf.c.sequence >= size - 2)))
    named = whats(world)
    assert f"log: it ends at leaf {size - 2}, and its newest checkpoint says {size}" in named


def test_a_log_that_was_rolled_back_is_named_by_a_checkpoint_that_somebody_kept(world: World) -> None:
    """Everything is put back, signatures and all: only what is held outside can tell."""
    journey(world)
    kept = sequence(world)
    size = len(leaves(world))

    def roll_back(connection: Connection) -> None:
        connection.execute(delete(log_leaf).where(log_leaf.c.sequence >= 2))
        connection.execute(delete(log_checkpoint).where(log_checkpoint.c.size > 2))
        connection.execute(update(log_tile).values(hashes=b"".join(each.leaf_hash for each in before[:2])))

    before = leaves(world)
    unguarded(world, roll_back)
    named = whats(world, kept.note)
    assert (
        "the checkpoint that you hold: it says more leaves than there are: the log was cut off or rolled back"
        in named
    )
    assert size > 2


def test_a_fork_is_named_by_a_checkpoint_that_somebody_kept(world: World) -> None:
    """The log's owner signs another history with the true key."""
    journey(world)
    key = current_log_key(world.services.seal.ring.signing, world.services.registry.log_keys)
    forged = sign_checkpoint(Checkpoint("gateway.example/log", 3, b"f" * 32), key)
    assert whats(world, forged) == {f"the checkpoint that you hold: {ROOT}"}
    other = sign_checkpoint(Checkpoint("other.example/log", 3, b"f" * 32), key)
    assert whats(world, other) == {"the checkpoint that you hold: no known key has signed this note"}


@pytest.mark.parametrize(
    ("work", "named"),
    [
        (lambda c: c.execute(update(log_tile).values(hashes=b"x" * 64)), "tile 0/000: it was changed"),
        (lambda c: c.execute(delete(log_tile)), "tile 0/000: it is missing"),
        (
            lambda c: c.execute(insert(log_tile).values(level=0, tile_index=9, hashes=b"x")),
            "log: it has tiles beyond its last leaf",
        ),
    ],
)
def test_a_tampered_tile_is_named(world: World, work: Any, named: str) -> None:
    journey(world)
    unguarded(world, work)
    assert whats(world) == {named}


@pytest.mark.parametrize("column", ["note", "root"])
def test_a_tampered_checkpoint_is_named(world: World, column: str) -> None:
    journey(world)
    size = min(checkpoint_sizes(world))
    changed = {"note": "nonsense", "root": b"r" * 32}[column]
    unguarded(
        world,
        lambda c: c.execute(
            update(log_checkpoint).where(log_checkpoint.c.size == size).values({column: changed})
        ),
    )
    said = {"note": "not a signed note", "root": "its row is not what its note says"}[column]
    assert whats(world) == {f"checkpoint {size}: {said}"}


def test_a_consent_that_was_read_more_often_than_it_allows_is_named(each_world: World) -> None:
    """Whoever lifts the limit, reads and puts it back: no entry holds it, the database's own rows do."""
    token = each_world.tokens()["access_token"]
    for _ in range(2):
        assert each_world.userinfo(token).status_code == 200
    sequence(each_world)
    each_world.store(lambda c, _: [c.execute(update(consent_grant).values(use_limit=2))], None)
    assert whats(each_world) == set()
    each_world.store(lambda c, _: [c.execute(update(consent_grant).values(use_limit=1))], None)
    (what,) = whats(each_world)
    assert what.endswith("it was read more often than it allows")


def test_a_consent_event_that_does_not_follow_is_named(world: World) -> None:
    """Order is truth, also where rows, leaves, tiles and signatures all agree with each other."""
    token = world.tokens()["access_token"]
    world.userinfo(token)
    edit = update(consent_event).values(seq=4, type="resumed", items="[]", valid_until=NOW)
    unguarded(world, lambda c: c.execute(edit))
    sequence(world)
    named = {what.partition(": ")[2] for what in whats(world)}
    assert "consent event 4 of its grant follows number 0" in named
    assert "resumed does not follow None" in named


# The exported archive, and the verifier that shares no code with us.


def run_verifier(*words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, VERIFIER, *words, "--json"], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def exported(world: World, folder: Path, span: Span = Span()) -> Path:  # noqa: B008 - frozen
    file = folder / "log.tar"
    world.run(export_log, world.services, AUDITOR, span, file)
    return file


def rewritten(file: Path, name: str, old: bytes, new: bytes) -> Path:
    """Change one member of an archive."""
    target = file.with_name("tampered.tar")
    with tarfile.open(file) as before, tarfile.open(target, "w") as after:
        for member in before:
            content = read_member(before, member)
            if member.name == name:
                assert old in content
                content = content.replace(old, new, 1)
            path = file.with_name(member.name)
            path.write_bytes(content)
            after.add(path, member.name)
    return target


def test_an_independent_verifier_finds_an_export_sound_and_tampering_not(
    world: World, tmp_path: Path
) -> None:
    kept = journey(world)
    file = exported(world, tmp_path)
    (key,) = log_key_words(world.services)
    (tmp_path / "kept").write_text(kept)
    status, found = run_verifier(str(file), "--key", key, "--checkpoint", str(tmp_path / "kept"))
    assert (status, found["ok"], found["whole"], found["entries"]) == (0, True, True, len(leaves(world)))
    for name, old, new in (
        ("entries.jsonl", b"userinfo", b"userinf0"),
        ("entries.jsonl", b'{"index":0', b'{"index":1'),
        ("entries.jsonl", entries(world)[0]["id"].encode(), b"evt_other"),
        ("checkpoint", b"\n" + str(len(leaves(world))).encode() + b"\n", b"\n3\n"),
        ("archive", b"entries", b"entrie5"),
    ):
        status, found = run_verifier(str(rewritten(file, name, old, new)), "--key", key)
        assert status == 1, (name, found)
        assert found["faults"], name
    private = current_log_key(world.services.seal.ring.signing, world.services.registry.log_keys)
    (tmp_path / "fork").write_text(sign_checkpoint(Checkpoint("gateway.example/log", 3, b"f" * 32), private))
    status, found = run_verifier(str(file), "--key", key, "--checkpoint", str(tmp_path / "fork"))
    assert (status, found["faults"][0]["subject"]) == (1, "kept checkpoint")


def test_an_export_by_time_holds_its_entries_only_and_still_verifies(world: World, tmp_path: Path) -> None:
    journey(world)
    file = exported(world, tmp_path, Span(NOW + 10, NOW + 30))
    (key,) = log_key_words(world.services)
    status, found = run_verifier(str(file), "--key", key)
    assert (status, found["whole"], found["entries"]) == (0, False, 2)
    with tarfile.open(file) as archive:
        claim = read_member(archive, "archive").decode()
    assert f"\nsince {NOW + 10}\nuntil {NOW + 30}\nsize {len(leaves(world))}\n" in claim
    acts = [each.source_id for each in leaves(world) if each.kind == "admin_action"]
    sequence(world)
    assert len([each for each in leaves(world) if each.kind == "admin_action"]) == len(acts) + 1


def test_an_archive_that_holds_other_times_than_it_signs_is_named(world: World, tmp_path: Path) -> None:
    """What the log claims of a range is under its signature, and its entries are held against it."""

    class Careless(Span):
        def holds(self, at: int) -> bool:
            return True

    journey(world)
    file = exported(world, tmp_path, Careless(NOW + 10, NOW + 30))
    (key,) = log_key_words(world.services)
    status, found = run_verifier(str(file), "--key", key)
    outside = [each["index"] for each in enumerated(world) if not NOW + 10 <= each["at"] < NOW + 30]
    assert outside
    assert (status, [each["subject"] for each in found["faults"]]) == (
        1,
        [f"entry {each}" for each in outside],
    )
    for old, new in ((b"since 1", b"since 2"), (b"size ", b"size 1")):
        status, found = run_verifier(str(rewritten(file, "archive", old, new)), "--key", key)
        assert "archive" in {each["subject"] for each in found["faults"]}


def enumerated(world: World) -> list[dict[str, Any]]:
    return [{**each, "index": index} for index, each in enumerate(entries(world))]


def test_the_independent_verifier_knows_the_same_moves() -> None:
    """Its own table of moves is the model's, state by state and event by event."""
    spec = importlib.util.spec_from_file_location("log_verifier", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    verifier = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verifier)
    for state, moves in MOVES.items():
        for event in EventType:
            order = verifier.Order()
            order.grants["g"] = {"state": state and str(state), "seq": 0, "items": set(), "valid_until": 9,
                                 "uses": None, "asked_at": 0}  # fmt: skip
            faults = order.faults(decided_entry(event, seq=1))
            assert (f"{event} does not follow {state}" in faults) == (event not in moves), (state, event)
            assert order.grants["g"]["state"] == (
                str(moves[event]) if event in moves else state and str(state)
            )


def test_one_proof_verifies_by_itself(world: World, tmp_path: Path) -> None:
    browser = world.signed_in()
    code = world.share(browser, world.ask(browser))["code"]
    world.userinfo(world.exchange(code).json()["access_token"])
    grant_id = next(each["grant"] for each in _waiting_entries(world))
    sequence(world)
    for own in [each for each in entries(world) if each.get("grant") == grant_id]:
        page = browser.open(f"/connected/{grant_id}/check/{own['id']}")
        assert "It stands in the log" in page.text
        record = browser.open(f"/connected/{grant_id}/check/{own['id']}/proof.json").text
        (tmp_path / "proof.json").write_text(record)
        status, _ = run_verifier(str(tmp_path / "proof.json"), "--key", json.loads(record)["keys"][0])
        assert status == 0
        (tmp_path / "proof.json").write_text(record.replace("gra_", "grb_"))
        assert run_verifier(str(tmp_path / "proof.json"), "--key", json.loads(record)["keys"][0])[0] == 1


def _waiting_entries(world: World) -> list[dict[str, str]]:
    rows = world.store(lambda c, _: [c.execute(select(log_pending.c.grant_id)).scalars().all()], None)
    return [{"grant": each} for each in rows if each]
