"""The transaction of a look at a contact's details: live contact, sealed values, the look's row, in that order."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, select

from gateway.model.contacts import Contact, ContactState, ContactView
from gateway.model.people import PersonState
from gateway.model.profiles import SealedProfile
from gateway.store.contacts.rows import contact_from_row
from gateway.store.contacts.steps import people_of
from gateway.store.engine.backend import Operation
from gateway.store.engine.statements import did_insert
from gateway.store.log_pending import await_places
from gateway.store.profiles import sealed_profiles
from gateway.store.tables import contact, contact_view

LookOutcomeT = TypeVar("LookOutcomeT")


@dataclass(frozen=True, slots=True)
class ViewAsk:
    """Somebody's wish to look at what the other gives; `view_id` is made before, so that it can be tried again."""

    contact_id: str
    viewer_id: str
    view_id: str
    at: int


DecideLook = Callable[[ViewAsk, Contact, SealedProfile], tuple[ContactView, LookOutcomeT]]


def view_operation(decide: DecideLook[LookOutcomeT]) -> Operation[ViewAsk, LookOutcomeT | None]:
    """Make the operation: hold the contact, let the gate decide, append the look; None where nobody may look.

    An end waits for the looks that hold the contact, or they find it ended: nothing is seen after it.
    """

    def view(connection: Connection, asks: Sequence[ViewAsk]) -> Sequence[LookOutcomeT | None]:
        return [_view(connection, each, decide) for each in asks]

    return view


def _view(connection: Connection, ask: ViewAsk, decide: DecideLook[LookOutcomeT]) -> LookOutcomeT | None:
    people = people_of(connection, ask.contact_id, share=True)
    held = select(contact).where(contact.c.contact_id == ask.contact_id).with_for_update(read=True)
    row = connection.execute(held).first()
    found = contact_from_row(row) if row is not None else None
    side = found.side_of(ask.viewer_id) if found else None
    may_meet = len(people) == 2 and all(
        each.state == PersonState.ACTIVE and not each.needs_guardian for each in people
    )
    if found is None or side is None or found.state is not ContactState.LIVE or not may_meet:
        return None
    giver_id = found.person_on(side.other)
    seen, answer = decide(ask, found, sealed_profiles(connection, [giver_id])[giver_id])
    if not did_insert(connection, contact_view, _row(seen)):
        # Our own commit, whose answer was lost; what is given may have changed since, and its row would not say so.
        return None
    await_places(connection, "contact_view", [(seen.contact_id, seen.view_id)])
    return answer


def _row(seen: ContactView) -> dict[str, object]:
    return {
        "view_id": seen.view_id,
        "contact_id": seen.contact_id,
        "event_id": seen.event_id,
        "giver": str(seen.giver),
        "giver_id": seen.giver_id,
        "viewer_id": seen.viewer_id,
        "items": json.dumps([[each.item.field, str(each.item.form), each.commitment] for each in seen.items]),
        "at": seen.at,
        "entry_digest": seen.entry_digest,
    }
