"""Folding the entries of grants in the log's order: who decided what, what it changed, and each read under it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gateway.kit.clock import DAY
from gateway.model.grants import (
    DPV_STATUS,
    GROUNDS,
    ActorKind,
    EventType,
    GrantState,
    IllegalMove,
    move,
)
from gateway.model.ledger.event_rules import ANSWERS, REACH, Reach
from scopes import is_denied

_PURPOSE = re.compile("[a-z0-9_]+")
Items = frozenset[tuple[str, ...]]


@dataclass(slots=True)
class _GrantStanding:
    state: GrantState | None = None
    events: int = 0
    event_id: str = ""
    items: Items = frozenset()
    valid_until: int | None = None
    uses: int | None = None
    uses_left: int | None = None
    asked_at: int = 0
    partner: str | None = None

    def take(self, entry: dict[str, Any]) -> None:
        """Let a consent event be the one in force, right or wrong."""
        type_ = EventType(entry["type"])
        if type_ is EventType.ASKED:
            self.asked_at = entry["at"]
        self.events, self.event_id = entry["seq"], entry["id"]
        self.items, self.valid_until = _items(entry), entry["valid_until"]
        if "uses" in entry or type_ in GROUNDS:
            self.uses = self.uses_left = entry.get("uses")

    def wish_ends(self, at: int) -> int | None:
        """The latest end that a guardian's yes can have: a length of time begins with the yes, a day stays."""
        until = self.valid_until
        return until if until is None or until % DAY == DAY - 1 else at + until - self.asked_at


def _items(entry: dict[str, Any]) -> Items:
    return frozenset(tuple(item) for item in entry["items"])


@dataclass(slots=True)
class ConsentOrder:
    """Folds consent events and hand-offs: no hand-off without its grant's consent in force at that very place."""

    _grants: dict[str, _GrantStanding] = field(default_factory=dict)

    def faults(self, entry: dict[str, Any]) -> Iterator[str]:
        """Take the next entry of a grant; say what is wrong with its place."""
        grant = self._grants.setdefault(entry["grant"], _GrantStanding())
        if entry["kind"] == "consent_event":
            yield from _event(grant, entry)
        else:
            yield from _handoff(grant, entry)


def _event(grant: _GrantStanding, entry: dict[str, Any]) -> Iterator[str]:
    type_, actor = EventType(entry["type"]), ActorKind(entry["actor"])
    if entry["seq"] != grant.events + 1:
        yield f"consent event {entry['seq']} of its grant follows number {grant.events}"
    if entry["dpv"] != DPV_STATUS[type_]:
        yield "its DPV status is not that of its type"
    if (entry["by"] is None) is not (actor is ActorKind.SUBJECT):
        yield "its actor is not of the kind that it says"
    reach = REACH[type_].get(actor)
    if reach is None or (
        actor is ActorKind.GUARDIAN and type_ in ANSWERS and grant.state is not GrantState.WAITING
    ):
        yield f"{type_} cannot be decided by the {actor} here"
    else:
        yield from _changes(grant, entry, reach)
    yield from _purposes(entry if type_ in GROUNDS else {"items": ()})
    try:
        grant.state = move(grant.state, type_)
    except IllegalMove as error:
        yield str(error)
    grant.take(entry)


def _changes(grant: _GrantStanding, entry: dict[str, Any], reach: Reach) -> Iterator[str]:
    """Hold what an event changes against what it may change."""
    type_, items, until = entry["type"], _items(entry), entry["valid_until"]
    if reach is not Reach.ANEW and items - grant.items:
        yield f"{type_} cannot add an item, nor another form of one"
    if reach is Reach.NOTHING and grant.items - items:
        yield f"{type_} cannot take an item away"
    # What a no begins with ends in the same second.
    before = grant.valid_until if grant.events else entry["at"]
    if reach is Reach.WITHIN_WISH:
        before = grant.wish_ends(entry["at"])
    if reach not in (Reach.ANEW, Reach.RENEW) and _is_more(until, before):
        yield f"{type_} cannot prolong"
    if reach is Reach.NOTHING and _is_more(before, until):
        yield f"{type_} cannot shorten"
    if "uses" in entry and reach in (Reach.LESS, Reach.NOTHING):
        yield f"{type_} cannot say how often may be read"
    if reach is Reach.WITHIN_WISH and _is_more(entry.get("uses"), grant.uses):
        yield f"{type_} cannot allow more reads than were asked for"


def _is_more(value: int | None, before: int | None) -> bool:
    """Whether an end, or a number of reads, is beyond another; None is without bound."""
    return before is not None and (value is None or value > before)


def _purposes(entry: dict[str, Any]) -> Iterator[str]:
    for item in entry["items"]:
        if is_never_allowed(item[1]):
            yield f"{item[0]} for {item[1]}: nothing leaves for this purpose, whoever agreed"


@cache
def is_never_allowed(purpose: str) -> bool:
    """Whether a purpose is denied, or none at all."""
    return not _PURPOSE.fullmatch(purpose) or is_denied(purpose)


def _handoff(grant: _GrantStanding, entry: dict[str, Any]) -> Iterator[str]:
    if grant.partner not in (None, entry["partner"]):
        yield f"a hand-off to {entry['partner']} by a consent for {grant.partner}"
    grant.partner = grant.partner or entry["partner"]
    if grant.state is not GrantState.ACTIVE:
        yield f"a hand-off while its grant is {grant.state}"
    if entry["event"] != grant.event_id:
        yield "a hand-off that names a consent event which was not in force"
        return
    yield from _purposes(entry)
    for item in entry["items"]:
        if tuple(item[:3]) not in grant.items:
            yield f"{item[0]} for {item[1]} was not granted"
    if grant.valid_until is not None and entry["at"] >= grant.valid_until:
        yield "a hand-off after its consent had run out"
    if grant.uses_left is not None:
        grant.uses_left -= 1
        if grant.uses_left < 0:
            yield "a hand-off more than its consent allows"
