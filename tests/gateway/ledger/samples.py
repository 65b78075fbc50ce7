"""Entries of one grant, as the log has them, for who holds both verifiers to their order."""

from typing import Any

from gateway.model.grants import DPV_STATUS, EventType
from gateway.model.ledger.event_rules import REACH

EMAIL = ["email", "results_delivery", "masked"]
UNTIL = 2_000_000_000


def decided_entry(type_: str, **changes: Any) -> dict[str, Any]:
    """Make a consent event by the first who may decide it; `uses` only where it is said."""
    kind = EventType(type_)
    actor = changes.get("actor", str(next(iter(REACH[kind]))))
    seq = changes.get("seq", 1)
    return {
        "kind": "consent_event",
        "grant": "g",
        "id": f"e{seq}",
        "seq": seq,
        "type": str(kind),
        "dpv": DPV_STATUS[kind],
        "actor": actor,
        "by": None if actor == "subject" else "mark:x",
        "items": [EMAIL],
        "valid_until": UNTIL,
        "at": 1_000_000_000,
        **changes,
    }


def read_entry(event: str, items: list[list[str]], **changes: Any) -> dict[str, Any]:
    """Make a hand-off of items under an event."""
    handed = [[*each, "c0mm1tment"] for each in items]
    known = {"kind": "handoff", "grant": "g", "event": event, "partner": "quizco", "items": handed}
    return {**known, "at": 1_000_000_000, **changes}
