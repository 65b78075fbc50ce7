"""Who stands before a consent screen, and what keeps them from deciding (promise P9)."""

from dataclasses import dataclass, replace
from typing import Literal

from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.consent.age_policy import needs_guardian
from gateway.model.grants import GrantState
from gateway.model.people import Person, Session
from gateway.model.registry import Gate, RegisteredPartner
from gateway.store.consents import Standing, StandingQuery
from gateway.store.deciders import load_deciders
from gateway.store.people import mark_ages


@dataclass(frozen=True, slots=True)
class Lock:
    """What keeps somebody from deciding, and how far asking has come.

    Attributes:
        kind: ``school`` or ``guardian``.
        state: ``open``, ``asked`` or ``refused``.
        is_alone: a guardian would decide, and none is linked.
    """

    kind: Literal["school", "guardian"]
    state: Literal["open", "asked", "refused"] = "open"
    asked_at: int | None = None
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class Decider:
    """Who stands before the screen, with what is known about them now."""

    person: Person
    standing: Standing
    profile: OpenedProfile


async def find_decider(services: Services, session: Session, offer_id: str) -> Decider:
    """Load what is known about a person, and put on record whether a guardian decides with them today."""
    person = session.person
    query = StandingQuery(person.person_id, offer_id)
    standing, sealed = await services.store.telling_lane(load_deciders, reads=True).submit(query)
    profile = OpenedProfile(services.seal, sealed)
    is_child = needs_guardian(standing.country, person.role, profile.birthdate, day_of(services.clock()))
    if is_child != person.needs_guardian:
        await services.store.run(mark_ages, (person.person_id, is_child))
    return Decider(replace(person, needs_guardian=is_child), standing, profile)


def is_remembered(services: Services, standing: Standing) -> bool:
    """Tell whether a no was given so recently that nobody is asked again."""
    at = standing.refused_at
    return at is not None and services.clock() < at + services.settings.decline_memory


def find_lock(services: Services, partner: RegisteredPartner, decider: Decider) -> Lock | None:
    """Name what keeps the person from deciding (promise P9); None when nothing does."""
    person, standing = decider.person, decider.standing
    if services.registry.gate_of(person.organisation_id, partner.partner.partner_id) is not Gate.ALLOW:
        asked_at = standing.asked_school_at
        return Lock("school", "open" if asked_at is None else "asked", asked_at)
    if not person.needs_guardian:
        return None
    if standing.guardians == 0:
        return Lock("guardian", is_alone=True)
    if standing.grant is not None and standing.grant.state is GrantState.WAITING:
        return Lock("guardian", "asked", standing.grant.valid_from)
    if standing.is_guardians_no and is_remembered(services, standing):
        return Lock("guardian", "refused")
    return None
