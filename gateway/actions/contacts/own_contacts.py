"""Contacts in a person's own record: what each gives, every decision and every look, as the person may know them."""

from collections.abc import Iterable
from typing import Any

from gateway.actions.contacts.overview import ContactLine, see_contacts
from gateway.actions.services import Services
from gateway.model.contacts import (
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    Side,
)
from gateway.model.people import Session
from gateway.store.contacts.overview import NamedContact, load_contacts, load_histories

_YOU, _OTHER = "you", "other"


async def own_contacts(services: Services, session: Session) -> list[dict[str, Any]]:
    """Collect contacts, newest first; the record tells as little of a "no" that the person got as the pages do (P2)."""
    listed = await see_contacts(services, session)
    found = [
        await _seen(services, line) for line in (*listed.live, *listed.to_answer, *listed.asked, *listed.over)
    ]
    # What the person refused is gone from their pages, but it is still data about them.
    mine = await services.store.read(load_contacts, session.person.person_id)
    found += [await _refused(services, each) for each in mine if _said_no(each, session.person.person_id)]
    return sorted(found, key=lambda each: (each["events"][0]["at"], each["id"]), reverse=True)


async def _seen(services: Services, line: ContactLine) -> dict[str, Any]:
    history = await services.store.read(load_histories, line.contact_id)
    events = [each for each in history.events if each.type is not ContactEventType.REFUSED]
    return {
        "id": line.contact_id,
        "with": line.name,
        "state": str(line.state),
        "you_give": _words(line.given),
        "you_get": _words(line.got),
        "until": line.until,
        "events": [_event(each, line.own) for each in events],
        "looks": [_look(each, line.own) for each in history.views],
    }


def _said_no(each: NamedContact, person_id: str) -> bool:
    return each.contact.asked_id == person_id and each.contact.state is ContactState.REFUSED


async def _refused(services: Services, each: NamedContact) -> dict[str, Any]:
    history = await services.store.read(load_histories, each.contact.contact_id)
    return {
        "id": each.contact.contact_id,
        "with": "",
        "state": str(ContactState.REFUSED),
        "you_give": [],
        "you_get": [],
        "until": None,
        "events": [_event(event, Side.ASKED) for event in history.events],
        "looks": [],
    }


def _event(event: ContactEvent, own: Side) -> dict[str, Any]:
    return {
        "id": event.event_id,
        "type": str(event.type),
        "by": _YOU if event.side is own else _OTHER,
        "items": _words(event.items),
        "at": event.at,
    }


def _look(view: ContactView, own: Side) -> dict[str, Any]:
    return {
        "id": view.view_id,
        "by": _OTHER if view.giver is own else _YOU,
        "items": _words(each.item for each in view.items),
        "at": view.at,
    }


def _words(items: Iterable[GivenItem]) -> list[list[str]]:
    return sorted([each.field, str(each.form)] for each in items)


def contact_schema() -> dict[str, Any]:
    """Give the JSON schema's properties of one contact (draft 2020-12)."""
    text: dict[str, Any] = {"type": "string"}
    time = {"type": "integer", "description": "Seconds UTC."}
    who = {**text, "enum": [_YOU, _OTHER]}
    items = {
        "type": "array",
        "items": {"type": "array", "items": text, "minItems": 2, "maxItems": 2},
        "description": "Field, form.",
    }
    event = {
        "id": text,
        "type": {**text, "enum": [str(each) for each in ContactEventType]},
        "by": who,
        "items": {**items, "description": "What whoever decided gives from then on: field, form."},
        "at": time,
    }
    look = {
        "id": text,
        "by": {**who, "description": "Who saw what the other gives."},
        "items": items,
        "at": time,
    }
    return {
        "id": text,
        "with": {
            **text,
            "description": "The other's name, or the address that you wrote; empty once it is gone.",
        },
        "state": {**text, "enum": [str(each) for each in ContactState]},
        "you_give": items,
        "you_get": items,
        "until": {
            "type": ["integer", "null"],
            "description": "Of a question: it can be answered before this second.",
        },
        "events": _list_of(event),
        "looks": _list_of(look),
    }


def _list_of(properties: dict[str, Any]) -> dict[str, Any]:
    each = {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }
    return {"type": "array", "items": each}
