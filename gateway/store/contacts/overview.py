"""Contacts as their two people see them: with names, still sealed, and with what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.contacts import Contact, ContactEvent, ContactView, Side
from gateway.store.contacts.rows import contact_event_from_row, contact_from_row, contact_view_from_row
from gateway.store.tables import contact, contact_event, contact_view, person_key


@dataclass(frozen=True, slots=True)
class NamedContact:
    """A contact with the names in it, each still sealed under its owner's key.

    Attributes:
        address: what the asker wrote, until somebody accepted; sealed under the asker's key.
        keys: of each side's person; None where they were erased, or nobody was reached.
    """

    contact: Contact
    names: dict[Side, bytes | None]
    address: bytes | None
    keys: dict[Side, WrappedKey | None]
    changed_at: int


def load_contacts(connection: Connection, person_ids: Sequence[str]) -> Sequence[list[NamedContact]]:
    """Load every contact of each person, the newest first."""
    return [_contacts(connection, is_of(person_id)) for person_id in person_ids]


def load_own_contacts(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> Sequence[NamedContact | None]:
    """Load single contacts by (person, contact); None where it is not theirs."""
    found = [
        _contacts(connection, is_of(person_id) & (contact.c.contact_id == contact_id))
        for person_id, contact_id in pairs
    ]
    return [each[0] if each else None for each in found]


def is_of(person_id: str) -> Any:
    """Ask for the contacts of a person, whichever of the two had asked."""
    return or_(contact.c.asker_id == person_id, contact.c.asked_id == person_id)


def _contacts(connection: Connection, condition: Any) -> list[NamedContact]:
    one, other = person_key.alias("asker_key"), person_key.alias("asked_key")
    statement = (
        select(
            contact,
            one.c.master.label("asker_master"),
            one.c.wrapped.label("asker_wrapped"),
            other.c.master.label("asked_master"),
            other.c.wrapped.label("asked_wrapped"),
        )
        .outerjoin(one, one.c.person_id == contact.c.asker_id)
        .outerjoin(other, other.c.person_id == contact.c.asked_id)
        .where(condition)
        .order_by(contact.c.changed_at.desc(), contact.c.contact_id)
    )
    return [
        NamedContact(
            contact_from_row(row),
            {Side.ASKER: row.asker_name, Side.ASKED: row.asked_name},
            row.asked_address,
            {
                Side.ASKER: _key(row.asker_master, row.asker_wrapped),
                Side.ASKED: _key(row.asked_master, row.asked_wrapped),
            },
            row.changed_at,
        )
        for row in connection.execute(statement)
    ]


def _key(master: str | None, wrapped: bytes | None) -> WrappedKey | None:
    return None if master is None or wrapped is None else WrappedKey(master, wrapped)


@dataclass(frozen=True, slots=True)
class ContactHistory:
    """What happened to a contact, oldest first."""

    events: tuple[ContactEvent, ...]
    views: tuple[ContactView, ...]


def load_histories(connection: Connection, contact_ids: Sequence[str]) -> Sequence[ContactHistory]:
    """Load decisions and looks of each contact."""
    return [_history(connection, each) for each in contact_ids]


def _history(connection: Connection, contact_id: str) -> ContactHistory:
    events = (
        select(contact_event).where(contact_event.c.contact_id == contact_id).order_by(contact_event.c.seq)
    )
    views = (
        select(contact_view)
        .where(contact_view.c.contact_id == contact_id)
        .order_by(contact_view.c.at, contact_view.c.view_id)
    )
    return ContactHistory(
        tuple(map(contact_event_from_row, connection.execute(events))),
        tuple(map(contact_view_from_row, connection.execute(views))),
    )
