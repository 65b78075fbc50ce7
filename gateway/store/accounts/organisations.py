"""Organisations: schools, and the service's own staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from gateway.store.engine.statements import did_insert
from gateway.store.tables import organisation


@dataclass(frozen=True, slots=True)
class Organisation:
    """A school, or the service's own staff."""

    organisation_id: str
    name: str
    country: str
    created_at: int


def add_organisations(connection: Connection, organisations: Sequence[Organisation]) -> Sequence[bool]:
    """Add organisations; False for one that is there already."""
    return [
        did_insert(
            connection,
            organisation,
            {
                "organisation_id": each.organisation_id,
                "name": each.name,
                "country": each.country,
                "created_at": each.created_at,
            },
        )
        for each in organisations
    ]


def load_organisations(connection: Connection, _: Sequence[None]) -> Sequence[list[Organisation]]:
    """Load every organisation."""
    rows = connection.execute(select(organisation).order_by(organisation.c.organisation_id))
    return [[Organisation(**row._mapping) for row in rows]]
