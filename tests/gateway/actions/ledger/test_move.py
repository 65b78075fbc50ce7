"""The log's own name: kept from its first turn on, moved with an entry that says so, followed by verifiers (C1)."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Executable, delete, insert, text, update

from gateway.actions.ledger import move as log_move
from gateway.actions.ledger.archive import archive_log
from gateway.actions.ledger.comparison import ComparisonFinding, compare_checkpoint
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.folder import LogFolder
from gateway.actions.ledger.log_state import PATIENCE, behind_since, check_name, look_at_log
from gateway.actions.ledger.move import find_mover, move_origin
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.ledger.sequencer import LEASE, LEASE_TTL, Sequencer
from gateway.actions.ledger.verification import verify_tree
from gateway.actions.ledger.witness import Witness
from gateway.actions.ledger.witnessing import Witnessing, asked_witnesses
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.settings import SettingsError
from gateway.ledger.checkpoints import Checkpoint, parse_checkpoint, sign_checkpoint
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.log_moves import NO_CHECKPOINT, OTHER_NAME, OTHER_PLACE, OTHER_ROOT, SAME_NAME
from gateway.ledger.notes import parse_key
from gateway.model.administration.actions import MOVE_LOG, AdminAction
from gateway.store.admin_actions import append_actions
from gateway.store.engine.leases import LeaseClaim, hold
from gateway.store.engine.schema import downgrade, migrate
from gateway.store.ledger.origins import LogMove, move_operation
from gateway.store.tables import log_checkpoint, log_origin
from tests.gateway.actions.ledger.test_verification import journey, run_verifier
from tests.ledgers import entries, last_checkpoint, leaves, sequence, unguarded
from tests.world import World

OLD, NEW, THIRD = "gateway.example/log", "consent.example/log", "third.example/log"
ADMIN = "admin@platform.example"


def at(world: World, name: str, **changes: Any) -> World:
    """The same installation after somebody set another issuer."""
    issuer = f"https://{name.removesuffix('/log')}"
    settings = world.services.settings.model_copy(update={"issuer": issuer, **changes})
    services = dataclasses.replace(world.services, settings=settings)
    return World(services, world.http, world.clock, world.letters)


def moved(world: World, name: str = NEW) -> World:
    """Move the log to a name."""
    there = at(world, name)
    world.clock.pass_by(LEASE_TTL)
    after = world.run(move_origin, there.services, "cli")
    world.clock.pass_by(LEASE_TTL)
    assert [each.origin for each in after.origins][-1] == name
    return there


def faults(world: World, *known: str) -> set[str]:
    async def work() -> Any:
        return await verify_tree(world.services, known=known)

    return {f"{each.subject.partition(' (')[0]}: {each.what}" for each in world.run(work).faults}


def by_others(world: World, folder: Path, *known: str) -> tuple[int, set[str]]:
    """What the verifier that shares no code with us says of an export."""
    file = folder / "log.tar"
    world.run(export_log, world.services, "cli", Span(), file)
    words: list[str] = []
    for number, note in enumerate(known):
        (folder / f"kept{number}").write_text(note)
        words += ["--checkpoint", str(folder / f"kept{number}")]
    status, found = run_verifier(str(file), "--key", "\n".join(log_key_words(world.services)), *words)
    return status, {f"{each['subject']}: {each['what']}" for each in found["faults"]}


def test_the_name_is_the_databases_and_not_the_settings(each_world: World) -> None:
    """A newcomer's look with the default issuer says that the log is sound; and the sequencer never stops for it."""
    journey(each_world)
    elsewhere = at(each_world, "localhost/log")
    assert faults(elsewhere) == set()
    assert elsewhere.services.own_log.origin == OLD
    each_world.userinfo(each_world.tokens(email="aoife@northfield.example")["access_token"])
    each_world.clock.pass_by(LEASE_TTL)
    before = sequence(each_world).size
    each_world.userinfo(each_world.tokens(email="ben@lakeside.example")["access_token"])
    each_world.clock.pass_by(LEASE_TTL)
    each_world.run(Sequencer(elsewhere.services).turn)
    newest = last_checkpoint(each_world)
    assert newest is not None
    assert (newest.size > before, parse_checkpoint(newest.note).origin) == (True, OLD)
    assert faults(each_world) == set()


