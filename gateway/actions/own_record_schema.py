"""The published schema of a person's own record (JSON Schema draft 2020-12)."""

from typing import Any

from gateway.actions.own_contacts import contact_schema
from gateway.model.deletions import DeletionState
from gateway.store.own_record import SECTIONS, Section

VERSION = 2
"""One more whenever a record of the version before would not fit any more."""
SCHEMA = f"/schemas/own-record-{VERSION}.json"


def schema() -> dict[str, Any]:
    """Give the record's JSON schema (draft 2020-12)."""
    text, time = {"type": "string"}, {"type": "integer", "description": "Seconds UTC."}
    maybe = {"type": ["integer", "null"]}
    items = {
        "type": "array",
        "items": {"type": "array", "items": text, "minItems": 3, "maxItems": 3},
        "description": "Field, purpose, form.",
    }
    event = {
        "id": text,
        "type": text,
        "by": text,
        "reason": {"type": ["string", "null"]},
        "items": items,
        "uses": {
            **maybe,
            "description": "So many hand-offs from here on; null where it says nothing about that.",
        },
        "until": maybe,
        "at": time,
        "proof": text,
    }
    handoff = {
        "id": text,
        "at": time,
        "through": text,
        "used_by_you": {
            "type": ["boolean", "null"],
            "description": "Whether you were there yourself; null where nobody knows any more.",
        },
        "client": text,
        "items": items,
        "proof": text,
    }
    complaint = {"reference": text, "kind": text, "at": time}
    deletion = {
        "reference": text,
        "state": {"enum": [str(each) for each in DeletionState]},
        "asked_at": time,
        "complete_by": time,
        "received_at": maybe,
        "answered_at": maybe,
    }
    consent = {
        "id": text,
        "partner": text,
        "service": text,
        "state": text,
        "legal_basis": text,
        "items": items,
        "since": time,
        "until": time,
        "last_used_at": {**maybe, "description": "When you last used it yourself."},
        "ended_at": maybe,
        "notice": text,
        "events": {"type": "array", "items": _object(event)},
        "handoffs": {"type": "array", "items": _object(handoff)},
        "archived_before": {
            **maybe,
            "description": "It was over before this second: some of its hand-offs may be in the log's archive only.",
        },
        "complaints": {"type": "array", "items": _object(complaint)},
        "deletion": {
            "anyOf": [_object(deletion), {"type": "null"}],
            "description": "What the partner was asked to delete at the end, and what it said.",
        },
    }
    preference = {"name": text, "is_on": {"type": "boolean"}, "changed_at": maybe}
    record = {
        "$schema": text,
        "version": {"type": "integer", "const": VERSION},
        "made_at": time,
        **{each.name: _section(each) for each in SECTIONS},
        "preferences": {"type": "array", "items": _object(preference)},
        "contacts": {"type": "array", "items": _object(contact_schema())},
        "consents": {"type": "array", "items": _object(consent)},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(record)}


_KINDS = {str: "string", int: "integer", bool: "boolean"}


def _section(section: Section) -> dict[str, Any]:
    """Describe a table's rows by its columns; an account is one."""
    properties = {
        name: {"type": [kind, "null"] if column.nullable else kind}
        for name in section.columns
        for column in (section.table.c[name],)
        for kind in (_KINDS[column.type.python_type],)
    }
    if section.name == "private_addresses":
        properties["address"] = {"type": ["string", "null"]}
    described = _object(properties)
    return described if section.name == "account" else {"type": "array", "items": described}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
