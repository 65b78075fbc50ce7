"""Reading sealed profile values. Only the release gate and a person's own pages may import this (promise P13)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.people import Whereabouts
from gateway.model.profiles import SealedField, SealedProfile
from gateway.store.engine.registry import OnVersion, ignore_version, tell_version, told_version
from gateway.store.engine.statements import Lists, PreparedStatement
from gateway.store.tables import organisation, person, person_field, person_key
from gateway.store.whereabouts import WHEREABOUTS


def _profiles(lists: Lists) -> Select[Any]:
    own, key = person_field.c, person_key.c
    # The list stands at every table that grows: without statistics a plan might else read one of them whole.
    return (
        select(
            person.c.person_id,
            person.c.role,
            organisation.c.name,
            *WHEREABOUTS,
            key.master,
            key.wrapped,
            own.field,
            own.sealed,
            own.source,
            own.verified_at,
            own.changed_at,
            told_version(),
        )
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(person_key, (key.person_id == person.c.person_id) & lists.any_of(key.person_id))
        .outerjoin(person_field, (own.person_id == person.c.person_id) & lists.any_of(own.person_id))
        .where(lists.any_of(person.c.person_id))
    )


_PROFILES = PreparedStatement(_profiles)


def sealed_profiles(
    connection: Connection, person_ids: Iterable[str], know: OnVersion = ignore_version
) -> Mapping[str, SealedProfile]:
    """Load the sealed profiles of many people in one statement: a row for each field."""
    found: dict[str, SealedProfile] = {}
    fields: dict[str, dict[str, SealedField]] = {}
    rows = _PROFILES(connection, wanted=sorted(set(person_ids)))
    tell_version(connection, rows, know)
    for person_id, role, name, country, zone, own_zone, master, wrapped, field, *rest, _ in rows:
        if person_id not in found:
            fields[person_id] = {}
            key = WrappedKey(master, wrapped) if wrapped is not None else None
            found[person_id] = SealedProfile(
                person_id,
                role,
                name,
                Whereabouts(country, zone, own_zone),
                wrapped=key,
                fields=fields[person_id],
            )
        if field is not None:
            fields[person_id][field] = SealedField(*rest)
    return found


def load_profiles(
    connection: Connection, person_ids: Sequence[str], know: OnVersion = ignore_version
) -> Sequence[SealedProfile]:
    """Load one sealed profile for each person, in order, as a store operation."""
    found = sealed_profiles(connection, person_ids, know)
    return [found[person_id] for person_id in person_ids]
