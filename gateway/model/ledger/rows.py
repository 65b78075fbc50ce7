"""Rows that become leaves of the log, of every kind that there is."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.model.administration.actions import AdminAction
from gateway.model.contacts import ContactEvent, ContactView
from gateway.model.grants import ConsentEvent
from gateway.model.ledger.handoffs import LoggedHandoff

LogRow = LoggedHandoff | ConsentEvent | AdminAction | ContactEvent | ContactView
"""What becomes a leaf of the log."""

KIND_OF: Mapping[type[LogRow], str] = MappingProxyType(
    {
        LoggedHandoff: "handoff",
        ConsentEvent: "consent_event",
        AdminAction: "admin_action",
        ContactEvent: "contact_event",
        ContactView: "contact_view",
    }
)
"""How an entry names its kind."""


def id_of(row: LogRow) -> str:
    """Give a row's own id."""
    if isinstance(row, LoggedHandoff):
        return row.handoff_id
    if isinstance(row, ConsentEvent | ContactEvent):
        return row.event_id
    return row.view_id if isinstance(row, ContactView) else row.action_id
