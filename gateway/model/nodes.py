"""Nodes: the processes that serve or relay, which master keys they know, and the background work that they do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto


class Work(StrEnum):
    """What some node has to do in the background, or nobody does."""

    SEQUENCER = auto()
    MAIL = auto()
    LOGOUTS = auto()
    DELETIONS = auto()
    UPKEEP = auto()


@dataclass(frozen=True, slots=True)
class Node:
    """What a node last said of itself.

    Attributes:
        place: the machine's name and the process's number.
        current: name of the master key that it seals with.
        masters: names of the master keys that it can open with.
        last_done: the background work that it does, and when it last did some; None before the first time.
    """

    node_id: str
    place: str
    started_at: int
    seen_at: int
    current: str
    masters: frozenset[str]
    last_done: Mapping[Work, int | None]


SILENCE = 180
"""Seconds after which a node that says nothing is taken to be gone: several reports, and what clocks may differ by."""


def places_of(nodes: Iterable[Node]) -> str:
    """Name where nodes run, for whoever has to go there."""
    return "; ".join(node.place for node in nodes)


def is_running(node: Node, now: int) -> bool:
    """Whether a node is there: one that was killed says nothing any more."""
    return now - node.seen_at < SILENCE
