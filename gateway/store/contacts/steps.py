"""Decisions about a contact, each kept with its event (promise P2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Connection, or_, select, update

from gateway.model.contacts import Contact, ContactEvent, ContactEventType, ContactState, Side
from gateway.model.people import PersonState
from gateway.store.contacts.overview import is_of
from gateway.store.contacts.rows import contact_from_row, items_text
from gateway.store.engine.statements import insert_once
from gateway.store.log_pending import await_places
from gateway.store.tables import contact, contact_event, person


class Met(StrEnum):
    """What came of a wish or a step."""

    DONE = auto()
    ALREADY = auto()
    ASKS = auto()
    SELF = auto()
    STALE = auto()
    UNKNOWN = auto()


def can_meet(row: Any) -> bool:
    """Tell whether contacts are for somebody: an account in use, and nobody under age."""
    return row.state == PersonState.ACTIVE and not row.needs_guardian


def pair_of(one: str, other: str) -> str:
    """Name two people together, whichever of them had asked."""
    return "|".join(sorted((one, other)))


@dataclass(frozen=True, slots=True)
class ContactStep:
    """A decision of one of the two about their contact; its event's `seq` is found when it is made.

    Attributes:
        own_name: of whoever accepts, sealed under their key.
    """

    person_id: str
    event: ContactEvent
    own_name: bytes | None = None


def take_steps(connection: Connection, steps: Sequence[ContactStep]) -> Sequence[Met]:
    """Make decisions, each only if the contact still allows it; of an end and an acceptance at once, one wins."""
    return [_step(connection, each) for each in steps]


def _step(connection: Connection, step: ContactStep) -> Met:
    event = step.event
    if did_append(connection, event):
        return Met.DONE
    if event.type is ContactEventType.ACCEPTED and not _both_can_meet(connection, event.contact_id):
        return Met.STALE
    locked = select(contact).where(contact.c.contact_id == event.contact_id).with_for_update()
    row = connection.execute(locked).first()
    found = contact_from_row(row) if row is not None else None
    if found is None or found.side_of(step.person_id) is not event.side:
        return Met.UNKNOWN
    return Met.DONE if _move(connection, found, event, step.own_name) else Met.STALE


def _both_can_meet(connection: Connection, contact_id: str) -> bool:
    """Lock both people, always in the same order, and tell whether contacts are for them."""
    people = people_of(connection, contact_id, share=False)
    return len(people) == 2 and all(map(can_meet, people))


def people_of(connection: Connection, contact_id: str, *, share: bool) -> Sequence[Any]:
    """Lock the people of a contact; who they are never changes."""
    ids = connection.execute(
        select(contact.c.asker_id, contact.c.asked_id).where(contact.c.contact_id == contact_id)
    ).first()
    statement = (
        select(person.c.person_id, person.c.state, person.c.needs_guardian)
        .where(person.c.person_id.in_([each for each in ids or () if each is not None]))
        .order_by(person.c.person_id)
        .with_for_update(read=share, key_share=not share)
    )
    return connection.execute(statement).all()


def _move(connection: Connection, found: Contact, event: ContactEvent, own_name: bytes | None) -> bool:
    """Make a decision, where it can be made."""
    event = replace(event, seq=found.version + 1)
    after = found.after(event)
    if after is None:
        return False
    is_live, is_no = after.state is ContactState.LIVE, after.state is ContactState.REFUSED
    values: dict[str, Any] = {
        "state": str(after.state),
        "version": after.version,
        "event_id": after.event_id,
        # A "no" must not show in its asker's list, not even by the place of the line.
        "changed_at": contact.c.changed_at if is_no else event.at,
        "asker_items": items_text(after.gives[Side.ASKER]),
        "asked_items": items_text(after.gives[Side.ASKED]),
        # It looks unanswered until its time is over.
        "asked_index": contact.c.asked_index if is_no else None,
        "pair": pair_of(after.asker_id, after.asked_id or "") if is_live else None,
    }
    if own_name is not None:
        values |= {"asked_name": own_name, "asked_address": None}
    connection.execute(update(contact).where(contact.c.contact_id == after.contact_id).values(values))
    append_event(connection, event)
    return True


def append_event(connection: Connection, event: ContactEvent) -> None:
    """Append a decision; it waits for its place in the log."""
    row = {
        "event_id": event.event_id,
        "contact_id": event.contact_id,
        "seq": event.seq,
        "type": str(event.type),
        "side": str(event.side),
        "items": items_text(event.items),
        "is_erasure": event.is_erasure,
        "language": event.language,
        "acr": event.acr,
        "auth_time": event.auth_time,
        "valid_until": event.valid_until,
        "at": event.at,
    }
    insert_once(connection, contact_event, [row])
    await_places(connection, "contact_event", [(event.contact_id, event.event_id)])


def did_append(connection: Connection, event: ContactEvent) -> bool:
    """Tell whether this very decision was committed: a commit whose answer was lost is repeated with the same id."""
    statement = select(contact_event.c.event_id).where(contact_event.c.event_id == event.event_id)
    return connection.execute(statement).first() is not None


def end_contacts_of(
    connection: Connection, person_id: str, end: Callable[[Contact, Side], ContactEvent]
) -> None:
    """End the contacts and wishes of somebody who is erased.

    A wish that waits for them goes on waiting: its asker must not learn that there was somebody.
    """
    own = contact.c
    is_wish = (own.asker_id == person_id) & own.state.in_(["waiting", "refused"])
    statement = (
        select(contact)
        .where(or_(is_wish, is_of(person_id) & (own.state == "live")))
        .order_by(contact.c.contact_id)
        .with_for_update()
    )
    for row in connection.execute(statement).all():
        found = contact_from_row(row)
        side = Side.ASKER if found.asker_id == person_id else Side.ASKED
        _move(connection, found, end(found, side), None)