def test_a_start_under_another_name_is_refused_in_production_and_said_elsewhere(
    world: World, log_output: Path
) -> None:
    world.run(check_name, at(world, NEW).services)
    sequence(world)
    world.run(check_name, world.services)
    before = log_output.stat().st_size
    world.run(check_name, at(world, NEW).services)
    said = log_output.read_text()[before:]
    assert "log_has_another_name" in said
    with pytest.raises(SettingsError, match="log move-origin") as refused:
        world.run(check_name, at(world, NEW, environment="production").services)
    assert all(each in str(refused.value) for each in (OLD, NEW, "CONSENT_GATEWAY_ISSUER"))


def test_a_log_of_an_older_version_takes_its_name_from_its_first_checkpoint(each_world: World) -> None:
    """Schema 0022; one that has signed nothing yet begins under the setting."""
    backend = each_world.services.store._backend
    for begun in (False, True):
        if begun:
            journey(each_world)
        each_world.run(downgrade, backend, "0021")
        each_world.run(migrate, backend)
        elsewhere = at(each_world, NEW)
        each_world.run(look_at_log, elsewhere.services)
        assert [each.origin for each in each_world.services.registry.log_origins] == ([OLD] if begun else [])
        assert elsewhere.services.own_log.origin == (OLD if begun else NEW)
    assert faults(each_world) == set()


def test_a_move_is_the_first_entry_after_the_checkpoint_that_it_names(
    each_world: World, tmp_path: Path
) -> None:
    """What waits is signed under the old name; whoever kept an old checkpoint follows the log to the new one."""
    kept = journey(each_world)
    each_world.userinfo(each_world.tokens(email="aoife@northfield.example")["access_token"])
    there = moved(each_world)
    (move,) = [each for each in entries(each_world) if each.get("action") == MOVE_LOG]
    place = entries(each_world).index(move)
    named = parse_checkpoint(move["detail"]["checkpoint"])
    assert (named.origin, named.size, move["target"]) == (OLD, place, NEW)
    newest = last_checkpoint(each_world)
    assert newest is not None
    assert parse_checkpoint(newest.note).origin == NEW
    assert newest.size == place + 1
    each_world.userinfo(each_world.tokens(email="ben@lakeside.example")["access_token"])
    each_world.clock.pass_by(LEASE_TTL)
    each_world.run(Sequencer(there.services).turn)
    for services_of in (each_world, there):
        assert faults(services_of, kept, move["detail"]["checkpoint"], newest.note) == set()
    assert by_others(each_world, tmp_path, kept, move["detail"]["checkpoint"], newest.note) == (0, set())
    assert each_world.run(compare_checkpoint, there.services, kept).finding is ComparisonFinding.CONTINUES


