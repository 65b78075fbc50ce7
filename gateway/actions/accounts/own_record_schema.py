"""The published schema of a person's own record (JSON Schema draft 2020-12)."""

from typing import Any

from gateway.actions.contacts.own_contacts import contact_schema
from gateway.model.deletions import DeletionState
from gateway.store.accounts.own_record import SECTIONS, RecordSection

VERSION = 2
"""One more whenever a record of the version before would not fit any more."""
SCHEMA = f"/schemas/own-record-{VERSION}.json"


_TEXT = {"type": "string"}
_TIME = {"type": "integer", "description": "Seconds UTC."}
_MAYBE = {"type": ["integer", "null"]}
_ITEMS = {
    "type": "array",
    "items": {"type": "array", "items": _TEXT, "minItems": 3, "maxItems": 3},
    "description": "Field, purpose, form.",
}


def schema() -> dict[str, Any]:
    """Give the record's JSON schema (draft 2020-12)."""
    preference = {"name": _TEXT, "is_on": {"type": "boolean"}, "changed_at": _MAYBE}
    record = {
        "$schema": _TEXT,
        "version": {"type": "integer", "const": VERSION},
        "made_at": _TIME,
        **{each.name: _section(each) for each in SECTIONS},
        "preferences": _list_of(preference),
        "contacts": _list_of(contact_schema()),
        "consents": _list_of(_consent()),
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_object(record)}


def _consent() -> dict[str, Any]:
    """Describe a consent with everything that happened to it."""
    return {
        "id": _TEXT,
        "partner": _TEXT,
        "service": _TEXT,
        "state": _TEXT,
        "legal_basis": _TEXT,
        "items": _ITEMS,
        "since": _TIME,
        "until": _TIME,
        "last_used_at": {**_MAYBE, "description": "When you last used it yourself."},
        "ended_at": _MAYBE,
        "notice": _TEXT,
        "events": _list_of(_event()),
        "handoffs": _list_of(_handoff()),
        "archived_before": {
            **_MAYBE,
            "description": "It was over before this second: some of its hand-offs may be in the log's archive only.",
        },
        "complaints": _list_of({"reference": _TEXT, "kind": _TEXT, "at": _TIME}),
        "deletion": {
            "anyOf": [_object(_deletion()), {"type": "null"}],
            "description": "What the partner was asked to delete at the end, and what it said.",
        },
    }


def _event() -> dict[str, Any]:
    """Describe a decision on a consent."""
    return {
        "id": _TEXT,
        "type": _TEXT,
        "by": _TEXT,
        "reason": {"type": ["string", "null"]},
        "items": _ITEMS,
        "uses": {
            **_MAYBE,
            "description": "So many hand-offs from here on; null where it says nothing about that.",
        },
        "until": _MAYBE,
        "at": _TIME,
        "proof": _TEXT,
    }


def _handoff() -> dict[str, Any]:
    """Describe a hand-off."""
    return {
        "id": _TEXT,
        "at": _TIME,
        "through": _TEXT,
        "used_by_you": {
            "type": ["boolean", "null"],
            "description": "Whether you were there yourself; null where nobody knows any more.",
        },
        "client": _TEXT,
        "items": _ITEMS,
        "proof": _TEXT,
    }


def _deletion() -> dict[str, Any]:
    """Describe what the partner was asked to delete."""
    return {
        "reference": _TEXT,
        "state": {"enum": [str(each) for each in DeletionState]},
        "asked_at": _TIME,
        "complete_by": _TIME,
        "received_at": _MAYBE,
        "answered_at": _MAYBE,
    }


_KINDS = {str: "string", int: "integer", bool: "boolean"}


def _section(section: RecordSection) -> dict[str, Any]:
    """Describe a table's rows by its columns; an account is one."""
    properties = {
        name: {"type": [kind, "null"] if column.nullable else kind}
        for name in section.columns
        for column in (section.table.c[name],)
        for kind in (_KINDS[column.type.python_type],)
    }
    if section.name == "private_addresses":
        properties["address"] = {"type": ["string", "null"]}
    return _object(properties) if section.name == "account" else _list_of(properties)


def _list_of(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties)}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
