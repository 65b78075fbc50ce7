"""People whose role has powers, and the second factor that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from gateway.model.people import ROLES_WITH_POWERS, Person, PersonState
from gateway.store.accounts.people import lock_people
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.authentication.recovery_codes import drop_codes, has_factor
from gateway.store.records_from_rows import PERSON_COLUMNS, person_from_row
from gateway.store.tables import one_time_password, passkey, person, session


def have_factors(connection: Connection, person_ids: Sequence[str]) -> Sequence[bool]:
    """Tell who has a second factor."""
    return [has_factor(connection, person_id) for person_id in person_ids]


def begin_grace(connection: Connection, begun: Sequence[tuple[str, int]]) -> Sequence[None]:
    """Begin the time in which somebody whose role has just got powers may do without a second factor: (person, at).

    Whoever has a factor already, or a role without powers, gets none.
    """
    for person_id, at in begun:
        if not has_factor(connection, person_id):
            own = person.c
            connection.execute(
                update(person)
                .where(own.person_id == person_id, own.role.in_(ROLES_WITH_POWERS))
                .values(factor_grace_from=at)
            )
    return [None] * len(begun)


def list_without_factor(
    connection: Connection, organisation_ids: Sequence[str | None]
) -> Sequence[list[Person]]:
    """List active people with powers and without a second factor, of one organisation or (None) of all."""
    return [_without_factor(connection, each) for each in organisation_ids]


def _without_factor(connection: Connection, organisation_id: str | None) -> list[Person]:
    own = person.c
    statement = select(own.person_id, *PERSON_COLUMNS).where(
        own.role.in_(ROLES_WITH_POWERS),
        own.state == str(PersonState.ACTIVE),
        *(
            ~select(table.c.person_id).where(table.c.person_id == own.person_id).exists()
            for table in (passkey, one_time_password)
        ),
    )
    if organisation_id is not None:
        statement = statement.where(own.organisation_id == organisation_id)
    rows = connection.execute(statement.order_by(own.organisation_id, own.person_id))
    return list(map(person_from_row, rows))


@dataclass(frozen=True, slots=True)
class FactorReset:
    """The plan of taking all second factors from somebody who lost them."""

    person_id: str
    record: AdminAction


def reset_factors(connection: Connection, resets: Sequence[FactorReset]) -> Sequence[bool]:
    """Forget second factors and recovery codes, and end every session; False for whoever has no factor.

    No grace begins: nobody acts with the password alone because a factor was lost.
    """
    lock_people(connection, [each.person_id for each in resets])
    return [_reset(connection, each) for each in resets]


def _reset(connection: Connection, reset: FactorReset) -> bool:
    if not has_factor(connection, reset.person_id):
        return False
    for table in (passkey, one_time_password):
        connection.execute(delete(table).where(table.c.person_id == reset.person_id))
    drop_codes(connection, reset.person_id)
    connection.execute(
        update(session)
        .where(session.c.person_id == reset.person_id, session.c.ended_at.is_(None))
        .values(ended_at=reset.record.at)
    )
    append_actions(connection, [reset.record])
    return True
