"""Folding the entries of contacts in the log's order: every move legal, every look allowed at that very place (P2)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.model.contacts import CONTACT_MOVES, ContactEventType, ContactState, Side

_OVER = (ContactState.REFUSED, ContactState.ENDED)


@dataclass(slots=True)
class _ContactStanding:
    state: ContactState | None = None
    events: int = 0
    event_id: str = ""
    valid_until: int | None = None
    gives: dict[Side, frozenset[tuple[str, ...]]] = field(default_factory=dict)


@dataclass(slots=True)
class ContactOrder:
    """Folds decisions and looks: none may see what the other did not give just then, nothing follows the end."""

    _contacts: dict[str, _ContactStanding] = field(default_factory=dict)

    def faults(self, entry: dict[str, Any]) -> Iterator[str]:
        """Take the next entry of a contact; say what is wrong with its place."""
        contact = self._contacts.setdefault(entry["contact"], _ContactStanding())
        if entry["kind"] == "contact_event":
            yield from self._event(contact, entry)
        else:
            yield from self._view(contact, entry)

    def _event(self, contact: _ContactStanding, entry: dict[str, Any]) -> Iterator[str]:
        kind, side = ContactEventType(entry["type"]), Side(entry["side"])
        if entry["seq"] != contact.events + 1:
            yield f"contact event {entry['seq']} follows number {contact.events}"
        after = CONTACT_MOVES[contact.state].get((kind, side))
        if after is None:
            yield f"{kind} by the {side} does not follow {contact.state}"
        if (entry["valid_until"] is None) is (kind is ContactEventType.ASKED):
            yield "a wish has an end, and nothing else has"
        if kind is ContactEventType.ASKED:
            contact.valid_until = entry["valid_until"]
        elif kind is ContactEventType.ACCEPTED and _is_over(contact.valid_until, entry["at"]):
            yield "a wish that was accepted after its time"
        if after in _OVER and entry["items"]:
            yield "a no that gives something"
        if entry["erasure"] and kind is not ContactEventType.ENDED:
            yield "an erasure that is no end"
        contact.state = after or contact.state
        contact.events, contact.event_id = entry["seq"], entry["id"]
        contact.gives[side] = frozenset(tuple(item) for item in entry["items"])

    def _view(self, contact: _ContactStanding, entry: dict[str, Any]) -> Iterator[str]:
        given = contact.gives.get(Side(entry["giver"]), frozenset())
        if contact.state is not ContactState.LIVE:
            yield f"a look while its contact is {contact.state}"
            return
        if entry["event"] != contact.event_id:
            yield "a look that names a decision which was not the last"
            return
        for item in entry["items"]:
            if tuple(item[:2]) not in given:
                yield f"{item[0]} in the form {item[1]} was not given"


def _is_over(valid_until: int | None, at: int) -> bool:
    return valid_until is not None and at >= valid_until
