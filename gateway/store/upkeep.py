"""Grants that time may have changed, in pages: the sweep looks at each once a round."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.model.grants import LIVE, Grant
from gateway.model.people import Person
from gateway.store.loading import GRANT_COLUMNS, PERSON_COLUMNS, grant_from_row, items_of, person_from_row
from gateway.store.tables import consent_grant, person


@dataclass(frozen=True, slots=True)
class Page:
    """A page of live grants, in the order of their ids."""

    after: str
    limit: int


def load_live_grants(connection: Connection, pages: Sequence[Page]) -> Sequence[list[tuple[Grant, Person]]]:
    """Load live grants with their people."""
    return [_load(connection, page) for page in pages]


def _load(connection: Connection, page: Page) -> list[tuple[Grant, Person]]:
    statement = (
        select(*GRANT_COLUMNS, *PERSON_COLUMNS)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .where(consent_grant.c.grant_id > page.after, consent_grant.c.state.in_(sorted(LIVE)))
        .order_by(consent_grant.c.grant_id)
        .limit(page.limit)
    )
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    return [(grant_from_row(row, items.get(row.grant_id, ())), person_from_row(row)) for row in rows]
