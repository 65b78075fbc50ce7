"""Reading sealed profile values. Only the release gate and a person's own pages may import this (promise P13)."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from gateway.kit.sealing import WrappedKey
from gateway.model.profile import SealedField, SealedProfile
from gateway.store.tables import organisation, person, person_field, person_key


def sealed_profiles(connection: Connection, person_ids: Iterable[str]) -> Mapping[str, SealedProfile]:
    """Load the sealed profiles of many people in two statements."""
    wanted = sorted(set(person_ids))
    fields: dict[str, dict[str, SealedField]] = {}
    for row in connection.execute(select(person_field).where(person_field.c.person_id.in_(wanted))):
        field = SealedField(row.sealed, row.source, row.verified_at, row.changed_at)
        fields.setdefault(row.person_id, {})[row.field] = field
    statement = (
        select(
            person.c.person_id, person.c.role, organisation.c.name, person_key.c.master, person_key.c.wrapped
        )
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(person_key, person_key.c.person_id == person.c.person_id)
        .where(person.c.person_id.in_(wanted))
    )
    return {
        row.person_id: SealedProfile(
            person_id=row.person_id,
            role=row.role,
            organisation=row.name,
            wrapped=WrappedKey(row.master, row.wrapped) if row.wrapped is not None else None,
            fields=fields.get(row.person_id, {}),
        )
        for row in connection.execute(statement)
    }


def load_profiles(connection: Connection, person_ids: Sequence[str]) -> Sequence[SealedProfile]:
    """Load one sealed profile for each person, in order, as a store operation."""
    found = sealed_profiles(connection, person_ids)
    return [found[person_id] for person_id in person_ids]
