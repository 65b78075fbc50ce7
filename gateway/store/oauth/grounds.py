"""What a consent stands on, found by grant id for a partner's own token, which stands on no consent."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.model.tokens import Ground
from gateway.store.approvals import approvals_of
from gateway.store.records_from_rows import (
    GRANT_COLUMNS,
    PERSON_COLUMNS,
    grant_from_row,
    items_of,
    person_from_row,
)
from gateway.store.tables import consent_grant, partner, person
from partners import PartnerState


def find_grounds(connection: Connection, grant_ids: Sequence[str]) -> Sequence[Ground | None]:
    """Load grants with person, guardians' answers and the partner's state; None for an unknown one."""
    found = _grounds(connection, frozenset(grant_ids))
    return [found.get(grant_id) for grant_id in grant_ids]


def load_grounds(connection: Connection, asks: Sequence[frozenset[str]]) -> Sequence[dict[str, Ground]]:
    """Load many at once, by grant."""
    return [_grounds(connection, ask) for ask in asks]


def _grounds(connection: Connection, grant_ids: frozenset[str]) -> dict[str, Ground]:
    statement = (
        select(*GRANT_COLUMNS, *PERSON_COLUMNS, partner.c.state.label("partner_state"))
        .join(partner, partner.c.partner_id == consent_grant.c.partner_id)
        .join(person, person.c.person_id == consent_grant.c.person_id)
        .where(consent_grant.c.grant_id.in_(sorted(grant_ids)))
    )
    rows = connection.execute(statement).all()
    items = items_of(connection, [row.grant_id for row in rows])
    grants = {row.grant_id: grant_from_row(row, items.get(row.grant_id, ())) for row in rows}
    approvals = approvals_of(connection, [each for each in grants.values() if each.is_guarded])
    return {
        row.grant_id: Ground(
            grant=grants[row.grant_id],
            person=person_from_row(row),
            partner_state=PartnerState(row.partner_state),
            approvals=approvals.get(row.grant_id, ()),
        )
        for row in rows
    }
