"""Erasing a person (crypto-shredding): values and commitments become unreadable at once, the log stays whole."""

from gateway.actions.deletions import ask_deletion
from gateway.actions.services import Services
from gateway.actions.sessions import login_index
from gateway.consent.decisions import Actor, end
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_key
from gateway.model.contacts import Contact, ContactEvent, ContactEventType, Side
from gateway.model.grants import ActorKind, Grant, ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.erasure import Erasure, erase_operation
from gateway.store.grants import Change
from gateway.store.people import find_people


async def erase_person(services: Services, actor_id: str, email: str) -> str:
    """Erase whoever logs in with this address; give the id that the log goes on naming nobody by.

    Every partner that holds something is asked to delete it, where it can be asked.

    Raises:
        Refusal: ``not_found`` for an address that nobody has.
    """
    person_id = await services.store.read(find_people, login_index(services, email))
    if person_id is None:
        raise Refusal("not_found", detail="no account with this address")
    actor, now = Actor(ActorKind.ADMIN, actor_id, "erasure"), services.clock()

    def ended(grant: Grant) -> Change:
        outcome = end(grant, actor, ReasonCode.ACCOUNT_CLOSED, now=now, ids=services.ids)
        asked = ask_deletion(services, grant, actor_id)
        return Change(
            outcome.grant,
            outcome.event,
            now,
            ReasonCode.ACCOUNT_CLOSED,
            actions=(asked.action,) if asked else (),
            deletion=asked.deletion if asked else None,
        )

    def parted(contact: Contact, side: Side) -> ContactEvent:
        return ContactEvent(
            event_id=services.ids(Kind.EVENT),
            contact_id=contact.contact_id,
            seq=0,
            type=ContactEventType.ENDED,
            side=side,
            items=(),
            is_erasure=True,
            language=None,
            acr=None,
            auth_time=None,
            valid_until=None,
            at=now,
        )

    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action="erase_person",
        target_kind="person",
        target_id=person_id,
        at=now,
        reason=str(ReasonCode.ACCOUNT_CLOSED),
    )
    if not await services.store.run(erase_operation(ended, parted), Erasure(person_id, random_key(), action)):
        raise Refusal("not_found", detail="erased in the meantime")
    return person_id
