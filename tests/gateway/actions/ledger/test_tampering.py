"""Tampering, complete: delete, edit, swap, truncate, fork, roll back and back-date a row, a leaf, a tile or a
checkpoint, at every place. Each is found, and the thing itself is named.

Whoever tampers here owns the database: no guard stops them, and where it says so they hold the log's key as well. Then
what somebody else kept decides: a checkpoint, or a witness's cosignature.
"""

import dataclasses
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Executable,
    RowMapping,
    Table,
    delete,
    insert,
    literal,
    select,
    update,
)

from deploy import log_verifier as verifier
from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.contacts.steps import change_contact, end_contact
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.ledger.search import check_log
from gateway.actions.ledger.sequencer import LEASE_TTL
from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.actions.ledger.witness import Witness
from gateway.kit.ids import Kind
from gateway.ledger.dating import BACK_DATED, POST_DATED
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.notes import NoteKey
from gateway.ledger.tiles import HASH, TilePath
from gateway.ledger.tree_check import TileBuilder
from gateway.ledger.witness import NotCosigned
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.engine.backend import Store
from gateway.store.engine.pool import Pool
from gateway.store.ledger.tree import Leaf
from gateway.store.tables import (
    admin_action,
    consent_event,
    consent_grant,
    contact,
    contact_event,
    contact_view,
    handoff,
    log_checkpoint,
    log_cosignature,
    log_leaf,
    log_pending,
    log_tile,
)
from tests.gateway.actions.contacts.test_contacts import ASHA, BEN, EMAIL, MASKED, Two
from tests.gateway.actions.ledger.test_verification import AUDITOR, journey, run_verifier
from tests.ledgers import last_checkpoint, leaves, log_keys, read_member, sequence, unguarded
from tests.world import World

T = TypeVar("T")
Tamper = Callable[[Connection], object]
KEYS = {
    "handoff": handoff.c.handoff_id,
    "consent_event": consent_event.c.event_id,
    "admin_action": admin_action.c.action_id,
    "contact_event": contact_event.c.event_id,
    "contact_view": contact_view.c.view_id,
}
UNIQUE: dict[str, dict[str, Any]] = {
    "consent_event": {"seq": 77, "served_id": None},
    "contact_event": {"seq": 77},
}
"""What else has to differ for a second row of the same kind."""
OF = {"contact_event": contact_event.c.contact_id, "contact_view": contact_view.c.contact_id}
"""Whose they are, where that is no grant."""
MADE_OF = "its root is not that of the leaves: something before it was changed"
CUT = "it says more leaves than there are: the log was cut off or rolled back"


class OneTransaction:
    """A backend in whose one transaction everything happens, and is undone."""

    locks_rows = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def write(self, work: Callable[[Connection], T]) -> T:
        return work(self._connection)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return work(self._connection)

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        return work(self._connection)

    @property
    def in_lanes(self) -> "OneTransaction":
        return self

    @property
    def pools(self) -> Mapping[str, Pool]:
        return {}

    async def close(self) -> None:
        raise AssertionError


def executing(statement: Executable) -> Tamper:
    """Tamper by one statement."""
    return lambda connection: connection.execute(statement)


class Undone(Exception):
    """Ends the transaction."""


def found_by(
    world: World, tamper: Tamper, known: Sequence[str] = (), witnesses: Sequence[NoteKey] = ()
) -> set[str]:
    """Tamper, verify as `log verify` does, and undo it all; give what was found."""
    found: set[str] = set()

    def work(connection: Connection, _: Any) -> list[None]:
        tamper(connection)

        async def verify() -> None:
            services = dataclasses.replace(world.services, store=Store(OneTransaction(connection)))
            await services.store.open()
            rows = await check_log(services)
            tree = await verify_tree(services, known=known, witnesses=witnesses)
            found.update(f"{each.subject}: {each.what}" for each in (*rows.faults, *tree.faults))

        # Nothing in it ever waits: the one transaction answers at once.
        with pytest.raises(StopIteration):
            verify().send(None)
        raise Undone

    with pytest.raises(Undone):
        world.store(work, None)
    return found


