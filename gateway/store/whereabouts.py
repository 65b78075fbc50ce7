"""Where people may be: their organisation's time zone, and one that they chose themselves."""

from collections.abc import Set
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from gateway.store.tables import organisation, person

WHEREABOUTS = (
    organisation.c.country,
    organisation.c.timezone.label("zone"),
    person.c.timezone.label("own_zone"),
)
"""What a row about a person and their organisation says of where they may be."""


def is_in(zones: Set[str], whose: Any = person) -> ColumnElement[bool]:
    """Make the condition for people who may be in one of these zones; an organisation without a zone counts in each.

    Args:
        whose: `person`, or an alias of it.
    """
    school = organisation.c
    there = select(school.organisation_id).where(school.timezone.in_(["", *sorted(zones)]))
    return or_(whose.c.organisation_id.in_(there), whose.c.timezone.in_(sorted(zones)))
