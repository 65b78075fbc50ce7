"""Tampering as a table: every way to tamper, at every place of the log's own database; each cell is found and named.

Who tampers owns the database: no guard stops them. Under "fork" they hold the log's key as well and sign their history
anew; then a checkpoint that somebody kept decides. A cell that cannot be says why in one sentence. What leaves the
database is tampered with in ``tests/deploy/test_log_verifier.py``; the tests of the single places, with every column
and every leaf, are in ``test_tampering.py``.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, func, insert, select, update

from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.ledger.export import Span, export_log
from gateway.actions.ledger.proofs import log_key_words
from gateway.actions.ledger.sequencer import BATCH, LEASE, LEASE_TTL, Sequencer
from gateway.actions.ledger.verification import verify_tree
from gateway.actions.ledger.witness import Witness
from gateway.kit.clock import DAY
from gateway.kit.ids import Kind
from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.dating import BACK_DATED, POST_DATED, SET_BACK
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.notes import NoteKey
from gateway.ledger.tiles import HASH
from gateway.ledger.tree_check import TileBuilder
from gateway.model.grants import DPV_STATUS, EventType, ReasonCode
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.engine.leases import LeaseClaim
from gateway.store.ledger.tree import Leaf, SignedCheckpoint, Turn
from gateway.store.ledger.witness import Cosignature, keep_cosignatures
from gateway.store.tables import (
    consent_event,
    consent_grant,
    handoff,
    lease,
    log_checkpoint,
    log_cosignature,
    log_leaf,
    log_pending,
    log_tile,
)
from tests.gateway.actions.ledger.test_tampering import (
    CUT,
    KEYS,
    MADE_OF,
    UNIQUE,
    found_by,
    put,
    rebuild_tiles,
    whole_story,
    without_ids,
)
from tests.gateway.actions.ledger.test_verification import AUDITOR, run_verifier
from tests.ledgers import entries, leaves, log_keys, sequence, unguarded
from tests.world import NOW, World, copy_sqlite, fill, serve

HOUR = 3600
OPERATIONS = (
    "delete",
    "edit",
    "swap",
    "truncate",
    "fork",
    "roll back",
    "back-date",
    "post-date",
    "slip in",
)
HELD = "the checkpoint that you hold"
ROW = "its row does not say what the log says"
UNPLACED = "it has no place in the log and waits for none"


@dataclass(frozen=True)
class Story:
    """A log with everything in it, as it stands before somebody tampers."""

    world: World
    witness: NoteKey
    kept: SignedCheckpoint
    leaves: list[Leaf]
    contents: list[dict[str, Any]]
    checkpoints: list[SignedCheckpoint]
    waiting: Mapping[str, str]

    @property
    def size(self) -> int:
        """Leaves that the newest checkpoint signs."""
        return len(self.leaves)

    def places(self, wanted: Callable[[dict[str, Any]], bool]) -> list[Leaf]:
        """Give the leaves of which the content is wanted."""
        return [leaf for leaf, entry in zip(self.leaves, self.contents, strict=True) if wanted(entry)]

    def sign(self, connection: Connection, size: int, at: int | None = None, root: bytes = b"") -> None:
        """Write a checkpoint over the leaves as they are now, with the log's own key."""
        builder = TileBuilder()
        hashes = select(log_leaf.c.leaf_hash).where(log_leaf.c.sequence < size).order_by(log_leaf.c.sequence)
        for each in connection.execute(hashes).scalars():
            list(builder.add(each))
        services, now = self.world.services, self.world.clock() if at is None else at
        key = current_log_key(services.seal.ring.signing, services.registry.log_keys)
        made = Checkpoint(services.own_log.origin, size, root or builder.root(), now)
        connection.execute(delete(log_checkpoint).where(log_checkpoint.c.size == size))
        row = {"size": size, "root": made.root, "note": sign_checkpoint(made, key), "signed_at": now}
        connection.execute(insert(log_checkpoint).values(row))

    def sign_all(self, connection: Connection) -> None:
        """Sign every checkpoint anew, each at its own time."""
        for row in connection.execute(select(log_checkpoint)).all():
            self.sign(connection, row.size, row.signed_at)

    def go_on(self, connection: Connection) -> None:
        """Let the sequencer place what waits, and sign it."""
        connection.execute(delete(lease))
        now = self.world.clock()
        turn = Turn(LeaseClaim(LEASE, "x", now, LEASE_TTL), BATCH)
        Sequencer(self.world.services)._integrate(connection, [turn])
        size = connection.execute(select(func.count()).select_from(log_leaf)).scalar_one()
        self.sign(connection, size)


@dataclass(frozen=True)
class Cell:
    """What somebody does, and what `log verify` says of it; the words are filled in from the story."""

    tamper: Callable[[Story, Connection], object]
    finds: Callable[[Story], set[str]]


