"""Looking at what a contact gives: the look is in the log before a value leaves (promises P2, P13)."""

from dataclasses import dataclass, replace
from functools import partial

from gateway.actions.authentication.sessions import check_fresh
from gateway.actions.contacts.overview import own_contact
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.ledger.entries import Commitments, encode_view
from gateway.ledger.merkle import leaf_hash
from gateway.model.contacts import Contact, ContactView, GivenItem, SeenItem, Side
from gateway.model.people import Session
from gateway.model.profiles import SealedProfile
from gateway.store.contacts.views import ViewAsk, view_operation
from scopes import contact_detail


@dataclass(frozen=True, slots=True)
class SeenValue:
    """A value of the other, as it was shown; None where their profile has none."""

    item: GivenItem
    text: str | None


async def view_contact(services: Services, session: Session, contact_id: str) -> tuple[SeenValue, ...]:
    """Show what the other gives; the look is in the log before the values leave (promises P2, P13).

    Raises:
        Refusal: ``not_found``; ``stale_form`` where it has ended; ``not_allowed`` without a recent password.
    """
    check_fresh(services, session)
    await own_contact(services, session, contact_id)
    ask = ViewAsk(contact_id, session.person.person_id, services.ids(Kind.VIEW), services.clock())
    seen = await services.store.run(view_operation(partial(_decide, services)), ask)
    if seen is None:
        raise Refusal("stale_form", detail="a contact that is over, or no longer for one of the two")
    return seen


def _decide(
    services: Services, ask: ViewAsk, contact: Contact, profile: SealedProfile
) -> tuple[ContactView, tuple[SeenValue, ...]]:
    """Unseal what the other gives and nothing else; the row says what left, and commits to its value."""
    giver = Side.ASKED if contact.asker_id == ask.viewer_id else Side.ASKER
    items = contact.gives[giver]
    opened = OpenedProfile(services.seal, profile)
    values = opened.values({each.field for each in items})
    today, commitments = opened.counted_day(ask.at), Commitments(opened.key, contact.contact_id)
    seen = tuple(
        SeenValue(each, contact_detail(each.field, each.form, values, today=today)) for each in items
    )
    row = ContactView(
        view_id=ask.view_id,
        contact_id=contact.contact_id,
        event_id=contact.event_id,
        giver=giver,
        giver_id=profile.person_id,
        viewer_id=ask.viewer_id,
        items=tuple(
            SeenItem(each.item, commitments.to(each.item, each.text))
            for each in seen
            if each.text is not None
        ),
        at=ask.at,
    )
    return replace(row, entry_digest=leaf_hash(encode_view(row))), seen
