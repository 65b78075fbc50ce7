"""Checking a whole log, leaf by leaf, in little memory: its tiles, its roots, the order of grants and contacts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.ledger.consent_order import ConsentOrder
from gateway.ledger.contact_order import ContactOrder
from gateway.ledger.merkle import EMPTY_ROOT, Frontier
from gateway.ledger.tiles import HASH, WIDTH, complete
from gateway.model.ledger.tiles import TileKey


class TileBuilder:
    """Computes every tile of a growing tree anew; keeps the edge only."""

    def __init__(self) -> None:
        """Begin with the empty tree."""
        self._frontier = Frontier()
        self._edge: list[bytearray] = []

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._frontier.size

    def root(self) -> bytes:
        """The root so far."""
        return self._frontier.root() if self.size else EMPTY_ROOT

    def add(self, leaf: bytes) -> Iterator[tuple[TileKey, bytes]]:
        """Append a leaf's hash; give the tiles that it completes."""
        self._frontier.add(leaf)
        level = 0
        while True:
            if level == len(self._edge):
                self._edge.append(bytearray())
            self._edge[level] += leaf
            if len(self._edge[level]) < WIDTH * HASH:
                return
            full = bytes(self._edge[level])
            self._edge[level].clear()
            level += 1
            yield (level - 1, (self.size >> (8 * level)) - 1), full
            leaf = complete(full)

    def rest(self) -> Iterator[tuple[TileKey, bytes]]:
        """Give the tiles that are not full."""
        for level, hashes in enumerate(self._edge):
            if hashes:
                yield (level, self.size >> (8 * (level + 1))), bytes(hashes)


@dataclass(slots=True)
class OrderCheck:
    """Folds entries in the log's order: the story of every grant and every contact."""

    _consents: ConsentOrder = field(default_factory=ConsentOrder)
    _contacts: ContactOrder = field(default_factory=ContactOrder)

    def faults(self, entry: dict[str, Any]) -> Iterator[str]:
        """Take the next entry; say what is wrong with its place."""
        if entry["kind"] in ("consent_event", "handoff"):
            yield from self._consents.faults(entry)
        elif entry["kind"] in ("contact_event", "contact_view"):
            yield from self._contacts.faults(entry)
        elif entry["kind"] != "admin_action":
            yield "it is of no kind that this log has"