def told(story: World) -> Story:
    """Tell the story: a grant's whole life, two people's contact, a tall tree, a witness, and rows that still wait."""
    whole_story(story)
    clock, ids = story.clock, story.services.ids
    acts = [
        AdminAction(ids(Kind.ACTION), "cli", "read_log", "log", "all", clock()),
        *(AdminAction(ids(Kind.ACTION), "cli", "look", "log", "all", clock()) for _ in range(530)),
    ]
    story.run(story.services.store.run_all, append_actions, acts)
    witness = Witness(
        story.services.settings.data_dir / "witness", "witness.example/w1", log_keys(story), clock
    )
    kept = sequence(story)
    line = witness.add(f"old 0\n\n{kept.note}")
    story.store(keep_cosignatures, Cosignature(kept.size, str(witness.key), line, clock()))
    clock.pass_by(2 * HOUR)
    story.run(
        story.services.store.run,
        append_actions,
        AdminAction("act_later", "cli", "look", "log", "all", clock()),
    )
    sequence(story)
    rows = story.store(lambda c, _: [first_two_in(c)], None)
    oldest = [SignedCheckpoint(**row._mapping) for row in rows]
    found = Story(story, witness.key, kept, leaves(story), entries(story), oldest, waiting_of(story))
    unguarded(story, unreferenced)
    return found


def waiting_of(story: World) -> dict[str, str]:
    """Let somebody opt in, be read and be revoked; none of it has a place yet."""
    token = story.tokens(email="aoife@northfield.example")["access_token"]
    assert story.userinfo(token).status_code == 200
    search = GrantSearch(email="aoife@northfield.example")
    (line,) = story.run(find_grants, story.services, AUDITOR, search).lines
    story.run(revoke_grant, story.services, AUDITOR, line.grant.grant_id, ReasonCode.USER_REQUEST)

    def work(connection: Connection, _: object) -> list[dict[str, str]]:
        own = consent_event.c.grant_id == line.grant.grant_id
        events = select(consent_event.c.type, consent_event.c.event_id).where(own)
        reads = select(handoff.c.handoff_id).where(handoff.c.grant_id == line.grant.grant_id)
        named = {row.type: row.event_id for row in connection.execute(events)}
        return [{**named, "grant": line.grant.grant_id, "read": connection.execute(reads).scalar_one()}]

    return story.store(work, None)


