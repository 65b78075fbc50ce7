"""What keeps a standing consent from releasing, checked at every read; the consent stays (P4, P9)."""

from enum import StrEnum

from gateway.consent.approvals import GuardianVerdict, verdict
from gateway.model.grants import Approval, Grant, GrantState
from gateway.model.people import Person
from gateway.model.registry import Registry, SchoolGate
from gateway.model.tokens import Ground
from partners import PartnerState


class Hold(StrEnum):
    """The reasons that hold a consent back; partners learn that it is held back, and never why."""

    BRAKE = "the partner is paused"
    ACCOUNT = "the person's account is deactivated"
    PAUSE = "the grant is paused"
    WISH = "a guardian has not answered a child's wish"
    BASIS = "a guardian decides with this person"
    AGE = "the person came of age and decides anew"
    GUARDIANS = "no guardian allows it, or one says no"
    SCHOOL = "the school has not opened this partner"
    TERMS = "the terms changed and the person has not answered"
    USES = "the grant's uses are up"


def why_held_back(ground: Ground, registry: Registry) -> Hold | None:
    """Say what holds a consent back that is not over; None when nothing does.

    The uses that are left are counted elsewhere, where each is spent.
    """
    if ground.partner_state is PartnerState.PAUSED:
        return Hold.BRAKE
    if ground.grant.is_held:
        return Hold.ACCOUNT
    if ground.grant.state is not GrantState.ACTIVE:
        return Hold.WISH if ground.grant.state is GrantState.WAITING else Hold.PAUSE
    return why_locked(ground.grant, ground.person, ground.approvals, registry)


def why_locked(
    grant: Grant, person: Person, approvals: tuple[Approval, ...], registry: Registry
) -> Hold | None:
    """Say what keeps a live grant from releasing: its basis, the guardians' answers, the school's gate, the terms."""
    return (
        _why_basis(grant, person, approvals)
        or _why_school(grant, person, registry)
        or _why_terms(grant, registry)
    )


def _why_basis(grant: Grant, person: Person, approvals: tuple[Approval, ...]) -> Hold | None:
    if person.needs_guardian and not grant.is_guarded:
        return Hold.BASIS
    if grant.is_guarded and not person.needs_guardian:
        return Hold.AGE
    if grant.is_guarded and verdict(approvals) is not GuardianVerdict.ALLOWED:
        return Hold.GUARDIANS
    return None


def _why_school(grant: Grant, person: Person, registry: Registry) -> Hold | None:
    gate = registry.gate_of(person.organisation_id, grant.partner_id)
    return None if gate is SchoolGate.ALLOW else Hold.SCHOOL


def _why_terms(grant: Grant, registry: Registry) -> Hold | None:
    offer = registry.offers.get(grant.offer_id)
    is_behind = offer is not None and grant.terms_version < offer.material_version
    return Hold.TERMS if is_behind else None