def without_ids(found: set[str]) -> set[str]:
    return {re.sub(r"^(leaf \d+) \([^)]*\)", r"\1", each) for each in found}


def whole_story(world: World) -> None:
    """Every kind of leaf: a grant's journey, and two people who meet, look at each other's details and part."""
    journey(world)
    two = Two(world)
    contact_id = two.meet(EMAIL)
    two.view(ASHA, contact_id)
    sequence(world)
    two.do(change_contact, ASHA, contact_id, [MASKED], "en")
    two.view(BEN, contact_id)
    two.do(end_contact, BEN, contact_id, "en")
    sequence(world)


@pytest.fixture
def log(world: World) -> World:
    """A small log with a whole story and several checkpoints, without guards; every place of it is tampered with."""
    whole_story(world)
    unguarded(world, lambda connection: None)
    return world


@pytest.fixture
def tall(world: World) -> World:
    """A log with tiles on two levels."""
    for _ in range(3):
        now, ids = world.clock(), world.services.ids
        acts = [AdminAction(ids(Kind.ACTION), "cli", "read_log", "log", "all", now) for _ in range(190)]
        world.run(world.services.store.run_all, append_actions, acts)
        sequence(world)
    unguarded(world, lambda connection: None)
    return world


def test_nothing_is_found_where_nobody_tampered(log: World) -> None:
    assert found_by(log, lambda connection: None) == set()


# Rows ------------------------------------------------------------------------------------------------------------


OTHER = {"type": "narrowed", "actor_kind": "guardian", "reason": "partner_breach", "seq": 100}
OF_CONTACTS = {"seq": 100, "acr": "mfa"}


def changed(column: Column[Any], value: Any) -> Any:
    """Make another value of a column's kind."""
    if column.table in (contact_event, contact_view):
        if column.name == "items":
            return '[["address","full"]]' if column.table is contact_event else '[["address","full","c"]]'
        if column.name == "type":
            return "changed" if value == "ended" else "ended"
        if column.name in ("side", "giver"):
            return "asked" if value == "asker" else "asker"
        if isinstance(value, bool):
            return not value
        if column.name in OF_CONTACTS:
            return OF_CONTACTS[column.name]
    elif column.name in OTHER:
        return OTHER[column.name]
    if isinstance(value, bytes):
        return bytes(32)
    if column.name == "items":
        return '[["name","results_delivery","full","c"]]' if column.table is handoff else "[]"
    if column.name == "detail":
        return '{"more":1}'
    return 1 if column.type.python_type is int else "other"


def source(leaf: Leaf) -> tuple[Table, Any]:
    key = KEYS[leaf.kind]
    return key.table, key == leaf.source_id


def row_of(world: World, leaf: Leaf) -> RowMapping:
    table, own = source(leaf)
    return world.store(lambda c, _: [c.execute(select(table).where(own)).mappings().one()], None)


def test_an_edit_of_any_column_of_any_row_is_named(world: World) -> None:
    """Back-dating among them: `at` is a column like any other."""
    whole_story(world)
    unguarded(world, lambda connection: None)
    tried = set()
    for leaf in leaves(world):
        table, own = source(leaf)
        row = row_of(world, leaf)
        for column in table.columns:
            if column is KEYS[leaf.kind]:
                continue
            value = changed(column, row[column.name])
            assert value != row[column.name], column

            def edit(connection: Connection, t=table, o=own, name=column.name, v=value) -> None:
                # Whoever owns the database can keep it from checking references.
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                connection.execute(update(t).where(o).values({name: v}))

            found = found_by(world, edit)
            assert any(leaf.source_id in each for each in found), (table.name, column.name)
            tried.add((table.name, column.name))
    assert len(tried) == sum(len(key.table.columns) - 1 for key in KEYS.values())