def unreferenced(connection: Connection) -> None:
    """Take the references away: whoever owns the database can."""
    if connection.dialect.name == "postgresql":
        asked = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        for table, name in connection.exec_driver_sql(asked).all():
            connection.exec_driver_sql(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


# Rows that have their places -------------------------------------------------------------------------------------


def is_of(kind: str, **wanted: str) -> Callable[[dict[str, Any]], bool]:
    """Say what content is meant."""
    return lambda entry: entry["kind"] == kind and all(entry[name] == value for name, value in wanted.items())


ROWS = {
    "hand-off": is_of("handoff"),
    "consent event": is_of("consent_event"),
    "revocation": is_of("consent_event", type="revoked"),
    "administrator's act": is_of("admin_action", action="look"),
    "read of the log": is_of("admin_action", action="read_log"),
    "contact event": is_of("contact_event"),
    "look at a contact": is_of("contact_view"),
}


def row_cells(wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Cell | str]:
    """Tamper with the first row of its kind."""

    def own(story: Story) -> Leaf:
        return story.places(wanted)[0]

    def other(story: Story) -> Leaf:
        return next(each for each in story.leaves if each.kind == own(story).kind and each != own(story))

    def table_of(story: Story) -> Table:
        return KEYS[own(story).kind].table

    def change(story: Story, connection: Connection, **values: Any) -> None:
        key = KEYS[own(story).kind]
        connection.execute(update(key.table).where(key == own(story).source_id).values(**values))

    def shifted(by: int) -> Callable[[Story, Connection], object]:
        return lambda story, connection: change(story, connection, at=table_of(story).c.at + by)

    def edit(story: Story, connection: Connection) -> None:
        name = {"handoff": "endpoint", "admin_action": "action", "contact_view": "items"}
        column = name.get(own(story).kind, "language")
        change(story, connection, **{column: '[["address","full","c"]]' if column == "items" else "xx"})

    def remove(story: Story, connection: Connection, *lost: Leaf) -> None:
        key = KEYS[own(story).kind]
        gone = [each.source_id for each in lost or (own(story),)]
        connection.execute(delete(key.table).where(key.in_(gone)))

    def swap(story: Story, connection: Connection) -> None:
        key, a, b = KEYS[own(story).kind], own(story).source_id, other(story).source_id
        for before, after in ((a, "x"), (b, a), ("x", b)):
            connection.execute(update(key.table).where(key == before).values({key.name: after}))

    def later(story: Story) -> list[Leaf]:
        first = own(story)
        return [each for each in story.leaves[first.sequence :] if each.kind == first.kind]

    def slip(story: Story, connection: Connection) -> None:
        key = KEYS[own(story).kind]
        row = connection.execute(select(key.table).where(key == own(story).source_id)).mappings().one()
        values = {**row, key.name: "slipped", **UNIQUE.get(own(story).kind, {})}
        connection.execute(insert(key.table).values(values))

    def named(what: str, *whose: Callable[[Story], Leaf]) -> Callable[[Story], set[str]]:
        return lambda story: {f"leaf {leaf(story).sequence}: {what}" for leaf in whose or (own,)}

    return {
        "delete": Cell(remove, named("its row is gone")),
        "edit": Cell(edit, named(ROW)),
        "swap": Cell(swap, named(ROW, own, other)),
        "truncate": Cell(
            lambda story, connection: remove(story, connection, *later(story)),
            lambda story: {f"leaf {each.sequence}: its row is gone" for each in later(story)},
        ),
        "fork": Cell(
            lambda story, connection: fork_at(story, connection, own(story)),
            lambda story: {f"{HELD}: {MADE_OF}"},
        ),
        "roll back": Cell(
            lambda story, connection: roll_back(story, connection, own(story).sequence),
            lambda story: {f"{HELD}: {CUT}"},
        ),
        "back-date": Cell(shifted(-HOUR), named(ROW)),
        "post-date": Cell(shifted(HOUR), named(ROW)),
        "slip in": Cell(slip, lambda story: {f"slipped: {UNPLACED}"}),
    }


def fork_at(story: Story, connection: Connection, leaf: Leaf) -> None:
    """Date a leaf a second earlier, and make row, tiles and every signature fit: another history without a fault."""
    at, key = story.contents[leaf.sequence]["at"], KEYS[leaf.kind]
    forged = leaf.entry.replace(f'"at":{at}'.encode(), f'"at":{at - 1}'.encode())
    digest = {"entry_digest": leaf_hash(forged)} if leaf.kind == "contact_view" else {}
    own = key == leaf.source_id
    connection.execute(update(key.table).where(own).values(at=at - 1, **digest))
    put(connection, leaf, leaf.sequence, forged)
    rebuild_tiles(connection)
    story.sign_all(connection)


def roll_back(story: Story, connection: Connection, to: int) -> None:
    """Put everything back to where the log had so many leaves: rows, leaves, tiles, checkpoints and what waits."""
    for kind, key in KEYS.items():
        gone = [leaf.source_id for leaf in story.leaves[to:] if leaf.kind == kind]
        connection.execute(delete(key.table).where(key.in_(gone)))
    connection.execute(delete(log_leaf).where(log_leaf.c.sequence >= to))
    connection.execute(delete(log_checkpoint).where(log_checkpoint.c.size > to))
    connection.execute(delete(log_cosignature).where(log_cosignature.c.size > to))
    rebuild_tiles(connection)


# Rows that wait for a place --------------------------------------------------------------------------------------


def is_waiting(story: Story, which: str) -> Any:
    """Mean the line of one that waits."""
    return log_pending.c.source_id == story.waiting[which]


def take_away(story: Story, connection: Connection, *which: str) -> None:
    """Take rows away, each with its waiting line."""
    for each in which:
        connection.execute(delete(log_pending).where(is_waiting(story, each)))
        key = KEYS["handoff" if each == "read" else "consent_event"]
        connection.execute(delete(key.table).where(key == story.waiting[each]))


def redate(by: int) -> Callable[[Story, Connection], object]:
    """Give the hand-off that waits another time, and let it get its place."""

    def work(story: Story, connection: Connection) -> None:
        own = handoff.c.handoff_id == story.waiting["read"]
        connection.execute(update(handoff).where(own).values(at=handoff.c.at + by))
        story.go_on(connection)

    return work


def reorder(story: Story, connection: Connection) -> None:
    """Exchange the numbers of a yes and of its revocation."""
    for which, number in (("given", 99), ("revoked", 1), ("given", 2)):
        own = consent_event.c.event_id == story.waiting[which]
        connection.execute(update(consent_event).where(own).values(seq=number))
    story.go_on(connection)


def widen(story: Story, connection: Connection) -> None:
    """Let the hand-off that waits have read more than was given."""
    own = handoff.c.handoff_id == story.waiting["read"]
    items = '[["birthdate","results_delivery","full","c"]]'
    connection.execute(update(handoff).where(own).values(items=items))
    story.go_on(connection)


def slip_after_end(story: Story, connection: Connection) -> None:
    """Write a hand-off after the end of its consent, as the gateway would, with its line."""
    old = story.places(is_of("handoff"))[0].source_id
    row = connection.execute(select(handoff).where(handoff.c.handoff_id == old)).mappings().one()
    values = {**row, "handoff_id": "slipped", "at": story.world.clock()}
    connection.execute(insert(handoff).values(values))
    line = {"grant_id": row["grant_id"], "source_id": "slipped", "kind": "handoff"}
    connection.execute(insert(log_pending).values(line))
    story.go_on(connection)


def of_waiting(finding: str, *which: str) -> Callable[[Story], set[str]]:
    """Say of those that wait what is found."""
    return lambda story: {f"{story.waiting[each]}: {finding}" for each in which}


def newly(what: str) -> Callable[[Story], set[str]]:
    """Say it of the only leaf that has got its place meanwhile and is wrong."""
    return lambda story: {what}


NOT_SIGNED = "Nothing is signed over what waits: there are no two histories of it."
WAITING: dict[str, Cell | str] = {
    "delete": Cell(
        lambda s, c: take_away(s, c, "revoked"),
        of_waiting("its last decision is missing, or another one", "grant"),
    ),
    "edit": Cell(widen, newly("birthdate for results_delivery was not granted")),
    "swap": Cell(reorder, newly("revoked does not follow None")),
    "truncate": Cell(
        lambda s, c: take_away(s, c, "given", "read", "revoked"),
        of_waiting("its last decision is missing, or another one", "grant"),
    ),
    "fork": NOT_SIGNED,
    "roll back": "The last second of the whole database is gone then, with nothing signed over it.",
    "back-date": Cell(redate(-HOUR), newly(BACK_DATED)),
    "post-date": Cell(redate(HOUR), newly(POST_DATED)),
    "slip in": Cell(slip_after_end, newly("a hand-off while its grant is ended")),
}


def second_line(story: Story, connection: Connection) -> None:
    """Let a row that has its place wait for another."""
    leaf = story.places(is_of("handoff"))[0]
    line = {"grant_id": "g", "source_id": leaf.source_id, "kind": "handoff"}
    connection.execute(insert(log_pending).values(line))


LINES: dict[str, Cell | str] = {
    "delete": Cell(
        lambda s, c: c.execute(delete(log_pending).where(is_waiting(s, "read"))), of_waiting(UNPLACED, "read")
    ),
    "edit": Cell(
        lambda s, c: c.execute(update(log_pending).where(is_waiting(s, "read")).values(source_id="none")),
        lambda s: {f"{s.waiting['read']}: {UNPLACED}", "none: it waits for a place, and its row is gone"},
    ),
    "swap": "A line says that a row waits, and no more; two that change places are the same two.",
    "truncate": Cell(
        lambda s, c: c.execute(delete(log_pending)), of_waiting(UNPLACED, "given", "read", "revoked")
    ),
    "fork": NOT_SIGNED,
    "roll back": "An earlier state of the lines is one with a line less or more: see delete and slip in.",
    "back-date": "A line holds no time; its row does.",
    "post-date": "A line holds no time; its row does.",
    "slip in": Cell(
        second_line,
        lambda s: {f"{s.places(is_of('handoff'))[0].source_id}: it waits for a place, and has one"},
    ),
}


# Leaves ----------------------------------------------------------------------------------------------------------


def a_leaf(story: Story) -> Leaf:
    """Give the leaf that is tampered with: a hand-off's."""
    return story.places(is_of("handoff"))[1]


def dated(by: int) -> Callable[[Story, Connection], object]:
    """Give a leaf another time, and the hash that fits."""

    def work(story: Story, connection: Connection) -> None:
        leaf = a_leaf(story)
        at = story.contents[leaf.sequence]["at"]
        put(connection, leaf, leaf.sequence, leaf.entry.replace(b'"at":%d' % at, b'"at":%d' % (at + by)))

    return work


def swap_leaves(story: Story, connection: Connection) -> None:
    """Let two leaves change their places."""
    one, two = a_leaf(story), story.leaves[a_leaf(story).sequence + 1]
    for each in (one, two):
        connection.execute(delete(log_leaf).where(log_leaf.c.sequence == each.sequence))
    put(connection, one, two.sequence)
    put(connection, two, one.sequence)


def slip_leaf(story: Story, connection: Connection) -> None:
    """Write a leaf once more at the end, under another name, and sign it."""
    leaf, size = a_leaf(story), story.size
    put(connection, Leaf(size, leaf.kind, "slipped", b"", b""), size, leaf.entry)
    rebuild_tiles(connection)
    story.sign(connection, size + 1)


def of_leaf(*finds: str) -> Callable[[Story], set[str]]:
    """Fill in the number of the leaf, the next one, and the log's size."""
    return lambda story: {
        each.format(n=a_leaf(story).sequence, next=a_leaf(story).sequence + 1, size=story.size)
        for each in finds
    }


TILE = "tile 0/000: it was changed"
LEAVES: dict[str, Cell | str] = {
    "delete": Cell(
        lambda s, c: c.execute(delete(log_leaf).where(log_leaf.c.sequence == a_leaf(s).sequence)),
        of_leaf("leaf {n}: it is missing: leaf {next} comes next"),
    ),
    "edit": Cell(
        lambda s, c: put(c, a_leaf(s), a_leaf(s).sequence, a_leaf(s).entry.replace(b"userinfo", b"else")),
        of_leaf("leaf {n}: " + ROW, TILE, "checkpoint {size}: " + MADE_OF),
    ),
    "swap": Cell(swap_leaves, of_leaf(TILE, "checkpoint {size}: " + MADE_OF)),
    "truncate": Cell(
        lambda s, c: c.execute(delete(log_leaf).where(log_leaf.c.sequence >= a_leaf(s).sequence)),
        of_leaf("log: it ends at leaf {n}, and its newest checkpoint says {size}"),
    ),
    "fork": Cell(lambda s, c: fork_at(s, c, a_leaf(s)), of_leaf(f"{HELD}: {MADE_OF}")),
    "roll back": Cell(lambda s, c: roll_back(s, c, a_leaf(s).sequence), of_leaf(f"{HELD}: {CUT}")),
    "back-date": Cell(dated(-HOUR), of_leaf("leaf {n}: " + ROW, TILE)),
    "post-date": Cell(dated(HOUR), of_leaf("leaf {n}: " + ROW, TILE)),
    "slip in": Cell(slip_leaf, of_leaf("leaf {size}: its row is gone")),
}


# Tiles -----------------------------------------------------------------------------------------------------------


def tile_cells(level: int, index: int, name: str) -> dict[str, Cell | str]:
    """Tamper with one tile."""
    own = (log_tile.c.level == level) & (log_tile.c.tile_index == index)
    another = (log_tile.c.level == 0) & (log_tile.c.tile_index == (1 if (level, index) == (0, 0) else 0))

    def hashes(connection: Connection, which: Any = own) -> bytes:
        found: bytes = connection.execute(select(log_tile.c.hashes).where(which)).scalar_one()
        return found

    def write(change: Callable[[bytes], bytes]) -> Callable[[Story, Connection], object]:
        return lambda _, c: c.execute(update(log_tile).where(own).values(hashes=change(hashes(c))))

    def swap(_: Story, connection: Connection) -> None:
        mine, theirs = hashes(connection), hashes(connection, another)
        connection.execute(update(log_tile).where(own).values(hashes=theirs))
        connection.execute(update(log_tile).where(another).values(hashes=mine))

    def fork(story: Story, connection: Connection) -> None:
        # Another history, of which this very tile is a part.
        fork_at(story, connection, story.leaves[256 * index])

    changed = newly(f"tile {name}: it was changed")
    beyond = insert(log_tile).values(level=level, tile_index=9, hashes=bytes(HASH))
    undated: str = "A tile holds hashes and no time."
    return {
        "delete": Cell(
            lambda _, c: c.execute(delete(log_tile).where(own)), newly(f"tile {name}: it is missing")
        ),
        "edit": Cell(write(lambda found: found[:-1] + bytes([found[-1] ^ 1])), changed),
        "swap": Cell(swap, changed),
        "truncate": Cell(write(lambda found: found[:HASH]), changed),
        "fork": Cell(fork, newly(f"{HELD}: {MADE_OF}")),
        "roll back": Cell(write(lambda found: found[:-HASH]), changed),
        "back-date": undated,
        "post-date": undated,
        "slip in": Cell(lambda _, c: c.execute(beyond), newly("log: it has tiles beyond its last leaf")),
    }


# Checkpoints, their notes, and witnesses' lines ------------------------------------------------------------------


def of_first(**values: Callable[[Any, Any], Any]) -> Callable[..., object]:
    """Change the oldest checkpoint's row; the values come from it and the next one."""

    def work(story: Story, connection: Connection) -> None:
        one, two = connection.execute(select(log_checkpoint).order_by(log_checkpoint.c.size).limit(2)).all()
        made = {name: value(one, two) for name, value in values.items()}
        connection.execute(update(log_checkpoint).where(log_checkpoint.c.size == one.size).values(**made))

    return work


def checkpoint_says(what: str, number: int = 0) -> Callable[[Story], set[str]]:
    """Say it of the oldest checkpoint, or of the one after."""
    return lambda story: {f"checkpoint {story.checkpoints[number].size}: {what}"}


def swap_notes(story: Story, connection: Connection) -> None:
    """Let two checkpoints change their notes."""
    one, two = connection.execute(select(log_checkpoint).order_by(log_checkpoint.c.size).limit(2)).all()
    for row, other in ((one, two), (two, one)):
        own = log_checkpoint.c.size == row.size
        connection.execute(update(log_checkpoint).where(own).values(note=other.note))


def both_say(what: str) -> Callable[[Story], set[str]]:
    """Say it of the two oldest checkpoints."""
    return lambda story: {f"checkpoint {each.size}: {what}" for each in story.checkpoints}


def slip_checkpoint(story: Story, connection: Connection) -> None:
    """Write a checkpoint that was never signed before the others."""
    one, _ = first_two_in(connection)
    row = {"size": one.size - 1, "root": one.root, "note": one.note, "signed_at": one.signed_at}
    connection.execute(insert(log_checkpoint).values(row))


def first_two_in(connection: Connection) -> Any:
    """Read the two oldest checkpoints where they are tampered with."""
    return connection.execute(select(log_checkpoint).order_by(log_checkpoint.c.size).limit(2)).all()


OTHERWISE = "its row is not what its note says"
NO_SIGNATURE = "the signature of gateway.example/log does not hold"
CHECKPOINTS: dict[str, Cell | str] = {
    "delete": Cell(
        lambda s, c: c.execute(delete(log_checkpoint).where(log_checkpoint.c.size == s.kept.size)),
        lambda s: {f"checkpoint {s.kept.size}: a witness cosigned it, and it is gone"},
    ),
    "edit": Cell(of_first(root=lambda one, two: bytes(32)), checkpoint_says(OTHERWISE)),
    "swap": Cell(swap_notes, both_say(OTHERWISE)),
    "truncate": Cell(
        lambda s, c: c.execute(delete(log_checkpoint).where(log_checkpoint.c.size >= s.kept.size)),
        lambda s: {f"{HELD}: {CUT}"},
    ),
    "fork": Cell(
        lambda s, c: s.sign(c, s.checkpoints[0].size, s.checkpoints[0].signed_at, b"f" * 32),
        checkpoint_says(MADE_OF),
    ),
    "roll back": Cell(lambda s, c: roll_back(s, c, s.checkpoints[1].size), lambda s: {f"{HELD}: {CUT}"}),
    "back-date": Cell(
        lambda s, c: s.sign(c, s.checkpoints[1].size, s.checkpoints[1].signed_at - HOUR),
        checkpoint_says(SET_BACK, 1),
    ),
    "post-date": Cell(
        lambda s, c: s.sign(c, s.checkpoints[0].size, s.checkpoints[0].signed_at + HOUR),
        checkpoint_says(SET_BACK, 1),
    ),
    "slip in": Cell(slip_checkpoint, lambda s: {f"checkpoint {s.checkpoints[0].size - 1}: {OTHERWISE}"}),
}


def retimed(by: int) -> Callable[..., object]:
    """Write another time into the note, and into the row."""
    return of_first(
        note=lambda one, _: one.note.replace(f"time {one.signed_at}", f"time {one.signed_at + by}"),
        signed_at=lambda one, _: one.signed_at + by,
    )


NOTES: dict[str, Cell | str] = {
    "delete": Cell(of_first(note=lambda one, _: ""), checkpoint_says("not a signed note")),
    "edit": Cell(
        of_first(note=lambda one, _: one.note.replace(f"\n{one.size}\n", f"\n{one.size + 1}\n")),
        checkpoint_says(NO_SIGNATURE),
    ),
    "swap": Cell(swap_notes, both_say(OTHERWISE)),
    "truncate": Cell(
        of_first(note=lambda one, _: one.note.partition("\n\n")[0]), checkpoint_says("not a signed note")
    ),
    "fork": "A second note with a true signature over another root is the fork of the checkpoint.",
    "roll back": Cell(
        lambda s, c: c.execute(
            update(log_checkpoint).where(log_checkpoint.c.size == s.size).values(note=s.kept.note)
        ),
        lambda s: {f"checkpoint {s.size}: {OTHERWISE}"},
    ),
    "back-date": Cell(retimed(-HOUR), checkpoint_says(NO_SIGNATURE)),
    "post-date": Cell(retimed(HOUR), checkpoint_says(NO_SIGNATURE)),
    "slip in": Cell(
        of_first(note=lambda one, _: one.note.replace("\n\n", "\nmore\n\n")), checkpoint_says(NO_SIGNATURE)
    ),
}


def of_line(change: Callable[[str], str]) -> Callable[[Story, Connection], object]:
    """Change the witness's line."""

    def work(_: Story, connection: Connection) -> None:
        line = connection.execute(select(log_cosignature.c.line)).scalar_one()
        connection.execute(update(log_cosignature).values(line=change(line)))

    return work


def restamped(by: int) -> Callable[[str], str]:
    """Give a line another time: eight bytes after the key's four."""

    def change(line: str) -> str:
        *front, encoded = line.rstrip("\n").split(" ")
        raw = b64decode(encoded)
        at = int.from_bytes(raw[4:12], "big") + by
        return " ".join([*front, b64encode(raw[:4] + at.to_bytes(8, "big") + raw[12:]).decode()]) + "\n"

    return change


def fork_before_witness(story: Story, connection: Connection) -> None:
    """Sign another history, and put the witness's line beside it."""
    fork_at(story, connection, a_leaf(story))


def witness_says(what: str) -> Callable[[Story], set[str]]:
    """Say it of the checkpoint with the witness's line."""
    return lambda s: {f"checkpoint {s.kept.size} as {s.witness.name} cosigned it: {what}"}


NO_COSIGNATURE = "the signature of witness.example/w1 does not hold"
COSIGNATURES: dict[str, Cell | str] = {
    "delete": Cell(
        lambda _, c: c.execute(delete(log_cosignature)),
        lambda s: {f"witness {s.witness.name}: it has cosigned no checkpoint of this log"},
    ),
    "edit": Cell(of_line(lambda line: line[:-9] + "AAAAAAA=\n"), witness_says(NO_COSIGNATURE)),
    "swap": Cell(
        lambda s, c: c.execute(update(log_cosignature).values(size=s.size)),
        lambda s: {f"checkpoint {s.size} as {s.witness.name} cosigned it: {NO_COSIGNATURE}"},
    ),
    "truncate": Cell(of_line(lambda line: line[:20] + "\n"), witness_says("a signature line is malformed")),
    "fork": Cell(fork_before_witness, witness_says(NO_COSIGNATURE)),
    "roll back": Cell(
        lambda s, c: c.execute(delete(log_checkpoint).where(log_checkpoint.c.size >= s.kept.size)),
        lambda s: {f"checkpoint {s.kept.size}: a witness cosigned it, and it is gone"},
    ),
    "back-date": Cell(of_line(restamped(-HOUR)), witness_says(NO_COSIGNATURE)),
    "post-date": Cell(of_line(restamped(HOUR)), witness_says(NO_COSIGNATURE)),
    "slip in": Cell(of_line(lambda line: line + restamped(1)(line)), witness_says(NO_COSIGNATURE)),
}


TABLE: dict[str, Mapping[str, Cell | str]] = {
    "waiting line": LINES,
    "waiting row": WAITING,
    **{name: row_cells(wanted) for name, wanted in ROWS.items()},
    "leaf": LEAVES,
    "full tile": tile_cells(0, 0, "0/000"),
    "partial tile": tile_cells(0, 2, "0/002"),
    "upper tile": tile_cells(1, 0, "1/000"),
    "checkpoint": CHECKPOINTS,
    "signed note": NOTES,
    "cosignature": COSIGNATURES,
}
"""Place by operation: what finds it, or why there is no such thing."""

EXISTING = [
    (place, name) for place, cells in TABLE.items() for name, cell in cells.items() if isinstance(cell, Cell)
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The story, told once a database: every cell undoes what it did."""
    folder = tmp_path_factory.mktemp("story")
    with ExitStack() as ending:
        if request.param == "sqlite":
            url = copy_sqlite(request.getfixturevalue("sqlite_template"), folder)
        else:
            server = request.getfixturevalue("postgres_server")
            server.create_template("gateway_world", fill)
            url = server.create_database("gateway_world")
            ending.callback(server.drop_database, url)
        yield told(ending.enter_context(serve(url, folder)))


def found(story: Story, cell: Cell) -> set[str]:
    """Tamper, verify with everything that others kept, and undo it."""

    def tamper(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            # Never checked, because nothing of it is ever committed.
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        cell.tamper(story, connection)

    said = found_by(story.world, tamper, known=[story.kept.note], witnesses=[story.witness])
    return without_ids(said)


def test_the_table_has_no_empty_cell() -> None:
    """Every operation at every place is either tried or explained."""
    for place, cells in TABLE.items():
        assert set(cells) == set(OPERATIONS), place
        assert all(isinstance(cell, Cell) or cell.endswith(".") for cell in cells.values()), place


def test_nothing_is_found_before_anybody_tampers(story: Story) -> None:
    assert found(story, Cell(lambda story, connection: None, lambda story: set())) == set()


@pytest.mark.first_on_postgresql("operation")
@pytest.mark.parametrize(("place", "operation"), EXISTING, ids=lambda each: each.replace(" ", "-"))
def test_every_way_to_tamper_is_named_at_every_place(story: Story, place: str, operation: str) -> None:
    cell = TABLE[place][operation]
    assert isinstance(cell, Cell)
    said = found(story, cell)
    missing = {
        each
        for each in cell.finds(story)
        if not any(line == each or line.endswith(f": {each}") for line in said)
    }
    assert not missing, (missing, said)


# Decisions that nobody could make ---------------------------------------------------------------------------------

EMAIL, PHONE = ("email", "results_delivery", "masked"), ("phone_number", "results_delivery", "masked")
ADVERTS = ("email", "marketing", "masked")
UNTIL = NOW + 30 * DAY
MORE: dict[str, tuple[dict[str, Any], str]] = {
    "adds an item": ({"items": [EMAIL, PHONE]}, "cannot add an item, nor another form of one"),
    "gives another form": ({"items": [(*EMAIL[:2], "full")]}, "cannot add an item, nor another form of one"),
    "prolongs": ({"valid_until": UNTIL + 1}, "cannot prolong"),
    "never ends": ({"valid_until": None}, "cannot prolong"),
    "raises the reads": ({"use_limit": 9}, "cannot say how often may be read"),
}
DECIDERS = {
    ("given", "narrowed"): "subject", ("given", "paused"): "system", ("given", "withdrawn"): "subject",
    ("given", "revoked"): "admin", ("given", "expired"): "system", ("asked", "refused"): "guardian",
}  # fmt: skip
"""After what each may be decided, and by whom: none of them gives anything."""
NOBODYS = [
    *(("given", type_, actor) for type_ in ("widened", "renewed", "narrowed") for actor in ("admin", "system")),
    *(("asked", "given", actor) for actor in ("admin", "system", "partner")),
    ("paused", "resumed", "admin"), ("paused", "resumed", "guardian"), ("given", "widened", "guardian"),
    ("given", "expired", "admin"), ("given", "withdrawn", "partner"),
]  # fmt: skip
"""Who decides nothing of that kind."""
DENIED = "email for marketing: nothing leaves for this purpose, whoever agreed"
FORGED: dict[str, tuple[str, str, dict[str, Any], str]] = {
    **{
        f"{type_} {name}": (before, type_, {"actor_kind": actor, **changes}, f"{type_} {what}")
        for (before, type_), actor in DECIDERS.items()
        for name, (changes, what) in MORE.items()
    },
    **{
        f"{actor} {type_}": (
            before,
            type_,
            {"actor_kind": actor},
            f"{type_} cannot be decided by the {actor} here",
        )
        for before, type_, actor in NOBODYS
    },
    "a yes to a denied purpose": ("given", "widened", {"items": [ADVERTS]}, DENIED),
}
"""Name: what stands before, the forged decision, what it changes, and what both verifiers say of it."""


def forge(connection: Connection) -> None:
    """Write each forged decision for a grant of its own, as the gateway would, with its line; and a denied hand-off."""
    grant = connection.execute(select(consent_grant)).mappings().one()
    read = connection.execute(select(handoff)).mappings().one()
    yes = connection.execute(select(consent_event)).mappings().one()

    def put_one(table: Table, kind: str, grant_id: str, source_id: str, row: Mapping[str, Any]) -> None:
        connection.execute(insert(table).values(row))
        line = {"grant_id": grant_id, "source_id": source_id, "kind": kind}
        connection.execute(insert(log_pending).values(line))

    def decide(name: str, seq: int, type_: str, event_id: str, **changes: Any) -> None:
        said = {"actor_kind": "subject", "items": [EMAIL], "valid_until": UNTIL, **changes}
        said["items"] = dumps(said["items"])
        status = DPV_STATUS[EventType(type_)]
        row = {**yes, "served_id": None, "use_limit": None, "dpv_status": status, "type": type_, **said}
        own = {"event_id": event_id, "grant_id": name, "seq": seq}
        put_one(consent_event, "consent_event", name, event_id, {**row, **own})

    for name, (before, type_, changes, _) in FORGED.items():
        own = {"grant_id": name, "event_id": f"forged {name}", "state": "ended"}
        connection.execute(insert(consent_grant).values({**grant, **own}))
        steps = ["given", "paused"] if before == "paused" else [before]
        for seq, step in enumerate(steps, start=1):
            limit = None if step == "paused" else 3
            decide(name, seq, step, f"{seq} {name}", use_limit=limit)
        decide(name, len(steps) + 1, type_, f"forged {name}", **changes)
    name = "a yes to a denied purpose"
    row = {**read, "items": dumps([(*ADVERTS, "c")]), "grant_id": name, "event_id": f"forged {name}"}
    put_one(handoff, "handoff", name, "forged read", {**row, "handoff_id": "forged read"})


def test_p13_both_verifiers_refuse_every_decision_that_nobody_could_make(
    each_world: World, tmp_path: Path
) -> None:
    """Placed, signed and exported like any other: a no that gives, an administrator's yes, a purpose that is denied."""
    assert each_world.userinfo(each_world.tokens()["access_token"]).status_code == 200
    unguarded(each_world, forge)
    sequence(each_world)
    numbers = {entry["id"]: number for number, entry in enumerate(entries(each_world))}
    said = {(f"forged {name}", what) for name, (*_, what) in FORGED.items()} | {("forged read", DENIED)}
    ours = {(each.subject, each.what) for each in each_world.run(verify_tree, each_world.services).faults}
    file = tmp_path / "log.tar"
    each_world.run(export_log, each_world.services, AUDITOR, Span(), file)
    status, found = run_verifier(str(file), "--key", log_key_words(each_world.services)[0])
    assert status == 1
    theirs = {(each["subject"], each["what"]) for each in found["faults"]}
    for named, place in ((ours, "leaf {} ({})"), (theirs, "entry {}")):
        wanted = {(place.format(numbers[name], name), what) for name, what in said}
        assert wanted <= named
        # Nothing that stands before a forged one is at fault.
        places = {subject for subject, _ in named if subject.startswith(("leaf", "entry"))}
        assert places == {subject for subject, _ in wanted}
