"""A person's own profile: seeing it takes a recent password, editing says who holds the older copy (P8, P15)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.accounts.fields import FieldFault, check_field
from gateway.actions.authentication.recovery import ADDRESS_CHANGED, tell
from gateway.actions.authentication.sessions import find_addresses, is_fresh
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import seal
from gateway.model.grants import LIVE
from gateway.model.people import Session
from gateway.model.profiles import SealedProfile, place_of
from gateway.store.accounts.profile_edits import ProfileEdit, edit_profiles
from gateway.store.consent.grants import GrantQuery, search_grants
from gateway.store.profiles import load_profiles
from scopes import FIELDS, STORED_FIELDS, masked

EDITABLE = tuple(name for name in STORED_FIELDS if name in FIELDS and FIELDS[name].editable)
"""What a person may change without the school."""


@dataclass(frozen=True, slots=True)
class OwnField:
    """One field on the profile page; the value is masked until the password was given recently.

    Attributes:
        partners: brands that may read it now.
        readers: brands that have read it, and when last.
    """

    name: str
    value: str | None
    source: str | None
    is_verified: bool
    changed_at: int | None
    is_editable: bool
    partners: tuple[str, ...]
    readers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """The profile page."""

    fields: tuple[OwnField, ...]
    is_fresh: bool
    role: str
    organisation: str


@dataclass(slots=True)
class Holders:
    """Who may read a field, and who has read it."""

    partners: dict[str, tuple[str, ...]] = field(default_factory=dict)
    readers: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)


async def see_profile(services: Services, session: Session) -> OwnProfile:
    """Show a person's own fields."""
    sealed = await services.store.read(load_profiles, session.person.person_id)
    opened = OpenedProfile(services.seal, sealed).values(set(STORED_FIELDS))
    holders = await holders_of(services, session.person.person_id)
    fresh = is_fresh(services, session)
    fields = tuple(_own_field(name, sealed, opened, holders, fresh) for name in STORED_FIELDS)
    return OwnProfile(fields, fresh, sealed.role, sealed.organisation)


def _own_field(
    name: str,
    sealed: SealedProfile,
    opened: Mapping[str, str],
    holders: Holders,
    fresh: bool,
) -> OwnField:
    stored = sealed.fields.get(name)
    value = opened.get(name)
    return OwnField(
        name=name,
        value=value if fresh or value is None else masked(name, value),
        source=stored.source if stored else None,
        is_verified=stored is not None and stored.verified_at is not None,
        changed_at=stored.changed_at if stored else None,
        is_editable=name in EDITABLE,
        partners=holders.partners.get(name, ()),
        readers=holders.readers.get(name, ()),
    )


async def holders_of(services: Services, person_id: str) -> Holders:
    """Tell which partners' live grants hold each field, and when they last read anything."""
    lines = await services.store.read(search_grants, GrantQuery(person_id=person_id, limit=500))
    holders = Holders()
    for line in lines:
        if line.grant.state in LIVE:
            brand = services.registry.partners[line.grant.partner_id].partner.brand
            names = dict.fromkeys(_stored_name(each.item.field) for each in line.grant.items)
            for name in names:
                holders.partners[name] = (*holders.partners.get(name, ()), brand)
                if line.last_handoff_at is not None:
                    holders.readers[name] = (*holders.readers.get(name, ()), (brand, line.last_handoff_at))
    return holders


def _stored_name(field_name: str) -> str:
    return "birthdate" if field_name.startswith("age_over_") else field_name


async def edit_profile(services: Services, session: Session, wanted: Mapping[str, str]) -> dict[str, str]:
    """Change fields; all of them or none.

    Args:
        wanted: new text by field name; empty text removes an optional field.

    Returns:
        What is wrong, by field name; empty when everything is kept.

    Raises:
        Refusal: ``not_allowed`` for a field that is the school's, or without a recent password.
    """
    if not is_fresh(services, session):
        raise Refusal("not_allowed", detail="editing a profile wants a recent password")
    if not set(wanted) <= set(EDITABLE):
        raise Refusal("not_allowed", detail="a field that the person may not change")
    person_id = session.person.person_id
    profile = OpenedProfile(services.seal, await services.store.read(load_profiles, person_id))
    present, today = profile.values(set(wanted)), day_of(services.clock())
    faults: dict[str, str] = {}
    sealed: dict[str, bytes | None] = {}
    for name, text in wanted.items():
        value = _checked(name, text, today, faults)
        if name not in faults and value != present.get(name, ""):
            sealed[name] = seal(profile.key, value.encode(), place_of(person_id, name)) if value else None
    if not faults and sealed:
        before = await find_addresses(services, person_id)
        await services.store.run(edit_profiles, ProfileEdit(person_id, sealed, "self", services.clock()))
        if "alternate_email" in sealed:
            # The replaced address is told too, because somebody who took the account over would replace it first.
            await tell(services, person_id, ADDRESS_CHANGED, also=before.trusted)
    return faults


def _checked(name: str, text: str, today: date, faults: dict[str, str]) -> str:
    if not text.strip():
        return ""
    try:
        return check_field(name, text, today)
    except FieldFault as fault:
        faults[name] = fault.words
        return ""
