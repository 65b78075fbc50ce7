"""Looking at a world's Merkle log, and tampering with it as the database's owner could."""

import json
import tarfile
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, text

from gateway.actions.ledger.sequencer import Sequencer
from gateway.ledger.notes import NoteKey
from gateway.store.ledger.tree import Leaf, SignedCheckpoint, load_last_checkpoints, read_leaves
from tests.world import World

_SEQUENCERS: WeakKeyDictionary[World, Sequencer] = WeakKeyDictionary()
GUARDED = (
    *("handoff", "consent_event", "admin_action", "contact_event", "contact_view"),
    *("log_leaf", "log_checkpoint", "log_cosignature"),
)
LOCKED = {"handoff": "handoff_locks", "contact_view": "contact_view_locks"}


def sequence(world: World) -> SignedCheckpoint:
    """Let the world's own sequencer take one turn; give the newest checkpoint."""
    if world not in _SEQUENCERS:
        _SEQUENCERS[world] = Sequencer(world.services)
    world.run(_SEQUENCERS[world].turn)
    found = last_checkpoint(world)
    assert found is not None
    return found


def read_member(archive: tarfile.TarFile, member: str | tarfile.TarInfo) -> bytes:
    """Read one file of an export."""
    found = archive.extractfile(member)
    assert found
    return found.read()


def last_checkpoint(world: World) -> SignedCheckpoint | None:
    """Give the newest checkpoint."""
    return world.store(load_last_checkpoints, None)


def leaves(world: World) -> list[Leaf]:
    """Give every leaf in its order."""
    return world.store(read_leaves, (0, 10**9))


def entries(world: World) -> list[dict[str, Any]]:
    """Give every entry in its order."""
    return [json.loads(each.entry) for each in leaves(world)]


def log_keys(world: World) -> list[NoteKey]:
    """Give the log's verifier keys."""
    return world.services.own_log.note_keys()


def unguarded(world: World, work: Callable[[Connection], object]) -> None:
    """Do something to the database that its guards would refuse."""

    def operation(connection: Connection, _: Any) -> list[None]:
        for table in GUARDED:
            if connection.dialect.name == "sqlite":
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_update"))
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_delete"))
            else:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
        for table, trigger in LOCKED.items():
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{on}"))
        work(connection)
        return [None]

    world.store(operation, None)


def run_sql(world: World, *statements: str, **values: Any) -> None:
    """Run statements past the guards."""
    unguarded(world, lambda connection: [connection.execute(text(each), values) for each in statements])
