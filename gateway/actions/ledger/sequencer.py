"""The sequencer: gives committed rows their places in the Merkle log and signs what came of it.

It is safe on every node and at every instruction: rows wait durably, a batch is integrated in one transaction,
and a checkpoint is signed in another one, after the tree was found to be consistent with the last checkpoint.
"""

import asyncio
from contextlib import suppress

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.entries import encode
from gateway.ledger.log_keys import current_log_key, new_log_key
from gateway.ledger.merkle import ProofError, check_consistency, consistency_ranges, leaf_hash
from gateway.ledger.notes import NoteError
from gateway.ledger.order import in_order
from gateway.ledger.tiles import TileError, edge_keys, grown, hash_of, hashes_of, keys_of
from gateway.model.grants import ConsentEvent, EventType
from gateway.model.ledger.rows import KIND_OF, id_of
from gateway.model.nodes import Work
from gateway.model.registry import LogOrigin
from gateway.store.engine.leases import LeaseClaim, let_go
from gateway.store.ledger.origins import Beginning, begin_logs
from gateway.store.ledger.tree import (
    Batch,
    Growth,
    Leaf,
    SignedCheckpoint,
    TreeState,
    Turn,
    integrate_operation,
    is_anything_unsigned,
    load_last_checkpoints,
    look_operation,
    sign_operation,
)
from gateway.store.log_pending import is_anything_waiting

LEASE = "sequencer"
LEASE_TTL = 3
SLOWEST = 15.0
"""Seconds between two tries of what goes on failing."""
BATCH = 200
"""Rows of one transaction: hashing more of them at once would keep everybody else waiting."""
BATCH_OF_ONE_WRITER = 40
"""The same where nobody else can write meanwhile (SQLite), so that a release waits for a short one."""


class LogFork(Exception):
    """The tree does not continue what was signed last: nothing more is signed."""


