"""Contacts, their decisions and looks, from rows."""

import json
from collections.abc import Iterable
from typing import Any

from gateway.model.contacts import (
    Contact,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    SeenItem,
    Side,
)
from gateway.model.people import Acr
from scopes import FORMS


def contact_from_row(row: Any) -> Contact:
    """Read a contact's row."""
    return Contact(
        contact_id=row.contact_id,
        asker_id=row.asker_id,
        asked_id=row.asked_id,
        state=ContactState(row.state),
        version=row.version,
        event_id=row.event_id,
        asked_at=row.asked_at,
        valid_until=row.valid_until,
        gives={
            Side.ASKER: given_from_text(row.asker_items),
            Side.ASKED: given_from_text(row.asked_items),
        },
    )


def contact_event_from_row(row: Any) -> ContactEvent:
    """Read a decision's row."""
    return ContactEvent(
        event_id=row.event_id,
        contact_id=row.contact_id,
        seq=row.seq,
        type=ContactEventType(row.type),
        side=Side(row.side),
        items=given_from_text(row._mapping["items"]),
        is_erasure=row.is_erasure,
        language=row.language,
        acr=None if row.acr is None else Acr(row.acr),
        auth_time=row.auth_time,
        valid_until=row.valid_until,
        at=row.at,
    )


def contact_view_from_row(row: Any) -> ContactView:
    """Read a look's row."""
    items = json.loads(row._mapping["items"])
    return ContactView(
        view_id=row.view_id,
        contact_id=row.contact_id,
        event_id=row.event_id,
        giver=Side(row.giver),
        giver_id=row.giver_id,
        viewer_id=row.viewer_id,
        items=tuple(SeenItem(GivenItem(field, FORMS[form]), committed) for field, form, committed in items),
        at=row.at,
        entry_digest=row.entry_digest,
    )


def items_text(items: Iterable[GivenItem]) -> str:
    """Write what somebody gives."""
    return json.dumps([[each.field, str(each.form)] for each in sorted(items)])


def given_from_text(text: str) -> tuple[GivenItem, ...]:
    """Read what `items_text` wrote."""
    return tuple(GivenItem(field, FORMS[form]) for field, form in json.loads(text))
