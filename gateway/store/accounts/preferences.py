"""People's own choices, and the two questions that obey them: who may get news by mail, and who is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from gateway.model.people import PersonState
from gateway.model.preferences import ON_UNASKED, Preference, PreferenceChoice
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.engine.statements import upsert
from gateway.store.tables import person, preference


@dataclass(frozen=True, slots=True)
class NewChoice:
    """The plan of switching a preference; `action` is the event that the log gets."""

    person_id: str
    preference: Preference
    is_on: bool
    action: AdminAction


def keep_choices(connection: Connection, choices: Sequence[NewChoice]) -> Sequence[bool]:
    """Keep choices, each with its event; False where nothing changes.

    A guardian's child cannot switch news on, whoever asks (promise P11).
    """
    return [_keep(connection, each) for each in choices]


def _keep(connection: Connection, new: NewChoice) -> bool:
    own = (person.c.person_id == new.person_id) & (person.c.state == str(PersonState.ACTIVE))
    # Of two who switch at once the second one sees what the first one did.
    holder = connection.execute(
        select(person.c.needs_guardian).where(own).with_for_update(key_share=True)
    ).first()
    if holder is None:
        return False
    if holder.needs_guardian and new.preference is Preference.PROMOTIONAL_MAIL and new.is_on:
        return False
    (kept,) = load_choices(connection, [new.person_id])
    if kept[new.preference].is_on is new.is_on:
        return False
    row = {
        "person_id": new.person_id,
        "name": str(new.preference),
        "is_on": new.is_on,
        "changed_at": new.action.at,
    }
    upsert(connection, preference, [row])
    append_actions(connection, [new.action])
    return True


def load_choices(
    connection: Connection, person_ids: Sequence[str]
) -> Sequence[Mapping[Preference, PreferenceChoice]]:
    """Load how every preference of each person stands."""
    statement = select(preference).where(preference.c.person_id.in_(sorted(set(person_ids))))
    kept = {(row.person_id, row.name): row for row in connection.execute(statement)}
    return [
        {
            each: PreferenceChoice(each, row.is_on, row.changed_at)
            if (row := kept.get((person_id, str(each))))
            else PreferenceChoice(each, each in ON_UNASKED)
            for each in Preference
        }
        for person_id in person_ids
    ]


def _switched(name: Preference, *, is_on: bool) -> ColumnElement[bool]:
    """Whether the person of the enclosing query has switched a preference this way."""
    own = (preference.c.person_id == person.c.person_id) & (preference.c.name == str(name))
    return select(preference.c.name).where(own, preference.c.is_on.is_(is_on)).exists()


def may_get_news(connection: Connection, person_ids: Sequence[str]) -> Sequence[bool]:
    """Tell who may be sent promotional mail now: those who chose it and decide for themselves (promise P11)."""
    statement = select(person.c.person_id).where(
        person.c.person_id.in_(sorted(set(person_ids))),
        person.c.state == str(PersonState.ACTIVE),
        person.c.needs_guardian.is_(False),
        _switched(Preference.PROMOTIONAL_MAIL, is_on=True),
    )
    found = set(connection.execute(statement).scalars())
    return [person_id in found for person_id in person_ids]


def load_counted_people(connection: Connection, organisation_ids: Sequence[str]) -> Sequence[list[str]]:
    """Load whom statistics of an organisation may count; people who opted out are left out before counting (P10)."""
    statement = (
        select(person.c.organisation_id, person.c.person_id)
        .where(
            person.c.organisation_id.in_(sorted(set(organisation_ids))),
            person.c.state == str(PersonState.ACTIVE),
            ~_switched(Preference.STATISTICS, is_on=False),
        )
        .order_by(person.c.person_id)
    )
    found: dict[str, list[str]] = {}
    for organisation_id, person_id in connection.execute(statement):
        found.setdefault(organisation_id, []).append(person_id)
    return [found.get(organisation_id, []) for organisation_id in organisation_ids]
