"""Grants that time may have changed, in pages: a sweep reads none of the many that it has not."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, false, or_, select

from gateway.model.grants import LIVE, Grant, LegalBasis
from gateway.model.people import Person
from gateway.store.loading import GRANT_COLUMNS, PERSON_COLUMNS, grant_from_row, items_of, person_from_row
from gateway.store.tables import consent_grant, person


@dataclass(frozen=True, slots=True)
class RipePage:
    """A page of live grants that time may have changed, in the order of their ids.

    Attributes:
        now: whose term is over by then.
        unused_since: or who was not used after that.
        terms: or who was decided about before these versions, by offer.
    """

    after: str
    limit: int
    now: int
    unused_since: int
    terms: tuple[tuple[str, int], ...] = ()


def load_ripe_grants(
    connection: Connection, pages: Sequence[RipePage]
) -> Sequence[list[tuple[Grant, Person]]]:
    """Load live grants with their people: every one that time changed, and those whose guardian may be done."""
    return [_load(connection, page) for page in pages]


def _load(connection: Connection, page: RipePage) -> list[tuple[Grant, Person]]:
    grant = consent_grant.c
    is_outdated = (
        (grant.offer_id == offer_id) & (grant.offer_version < version) & (grant.decided_version < version)
        for offer_id, version in page.terms
    )
    is_ripe = or_(
        grant.valid_until <= page.now,
        grant.last_user_activity_at <= page.unused_since,
        grant.legal_basis == LegalBasis.GUARDIAN_CONSENT,
        or_(false(), *is_outdated),
    )
    statement = (
        select(*GRANT_COLUMNS, *PERSON_COLUMNS)
        .join(person, person.c.person_id == grant.person_id)
        .where(grant.grant_id > page.after, grant.state.in_(sorted(LIVE)), is_ripe)
        .order_by(grant.grant_id)
        .limit(page.limit)
    )
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    return [(grant_from_row(row, items.get(row.grant_id, ())), person_from_row(row)) for row in rows]
