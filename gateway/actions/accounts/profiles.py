"""A person's own profile: seeing it takes a recent password, editing says who holds the older copy (P8, P15)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gateway.accounts.fields import FieldFault, check_field
from gateway.actions.authentication.recovery import ADDRESS_CHANGED, tell
from gateway.actions.authentication.sessions import find_addresses, is_fresh
from gateway.actions.grants.pauses import see_pauses
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import seal
from gateway.model.grants import GrantState
from gateway.model.people import Session
from gateway.model.profiles import SealedProfile, place_of
from gateway.store.accounts.profile_edits import ProfileEdit, edit_profiles
from gateway.store.consent.grants import GrantQuery, search_grants
from gateway.store.ledger.handoffs import load_received
from gateway.store.profiles import load_profiles
from scopes import FIELDS, STORED_FIELDS, masked

EDITABLE = tuple(name for name in STORED_FIELDS if name in FIELDS and FIELDS[name].editable)
"""What a person may change without the school."""


@dataclass(frozen=True, slots=True)
class OwnField:
    """One field on the profile page; the value is masked until the password was given recently.

    Attributes:
        partners: brands that may read it by a consent that stands, and whether that is held back now.
        readers: who received it, by the hand-off log.
    """

    name: str
    value: str | None
    source: str | None
    is_verified: bool
    changed_at: int | None
    is_editable: bool
    partners: tuple[tuple[str, bool], ...]
    readers: tuple["FieldReader", ...]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """A partner that received a field.

    Attributes:
        last_at: when it did so for the last time.
        may_read: whether it may read it again.
    """

    brand: str
    last_at: int
    may_read: bool


@dataclass(frozen=True, slots=True)
class OwnProfile:
    """The profile page."""

    fields: tuple[OwnField, ...]
    is_fresh: bool
    role: str
    organisation: str


@dataclass(slots=True)
class Holders:
    """Who may read a field, with whether that is held back now; and who received it when last."""

    partners: dict[str, dict[str, bool]] = field(default_factory=dict)
    readers: dict[str, dict[str, int]] = field(default_factory=dict)


async def see_profile(services: Services, session: Session, *, with_holders: bool = True) -> OwnProfile:
    """Show a person's own fields.

    Args:
        with_holders: tell who may read each field, and who received it, which costs a look through the log.
    """
    sealed = await services.store.read(load_profiles, session.person.person_id)
    opened = OpenedProfile(services.seal, sealed).values(set(STORED_FIELDS))
    holders = await holders_of(services, session.person.person_id) if with_holders else Holders()
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
    value, partners = opened.get(name), holders.partners.get(name, {})
    return OwnField(
        name=name,
        value=value if fresh or value is None else masked(name, value),
        source=stored.source if stored else None,
        is_verified=stored is not None and stored.verified_at is not None,
        changed_at=stored.changed_at if stored else None,
        is_editable=name in EDITABLE,
        partners=tuple(partners.items()),
        readers=tuple(
            FieldReader(brand, last_at, brand in partners)
            for brand, last_at in holders.readers.get(name, {}).items()
        ),
    )


async def holders_of(services: Services, person_id: str) -> Holders:
    """Tell which partners may read each field by a consent that stands, and which received it by the log."""
    lines = await services.store.read(search_grants, GrantQuery(person_id=person_id, limit=500))
    pauses, now = await see_pauses(services, lines), services.clock()
    received = await services.store.read(load_received, frozenset(each.grant.grant_id for each in lines))
    holders = Holders()
    for line in lines:
        grant = line.grant
        brand = services.registry.partners[grant.partner_id].partner.brand
        if line.over_at(now) is None and grant.state is not GrantState.WAITING:
            for name in {_stored_name(each.item.field) for each in grant.items}:
                own = holders.partners.setdefault(name, {})
                own[brand] = own.get(brand, True) and grant.grant_id in pauses
        for each in received.get(grant.grant_id, ()):
            last = holders.readers.setdefault(_stored_name(each.item.field), {})
            last[brand] = max(last.get(brand, 0), each.last_at)
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
