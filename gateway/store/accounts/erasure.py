"""Erasing a person: the key that opens everything of theirs is destroyed, and what no log needs is deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Column, Connection, delete, select, update

from gateway.model.contacts import Contact, ContactEvent, Side
from gateway.model.grants import Grant
from gateway.model.people import PersonState
from gateway.store.admin_actions import AdminAction, append_actions, did_act
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.contacts.steps import end_contacts_of
from gateway.store.engine.backend import Operation
from gateway.store.grant_predicates import is_live
from gateway.store.letters import NewLetter, post_letters
from gateway.store.records_from_rows import GRANT_COLUMNS, grants_from
from gateway.store.tables import APPEND_ONLY, consent_grant, contact, guardian_proposal, metadata, person
from gateway.store.waiting import lapse_about

STAYS = (consent_grant, contact, *APPEND_ONLY)
"""What others rely on: it names the person by an id that is chance."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The plan of erasing one person.

    Attributes:
        login_index: of nobody, in place of the person's own: the address can have a new account.
        letters: tell children whose guardian it was.
    """

    person_id: str
    login_index: bytes
    action: AdminAction
    letters: tuple[NewLetter, ...] = ()


@cache
def hanging_on_people() -> tuple[Column[str], ...]:
    """Name every column that refers to a person, except what stays; a new table is found by itself."""
    return tuple(
        key.parent
        for table in reversed(metadata.sorted_tables)
        if table not in STAYS
        for key in sorted(table.foreign_keys, key=lambda each: each.parent.name)
        if key.column is person.c.person_id
    )


def erase_operation(
    end: Callable[[Grant], GrantChange], part: Callable[[Contact, Side], ContactEvent]
) -> Operation[Erasure, bool]:
    """Make the operation: end live grants and contacts, destroy the key, delete the fields, links and log-ins.

    The person's row stays, closed, because grants and hand-offs name it; its id is chance and means nobody.
    False for somebody who is unknown or erased already.
    """

    def erase(connection: Connection, erasures: Sequence[Erasure]) -> Sequence[bool]:
        return [did_act(connection, each.action) or _erase(connection, each, end, part) for each in erasures]

    return erase


def _erase(
    connection: Connection,
    erasure: Erasure,
    end: Callable[[Grant], GrantChange],
    part: Callable[[Contact, Side], ContactEvent],
) -> bool:
    # An approval locks the request before the people as well, so that neither overtakes the other.
    lapse_about(connection, erasure.person_id, erasure.action.actor_id, erasure.action.at)
    # Proposals to the address are deleted, because whoever has the address next is somebody else.
    index = select(person.c.login_index).where(person.c.person_id == erasure.person_id).scalar_subquery()
    connection.execute(delete(guardian_proposal).where(guardian_proposal.c.guardian_index == index))
    # From here on nobody can make a grant for this person, because that locks the row and reads its state.
    closing = (
        update(person)
        .where(person.c.person_id == erasure.person_id, person.c.state != PersonState.CLOSED)
        .values(state=str(PersonState.CLOSED), login_index=erasure.login_index)
        .returning(person.c.person_id)
    )
    if connection.execute(closing).first() is None:
        return False
    live = (
        select(*GRANT_COLUMNS)
        .where(consent_grant.c.person_id == erasure.person_id, is_live())
        .order_by(consent_grant.c.grant_id)
        .with_for_update()
    )
    commit_changes(connection, [end(grant) for grant in grants_from(connection, live)])
    end_contacts_of(connection, erasure.person_id, part)
    for column in hanging_on_people():
        connection.execute(delete(column.table).where(column == erasure.person_id))
    append_actions(connection, [erasure.action])
    post_letters(connection, erasure.letters)
    return True