class Sequencer:
    """One node's sequencer; among all nodes one at a time works."""

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services
        self._holder = services.ids(Kind.REQUEST)
        self._moves: list[EventType] = []
        self._integrate = integrate_operation(self.grow)
        self._sign = sign_operation(self._signed)

    async def run(self) -> None:
        """Take turns until cancelled. Whatever goes wrong is said, and the next turn tries again."""
        failures, interval = 0, self._services.settings.sequencer_interval
        try:
            while True:
                try:
                    await self.turn()
                    self._services.background_work.did(Work.SEQUENCER, self._services.clock())
                    failures = 0
                except Exception as error:
                    failures += 1
                    log().error("sequencer_failed", error=error, times=failures)
                # What fails again and again is tried less often; doctor and the page /log say that the log is behind.
                slower = min(interval * 2 ** min(failures, 16), SLOWEST)
                await asyncio.sleep(max(interval, slower))
        finally:
            # Where the database is gone, the lease runs out by itself.
            with suppress(Refusal):
                await self.retire()

    async def retire(self) -> None:
        """Give the lease back, so that another node goes on at once, and need not wait until it runs out."""
        await self._services.store.run(let_go, self.claim())

    async def turn(self) -> None:
        """Integrate everything that waits, then sign a checkpoint.

        What is committed meanwhile waits for the next turn: a transaction for every few rows would cost more than
        the releases that they come from.

        Raises:
            LogFork: the tree contradicts the last checkpoint.
        """
        services = self._services
        if await services.store.read(is_anything_waiting, None) and not await self._give_places():
            return
        if await services.store.read(is_anything_unsigned, None):
            await services.store.run_planned(self._sign, await self._claim_of_a_begun_log())

    async def _give_places(self) -> bool:
        """Take batch after batch until one is not full; tell whether this node holds the lease."""
        batch = BATCH if self._services.store.locks_rows else min(BATCH, BATCH_OF_ONE_WRITER)
        while True:
            turn = Turn(self.claim(), batch)
            taken = await self._services.store.run_planned(self._integrate, turn)
            if taken is not None:
                self._count_moves()
            if taken is None or taken < batch:
                return taken is not None

    def _count_moves(self) -> None:
        """Count each consent event once among all nodes, whoever made it: here is where all of them come by."""
        for move in self._moves:
            self._services.metrics.count("gateway_consent_moves", move)

    def claim(self) -> LeaseClaim:
        """Make this node's claim of the lease."""
        return LeaseClaim(LEASE, self._holder, self._services.clock(), LEASE_TTL)

    async def _claim_of_a_begun_log(self) -> LeaseClaim:
        services, now = self._services, self._services.clock()
        has_key = any(key.retired_at is None for key in services.registry.log_keys)
        if not has_key or not services.registry.log_origins:
            key = new_log_key(services.seal.ring.signing, now=now, ids=services.ids)
            name = LogOrigin(1, services.settings.log_origin, 0, now)
            await services.store.run(begin_logs, Beginning(name, key))
            # Name and key may be those of another node, so they are read from the snapshot.
            await services.store.read(load_last_checkpoints, None)
        return self.claim()

    def grow(self, batch: Batch) -> Growth:
        """Put a batch in order and hash it.

        Raises:
            LogFork: the tree's edge is not what it should be.
        """
        if batch.lost:
            log().error("log_rows_lost", rows=list(batch.lost))
        # A transaction that is tried again begins here again.
        self._moves = [row.type for row in batch.rows if isinstance(row, ConsentEvent)]
        leaves = []
        for sequence, row in enumerate(in_order(batch.rows, batch.places), start=batch.size):
            entry = encode(row)
            kind = KIND_OF[type(row)]
            leaves.append(Leaf(sequence, kind, id_of(row), entry, leaf_hash(entry)))
        try:
            edge = batch.read_tiles(edge_keys(batch.size))
            return Growth(leaves, grown(edge, batch.size, [each.leaf_hash for each in leaves]))
        except TileError as error:
            raise _fork(error, batch.size) from error

    def _signed(self, tree: TreeState) -> SignedCheckpoint | None:
        try:
            checkpoint = self._next(tree)
        except (TileError, ProofError, NoteError) as error:
            raise _fork(error, tree.size) from error
        if checkpoint is None:
            return None
        key = current_log_key(self._services.seal.ring.signing, self._services.registry.log_keys)
        note = sign_checkpoint(checkpoint, key)
        return SignedCheckpoint(checkpoint.size, checkpoint.root, note, self._services.clock())

    def _next(self, tree: TreeState) -> Checkpoint | None:
        """Say what would be signed next; None where nothing has come since."""
        last = tree.last
        if tree.size == (last.size if last else 0):
            return None
        tiles = tree.read_tiles(keys_of([(0, tree.size)]))
        root = hash_of(tiles, (0, tree.size))
        if last is not None:
            self._check_growth(tree, last, root)
        return Checkpoint(tree.origin, tree.size, root, self._services.clock())

    async def find_fork(self) -> str | None:
        """Look why nothing more could be signed; None where nothing is in the way. Nothing is written."""

        def look(tree: TreeState) -> str | None:
            try:
                self._next(tree)
            except (TileError, ProofError, NoteError) as error:
                return str(error)
            return None

        if not self._services.registry.log_origins:
            return None
        return await self._services.store.read(look_operation(look), None)

    def _check_growth(self, tree: TreeState, last: SignedCheckpoint, root: bytes) -> None:
        """Check that the last checkpoint is truly ours, and that the tree has only grown since."""
        signed = self._services.own_log.check(last.note)
        ranges = consistency_ranges(signed.size, tree.size)
        tiles = tree.read_tiles(keys_of(ranges))
        check_consistency(signed.size, tree.size, hashes_of(tiles, ranges), signed.root, root)


def _fork(error: Exception, size: int) -> LogFork:
    log().critical("log_fork", size=size, why=str(error))
    return LogFork(str(error))
