"""Contacts between people: wishes, answers, changes and ends, each with the event that it is (promise P2)."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Connection, literal, or_, select, union_all, update

from gateway.kit.sealing import WrappedKey
from gateway.model.contacts import (
    COOL_OFF,
    Contact,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    SeenItem,
    Side,
)
from gateway.model.people import Acr, PersonState
from gateway.store.letters import CONTACT, NewLetter, post_letters
from gateway.store.log_pending import await_places
from gateway.store.statements import insert_once
from gateway.store.tables import contact, contact_event, contact_view, person, person_key
from scopes import FORMS


class Met(StrEnum):
    """What came of a wish or a step."""

    DONE = auto()
    ALREADY = auto()
    ASKS = auto()
    SELF = auto()
    STALE = auto()
    UNKNOWN = auto()


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
    """Keep wishes. Each takes the same statements, whoever the address belongs to, if to anybody (promise P2).

    A wish reaches nobody where there is no such person, where they are under age, and where they said no to
    this asker lately; nothing in the outcome tells which.
    """
    return [_wish(connection, each) for each in wishes]


def _wish(connection: Connection, new: NewWish) -> Met:
    event = new.event
    if _is_known(connection, event):
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
    if asker is None or not _can_meet(asker):
        return Met.UNKNOWN
    if asker.login_index == new.asked_index:
        return Met.SELF
    asked_id = next((row.person_id for row in found.values() if _can_meet(row)), None)
    standing = set(connection.execute(_standing(new, asked_id)).scalars())
    if "asks" in standing:
        return Met.ASKS
    if standing & {"live", "waiting"}:
        return Met.ALREADY
    reached = None if "refused" in standing else asked_id
    insert_once(connection, contact, [_first_row(new, reached)])
    _append(connection, event)
    # Also where nobody is reached: who is written to, if anybody, the postman finds out.
    post_letters(connection, [NewLetter(event.contact_id, CONTACT, None, event.at)])
    return Met.DONE


def _can_meet(row: Any) -> bool:
    return row.state == PersonState.ACTIVE and not row.needs_guardian


def _standing(new: NewWish, asked_id: str | None) -> Any:
    """Name what stands: a contact, their own wish, a wish that the asker believes to wait, a "no" of late."""
    own, now = contact.c, new.event.at
    to_them = (own.asker_id == new.asker_id) & (own.asked_id == (asked_id or ""))
    # By the address alone: whoever said no may have been erased since, or be under age.
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


def pair_of(one: str, other: str) -> str:
    """Name two people together, whoever asked."""
    return "|".join(sorted((one, other)))


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


@dataclass(frozen=True, slots=True)
class Step:
    """A decision of one of the two on what stands; its event's `seq` is found when it is made.

    Attributes:
        own_name: of whoever accepts, sealed under their key.
    """

    person_id: str
    event: ContactEvent
    own_name: bytes | None = None


def take_steps(connection: Connection, steps: Sequence[Step]) -> Sequence[Met]:
    """Make decisions, each where the contact still allows it: of an end and an acceptance at once, one wins."""
    return [_step(connection, each) for each in steps]


def _step(connection: Connection, step: Step) -> Met:
    event = step.event
    if _is_known(connection, event):
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
    """Hold both people, in the order in which everybody does, and tell whether contacts are for them."""
    people = people_of(connection, contact_id, share=False)
    return len(people) == 2 and all(map(_can_meet, people))


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
        # Until its time is over, as if nobody had answered.
        "asked_index": contact.c.asked_index if is_no else None,
        "pair": pair_of(after.asker_id, after.asked_id or "") if is_live else None,
    }
    if own_name is not None:
        values |= {"asked_name": own_name, "asked_address": None}
    connection.execute(update(contact).where(contact.c.contact_id == after.contact_id).values(values))
    _append(connection, event)
    return True


def _append(connection: Connection, event: ContactEvent) -> None:
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


def _is_known(connection: Connection, event: ContactEvent) -> bool:
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
        .where(or_(is_wish, _is_of(person_id) & (own.state == "live")))
        .order_by(contact.c.contact_id)
        .with_for_update()
    )
    for row in connection.execute(statement).all():
        found = contact_from_row(row)
        side = Side.ASKER if found.asker_id == person_id else Side.ASKED
        _move(connection, found, end(found, side), None)


def forget_lapsed(connection: Connection, nows: Sequence[int]) -> Sequence[int]:
    """Forget whom wishes were about that nobody answered in time; how many."""
    late = contact.c.asked_index.is_not(None)
    return [
        connection.execute(
            update(contact).where(late, contact.c.valid_until <= now).values(asked_index=None)
        ).rowcount
        for now in nows
    ]


# Reading


@dataclass(frozen=True, slots=True)
class NamedContact:
    """A contact with the names in it, each still sealed under the key of whose it is.

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
    return [_contacts(connection, _is_of(person_id)) for person_id in person_ids]


def load_own_contacts(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> Sequence[NamedContact | None]:
    """Load single contacts by (person, contact); None where it is not theirs."""
    found = [
        _contacts(connection, _is_of(person_id) & (contact.c.contact_id == contact_id))
        for person_id, contact_id in pairs
    ]
    return [each[0] if each else None for each in found]


def _is_of(person_id: str) -> Any:
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


def load_asked(connection: Connection, wishes: Sequence[tuple[str, int]]) -> Sequence[str | None]:
    """Find who is to be written to about wishes, by (contact, now).

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
