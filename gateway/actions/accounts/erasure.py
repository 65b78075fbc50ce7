"""Erasing a person (crypto-shredding): values and commitments become unreadable at once, the log stays whole."""

from gateway.actions.directory import find_accounts_of
from gateway.actions.guardians.letters import ward_letters
from gateway.actions.partners.deletions import ask_deletion
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_key
from gateway.model.contacts import Contact, ContactEvent, ContactEventType, Side
from gateway.model.grants import ActorKind, Grant, ReasonCode
from gateway.store.accounts.erasure import Erasure, erase_operation
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grant_changes import GrantChange


async def erase_person(services: Services, actor_id: str, email: str) -> str:
    """Erase the person who logs in with this address; give their id, which stays in the log and names nobody.

    Every partner that holds something is asked to delete it, where it can be asked. What a school has of the same
    address in an account that stands in for it goes too.

    Raises:
        Refusal: ``not_found`` for an address that nobody has.
    """
    person_ids = await find_accounts_of(services, email)
    if not person_ids:
        raise Refusal("not_found", detail="no account with this address")
    for person_id in person_ids:
        await erase_account(services, actor_id, person_id)
    return person_ids[0]


async def erase_account(services: Services, actor_id: str, person_id: str) -> None:
    """Erase one account by its id.

    Raises:
        Refusal: ``not_found`` for an account that is unknown, or erased already.
    """
    actor, now = Actor(ActorKind.ADMIN, actor_id, "erasure"), services.clock()

    def ended(grant: Grant) -> GrantChange:
        outcome = end(grant, actor, ReasonCode.ACCOUNT_CLOSED, now=now, ids=services.ids)
        asked = ask_deletion(services, grant, actor_id)
        return GrantChange(
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
    letters = await ward_letters(services, person_id)
    erasure = Erasure(person_id, random_key(), action, letters)
    if not await services.store.run(erase_operation(ended, parted), erasure):
        raise Refusal("not_found", detail="erased in the meantime")
