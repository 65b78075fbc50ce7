"""Rows of every kind that becomes a leaf, by their ids."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from gateway.model.admin_actions import AdminAction
from gateway.model.grants import ConsentEvent
from gateway.model.handoffs import Handoff
from gateway.store.handoffs import handoff_from_row
from gateway.store.loading import event_from_row
from gateway.store.statements import Hot
from gateway.store.tables import admin_action, consent_event, handoff

_CHUNK = 5000


def load_rows(
    connection: Connection, ids: Mapping[str, Sequence[str]]
) -> list[Handoff | ConsentEvent | AdminAction]:
    """Load rows by kind and id, in no order; one that is not there is absent."""
    handoffs = _rows(connection, _HANDOFFS, ids.get("handoff", ()))
    events = _rows(connection, _EVENTS, ids.get("consent_event", ()))
    acts = _rows(connection, _ACTS, ids.get("admin_action", ()))
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


_HANDOFFS = Hot(lambda lists: select(handoff).where(lists.any_of(handoff.c.handoff_id)))
_EVENTS = Hot(lambda lists: select(consent_event).where(lists.any_of(consent_event.c.event_id)))
_ACTS = Hot(lambda lists: select(admin_action).where(lists.any_of(admin_action.c.action_id)))
_PLACES = Hot(
    lambda lists: select(consent_event.c.event_id, consent_event.c.seq).where(
        lists.any_of(consent_event.c.event_id)
    )
)


def _rows(connection: Connection, statement: Hot, ids: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), _CHUNK):
        found += statement(connection, wanted=ids[start : start + _CHUNK])
    return found


def load_event_places(connection: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """Tell which place each consent event has among those of its grant."""
    return {row.event_id: row.seq for row in _rows(connection, _PLACES, event_ids)}
