"""Organisations: schools, and the service's own staff."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from gateway.model.people import Whereabouts
from gateway.store.engine.statements import did_insert
from gateway.store.tables import organisation


@dataclass(frozen=True, slots=True)
class Organisation:
    """A school, or the service's own staff.

    Attributes:
        country: ISO 3166-1 alpha-2.
        timezone: IANA; empty where nobody has said it.
    """

    organisation_id: str
    name: str
    country: str
    created_at: int
    timezone: str = ""

    @property
    def whereabouts(self) -> Whereabouts:
        """Where its people are, as far as it tells."""
        return Whereabouts(self.country, self.timezone)


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
                "timezone": each.timezone,
            },
        )
        for each in organisations
    ]


@dataclass(frozen=True, slots=True)
class ZoneOf:
    """The time zone that an organisation is in from now on (IANA)."""

    organisation_id: str
    timezone: str


def keep_zones(connection: Connection, zones: Sequence[ZoneOf]) -> Sequence[bool]:
    """Keep organisations' time zones; False where there is no such organisation, or it is in that zone already."""
    known = organisation.c
    return [
        connection.execute(
            update(organisation)
            .where(known.organisation_id == each.organisation_id, known.timezone != each.timezone)
            .values(timezone=each.timezone)
            .returning(known.organisation_id)
        ).first()
        is not None
        for each in zones
    ]


def load_organisations(connection: Connection, _: Sequence[None]) -> Sequence[list[Organisation]]:
    """Load every organisation."""
    rows = connection.execute(select(organisation).order_by(organisation.c.organisation_id))
    return [[Organisation(**row._mapping) for row in rows]]
