"""This node says which keys it knows and what work it does, and looks whether the key ring has changed.

Announce, then use: a new master key seals something only when every running node has said that it knows it.
"""

import asyncio
import os
import platform
from contextlib import suppress

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.kit.secrets.key_ring import KeyRing
from gateway.model.nodes import Node
from gateway.store.operation.nodes import forget_nodes, report_nodes

REPORT_EVERY = 15
"""Seconds between two reports of a node about which nothing has changed."""


class Presence:
    """One node's reports."""

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services
        self._id = services.ids(Kind.REQUEST)
        self._started_at = services.clock()
        self._reported: tuple[str, frozenset[str]] | None = None
        self._reported_at = 0

    async def begin(self) -> None:
        """Report before anything is served.

        Who rotates meanwhile either sees this node, or has written the file before it is looked at here.
        """
        await self._report(self._services.seal.ring)
        await self.turn()

    async def run(self) -> None:
        """Take turns until cancelled. Whatever goes wrong is said, and the next turn tries again."""
        while True:
            await asyncio.sleep(self._services.settings.key_ring_interval)
            try:
                await self.turn()
            except Exception as error:
                log().error("presence_failed", error=error)

    async def turn(self) -> None:
        """Look at the key ring's file; report what has changed, and every now and then that we are there."""
        ring = await asyncio.to_thread(self._services.seal.look_again)
        since = self._services.clock() - self._reported_at
        if self._reported != _known(ring) or not 0 <= since < REPORT_EVERY:
            await self._report(ring)

    async def end(self) -> None:
        """Take the report back; where the database is gone, the node's silence tells the others."""
        with suppress(Refusal):
            await self._services.store.run(forget_nodes, self._id)

    async def _report(self, ring: KeyRing) -> None:
        services = self._services
        current, masters = known = _known(ring)
        said = Node(
            node_id=self._id,
            place=f"{platform.node()}, process {os.getpid()}",
            started_at=self._started_at,
            seen_at=services.clock(),
            current=current,
            masters=masters,
            last_done=services.background_work.last_done,
        )
        await services.store.run(report_nodes, said)
        self._reported, self._reported_at = known, said.seen_at


def _known(ring: KeyRing) -> tuple[str, frozenset[str]]:
    return ring.current, frozenset(ring.masters)