@pytest.mark.parametrize("kind", KEYS)
def test_a_row_that_is_deleted_swapped_or_slipped_in_is_named(world: World, kind: str) -> None:
    whole_story(world)
    unguarded(world, lambda connection: None)
    key = KEYS[kind]
    own = [leaf for leaf in leaves(world) if leaf.kind == kind]
    for leaf in own:

        def remove(connection: Connection, source_id: str = leaf.source_id) -> None:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.execute(delete(key.table).where(key == source_id))

        assert f"leaf {leaf.sequence}: its row is gone" in without_ids(found_by(world, remove))

    for one, other in pairwise(own):

        def swap(connection: Connection, a: str = one.source_id, b: str = other.source_id) -> None:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for before, after in ((a, "x"), (b, a), ("x", b)):
                connection.execute(update(key.table).where(key == before).values({key.name: after}))

        found = without_ids(found_by(world, swap))
        for leaf in (one, other):
            assert f"leaf {leaf.sequence}: its row does not say what the log says" in found

    def slip(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        row = dict(connection.execute(select(key.table)).mappings().first() or {})
        fresh: dict[str, Any] = {key.name: "slipped"}
        fresh |= UNIQUE.get(kind, {})
        connection.execute(insert(key.table).values({**row, **fresh}))

    assert "slipped: it has no place in the log and waits for none" in found_by(world, slip)


# Leaves ----------------------------------------------------------------------------------------------------------


def put(connection: Connection, leaf: Leaf, sequence: int, entry: bytes | None = None) -> None:
    """Write a leaf at a place, with an entry and its hash."""
    content = leaf.entry if entry is None else entry
    same = (log_leaf.c.sequence == sequence) | (log_leaf.c.source_id == leaf.source_id)
    connection.execute(delete(log_leaf).where(same))
    values = {"sequence": sequence, "kind": leaf.kind, "source_id": leaf.source_id}
    connection.execute(insert(log_leaf).values(**values, entry=content, leaf_hash=leaf_hash(content)))


def rebuild_tiles(connection: Connection) -> None:
    """Compute every tile anew, as one would who wants to hide that a leaf was changed."""
    connection.execute(delete(log_tile))
    builder = TileBuilder()
    tiles: dict[tuple[int, int], bytes] = {}
    for row in connection.execute(select(log_leaf).order_by(log_leaf.c.sequence)):
        tiles |= dict(builder.add(row.leaf_hash))
    for (level, index), hashes in {**tiles, **dict(builder.rest())}.items():
        connection.execute(insert(log_tile).values(level=level, tile_index=index, hashes=hashes))


def checkpoints(world: World) -> list[int]:
    statement = select(log_checkpoint.c.size).order_by(log_checkpoint.c.size)
    return world.store(lambda c, _: [list(c.execute(statement).scalars())], None)


@pytest.mark.parametrize("hides", [False, True])
def test_a_leaf_that_is_edited_or_back_dated_is_named_at_every_place(log: World, hides: bool) -> None:
    """Also where its row, its hash and every tile were made to fit: then the checkpoints after it are named."""
    for leaf in leaves(log):
        entry = json.loads(leaf.entry)
        forged = leaf.entry.replace(f'"at":{entry["at"]}'.encode(), f'"at":{entry["at"] - 1}'.encode())
        table, own = source(leaf)

        def edit(connection: Connection, leaf=leaf, forged=forged, t=table, o=own, at=entry["at"]) -> None:
            put(connection, leaf, leaf.sequence, forged)
            if hides:
                connection.execute(update(t).where(o).values(at=at - 1))
                rebuild_tiles(connection)

        found = without_ids(found_by(log, edit))
        after = {f"checkpoint {size}: {MADE_OF}" for size in checkpoints(log) if size > leaf.sequence}
        assert after
        assert after <= found
        assert (f"leaf {leaf.sequence}: its row does not say what the log says" in found) is not hides
        assert ("tile 0/000: it was changed" in found) is not hides


@pytest.mark.parametrize("hides", [False, True])
def test_leaves_that_are_deleted_cut_off_or_swapped_are_named_at_every_place(log: World, hides: bool) -> None:
    whole = leaves(log)
    size = len(whole)
    for leaf in whole:
        place = leaf.sequence

        def remove(connection: Connection, place: int = place) -> None:
            connection.execute(delete(log_leaf).where(log_leaf.c.sequence == place))
            if hides:
                # The later leaves move up, as if it had never been.
                for later in whole[place + 1 :]:
                    put(connection, later, later.sequence - 1)
                connection.execute(delete(log_leaf).where(log_leaf.c.sequence == size - 1))
                rebuild_tiles(connection)

        found = without_ids(found_by(log, remove))
        gone = f"{leaf.source_id}: it has no place in the log and waits for none"
        ends = f"log: it ends at leaf {size - 1}, and its newest checkpoint says {size}"
        assert gone in found
        assert ends in found
        if not hides and place < size - 1:
            assert f"leaf {place}: it is missing: leaf {place + 1} comes next" in found

        def cut(connection: Connection, place: int = place) -> None:
            connection.execute(delete(log_leaf).where(log_leaf.c.sequence >= place))
            if hides:
                rebuild_tiles(connection)

        found = found_by(log, cut)
        assert {f"checkpoint {each}: {CUT}" for each in checkpoints(log) if each > place} <= found

    for one, other in pairwise(whole):

        def swap(connection: Connection, one: Leaf = one, other: Leaf = other) -> None:
            for each in (one, other):
                connection.execute(delete(log_leaf).where(log_leaf.c.sequence == each.sequence))
            put(connection, one, other.sequence)
            put(connection, other, one.sequence)
            if hides:
                rebuild_tiles(connection)

        found = found_by(log, swap)
        assert {
            f"checkpoint {each}: {MADE_OF}" for each in checkpoints(log) if each == other.sequence
        } <= found
        assert any(MADE_OF in each for each in found)


def test_a_forged_leaf_at_the_end_is_named_once_it_is_signed(log: World) -> None:
    """What no checkpoint covers has no place yet; the sequencer signs it, and then it stands there without its row."""
    size = len(leaves(log))

    def add(connection: Connection) -> None:
        put(connection, Leaf(size, "handoff", "hof_forged", b"", b""), size, leaves_entry)
        rebuild_tiles(connection)

    leaves_entry = next(each.entry for each in leaves(log) if each.kind == "handoff")
    unguarded(log, add)
    sequence(log)
    found = without_ids(found_by(log, lambda connection: None))
    assert f"leaf {size}: its row is gone" in found
    assert f"leaf {size}: a hand-off while its grant is ended" in found


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(("shift", "what"), [(-3600, BACK_DATED), (3600, POST_DATED)])
def test_a_row_that_was_dated_otherwise_before_it_had_a_place_is_named(
    each_world: World, tmp_path: Path, shift: int, what: str
) -> None:
    """Everything about it fits, its place and its signature too; only the checkpoints around it tell."""
    journey(each_world)
    each_world.clock.pass_by(7200)
    act = partial(AdminAction, actor_id="cli", action="read_log", target_kind="log", target_id="all")
    each_world.store(append_actions, act("act_before", at=each_world.clock()))
    kept = sequence(each_world)
    each_world.store(append_actions, act("act_forged", at=each_world.clock() + shift))
    each_world.store(append_actions, act("act_after", at=each_world.clock()))
    sequence(each_world)
    tree = each_world.run(verify_tree, each_world.services)
    assert {f"{each.subject}: {each.what}" for each in tree.faults} == {
        f"leaf {kept.size + (shift > 0)} (act_forged): {what}"
    }

    async def tolerant() -> TreeCheck:
        return await verify_tree(each_world.services, tolerance=3600)

    assert each_world.run(tolerant).faults == ()
    # Without the gateway it takes the checkpoint from before to see that an entry is dated before it.
    checkpoint, archive = tmp_path / "kept", tmp_path / "log.tar"
    checkpoint.write_text(kept.note)
    each_world.run(export_log, each_world.services, AUDITOR, Span(), archive)
    words = [str(archive), "--key", log_key_words(each_world.services)[0], "--checkpoint", str(checkpoint)]
    status, answer = run_verifier(*words)
    assert status == 1
    assert {each["subject"] for each in answer["faults"]} == {f"entry {kept.size + (shift > 0)}"}
    assert len(answer["faults"]) == 1
    assert run_verifier(*words, "--tolerance", "3600")[0] == 0


def test_a_decision_that_was_taken_away_with_its_waiting_entry_is_named(each_world: World) -> None:
    """Within the grant a number is missing; the last one is missed by the grant itself."""
    token = each_world.tokens()["access_token"]
    sequence(each_world)
    (line,) = each_world.run(find_grants, each_world.services, AUDITOR, GrantSearch()).lines
    each_world.run(revoke_grant, each_world.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)
    assert each_world.userinfo(token).status_code == 401

    def take(connection: Connection) -> None:
        gone = select(consent_event.c.event_id).where(consent_event.c.type == "revoked")
        connection.execute(delete(log_pending).where(log_pending.c.source_id.in_(gone)))
        connection.execute(delete(consent_event).where(consent_event.c.type == "revoked"))

    unguarded(each_world, take)
    sequence(each_world)
    tree = each_world.run(verify_tree, each_world.services)
    assert (line.grant.grant_id, "its last decision is missing, or another one") in {
        (each.subject, each.what) for each in tree.faults
    }


def test_a_hand_off_that_was_taken_away_with_its_waiting_entry_is_missed_where_reads_are_counted(
    each_world: World,
) -> None:
    token = each_world.tokens()["access_token"]
    each_world.store(lambda c, _: [c.execute(update(consent_grant).values(use_limit=2))], None)
    (line,) = each_world.run(find_grants, each_world.services, AUDITOR, GrantSearch()).lines
    assert each_world.userinfo(token).status_code == 200
    what = "a use of it was spent on a hand-off that is gone"
    assert what not in {each.what for each in each_world.run(verify_tree, each_world.services).faults}

    def take(connection: Connection) -> None:
        gone = select(handoff.c.handoff_id)
        connection.execute(delete(log_pending).where(log_pending.c.source_id.in_(gone)))
        connection.execute(delete(handoff))

    unguarded(each_world, take)
    sequence(each_world)
    found = {(each.subject, each.what) for each in each_world.run(verify_tree, each_world.services).faults}
    assert (line.grant.grant_id, what) in found


def test_a_contact_that_stands_otherwise_than_was_decided_is_named(each_world: World) -> None:
    """What no entry holds itself: its row gives more, lives on after the end, or has lost its last decision."""
    two = Two(each_world)
    contact_id = two.meet(MASKED)
    sequence(each_world)
    otherwise = {f"{contact_id}: it stands otherwise than its decisions say"}
    own = update(contact).where(contact.c.contact_id == contact_id)
    for values in (
        {"state": "ended"},
        {"asked_items": '[["email", "full"]]'},
        {"asker_items": "[]"},
    ):
        unguarded(each_world, executing(own.values(values)))
        assert named(each_world) == otherwise
        unguarded(each_world, lambda c: c.execute(own.values(UNTOUCHED)))
    assert named(each_world) == set()
    two.do(end_contact, BEN, contact_id, "en")
    unguarded(each_world, lambda c: c.execute(own.values(state="live")))
    assert named(each_world) == otherwise
    unguarded(each_world, lambda c: c.execute(own.values(state="ended")))

    def take(connection: Connection) -> None:
        gone = select(contact_event.c.event_id).where(contact_event.c.type == "ended")
        connection.execute(delete(log_pending).where(log_pending.c.source_id.in_(gone)))
        connection.execute(delete(contact_event).where(contact_event.c.type == "ended"))

    unguarded(each_world, take)
    assert f"{contact_id}: its last decision is missing, or another one" in named(each_world)


UNTOUCHED = {"state": "live", "asked_items": '[["email", "masked"]]', "asker_items": '[["email", "full"]]'}


def named(world: World) -> set[str]:
    sequence(world)
    return {f"{each.subject}: {each.what}" for each in world.run(verify_tree, world.services).faults}


def test_a_look_that_was_slipped_in_after_the_end_is_named_by_both_verifiers(
    each_world: World, tmp_path: Path
) -> None:
    """Written as the gateway would, with its waiting entry: it gets its place, and stands after the end."""
    two = Two(each_world)
    contact_id = two.meet(MASKED)
    two.view(ASHA, contact_id)
    two.do(end_contact, BEN, contact_id, "en")
    sequence(each_world)

    def slip(connection: Connection) -> None:
        row = dict(connection.execute(select(contact_view)).mappings().one())
        last = connection.execute(select(contact.c.event_id)).scalar_one()
        connection.execute(insert(contact_view).values({**row, "view_id": "view_x", "event_id": last}))
        waiting = {"grant_id": contact_id, "source_id": "view_x", "kind": "contact_view"}
        connection.execute(insert(log_pending).values(waiting))

    unguarded(each_world, slip)
    place = sequence(each_world).size - 1
    found = named(each_world)
    assert f"leaf {place} (view_x): a look while its contact is ended" in found
    assert f"leaf {place} (view_x): its row's digest is not that of its content" in found
    file = tmp_path / "log.tar"
    each_world.run(export_log, each_world.services, AUDITOR, Span(), file)
    status, said = run_verifier(str(file), "--key", log_key_words(each_world.services)[0])
    assert status == 1
    assert said["faults"] == [{"subject": f"entry {place}", "what": "a look while its contact is ended"}]


# Tiles -----------------------------------------------------------------------------------------------------------


def tiles_of(world: World) -> dict[tuple[int, int], bytes]:
    rows = world.store(lambda c, _: [c.execute(select(log_tile)).all()], None)
    return {(row.level, row.tile_index): row.hashes for row in rows}


def test_a_tile_is_named_at_every_place_on_every_level(tall: World) -> None:
    """Deleted, changed in any of its hashes, cut, made longer, swapped with another, put back to an earlier state."""
    tiles = tiles_of(tall)
    assert {level for level, _ in tiles} == {0, 1}
    for key, hashes in tiles.items():
        own = (log_tile.c.level == key[0]) & (log_tile.c.tile_index == key[1])
        name = f"tile {TilePath(*key)}"
        forgeries = [
            bytes(HASH) + hashes[HASH:],
            hashes[:-1] + bytes([hashes[-1] ^ 1]),
            hashes[: len(hashes) // 2],
            hashes + bytes(HASH),
            tiles[(1, 0)] if key[0] == 0 else tiles[(0, 0)],
        ]
        for forged in forgeries:
            statement = update(log_tile).where(own).values(hashes=forged)
            assert found_by(tall, executing(statement)) == {f"{name}: it was changed"}
        assert found_by(tall, executing(delete(log_tile).where(own))) == {f"{name}: it is missing"}


@pytest.mark.parametrize("place", [0, 1, 255, 256, 257, 511, 512, 569])
def test_a_leaf_of_a_tall_log_is_named_with_its_tile(tall: World, place: int) -> None:
    leaf = leaves(tall)[place]
    found = found_by(tall, lambda c: put(c, leaf, place, leaf.entry.replace(b'"kind":"', b'"kind":"x')))
    assert f"tile 0/{place // 256:03d}: it was changed" in found
    assert ("tile 1/000: it was changed" in found) is (place < 512)
    assert f"checkpoint {len(leaves(tall))}: {MADE_OF}" in found


# Checkpoints -----------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_named_at_every_place(log: World) -> None:
    """Changed in any part, back-dated, or given another's note."""
    rows = log.store(lambda c, _: [c.execute(select(log_checkpoint)).all()], None)
    for row, other in pairwise([*rows, rows[0]]):
        own = log_checkpoint.c.size == row.size
        time = f"time {row.signed_at}"
        for values, named in (
            ({"root": bytes(32)}, "its row is not what its note says"),
            ({"size": 10**6}, None),
            ({"signed_at": row.signed_at - 1}, "its row is not what its note says"),
            ({"note": other.note}, "its row is not what its note says"),
            ({"note": row.note.replace(f"\n{row.size}\n", f"\n{row.size + 1}\n")}, "does not hold"),
            ({"note": row.note.replace(time, f"time {row.signed_at - 1}")}, "does not hold"),
            ({"note": ""}, "not a signed note"),
        ):
            statement = update(log_checkpoint).where(own).values(**values)
            found = found_by(log, executing(statement))
            if named is None:
                assert "log: it ends at leaf" in " ".join(found)
            else:
                assert any(each.startswith(f"checkpoint {row.size}: ") and named in each for each in found)


def test_a_checkpoint_that_was_taken_away_is_missed_by_whoever_holds_it(log: World) -> None:
    """One in the middle changes nothing for its holder; the newest ones would be a rollback."""
    rows = log.store(lambda c, _: [c.execute(select(log_checkpoint)).all()], None)
    first, *_, last = rows

    def without(size: int) -> Tamper:
        return lambda c: c.execute(delete(log_checkpoint).where(log_checkpoint.c.size >= size))

    only = delete(log_checkpoint).where(log_checkpoint.c.size == first.size)
    assert found_by(log, lambda c: c.execute(only), [first.note]) == set()
    assert found_by(log, without(last.size), [last.note]) == {f"the checkpoint that you hold: {CUT}"}


def test_a_cosigned_checkpoint_that_was_taken_away_is_named(log: World) -> None:
    size = checkpoints(log)[1]
    line = {"size": size, "witness": "w", "line": "— w AAAAAAAA\n", "signed_at": 1}

    def remove(connection: Connection) -> None:
        connection.execute(insert(log_cosignature).values(line))
        connection.execute(delete(log_checkpoint).where(log_checkpoint.c.size == size))

    assert found_by(log, remove) == {f"checkpoint {size}: a witness cosigned it, and it is gone"}


# The whole history, by somebody who holds the log's key ----------------------------------------------------------


def rewrite(world: World, tamper: Tamper) -> None:
    """Change history and have everything placed, hashed and signed anew: within itself it is without a fault."""

    def work(connection: Connection) -> None:
        tamper(connection)
        for table in (log_leaf, log_tile, log_checkpoint):
            connection.execute(delete(table))
        for kind, key in KEYS.items():
            grant = (
                OF[kind] if kind in OF else literal("") if kind == "admin_action" else key.table.c.grant_id
            )
            names = ["grant_id", "source_id", "kind"]
            connection.execute(insert(log_pending).from_select(names, select(grant, key, literal(kind))))

    unguarded(world, work)
    world.clock.pass_by(LEASE_TTL)
    sequence(world)


REWRITES: dict[str, Tamper] = {
    "a hand-off is forgotten": lambda c: c.execute(delete(handoff)),
    "a hand-off is back-dated": lambda c: c.execute(update(handoff).values(at=handoff.c.at - 1)),
    "a revocation is back-dated": lambda c: c.execute(
        update(consent_event).where(consent_event.c.type == "revoked").values(at=1)
    ),
    "a look is forgotten": lambda c: c.execute(delete(contact_view)),
    "a contact's end is back-dated": lambda c: c.execute(
        update(contact_event).where(contact_event.c.type == "ended").values(at=1)
    ),
    "an act has another reason": lambda c: c.execute(update(admin_action).values(reason="forged")),
}


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("what", REWRITES)
def test_history_that_is_rewritten_and_signed_anew_is_named_by_what_others_kept(
    each_world: World, tmp_path: Path, what: str
) -> None:
    """By `log verify` and by the single-file verifier, from a kept checkpoint and from a witness's line."""
    whole_story(each_world)
    kept = sequence(each_world)
    (tmp_path / "kept").write_text(kept.note)
    witness = Witness(tmp_path / "witness", "witness.example/w1", log_keys(each_world), each_world.clock)
    witness.add(f"old 0\n\n{kept.note}")
    rewrite(each_world, REWRITES[what])
    found = found_by(each_world, lambda connection: None, [kept.note])
    shorter = "forgotten" in what
    assert found & {f"the checkpoint that you hold: {CUT if shorter else MADE_OF}"}
    newest = last_checkpoint(each_world)
    assert newest is not None
    with pytest.raises(NotCosigned):
        witness.add(f"old {kept.size if newest.size >= kept.size else newest.size}\n\n{newest.note}")
    file = tmp_path / "log.tar"
    each_world.run(export_log, each_world.services, AUDITOR, Span(), file)
    (key,) = log_key_words(each_world.services)
    known = ["--checkpoint", str(tmp_path / "kept")]
    _, said = run_verifier(str(file), "--key", key, *known, "--witness", str(witness.key))
    named = {each["subject"]: each["what"] for each in said["faults"]}
    assert ("shorter than it was" if shorter else "rewritten since") in named["kept checkpoint"]
    assert named["checkpoint"] == "the witness witness.example/w1 has not cosigned it"


# The archive, by the verifier that shares no code with us --------------------------------------------------------


def archived(world: World, folder: Path) -> tuple[dict[str, bytes], str]:
    file = folder / "log.tar"
    world.run(export_log, world.services, AUDITOR, Span(), file)
    (key,) = log_key_words(world.services)
    with tarfile.open(file) as archive:
        return {each.name: read_member(archive, each) for each in archive}, key


def said_of(folder: Path, members: dict[str, bytes], key: str) -> set[str]:
    file = folder / "tampered.tar"
    with tarfile.open(file, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    check = verifier.Check([verifier.read_key(key)], [], verifier.Dating(60), lambda text: None)
    verifier.check_file(check, file, [])
    return {f"{subject}: {what}" for subject, what in check.faults}


NO_PLACE = "it does not stand in the log at this place"
UNSIGNED = "archive: its entries are not those that were signed: some were added, changed or cut off"


def at_place(line: bytes, place: int) -> bytes:
    return json.dumps({**json.loads(line), "index": place}).encode() + b"\n"


def test_an_archive_that_was_tampered_with_is_named_at_every_place(log: World, tmp_path: Path) -> None:
    members, key = archived(log, tmp_path)
    assert said_of(tmp_path, members, key) == set()
    lines = members["entries.jsonl"].splitlines(keepends=True)

    def said(changed: list[bytes]) -> set[str]:
        return said_of(tmp_path, {**members, "entries.jsonl": b"".join(changed)}, key)

    for place, line in enumerate(lines):
        at = json.loads(json.loads(line)["entry"])["at"]
        forged = line.replace(f'"at\\":{at}'.encode(), f'"at\\":{at - 1}'.encode())
        assert forged != line
        assert {f"entry {place}: {NO_PLACE}", UNSIGNED} <= said([*lines[:place], forged, *lines[place + 1 :]])
        assert UNSIGNED in said([*lines[:place], *lines[place + 1 :]])
        assert UNSIGNED in said(lines[:place])
        assert UNSIGNED in said([*lines[: place + 1], *lines[place:]])
    for place, (one, other) in enumerate(pairwise(lines)):
        assert UNSIGNED in said([*lines[:place], other, one, *lines[place + 2 :]])
        moved = [at_place(other, place), at_place(one, place + 1)]
        found = said([*lines[:place], *moved, *lines[place + 2 :]])
        assert {f"entry {place}: {NO_PLACE}", f"entry {place + 1}: {NO_PLACE}"} <= found


def test_an_archive_under_an_older_or_forged_checkpoint_is_named(log: World, tmp_path: Path) -> None:
    members, key = archived(log, tmp_path)
    rows = log.store(lambda c, _: [c.execute(select(log_checkpoint)).all()], None)
    for row in rows[:-1]:
        found = said_of(tmp_path, {**members, "checkpoint": row.note.encode()}, key)
        assert f"entry 0: {NO_PLACE}" in found
    note = members["checkpoint"]
    for forged in (note.replace(b"time 1", b"time 2"), note.replace(b"\n\n", b"\nmore\n\n"), b"nothing"):
        assert said_of(tmp_path, {**members, "checkpoint": forged}, key) == {
            "checkpoint: it is not signed with this key"
        }
    for forged in (members["archive"].replace(b"entries ", b"entries 9"), b"", note):
        assert any(
            each.startswith("archive: ") for each in said_of(tmp_path, {**members, "archive": forged}, key)
        )
