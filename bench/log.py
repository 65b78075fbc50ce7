"""What the hand-off log costs as it grows: ``python -m bench.log --most 1000000``, or ``--tree --most 10000000``.

Over an embedded database in a folder of its own: giving rows their places and signing, one inclusion proof, checking
the whole; from 1,000 leaves up to ``--most``, ten times more each round. With ``--tree`` the same for the tree alone,
tiles in a file, without rows, leaves and services. With ``--postgres`` over a PostgreSQL of its own, which has the
tests' way of starting. Times are this process's CPU time, and with it the database's; memory is this process's peak.
``--json FILE`` writes the lines down; ``--report FILE ...`` prints a table of such files.
"""

import argparse
import asyncio
import json
import math
import resource
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text

from bench.machine import cpu_seconds, description
from gateway.actions.ledger.proofs import find_evidence
from gateway.actions.ledger.sequencer import Sequencer
from gateway.actions.ledger.verification import verify_tree
from gateway.actions.services import Services
from gateway.app import build_services, opened
from gateway.kit.secrets.key_ring import new_key_ring
from gateway.kit.settings import Settings
from gateway.ledger.merkle import check_inclusion, inclusion_ranges, leaf_hash
from gateway.ledger.tiles import edge_keys, grown, hash_of, hashes_of, keys_of
from gateway.ledger.tree_check import TileBuilder
from gateway.model.administration.actions import AdminAction
from gateway.model.ledger.tiles import TileKey, Tiles
from gateway.store.admin_actions import append_actions
from gateway.store.engine.backend import open_backend
from gateway.store.engine.schema import migrate
from tests.postgres import PostgresServer

CHUNK = 5000
MARGIN = 20_000
"""The cost of appending is that of the last so many leaves before a size."""
PROOFS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured at a size; microseconds of CPU, megabytes."""

    leaves: int
    append_us: float
    proof_us: float
    verify_us: float
    disk_mb: float
    peak_mb: float


class Grown(Protocol):
    """A log to measure."""

    async def append(self, start: int, end: int) -> float:
        """Append leaves; give the CPU seconds that count."""
        ...

    def clock(self) -> float:
        """CPU seconds of whoever does the work."""
        ...

    async def prove(self, index: int) -> None:
        """Make a proof."""
        ...

    async def verify(self) -> int:
        """Check the whole; give its size."""
        ...

    async def disk(self) -> int:
        """Bytes on the disk."""
        ...


class WholeLog:
    """The gateway's own log over an embedded database."""

    def __init__(self, services: Services, folder: Path) -> None:
        """Take the services over a migrated database."""
        self._services = services
        self._folder = folder
        self._sequencer = Sequencer(services)

    async def append(self, start: int, end: int) -> float:
        """Commit acts, then count what the sequencer does with them."""
        acts = [
            AdminAction(f"act_{number:022d}", "cli", "bench", "bench", "x", self._services.clock())
            for number in range(start, end)
        ]
        await self._services.store.run(append_all, acts)
        began = self.clock()
        await self._sequencer.turn()
        return self.clock() - began

    def clock(self) -> float:
        """CPU seconds: the embedded database is this process."""
        return time.process_time()

    async def prove(self, index: int) -> None:
        """Make the evidence for an act."""
        assert await find_evidence(self._services, f"act_{index:022d}")

    async def verify(self) -> int:
        """Check it against the database."""
        found = await verify_tree(self._services)
        assert not found.faults
        return found.size

    async def disk(self) -> int:
        """Add up the database's files."""
        return sum(each.stat().st_size for each in self._folder.glob("*.db*"))


class WholeLogOnPostgres(WholeLog):
    """The same over PostgreSQL."""

    def __init__(self, services: Services, server: PostgresServer) -> None:
        """Take the services over a migrated database, and its server."""
        super().__init__(services, Path())
        self._server = server

    async def disk(self) -> int:
        """Ask the database."""
        return await self._services.store.read(database_sizes, None)

    def clock(self) -> float:
        """CPU seconds, the database's processes with them."""
        return time.process_time() + cpu_seconds(self._server.pid)


class TreeAlone:
    """The Merkle tree with its tiles in a file: what stays of every leaf for ever."""

    def __init__(self, folder: Path) -> None:
        """Open the file."""
        self._file = folder / "tiles.db"
        self._tiles = sqlite3.connect(self._file, isolation_level=None)
        self._tiles.execute("PRAGMA journal_mode = WAL").close()
        self._tiles.execute("CREATE TABLE tile (level, number, hashes, PRIMARY KEY (level, number))").close()
        self._size = 0

    def _read(self, keys: Sequence[TileKey]) -> Tiles:
        one = "SELECT hashes FROM tile WHERE level = ? AND number = ?"
        return {key: row[0] for key in keys if (row := self._tiles.execute(one, key).fetchone())}

    async def append(self, start: int, end: int) -> float:
        """Hash entries, grow tiles, store them in one transaction."""
        began = time.process_time()
        leaves = [leaf_hash(_entry(number)) for number in range(start, end)]
        tiles = grown(self._read(edge_keys(start)), start, leaves)
        self._tiles.execute("BEGIN").close()
        self._tiles.executemany(
            "INSERT OR REPLACE INTO tile VALUES (?, ?, ?)", [(*key, each) for key, each in tiles.items()]
        ).close()
        self._tiles.execute("COMMIT").close()
        self._size = end
        self._root = hash_of(self._read(list(keys_of([(0, end)]))), (0, end))
        return time.process_time() - began

    def clock(self) -> float:
        """CPU seconds of this process."""
        return time.process_time()

    async def prove(self, index: int) -> None:
        """Read the tiles that a proof needs, hash them together, check it."""
        ranges = inclusion_ranges(index, self._size)
        path = hashes_of(self._read(list(keys_of(ranges))), ranges)
        check_inclusion(leaf_hash(_entry(index)), index, self._size, path, self._root)

    async def verify(self) -> int:
        """Compute every tile and the root anew."""
        builder = TileBuilder()
        for number in range(self._size):
            for key, hashes in builder.add(leaf_hash(_entry(number))):
                assert self._read([key])[key] == hashes
        assert builder.root() == self._root
        return builder.size

    async def disk(self) -> int:
        """Size of the file."""
        return sum(each.stat().st_size for each in self._file.parent.glob("tiles.db*"))


