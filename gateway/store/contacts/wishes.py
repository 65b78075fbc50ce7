"""Wishes to be in contact: each takes the same statements, whoever has the address (promise P2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, literal, or_, select, union_all, update

from gateway.model.contacts import COOL_OFF, ContactEvent, ContactState
from gateway.store.contacts.rows import items_text
from gateway.store.contacts.steps import Met, append_event, can_meet, did_append, pair_of
from gateway.store.engine.statements import insert_once
from gateway.store.letters import CONTACT, NewLetter, post_letters
from gateway.store.tables import contact, contact_event, person


@dataclass(frozen=True, slots=True)
class NewWish:
    """A wish to be in contact with whoever has an address.

    Attributes:
        asked_index: blind index of the address, as for a log-in.
        asked_address: the address, sealed under the asker's key.
        asker_name: sealed likewise.
        event: the first of the contact.
    """

    asker_id: str
    asked_index: bytes
    asked_address: bytes
    asker_name: bytes
    event: ContactEvent


def add_wishes(connection: Connection, wishes: Sequence[NewWish]) -> Sequence[Met]:
    """Keep wishes; each takes the same statements, whether the address belongs to somebody or to nobody (P2).

    A wish reaches nobody where there is no such person, where they are under age, and where they said no to
    this asker lately; nothing in the outcome tells which.
    """
    return [_wish(connection, each) for each in wishes]


def _wish(connection: Connection, new: NewWish) -> Met:
    event = new.event
    if did_append(connection, event):
        return Met.DONE
    # Of two wishes of one person the second sees the first; an erasure beside it comes before it or after it.
    found = {
        row.person_id: row
        for row in connection.execute(
            select(person.c.person_id, person.c.login_index, person.c.state, person.c.needs_guardian)
            .where(or_(person.c.person_id == new.asker_id, person.c.login_index == new.asked_index))
            .order_by(person.c.person_id)
            .with_for_update(key_share=True)
        )
    }
    asker = found.pop(new.asker_id, None)
    if asker is None or not can_meet(asker):
        return Met.UNKNOWN
    if asker.login_index == new.asked_index:
        return Met.SELF
    asked_id = next((row.person_id for row in found.values() if can_meet(row)), None)
    standing = set(connection.execute(_standing(new, asked_id)).scalars())
    if "asks" in standing:
        return Met.ASKS
    if standing & {"live", "waiting"}:
        return Met.ALREADY
    reached = None if "refused" in standing else asked_id
    insert_once(connection, contact, [_first_row(new, reached)])
    append_event(connection, event)
    # A letter is posted even if the wish reaches nobody; the postman finds out whether to write to anybody.
    post_letters(connection, [NewLetter(event.contact_id, CONTACT, None, event.at)])
    return Met.DONE


def _standing(new: NewWish, asked_id: str | None) -> Any:
    """Name what stands: a contact, their own wish, a wish that the asker believes to wait, a "no" of late."""
    own, now = contact.c, new.event.at
    to_them = (own.asker_id == new.asker_id) & (own.asked_id == (asked_id or ""))
    # By the address alone, because the person who said no may have been erased since, or be under age.
    seems_to_wait = (
        (own.asker_id == new.asker_id)
        & own.state.in_(["waiting", "refused"])
        & (own.asked_index == new.asked_index)
    )
    said_no = select(contact_event.c.event_id).where(
        contact_event.c.contact_id == own.contact_id,
        contact_event.c.type == "refused",
        contact_event.c.at > now - COOL_OFF,
    )
    return union_all(
        select(literal("live")).where(own.pair == pair_of(new.asker_id, asked_id or "")),
        select(literal("asks")).where(
            own.asker_id == (asked_id or ""),
            own.asked_id == new.asker_id,
            own.state == "waiting",
            own.valid_until > now,
        ),
        select(literal("waiting")).where(seems_to_wait, own.valid_until > now),
        select(literal("refused")).where(to_them, said_no.exists()),
    )


def _first_row(new: NewWish, asked_id: str | None) -> dict[str, Any]:
    event = new.event
    return {
        "contact_id": event.contact_id,
        "asker_id": new.asker_id,
        "asked_id": asked_id,
        "asked_index": new.asked_index,
        "asked_address": new.asked_address,
        "asker_name": new.asker_name,
        "state": str(ContactState.WAITING),
        "version": event.seq,
        "event_id": event.event_id,
        "asked_at": event.at,
        "valid_until": event.valid_until,
        "changed_at": event.at,
        "asker_items": items_text(event.items),
        "asked_items": "[]",
    }


def forget_lapsed(connection: Connection, nows: Sequence[int]) -> Sequence[int]:
    """Forget whom unanswered wishes were about once their time is over; give how many."""
    late = contact.c.asked_index.is_not(None)
    return [
        connection.execute(
            update(contact).where(late, contact.c.valid_until <= now).values(asked_index=None)
        ).rowcount
        for now in nows
    ]


def load_asked(connection: Connection, wishes: Sequence[tuple[str, int]]) -> Sequence[str | None]:
    """Find whom to write to about wishes, by (contact, now).

    Nobody where it reached nobody, was answered, taken back or ran out, or where the same person asked them lately
    before: taking a wish back and asking again sends no second letter.
    """
    return [_asked(connection, *each) for each in wishes]


def _asked(connection: Connection, contact_id: str, now: int) -> str | None:
    own, other = contact.c, contact.alias("earlier")
    earlier = select(other.c.contact_id).where(
        other.c.asker_id == own.asker_id,
        other.c.asked_id == own.asked_id,
        other.c.contact_id != own.contact_id,
        other.c.asked_at <= own.asked_at,
        other.c.asked_at > now - COOL_OFF,
    )
    statement = (
        select(own.asked_id)
        .join(person, person.c.person_id == own.asked_id)
        .where(
            own.contact_id == contact_id,
            own.state == "waiting",
            own.valid_until > now,
            ~person.c.needs_guardian,
            ~earlier.exists(),
        )
    )
    found: str | None = connection.execute(statement).scalar()
    return found
