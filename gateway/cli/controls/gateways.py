"""Controls of the running gateways: the keys that they know, and the background work that they do."""

from collections.abc import Callable

from gateway.cli.controls.control import Finding, Sight
from gateway.kit.settings import Settings
from gateway.model.nodes import Node, Work, is_running, places_of
from gateway.store.operation.nodes import load_nodes

LEAST_TIME = 120
"""Seconds without a run after which background work counts as stopped, however short its interval is."""
_INTERVALS: dict[Work, Callable[[Settings], float]] = {
    Work.SEQUENCER: lambda settings: settings.sequencer_interval,
    Work.MAIL: lambda settings: settings.mail_interval,
    Work.LOGOUTS: lambda settings: settings.delivery_interval,
    Work.DELETIONS: lambda settings: settings.delivery_interval,
    Work.UPKEEP: lambda settings: settings.upkeep_interval,
}


async def gateways_know_the_ring(sight: Sight) -> Finding:
    """Check whether every gateway that runs can open with each master key of the ring."""
    ring = sight.opened.seal.ring
    running = await running_nodes(sight)
    behind = [node for node in running if not node.masters >= ring.masters.keys()]
    return Finding(
        not behind,
        f"{places_of(behind)}: not yet" if behind else f"{len(running)} running, each knows every key",
        "Copy the key ring to that machine; a gateway reads it within seconds, and its log says 'key_ring_kept' where "
        "it cannot.",
    )


async def background_work(sight: Sight) -> Finding:
    """Check whether a gateway does the background work, and has done some lately."""
    running = await running_nodes(sight)
    if not running:
        return Finding(True, "no gateway is running now")
    faults = [fault for work in Work if (fault := _fault_of(work, running, sight))]
    done_by = ", ".join(f"{work}: {sum(work in node.last_done for node in running)}" for work in Work)
    return Finding(
        not faults,
        "; ".join(faults) or f"gateways that do it: {done_by}",
        "Let at least one gateway have each interval above 0 (sequencer_interval, mail_interval, delivery_interval, "
        "upkeep_interval). Where one stands still, its log says why.",
    )


def _fault_of(work: Work, running: list[Node], sight: Sight) -> str:
    doing = [node for node in running if work in node.last_done]
    if not doing:
        return f"nobody does {work}"
    last = max(node.last_done[work] or node.started_at for node in doing)
    patience = max(LEAST_TIME, 3 * _INTERVALS[work](sight.settings))
    return f"{work} has stood still for {sight.now - last} s" if sight.now - last > patience else ""


async def running_nodes(sight: Sight) -> list[Node]:
    """Name the gateways that run now."""
    nodes = await sight.opened.store.read(load_nodes, None)
    return [node for node in nodes if is_running(node, sight.now)]
