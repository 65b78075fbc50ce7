"""How many people there are to approve what takes more than one."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from gateway.model.people import PersonState
from gateway.store.tables import person


def count_active(connection: Connection, asks: Sequence[Sequence[str]]) -> Sequence[int]:
    """Count people who have accepted their invitation and have one of some roles."""
    return [
        connection.execute(
            select(func.count()).where(person.c.role.in_(roles), person.c.state == str(PersonState.ACTIVE))
        ).scalar_one()
        for roles in asks
    ]
