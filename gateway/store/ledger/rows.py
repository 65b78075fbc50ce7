"""Rows of every kind that becomes a leaf, by their ids."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from gateway.model.administration.actions import AdminAction
from gateway.model.ledger.handoffs import LoggedHandoff
from gateway.model.ledger.rows import LogRow
from gateway.store.contacts.rows import contact_event_from_row, contact_view_from_row
from gateway.store.engine.statements import PreparedStatement
from gateway.store.records_from_rows import event_from_row
from gateway.store.tables import admin_action, consent_event, contact_event, contact_view, handoff

_CHUNK = 5000


def load_rows(connection: Connection, ids: Mapping[str, Sequence[str]]) -> list[LogRow]:
    """Load rows by kind and id, in no order; one that is not there is absent."""
    found: list[LogRow] = []
    for kind, (statement, read) in _READERS.items():
        found += map(read, _rows(connection, statement, ids.get(kind, ())))
    return found


def _handoff_from_row(row: Any) -> LoggedHandoff:
    handoff_id, grant_id, event_id, partner_id, client_id, token_digest, endpoint, items, at = row
    return LoggedHandoff(
        handoff_id, grant_id, event_id, partner_id, client_id, token_digest, endpoint, orjson.loads(items), at
    )


def _action_from_row(row: Any) -> AdminAction:
    return AdminAction(**{**row._mapping, "detail": json.loads(row.detail)})


_HANDOFF_COLUMNS = (
    handoff.c.handoff_id,
    handoff.c.grant_id,
    handoff.c.event_id,
    handoff.c.partner_id,
    handoff.c.client_id,
    handoff.c.token_digest,
    handoff.c.endpoint,
    handoff.c["items"],
    handoff.c.at,
)
_HANDOFFS = PreparedStatement(
    lambda lists: select(*_HANDOFF_COLUMNS).where(lists.any_of(handoff.c.handoff_id))
)
_EVENTS = PreparedStatement(lambda lists: select(consent_event).where(lists.any_of(consent_event.c.event_id)))
_ACTS = PreparedStatement(lambda lists: select(admin_action).where(lists.any_of(admin_action.c.action_id)))
_CONTACT_EVENTS = PreparedStatement(
    lambda lists: select(contact_event).where(lists.any_of(contact_event.c.event_id))
)
_VIEWS = PreparedStatement(lambda lists: select(contact_view).where(lists.any_of(contact_view.c.view_id)))
_READERS: Mapping[str, tuple[PreparedStatement, Callable[[Any], LogRow]]] = {
    "handoff": (_HANDOFFS, _handoff_from_row),
    "consent_event": (_EVENTS, event_from_row),
    "admin_action": (_ACTS, _action_from_row),
    "contact_event": (_CONTACT_EVENTS, contact_event_from_row),
    "contact_view": (_VIEWS, contact_view_from_row),
}


def _places(table: Table) -> PreparedStatement:
    return PreparedStatement(
        lambda lists: select(table.c.event_id, table.c.seq).where(lists.any_of(table.c.event_id))
    )


_PLACES = tuple(map(_places, (consent_event, contact_event)))


def _rows(connection: Connection, statement: PreparedStatement, ids: Sequence[str]) -> list[Any]:
    found: list[Any] = []
    for start in range(0, len(ids), _CHUNK):
        found += statement(connection, wanted=ids[start : start + _CHUNK])
    return found


def load_event_places(connection: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """Tell which place each event has among those of its grant or contact."""
    return {row.event_id: row.seq for each in _PLACES for row in _rows(connection, each, event_ids)}