def _entry(number: int) -> bytes:
    return b'{"at":1795000005,"client":"quizco-web","endpoint":"userinfo","id":"hof_%022d"}' % number


async def grow(log: Grown, most: int) -> list[Line]:
    """Measure round after round."""
    print(f"{'leaves':>12} {'append µs':>10} {'proof µs':>9} {'verify µs':>10} {'disk MB':>8} {'peak MB':>8}")
    lines, size, goal = [], 0, 1000
    while goal <= most:
        spent = counted = 0.0
        for start in range(size, goal, CHUNK):
            end = min(start + CHUNK, goal)
            cpu = await log.append(start, end)
            if end > goal - MARGIN:
                spent, counted = spent + cpu, counted + end - start
        lines.append(await measured(log, goal, spent / counted))
        print(row(lines[-1]), flush=True)
        size, goal = goal, goal * 10
    return lines


async def measured(log: Grown, size: int, append: float) -> Line:
    """Measure proofs and the check at a size."""
    began = log.clock()
    for number in range(PROOFS):
        await log.prove(number * size // PROOFS)
    proof = (log.clock() - began) / PROOFS
    began = log.clock()
    assert await log.verify() == size
    verify = (log.clock() - began) / size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Line(size, append * 1e6, proof * 1e6, verify * 1e6, await log.disk() / 1e6, peak)


def row(line: Line) -> str:
    """Spell a line for the terminal."""
    return (
        f"{line.leaves:12,} {line.append_us:10.1f} {line.proof_us:9.0f} {line.verify_us:10.1f} "
        f"{line.disk_mb:8.1f} {line.peak_mb:8.0f}"
    )


def doubling(before: Line, after: Line, name: str) -> float:
    """Tell by how much a cost is multiplied when the log doubles."""
    ratio = getattr(after, name) / getattr(before, name)
    return float(ratio ** (1 / math.log2(after.leaves / before.leaves)))


def report(found: dict[str, list[Line]]) -> str:
    """Make the table of docs/log-growth.md."""
    head = (
        "| log | leaves | append, µs a leaf | a proof, µs | check, µs a leaf | disk, MB | peak memory, MB |"
    )
    said = [head, "|---|---:|---:|---:|---:|---:|---:|"]
    for name, lines in found.items():
        for before, line in zip([None, *lines[:-1]], lines, strict=True):
            cells = [
                f"{getattr(line, each):.0f}" + (f" (×{doubling(before, line, each):.2f})" if before else "")
                for each in ("append_us", "proof_us", "verify_us")
            ]
            said.append(
                f"| {name} | {line.leaves:,} | {' | '.join(cells)} | {line.disk_mb:.1f} | {line.peak_mb:.0f} |"
            )
    return "\n".join(said)


KINDS = {"whole": "with rows and entries", "postgres": "the same on PostgreSQL", "tree": "the tree alone"}


async def measure(most: int, kind: str) -> list[Line]:
    """Measure one of the logs in a folder of its own."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if kind == "tree":
            return await grow(TreeAlone(folder), most)
        settings = Settings(data_dir=folder, sequencer_interval=0)
        server = None
        if kind == "postgres":
            server = PostgresServer(folder / "postgres", fsync=True)
            server.start()
            stack.callback(server.stop)
            settings = Settings(data_dir=folder, sequencer_interval=0, database_url=server.create_database())
        backend = open_backend(settings.database)
        await migrate(backend)
        await backend.close()
        services = build_services(settings, ring=new_key_ring())
        async with opened(services):
            log = WholeLogOnPostgres(services, server) if server else WholeLog(services, folder)
            return await grow(log, most)


def append_all(connection: Connection, batches: Sequence[list[AdminAction]]) -> Sequence[None]:
    """Append acts, many in one transaction."""
    for acts in batches:
        append_actions(connection, acts)
    return [None] * len(batches)


def database_sizes(connection: Connection, asks: Sequence[None]) -> Sequence[int]:
    """Ask PostgreSQL how much room it takes."""
    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    return [size for _ in asks]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=100_000)
    which = parser.add_mutually_exclusive_group()
    for kind in ("tree", "postgres"):
        which.add_argument(f"--{kind}", dest="kind", action="store_const", const=kind, default="whole")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--report", type=Path, nargs="+")
    given = parser.parse_args()
    if given.report:
        read = [json.loads(each.read_text()) for each in given.report]
        print(report({each["log"]: [Line(**line) for line in each["lines"]] for each in read}))
        return
    lines = asyncio.run(measure(given.most, given.kind))
    if given.json:
        content = {
            "log": KINDS[given.kind],
            "machine": description(),
            "lines": [asdict(each) for each in lines],
        }
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
