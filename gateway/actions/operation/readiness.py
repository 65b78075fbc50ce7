"""Whether this node can serve requests now, which takes writing: each release and each token is a row."""

import asyncio

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.logs import log
from gateway.store.operation.readiness import prove_writable

PATIENCE = 3.0
"""Seconds that who asks waits at most: a load balancer needs an answer, and *not yet* is one."""


class Readiness:
    """One process's answer: who asks meanwhile shares a look, and no second of the clock sees two of them."""

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services
        self._look: asyncio.Task[str] | None = None
        self._began_at = 0

    async def why_not(self) -> str:
        """Say why requests cannot be served now; empty when they can."""
        now, look = self._services.clock(), self._look
        if look is None or (look.done() and now != self._began_at):
            look = self._look = asyncio.create_task(self._prove(now))
            self._began_at = now
        # The look goes on when nobody waits any more: the next one who asks would only begin another beside it.
        done, _ = await asyncio.wait({look}, timeout=PATIENCE)
        return look.result() if done else "The database does not answer in time."

    async def _prove(self, now: int) -> str:
        try:
            await self._services.store.run(prove_writable, now)
        except Refusal as refusal:
            log().warning("not_ready", why=refusal.detail)
            return refusal.description
        except Exception as error:
            log().error("not_ready", error=error)
            return "The database refuses."
        return "" if self._services.registry.signing_keys else "no signing key"
