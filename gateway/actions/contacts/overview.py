"""A person's contacts, as they see them: the list, and one with its history (promise P2)."""

from dataclasses import dataclass

from gateway.actions.authentication.sessions import is_fresh
from gateway.actions.contacts.giving import seal_place
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import unseal
from gateway.model.contacts import (
    Contact,
    ContactEvent,
    ContactEventType,
    ContactState,
    ContactView,
    GivenItem,
    Side,
)
from gateway.model.people import Session
from gateway.store.contacts.overview import NamedContact, load_contacts, load_histories, load_own_contacts


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact as one of the two sees it.

    Attributes:
        own: the reader's side.
        name: the other's name; the address that the asker wrote, as long as nobody has accepted.
        state: a wish that was refused is `WAITING` to its asker, and `ENDED` when nobody answered in time.
        given: what the reader gives; `got` what the other gives (of a wish: what the asker would give).
        since: when it was asked for, or accepted.
        until: of a wish: the last second to answer.
    """

    contact_id: str
    own: Side
    name: str
    state: ContactState
    given: tuple[GivenItem, ...]
    got: tuple[GivenItem, ...]
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class ContactList:
    """Everybody whom a person is, was, or may come to be in contact with.

    Attributes:
        is_open: False where the person is under age: contacts are not for them, and nobody reaches them.
        to_answer: wishes of others.
        asked: the person's own wishes without an answer.
    """

    is_open: bool
    live: tuple[ContactLine, ...]
    to_answer: tuple[ContactLine, ...]
    asked: tuple[ContactLine, ...]
    over: tuple[ContactLine, ...]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One contact with everything that happened to it, newest first.

    Attributes:
        views: who looked at what, both ways.
        is_fresh: the password or passkey was given recently: values can be shown.
    """

    line: ContactLine
    events: tuple[ContactEvent, ...]
    views: tuple[ContactView, ...]
    is_fresh: bool


async def see_contacts(services: Services, session: Session) -> ContactList:
    """List a person's contacts; shows no value but names, which both gave when they asked or accepted."""
    if session.person.needs_guardian:
        return ContactList(False, (), (), (), ())
    found = await services.store.read(load_contacts, session.person.person_id)
    now = services.clock()
    lines = [line for each in found if (line := _line(services, each, session.person.person_id, now))]
    waiting = [line for line in lines if line.state is ContactState.WAITING]
    return ContactList(
        is_open=True,
        live=tuple(line for line in lines if line.state is ContactState.LIVE),
        to_answer=tuple(line for line in waiting if line.own is Side.ASKED),
        asked=tuple(line for line in waiting if line.own is Side.ASKER),
        over=tuple(line for line in lines if line.state is ContactState.ENDED),
    )


def _line(services: Services, found: NamedContact, person_id: str, now: int) -> ContactLine | None:
    """Show a contact as one of its two sees it; None for a wish that its addressee never answered with a yes."""
    contact = found.contact
    own = contact.side_of(person_id) or Side.ASKER
    state = _seen_state(contact, now)
    is_open = contact.state is ContactState.WAITING and state is ContactState.WAITING
    if own is Side.ASKED and found.names[Side.ASKED] is None and not is_open:
        return None
    return ContactLine(
        contact_id=contact.contact_id,
        own=own,
        name=_name(services, found, own.other),
        state=state,
        given=contact.gives[own],
        got=contact.gives[own.other],
        since=contact.asked_at if state is ContactState.WAITING else found.changed_at,
        until=contact.valid_until if state is ContactState.WAITING else None,
    )


def _seen_state(contact: Contact, now: int) -> ContactState:
    """Tell a wish without an answer and one with a "no" alike: both wait until their time is over."""
    if contact.state not in (ContactState.WAITING, ContactState.REFUSED):
        return contact.state
    return ContactState.WAITING if now < contact.valid_until else ContactState.ENDED


def _name(services: Services, found: NamedContact, side: Side) -> str:
    """Open the name of one side; before somebody has accepted, give the address that the asker wrote."""
    sealed, of, place = found.names[side], side, str(side)
    if sealed is None and side is Side.ASKED:
        sealed, of, place = found.address, Side.ASKER, "address"
    contact, key = found.contact, found.keys[of]
    if sealed is None or key is None:
        return ""
    person_key = services.seal.person_key(contact.person_on(of), key)
    return unseal(person_key, sealed, seal_place(contact.contact_id, place)).decode()


async def see_contact(services: Services, session: Session, contact_id: str) -> ContactPage:
    """Show one contact.

    Raises:
        Refusal: ``not_found`` for another's, and for a wish that its person under age cannot see.
    """
    found = await own_contact(services, session, contact_id)
    line = _line(services, found, session.person.person_id, services.clock())
    if line is None:
        raise Refusal("not_found", detail="a wish that is over")
    history = await services.store.read(load_histories, contact_id)
    # The asker does not see a "no".
    events = tuple(each for each in history.events if each.type is not ContactEventType.REFUSED)
    return ContactPage(line, events[::-1], history.views[::-1], is_fresh(services, session))


async def own_contact(services: Services, session: Session, contact_id: str) -> NamedContact:
    """Load one of a person's own contacts.

    Raises:
        Refusal: ``not_found`` for another's, and for somebody under age.
    """
    found = await services.store.read(load_own_contacts, (session.person.person_id, contact_id))
    if found is None or session.person.needs_guardian:
        raise Refusal("not_found", detail="a contact of others, or not for a child")
    return found
