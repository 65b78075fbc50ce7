"""Answers to a wish, changes and ends of a contact (promise P2)."""

from collections.abc import Iterable

from gateway.actions.contacts.giving import (
    check_step_up,
    checked_items,
    contact_event,
    key_and_name,
    seal_place,
)
from gateway.actions.contacts.overview import own_contact
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import seal
from gateway.model.contacts import ContactEventType, ContactState, GivenItem, Side
from gateway.model.people import Session
from gateway.store.contacts.steps import ContactStep, Met, take_steps


async def accept_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Accept a wish and say what the asker may see; nothing is an answer too.

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it was answered, taken back or has run out in between;
            ``bad_form`` for an item that cannot be given.
    """
    given = checked_items(items)
    check_step_up(services, session, given)
    key, name = await key_and_name(services, session.person.person_id)
    sealed = seal(key, name, seal_place(contact_id, str(Side.ASKED)))
    await _step(services, session, contact_id, ContactEventType.ACCEPTED, given, language, sealed)


async def refuse_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """Say no; the asker is told nothing.

    Raises:
        Refusal: as `accept_contact`.
    """
    await _step(services, session, contact_id, ContactEventType.REFUSED, (), language)


async def change_contact(
    services: Services, session: Session, contact_id: str, items: Iterable[GivenItem], language: str
) -> None:
    """Give the other more, less or something else from now on.

    Raises:
        Refusal: as `accept_contact`.
    """
    given, found = checked_items(items), await own_contact(services, session, contact_id)
    before = found.contact.gives[found.contact.side_of(session.person.person_id) or Side.ASKER]
    check_step_up(services, session, given, before)
    await _step(services, session, contact_id, ContactEventType.CHANGED, given, language)


async def end_contact(services: Services, session: Session, contact_id: str, language: str) -> None:
    """End a contact, or take a wish back; at once, for both (needs no password).

    Raises:
        Refusal: ``not_found``; ending what has ended is none.
    """
    found = await own_contact(services, session, contact_id)
    if found.contact.state is not ContactState.ENDED:
        await _step(services, session, contact_id, ContactEventType.ENDED, (), language)


async def _step(
    services: Services,
    session: Session,
    contact_id: str,
    type_: ContactEventType,
    items: tuple[GivenItem, ...],
    language: str,
    own_name: bytes | None = None,
) -> None:
    person_id = session.person.person_id
    found = await own_contact(services, session, contact_id)
    side = found.contact.side_of(person_id) or Side.ASKER
    event = contact_event(services, session, contact_id, type_, side, items, language)
    met = await services.store.run(take_steps, ContactStep(person_id, event, own_name))
    if met is not Met.DONE:
        raise Refusal("stale_form", detail=f"a contact that cannot be {type_} now: {met}")
