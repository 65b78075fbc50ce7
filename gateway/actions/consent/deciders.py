"""The person at a consent screen, and what keeps them from deciding (promise P9)."""

from dataclasses import dataclass, replace
from typing import Literal

from gateway.actions.guardians.ages import look_at_age
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services
from gateway.model.grants import GrantState
from gateway.model.people import Person, Session
from gateway.model.registry import RegisteredPartner, SchoolGate
from gateway.store.consent.deciders import load_deciders
from gateway.store.consent.standing import Standing, StandingQuery


@dataclass(frozen=True, slots=True)
class Lock:
    """What keeps somebody from deciding, and how far asking has come.

    Attributes:
        kind: ``school``, ``guardian``, or ``strength`` where they have no means for the required log-in.
        state: ``open``, ``asked`` or ``refused``.
        is_alone: a guardian would decide, and none is linked.
        is_named: the school has named one, who has not confirmed it yet.
    """

    kind: Literal["school", "guardian", "strength"]
    state: Literal["open", "asked", "refused"] = "open"
    asked_at: int | None = None
    is_alone: bool = False
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Decider:
    """The person at the screen, with what is known about them now."""

    person: Person
    standing: Standing
    profile: OpenedProfile


async def find_decider(services: Services, session: Session, offer_id: str) -> Decider:
    """Load what is known about a person, and record whether a guardian decides with them today."""
    person = session.person
    query = StandingQuery(person.person_id, offer_id)
    standing, sealed = await services.store.versioned_lane(load_deciders, reads=True).submit(query)
    is_child = await look_at_age(services, sealed, on_record=person.needs_guardian)
    profile = OpenedProfile(services.seal, sealed)
    return Decider(replace(person, needs_guardian=is_child), standing, profile)


def is_remembered(services: Services, standing: Standing) -> bool:
    """Tell whether a no was given so recently that the person is not asked again."""
    at = standing.refused_at
    return at is not None and services.clock() < at + services.settings.decline_memory


def find_lock(services: Services, partner: RegisteredPartner, decider: Decider) -> Lock | None:
    """Name what keeps the person from deciding (promise P9); None when nothing does."""
    person, standing = decider.person, decider.standing
    if services.registry.gate_of(person.organisation_id, partner.partner.partner_id) is not SchoolGate.ALLOW:
        asked_at = standing.asked_school_at
        return Lock("school", "open" if asked_at is None else "asked", asked_at)
    if not person.needs_guardian:
        return None
    if standing.guardians == 0:
        return Lock("guardian", is_alone=True, is_named=standing.named_guardians > 0)
    if standing.grant is not None and standing.grant.state is GrantState.WAITING:
        return Lock("guardian", "asked", standing.grant.valid_from)
    if standing.is_guardians_no and is_remembered(services, standing):
        return Lock("guardian", "refused")
    return None
