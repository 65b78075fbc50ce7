"""Asking somebody to be a contact: nobody learns who uses the service (promise P2)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.accounts.fields import FieldFault, check_email
from gateway.actions.authentication.sessions import login_index
from gateway.actions.contacts.giving import (
    check_step_up,
    checked_items,
    contact_event,
    key_and_name,
    seal_place,
)
from gateway.actions.services import Services
from gateway.actions.throttles import throttled
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import keyed_digest
from gateway.kit.secrets.sealing import seal
from gateway.kit.words import Words
from gateway.model.contacts import WAITS, ContactEventType, GivenItem, Side
from gateway.model.people import Session
from gateway.store.contacts.steps import Met
from gateway.store.contacts.wishes import NewWish, add_wishes
from gateway.store.throttles import Take

WISHES = 10
"""Wishes that one person can have at once; one more every `REFILL` seconds."""
REFILL = 8640


async def ask_contact(
    services: Services, session: Session, email: str, items: Iterable[GivenItem], language: str
) -> str | None:
    """Ask somebody to be a contact, and say what they may see once they accept.

    It takes the same steps whether there is somebody with this address or not, whether they said no lately, and
    whether they are under age: nobody learns who uses the service (promise P2).

    Returns:
        What is wrong with the address: none at all, one's own, somebody who is a contact or was asked already.

    Raises:
        Refusal: ``bad_form`` for an item that cannot be given; ``too_many_attempts``; ``not_allowed`` under age.
    """
    person_id = session.person.person_id
    if session.person.needs_guardian:
        raise Refusal("not_allowed", detail="no contacts under age")
    given = checked_items(items)
    check_step_up(services, session, given)
    try:
        address = check_email(email)
    except FieldFault as fault:
        return fault.words
    await _throttle(services, person_id)
    contact_id, key, name = services.ids(Kind.CONTACT), *(await key_and_name(services, person_id))
    event = contact_event(services, session, contact_id, ContactEventType.ASKED, Side.ASKER, given, language)
    wish = NewWish(
        asker_id=person_id,
        asked_index=login_index(services, address),
        asked_address=seal(key, address.encode(), seal_place(contact_id, "address")),
        asker_name=seal(key, name, seal_place(contact_id, str(Side.ASKER))),
        event=replace(event, seq=1, valid_until=event.at + WAITS),
    )
    met = await services.store.run(add_wishes, wish)
    if met is Met.UNKNOWN:
        raise Refusal("not_allowed", detail="the asker may have no contacts any more")
    return _WRONG[met]


_WRONG: Mapping[Met, Words | None] = {
    Met.DONE: None,
    Met.SELF: Words("This is your own address."),
    Met.ASKS: Words("They have asked you already. Their question waits in your list."),
    Met.ALREADY: Words("You have asked this address already, or you are in contact."),
}


async def _throttle(services: Services, person_id: str) -> None:
    bucket = keyed_digest(services.seal.ring.index, "contacts", person_id)
    wait = await throttled(services, [Take(bucket, WISHES, REFILL, services.clock(), what="contacts")])
    if wait:
        raise Refusal("too_many_attempts", detail="too many wishes for contacts", retry_after=wait)
