"""Locks on a grant, weighed at every read: its basis, the guardians' answers, the school's gate, the terms (P4, P9)."""

from gateway.consent.approvals import Verdict, verdict
from gateway.model.grants import Approval, Grant
from gateway.model.people import Person
from gateway.model.registry import Gate, Registry


def why_locked(
    grant: Grant, person: Person, approvals: tuple[Approval, ...], registry: Registry
) -> str | None:
    """Say what keeps a live grant from releasing; None when nothing does."""
    return (
        _why_basis(grant, person, approvals)
        or _why_school(grant, person, registry)
        or _why_terms(grant, registry)
    )


def _why_basis(grant: Grant, person: Person, approvals: tuple[Approval, ...]) -> str | None:
    if person.needs_guardian and not grant.is_guarded:
        return "a guardian decides with this person"
    if grant.is_guarded and not person.needs_guardian:
        return "the person came of age and decides anew"
    if grant.is_guarded and verdict(approvals) is not Verdict.ALLOWED:
        return "no guardian allows it, or one says no"
    return None


def _why_school(grant: Grant, person: Person, registry: Registry) -> str | None:
    gate = registry.gate_of(person.organisation_id, grant.partner_id)
    return None if gate is Gate.ALLOW else "the school has not opened this partner"


def _why_terms(grant: Grant, registry: Registry) -> str | None:
    offer = registry.offers.get(grant.offer_id)
    is_behind = offer is not None and grant.terms_version < offer.material_version
    return "the terms changed and the person has not answered" if is_behind else None
