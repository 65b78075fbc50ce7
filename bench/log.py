"""What the hand-off log costs as it grows: ``python -m bench.log --most 100000``.

Over an embedded database in a folder of its own: sequencing, one inclusion proof, checking the whole, from 1,000
leaves up to ``--most``, ten times more each round. Prints one line a round; memory is the process's peak.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from gateway.actions.log_proofs import find_evidence
from gateway.actions.log_verification import verify_tree
from gateway.actions.sequencer import Sequencer
from gateway.actions.services import Services
from gateway.app import build_services, opened
from gateway.kit.key_ring import new_key_ring
from gateway.kit.settings import Settings
from gateway.model.admin_actions import AdminAction
from gateway.store.admin_actions import append_actions
from gateway.store.engine import open_backend
from gateway.store.schema import migrate

CHUNK = 5000
PROOFS = 200


async def main(most: int) -> None:
    """Measure round after round."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), sequencer_interval=0)
        backend = open_backend(settings.database)
        await migrate(backend)
        await backend.close()
        services = build_services(settings, ring=new_key_ring())
        async with opened(services):
            print("     leaves   append/s   proof ms   verify/s   peak MB", flush=True)
            size, step = 0, 1000
            while step <= most:
                await measure(services, size, step)
                size, step = step, step * 10


async def measure(services: Services, size: int, goal: int) -> None:
    """Grow the log to a size and measure there."""
    spent = 0.0
    sequencer = Sequencer(services)
    for start in range(size, goal, CHUNK):
        acts = [
            AdminAction(f"act_{number:022d}", "cli", "bench", "bench", "x", services.clock())
            for number in range(start, min(start + CHUNK, goal))
        ]
        await services.store.run(append_all, acts)
        began = time.perf_counter()
        await sequencer.turn()
        spent += time.perf_counter() - began
    began = time.perf_counter()
    for number in range(0, goal, max(1, goal // PROOFS)):
        assert await find_evidence(services, f"act_{number:022d}")
    proof = (time.perf_counter() - began) / min(goal, PROOFS)
    began = time.perf_counter()
    found = await verify_tree(services)
    checked = time.perf_counter() - began
    assert not found.faults
    assert found.size == goal
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    append, verify = (goal - size) / spent, goal / checked
    print(f"{goal:11,} {append:10,.0f} {proof * 1000:10.2f} {verify:10,.0f} {peak:9,.0f}", flush=True)


def append_all(connection: Connection, batches: Sequence[list[AdminAction]]) -> Sequence[None]:
    """Append acts, many in one transaction."""
    for acts in batches:
        append_actions(connection, acts)
    return [None] * len(batches)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    asyncio.run(main(parser.parse_args().most))
