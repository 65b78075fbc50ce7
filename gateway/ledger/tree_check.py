"""Checking a whole log, leaf by leaf, in little memory: its tiles, its roots, the order of grants and contacts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.ledger.contact_order import ContactOrder
from gateway.ledger.merkle import EMPTY_ROOT, Frontier
from gateway.ledger.tiles import HASH, WIDTH, Key, complete
from gateway.model.grants import GROUNDS, EventType, GrantState, IllegalMove, move


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

    def add(self, leaf: bytes) -> Iterator[tuple[Key, bytes]]:
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

    def rest(self) -> Iterator[tuple[Key, bytes]]:
        """Give the tiles that are not full."""
        for level, hashes in enumerate(self._edge):
            if hashes:
                yield (level, self.size >> (8 * (level + 1))), bytes(hashes)


@dataclass(slots=True)
class _Standing:
    state: GrantState | None = None
    events: int = 0
    event_id: str = ""
    items: frozenset[tuple[str, ...]] = frozenset()
    valid_until: int | None = None
    uses_left: int | None = None


@dataclass(slots=True)
class OrderCheck:
    """Folds entries in the log's order: no hand-off without its grant's consent in force at that very place."""

    _grants: dict[str, _Standing] = field(default_factory=dict)
    _contacts: ContactOrder = field(default_factory=ContactOrder)

    def faults(self, entry: dict[str, Any]) -> Iterator[str]:
        """Take the next entry; say what is wrong with its place."""
        if entry["kind"] == "consent_event":
            yield from self._event(entry)
        elif entry["kind"] == "handoff":
            yield from self._handoff(entry)
        elif entry["kind"] in ("contact_event", "contact_view"):
            yield from self._contacts.faults(entry)
        elif entry["kind"] != "admin_action":
            yield "it is of no kind that this log has"

    def _event(self, entry: dict[str, Any]) -> Iterator[str]:
        grant = self._grants.setdefault(entry["grant"], _Standing())
        if entry["seq"] != grant.events + 1:
            yield f"consent event {entry['seq']} of its grant follows number {grant.events}"
        try:
            grant.state = move(grant.state, EventType(entry["type"]))
        except IllegalMove as error:
            yield str(error)
        grant.events, grant.event_id = entry["seq"], entry["id"]
        grant.items = frozenset(tuple(item) for item in entry["items"])
        grant.valid_until = entry["valid_until"]
        if "uses" in entry or entry["type"] in GROUNDS:
            grant.uses_left = entry.get("uses")

    def _handoff(self, entry: dict[str, Any]) -> Iterator[str]:
        grant = self._grants.get(entry["grant"], _Standing())
        if grant.state is not GrantState.ACTIVE:
            yield f"a hand-off while its grant is {grant.state}"
        if entry["event"] != grant.event_id:
            yield "a hand-off that names a consent event which was not in force"
            return
        for item in entry["items"]:
            if tuple(item[:3]) not in grant.items:
                yield f"{item[0]} for {item[1]} was not granted"
        if grant.valid_until is not None and entry["at"] >= grant.valid_until:
            yield "a hand-off after its consent had run out"
        if grant.uses_left is not None:
            grant.uses_left -= 1
            if grant.uses_left < 0:
                yield "a hand-off more than its consent allows"
