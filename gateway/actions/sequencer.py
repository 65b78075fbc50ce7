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
from gateway.ledger.checkpoints import Checkpoint, check_checkpoint, sign_checkpoint
from gateway.ledger.entries import encode
from gateway.ledger.log_keys import current_log_key, new_log_key, note_keys
from gateway.ledger.merkle import ProofError, check_consistency, consistency_ranges, leaf_hash
from gateway.ledger.notes import NoteError
from gateway.ledger.order import in_order
from gateway.ledger.tiles import TileError, edge_keys, grown, hash_of, hashes_of, keys_of
from gateway.model.log_rows import KIND_OF, id_of
from gateway.store.keys import add_first_log_keys
from gateway.store.leases import Claim, let_go
from gateway.store.log_pending import is_anything_waiting
from gateway.store.log_tree import (
    Batch,
    Growth,
    Leaf,
    SignedCheckpoint,
    TreeState,
    Turn,
    integrate_operation,
    is_anything_unsigned,
    load_last_checkpoints,
    sign_operation,
)

LEASE = "sequencer"
LEASE_TTL = 3
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
        self._integrate = integrate_operation(self._grow)
        self._sign = sign_operation(self._signed)

    async def run(self) -> None:
        """Take turns until cancelled. Whatever goes wrong is said, and the next turn tries again."""
        try:
            while True:
                try:
                    await self.turn()
                except Exception as error:
                    log().error("sequencer_failed", error=error)
                await asyncio.sleep(self._services.settings.sequencer_interval)
        finally:
            # Where the database is gone, the lease runs out by itself.
            with suppress(Refusal):
                await self.retire()

    async def retire(self) -> None:
        """Give the lease back, so that another node goes on at once; one that dies is followed when it runs out."""
        await self._services.store.run(let_go, self._claim())

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
            await services.store.run_planned(self._sign, await self._claim_with_key())

    async def _give_places(self) -> bool:
        """Take batch after batch until one is not full; tell whether this node holds the lease."""
        batch = BATCH if self._services.store.locks_rows else min(BATCH, BATCH_OF_ONE_WRITER)
        while True:
            turn = Turn(self._claim(), batch)
            taken = await self._services.store.run_planned(self._integrate, turn)
            if taken is None or taken < batch:
                return taken is not None

    def _claim(self) -> Claim:
        return Claim(LEASE, self._holder, self._services.clock(), LEASE_TTL)

    async def _claim_with_key(self) -> Claim:
        services = self._services
        if not any(key.retired_at is None for key in services.registry.log_keys):
            fresh = new_log_key(services.seal.ring.signing, now=services.clock(), ids=services.ids)
            await services.store.run(add_first_log_keys, fresh)
            # The key may be another node's: the snapshot tells.
            await services.store.read(load_last_checkpoints, None)
        return self._claim()

    def _grow(self, batch: Batch) -> Growth:
        if batch.lost:
            log().error("log_rows_lost", rows=list(batch.lost))
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
        last = tree.last
        if tree.size == (last.size if last else 0):
            return None
        origin, now = self._services.settings.log_origin, self._services.clock()
        try:
            tiles = tree.read_tiles(keys_of([(0, tree.size)]))
            checkpoint = Checkpoint(origin, tree.size, hash_of(tiles, (0, tree.size)), now)
            if last is not None:
                self._check_growth(tree, last, checkpoint.root)
        except (TileError, ProofError, NoteError) as error:
            raise _fork(error, tree.size) from error
        key = current_log_key(self._services.seal.ring.signing, self._services.registry.log_keys)
        return SignedCheckpoint(checkpoint.size, checkpoint.root, sign_checkpoint(checkpoint, key), now)

    def _check_growth(self, tree: TreeState, last: SignedCheckpoint, root: bytes) -> None:
        """Check that the last checkpoint is truly ours, and that the tree has only grown since."""
        services = self._services
        signed = check_checkpoint(
            last.note, note_keys(services.settings.log_origin, services.registry.log_keys)
        )
        ranges = consistency_ranges(signed.size, tree.size)
        tiles = tree.read_tiles(keys_of(ranges))
        check_consistency(signed.size, tree.size, hashes_of(tiles, ranges), signed.root, root)


def _fork(error: Exception, size: int) -> LogFork:
    log().critical("log_fork", size=size, why=str(error))
    return LogFork(str(error))
