"""Reading sealed profile values. Only the release gate and a person's own pages may import this (promise P13)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from gateway.kit.sealing import WrappedKey
from gateway.model.profile import SealedField, SealedProfile
from gateway.store.statements import Hot, Lists
from gateway.store.tables import organisation, person, person_field, person_key


def _fields(lists: Lists) -> Select[Any]:
    own = person_field.c
    return select(own.person_id, own.field, own.sealed, own.source, own.verified_at, own.changed_at).where(
        lists.any_of(own.person_id)
    )


def _keys(lists: Lists) -> Select[Any]:
    return (
        select(
            person.c.person_id, person.c.role, organisation.c.name, person_key.c.master, person_key.c.wrapped
        )
        .join(organisation, organisation.c.organisation_id == person.c.organisation_id)
        .outerjoin(person_key, person_key.c.person_id == person.c.person_id)
        .where(lists.any_of(person.c.person_id))
    )


_FIELDS, _KEYS = Hot(_fields), Hot(_keys)


def sealed_profiles(connection: Connection, person_ids: Iterable[str]) -> Mapping[str, SealedProfile]:
    """Load the sealed profiles of many people in two statements."""
    wanted = sorted(set(person_ids))
    fields: dict[str, dict[str, SealedField]] = {}
    for person_id, name, *rest in _FIELDS(connection, wanted=wanted):
        fields.setdefault(person_id, {})[name] = SealedField(*rest)
    return {
        row.person_id: SealedProfile(
            person_id=row.person_id,
            role=row.role,
            organisation=row.name,
            wrapped=WrappedKey(row.master, row.wrapped) if row.wrapped is not None else None,
            fields=fields.get(row.person_id, {}),
        )
        for row in _KEYS(connection, wanted=wanted)
    }


def load_profiles(connection: Connection, person_ids: Sequence[str]) -> Sequence[SealedProfile]:
    """Load one sealed profile for each person, in order, as a store operation."""
    found = sealed_profiles(connection, person_ids)
    return [found[person_id] for person_id in person_ids]