def test_a_move_that_was_stopped_anywhere_goes_on(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run again, it moves once; where the name is right already, it only signs."""
    journey(each_world)
    there = at(each_world, NEW)
    each_world.clock.pass_by(LEASE_TTL)

    class Stopped(Exception):
        pass

    turns, turn = [], Sequencer.turn

    async def stopping(self: Sequencer) -> None:
        turns.append(1)
        if len(turns) == 2:
            raise Stopped
        await turn(self)

    monkeypatch.setattr(Sequencer, "turn", stopping)
    with pytest.raises(Stopped):
        each_world.run(move_origin, there.services, "cli")
    standing = each_world.run(look_at_log, there.services)
    assert (standing.needs_move, standing.is_signed) == (False, False)
    for _ in range(2):
        each_world.clock.pass_by(LEASE_TTL)
        each_world.run(move_origin, there.services, "cli")
    assert [each["action"] for each in entries(each_world) if each["kind"] == "admin_action"].count(
        MOVE_LOG
    ) == 1
    assert faults(each_world) == set()


def test_two_who_move_at_once_move_it_once(each_world: World) -> None:
    """The lease lets one at a time; the other finds the log under its new name."""
    journey(each_world)
    there = at(each_world, NEW)
    each_world.clock.pass_by(LEASE_TTL)
    nodes = [Sequencer(there.services) for _ in range(2)]
    operation = move_operation(nodes[0].grow)
    move = log_move._move
    seen = each_world.services.registry.log_origins
    assert str(each_world.run(move, there.services, nodes[0], operation, "cli")) == "done"
    assert str(each_world.run(move, there.services, nodes[1], operation, "cli")) == "busy"
    stale = LogMove(nodes[0].claim(), NEW, len(seen), lambda last: pytest.fail("moved twice"))
    assert str(each_world.store(operation, stale)) == "done"
    unsigned = LogMove(nodes[0].claim(), THIRD, len(seen) + 1, lambda last: pytest.fail("not signed"))
    assert str(each_world.store(operation, unsigned)) == "unsigned"


def test_another_node_that_is_at_work_is_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    journey(world)
    monkeypatch.setattr(log_move, "TRIES", 2)
    monkeypatch.setattr(log_move, "PAUSE", 0)
    world.clock.pass_by(LEASE_TTL)
    claim = LeaseClaim(LEASE, "another", world.clock(), LEASE_TTL)
    world.store(lambda connection, _: [hold(connection, claim)], None)
    with pytest.raises(Refusal, match="stop it first"):
        world.run(move_origin, at(world, NEW).services, "cli")
    world.clock.pass_by(LEASE_TTL)
    world.run(move_origin, at(world, NEW).services, "cli")


def test_only_a_platform_administrator_stands_behind_a_move(world: World) -> None:
    assert world.run(find_mover, world.services, ADMIN).startswith("per_")
    for email in ("asha@lakeside.example", "nobody@lakeside.example"):
        with pytest.raises(Refusal, match="platform administrator"):
            world.run(find_mover, world.services, email)


def test_a_log_moves_on_and_back_and_every_kept_checkpoint_is_of_its_own_time(
    each_world: World, tmp_path: Path
) -> None:
    """Two moves, and one back to the first name: each checkpoint is under the name of its size, and no other."""
    kept = [journey(each_world)]
    for name in (NEW, THIRD, OLD):
        there = moved(each_world, name)
        newest = last_checkpoint(each_world)
        assert newest is not None
        kept.append(newest.note)
    assert faults(each_world, *kept) == set()
    assert by_others(each_world, tmp_path, *kept) == (0, set())
    assert [parse_key(each).name for each in log_key_words(there.services)] == [OLD, THIRD, NEW]
    key = current_log_key(each_world.services.seal.ring.signing, each_world.services.registry.log_keys)
    found = parse_checkpoint(kept[1])
    other = sign_checkpoint(Checkpoint(OLD, found.size, found.root), key)
    assert faults(each_world, other) == {
        f"the checkpoint that you hold: it is signed under the name {OLD}, and the log was {NEW} at that size"
    }
    assert by_others(each_world, tmp_path, other) == (
        1,
        {f"kept checkpoint: it is signed under the name {OLD}, which the log did not bear at that size"},
    )


def test_archives_of_before_a_move_verify_after_it(world: World, tmp_path: Path) -> None:
    """Manifests are signed under the name that the log had; the folder's checkpoint is under the newest."""
    ids, now = world.services.ids, world.clock()
    looks = [AdminAction(ids(Kind.ACTION), "cli", "look", "log", "all", now) for _ in range(256)]
    world.run(world.services.store.run_all, append_actions, looks)
    folder = LogFolder(tmp_path / "archive")
    for name in (OLD, NEW):
        if name == NEW:
            moved(world)
            world.run(
                world.services.store.run_all,
                append_actions,
                [AdminAction(ids(Kind.ACTION), "cli", "look", "log", "all", now) for _ in range(256)],
            )
        world.clock.pass_by(LEASE_TTL)
        world.run(Sequencer(world.services).turn)
        assert world.run(archive_log, world.services, "cli", world.clock() + 1, folder)
        world.clock.pass_by(LEASE_TTL)

        async def work() -> Any:
            return await verify_tree(world.services, folder=folder)

        assert world.run(work).faults == ()
        keys = "\n".join(log_key_words(world.services))
        status, said = run_verifier(str(folder.path), "--key", keys)
        assert (status, said["faults"]) == (0, [])


def test_a_witness_needs_the_new_key_and_then_goes_on(world: World, tmp_path: Path) -> None:
    """To a witness a log is its name: the one after the move is new to it, and begins from nothing."""
    journey(world)
    moved(world)
    newest = last_checkpoint(world)
    assert newest is not None
    keys = [parse_key(each) for each in log_key_words(world.services)]
    both_names = Witness(tmp_path / "w", "witness.example/w1", keys, world.clock)
    assert both_names.add(f"old 0\n\n{newest.note}")
    assert Witnessing(world.services, asked_witnesses([f"{both_names.key} http://localhost:1"]))


# Tampering ------------------------------------------------------------------------------------------------------------

Forge = Callable[[World], dict[str, Any]]


def note_of(world: World, **changes: Any) -> str:
    """Sign a checkpoint like the newest, with something changed, by the log's own key."""
    found = parse_checkpoint(last_checkpoint(world).note)  # type: ignore[union-attr]  # it is there
    key = current_log_key(world.services.seal.ring.signing, world.services.registry.log_keys)
    return sign_checkpoint(dataclasses.replace(found, **changes), key)


FORGERIES: dict[str, tuple[Forge, set[str]]] = {
    "names nothing": (lambda world: {"detail": {}}, {NO_CHECKPOINT}),
    "is not signed": (
        lambda world: {"detail": {"checkpoint": note_of(world).replace("\n", "\n1", 1)}},
        {NO_CHECKPOINT},
    ),
    "names another root": (
        lambda world: {"detail": {"checkpoint": note_of(world, root=b"r" * 32)}},
        {OTHER_ROOT},
    ),
    "names another size": (lambda world: {"detail": {"checkpoint": note_of(world, size=1)}}, {OTHER_PLACE}),
    "moves to the same name": (
        lambda world: {"detail": {"checkpoint": note_of(world)}, "target_id": NEW},
        {SAME_NAME},
    ),
    "moves from a name that was left": (
        lambda world: {"detail": {"checkpoint": note_of(world, origin=OLD)}, "target_id": THIRD},
        {OTHER_NAME},
    ),
    "moves again": (lambda world: {"detail": {"checkpoint": note_of(world)}}, set()),
    "moves back": (lambda world: {"detail": {"checkpoint": note_of(world)}, "target_id": OLD}, set()),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_move_is_named_by_both_verifiers(world: World, tmp_path: Path, how: str) -> None:
    """Whoever writes to the database has an act placed that moves the log; the names it keeps do not follow."""
    journey(world)
    moved(world)
    forge, named = FORGERIES[how]
    values = {"target_id": THIRD, **forge(world)}
    act = AdminAction("act_forged", "cli", MOVE_LOG, "log", at=world.clock(), **values)
    world.run(world.services.store.run, append_actions, act)
    sequence(world)
    place = next(each.sequence for each in leaves(world) if each.source_id == "act_forged")
    found = faults(world)
    assert {f"leaf {place}: {what}" for what in named} <= found
    assert any(each.startswith(("log's names: ", "leaf")) for each in found)
    status, said = by_others(world, tmp_path)
    assert status == 1
    assert {f"entry {place}: {what}" for what in named} <= said
    if not named:
        # The move itself is faultless; what is signed after it is not under the name that it gave.
        assert any("which the log did not bear at that size" in each for each in said)


SECOND = log_origin.c.number == 2
NAMES: dict[str, Executable] = {
    "renamed": update(log_origin).where(SECOND).values(origin=THIRD),
    "forgotten": delete(log_origin).where(SECOND),
    "invented": insert(log_origin).values(number=3, origin=THIRD, start=1, since=1),
    "begun earlier": update(log_origin).where(SECOND).values(start=1),
}


@pytest.mark.parametrize("how", NAMES)
def test_names_that_were_tampered_with_are_named(world: World, how: str) -> None:
    """The table that keeps the names is held against the log and its signatures."""
    journey(world)
    moved(world)

    def tamper(connection: Connection) -> None:
        for each in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER log_origin_no_{each}"))
        connection.execute(NAMES[how])
        connection.execute(text("UPDATE registry_version SET version = version + 1"))

    unguarded(world, tamper)
    world.run(look_at_log, world.services)
    assert faults(world)


def test_an_old_key_signs_nothing_beyond_the_move(world: World) -> None:
    """The history that went on under the old name after the move is another one."""
    journey(world)
    moved(world)
    fork = note_of(world, origin=OLD)
    assert len(faults(world, fork)) == 1


def test_where_nobody_gives_places_the_page_says_so(world: World) -> None:
    """The log is behind when something has waited for a minute, for a place or for a signature."""
    sequence(world)
    assert world.run(behind_since, world.services) is None
    world.userinfo(world.tokens()["access_token"])
    since = world.clock()
    assert world.run(behind_since, world.services) is None
    world.clock.pass_by(PATIENCE + 1)
    assert world.run(behind_since, world.services) == since
    page = world.client().get("/log").text
    assert "the log is behind" in page
    sequence(world)
    assert "the log is behind" not in world.client().get("/log").text
    unguarded(world, lambda c: c.execute(delete(log_checkpoint)))
    assert world.run(behind_since, world.services) == entries(world)[0]["at"]
