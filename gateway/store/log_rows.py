"""Rows of every kind that becomes a leaf, by their ids."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Table, select

from gateway.model.admin_actions import AdminAction
from gateway.model.grants import ConsentEvent
from gateway.model.handoffs import Handoff
from gateway.store.handoffs import handoff_from_row
from gateway.store.loading import event_from_row
from gateway.store.tables import admin_action, consent_event, handoff

_CHUNK = 5000


def load_rows(
    connection: Connection, ids: Mapping[str, Sequence[str]]
) -> list[Handoff | ConsentEvent | AdminAction]:
    """Load rows by kind and id, in no order; one that is not there is absent."""
    handoffs = _rows(connection, handoff, handoff.c.handoff_id, ids.get("handoff", ()))
    events = _rows(connection, consent_event, consent_event.c.event_id, ids.get("consent_event", ()))
    acts = _rows(connection, admin_action, admin_action.c.action_id, ids.get("admin_action", ()))
    return [
        *map(handoff_from_row, handoffs),
        *map(event_from_row, events),
        *(AdminAction(**{**row._mapping, "detail": json.loads(row.detail)}) for row in acts),
    ]


def id_of(row: Handoff | ConsentEvent | AdminAction) -> str:
    """Give a row's own id."""
    if isinstance(row, Handoff):
        return row.handoff_id
    return row.event_id if isinstance(row, ConsentEvent) else row.action_id


def _rows(connection: Connection, table: Table, key: Column[str], ids: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), _CHUNK):
        found += connection.execute(select(table).where(key.in_(ids[start : start + _CHUNK])))
    return found


def load_event_places(connection: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """Tell which place each consent event has among those of its grant."""
    found: dict[str, int] = {}
    for start in range(0, len(event_ids), _CHUNK):
        part = event_ids[start : start + _CHUNK]
        event = consent_event.c
        statement = select(event.event_id, event.seq).where(event.event_id.in_(part))
        found |= {row.event_id: row.seq for row in connection.execute(statement)}
    return found
