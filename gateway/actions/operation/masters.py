"""Rotating the master key while gateways run: announce it, use it when every one knows it, then drop the old one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.actions.services import Services
from gateway.kit.ids import Kind
from gateway.kit.progress import Progress, Say
from gateway.kit.secrets.key_ring import KeyRing, change_key_ring, number_of
from gateway.model.nodes import Node, is_running, places_of
from gateway.store.accounts.profile_edits import (
    Rewrap,
    count_person_keys,
    keys_under_old_masters,
    rewrap_keys,
)
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.operation.nodes import load_nodes

BATCH = 200
LOOKS = 120
PAUSE = 0.5
"""Gateways look at the ring every two seconds; a minute is long."""
SETTLING = 5.0
"""Seconds in which what a gateway wrapped before it said that it seals with the new key is committed."""


class GatewaysBehind(Exception):
    """A gateway that runs has not read what the ring's file says by now; the text names it and says what to do."""


class StillInUse(Exception):
    """Something was sealed with a key while it was dropped; the key is back in the ring, and the text says so."""


def announce_master(path: Path) -> KeyRing:
    """Add a master key to the ring's file; nothing is sealed with it yet."""
    return change_key_ring(path, KeyRing.with_next)


async def use_newest_master(services: Services, path: Path, say: Say = lambda text: None) -> KeyRing:
    """Make the master key that was announced last the one that seals, once every gateway that runs can open with it.

    Raises:
        GatewaysBehind: one cannot; nothing was changed.
    """
    newest = services.seal.look_again().newest
    await _all_gateways(services, lambda node: newest in node.masters, f"read {newest}", say)
    change_key_ring(path, lambda ring: ring.using(newest))
    return services.seal.look_again()


async def rewrap_person_keys(
    services: Services, actor_id: str, progress: Progress = lambda done, total: None
) -> int:
    """Wrap every person's key under the current master key, in batches; it can be stopped and begun again.

    Returns:
        How many were wrapped anew.
    """
    current = services.seal.ring.current
    counts = await services.store.read(count_person_keys, None)
    total = sum(count for master, count in counts.items() if master != current)
    done = 0
    if total:
        act = AdminAction(
            services.ids(Kind.ACTION), actor_id, "rewrap_person_keys", "keys", current, services.clock()
        )
        await services.store.run(append_actions, act)
    while batch := await services.store.read(keys_under_old_masters, (current, BATCH)):
        rewraps = [Rewrap(each, old, services.seal.rewrap(each, old)) for each, old in batch.items()]
        await services.store.run_all(rewrap_keys, rewraps)
        done += len(rewraps)
        progress(done, max(done, total))
    return done


async def unused_masters(services: Services) -> list[str]:
    """Name the master keys that wrap nothing any more; one that is announced has its time before it."""
    counts = await services.store.read(count_person_keys, None)
    ring = services.seal.look_again()
    older = [name for name in ring.masters if number_of(name) <= number_of(ring.current)]
    return [name for name in older if name != ring.current and not counts.get(name)]


async def drop_unused_masters(services: Services, path: Path, say: Say = lambda text: None) -> list[str]:
    """Drop the master keys that wrap nothing any more from the ring's file; their names.

    A gateway may have wrapped something a moment ago. So they are dropped only when all gateways have sealed with the
    newest for a while, and what is wrapped is counted before and after.

    Raises:
        GatewaysBehind: one still seals with an old key; nothing was changed.
        StillInUse: a key was put back.
    """
    if not await unused_masters(services):
        return []
    before = services.seal.ring
    await _all_gateways(
        services, lambda node: node.current == before.current, f"seal with {before.current}", say
    )
    await asyncio.sleep(SETTLING)
    unused = await unused_masters(services)
    change_key_ring(path, lambda ring: ring.without(*unused))
    counts = await services.store.read(count_person_keys, None)
    if any(counts.get(name) for name in unused):
        dropped = {name: before.masters[name] for name in unused}
        change_key_ring(path, lambda ring: ring.with_masters(dropped))
        raise StillInUse(
            f"something was sealed with {', '.join(unused)} meanwhile, so the ring has it again. "
            "Run 'consent-gateway keys rewrap', then this."
        )
    return unused


async def _all_gateways(services: Services, is_done: Callable[[Node], bool], what: str, say: Say) -> None:
    """Wait until every gateway that runs has done something; say for whom we wait."""
    behind: list[Node] = []
    for look in range(LOOKS):
        nodes = await services.store.read(load_nodes, None)
        behind = [node for node in nodes if is_running(node, services.clock()) and not is_done(node)]
        if not behind:
            return
        if look == 0:
            say(f"waiting for {places_of(behind)} to {what}")
        await asyncio.sleep(PAUSE)
    raise GatewaysBehind(
        f"{places_of(behind)} did not {what}. Copy the key ring to every machine, look there for 'key_ring_kept' in "
        "the log, then run this again. A gateway that was killed is forgotten after three minutes."
    )
