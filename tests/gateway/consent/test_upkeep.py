"""What time does to grants is put on record once, and never gives anything back."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.upkeep import what_time_did
from gateway.model.grants import SUNSET, GrantState, LegalBasis, ReasonCode
from tests.gateway.consent.samples import NAME, NOW, counting_ids, grant


def after(
    state: GrantState = GrantState.ACTIVE, *, material: int = 1, is_child: bool = False, **changes: Any
):
    seen = replace(grant(NAME, state=state), **changes)
    return what_time_did(seen, is_child=is_child, material_version=material, now=NOW, ids=counting_ids())


def test_a_grant_in_its_time_stays_as_it_is() -> None:
    assert after() is None
    assert after(GrantState.PAUSED, material=9) is None


def test_rule_4_the_end_of_the_term_and_disuse_end_a_grant() -> None:
    over = after(valid_until=NOW)
    unused = after(valid_until=NOW + 1, used_at=NOW - SUNSET)
    assert (over.grant.state, over.event.reason) == (GrantState.ENDED, ReasonCode.EXPIRED)
    assert (unused.grant.state, unused.event.reason) == (GrantState.ENDED, ReasonCode.UNUSED)


def test_p4_p9_changed_terms_and_coming_of_age_pause_it() -> None:
    changed = after(material=3)
    aged = after(legal_basis=LegalBasis.GUARDIAN_CONSENT)
    assert (changed.grant.state, changed.grant.paused_for) == (GrantState.PAUSED, ReasonCode.NOTICE_CHANGED)
    assert (aged.grant.state, aged.grant.paused_for) == (GrantState.PAUSED, ReasonCode.AGE_TRANSITION)
    assert after(legal_basis=LegalBasis.GUARDIAN_CONSENT, is_child=True) is None


@given(
    st.sampled_from([GrantState.ACTIVE, GrantState.PAUSED, GrantState.WAITING]),
    st.integers(-5, 5),
    st.integers(-5, 5),
    st.integers(1, 5),
    st.booleans(),
    st.sampled_from(LegalBasis),
)
def test_p5_time_never_lets_more_through(
    state: GrantState, term: int, use: int, material: int, is_child: bool, basis: LegalBasis
) -> None:
    """Whatever a sweep finds, what was not live before is not live after it."""
    before = replace(
        grant(NAME, state=state), valid_until=NOW + term, used_at=NOW + use - SUNSET, legal_basis=basis
    )
    outcome = what_time_did(before, is_child=is_child, material_version=material, now=NOW, ids=counting_ids())
    assert outcome is None or not outcome.grant.is_live(NOW)
    assert outcome is None or outcome.grant.items == before.items
