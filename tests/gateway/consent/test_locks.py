"""Locks: a live grant releases only while age, guardians, school and terms all let it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.approvals import GuardianVerdict, verdict
from gateway.consent.locks import why_locked
from gateway.model.grants import Approval, GuardianAnswer, LegalBasis
from gateway.model.people import Person, PersonState, Role
from gateway.model.registry import LiveOffer, Registry, SchoolGate
from tests.gateway.consent.samples import NAME, OFFER, grant

PERSON = Person("per_1", "lakeside", Role.STUDENT, PersonState.ACTIVE, "en")
ANSWERS = st.lists(st.sampled_from(GuardianAnswer), max_size=3)


def registry(gate: SchoolGate = SchoolGate.ALLOW, material: int = 1) -> Registry:
    offers = {OFFER.offer_id: LiveOffer(OFFER, 9, {}, material)}
    return Registry(
        1, gates={("lakeside", "quizco"): gate, ("other", "quizco"): SchoolGate.DENY}, offers=offers
    )


@given(
    st.booleans(),
    st.sampled_from(LegalBasis),
    ANSWERS,
    st.sampled_from(SchoolGate),
    st.integers(1, 5),
    st.integers(0, 5),
)
def test_p9_p4_nothing_is_released_against_any_lock(
    is_child: bool,
    basis: LegalBasis,
    answers: list[GuardianAnswer],
    gate: SchoolGate,
    material: int,
    decided: int,
) -> None:
    """The locks are told apart: each alone is enough, and without any nothing is kept back."""
    approvals = tuple(Approval(f"per_g{number}", answer) for number, answer in enumerate(answers))
    seen = replace(grant(NAME), legal_basis=basis, decided_version=decided)
    locks = (
        is_child != (basis is LegalBasis.GUARDIAN_CONSENT),
        is_child and verdict(approvals) is not GuardianVerdict.ALLOWED,
        gate is not SchoolGate.ALLOW,
        max(decided, seen.offer_version) < material,
    )
    why = why_locked(seen, replace(PERSON, needs_guardian=is_child), approvals, registry(gate, material))
    assert (why is not None) == any(locks)


def test_an_offer_that_is_gone_locks_nothing_by_its_terms() -> None:
    assert why_locked(grant(NAME), PERSON, (), Registry(1)) is None
