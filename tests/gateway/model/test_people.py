"""Roles and what they may do."""

import pytest

from gateway.model.people import POWERS, Person, PersonState, Power, Role, Session, powers_of


def test_no_power_of_anybody_can_give_a_consent() -> None:
    """Promise P17: support and administrators stop sharing; that they grant does not exist."""
    assert not [
        power for power in Power if any(word in power for word in ("give", "consent", "approve_grant"))
    ]
    assert {power for power in Power if "grant" in power} == {
        Power.SEE_GRANTS,
        Power.REVOKE_GRANT,
    }


@pytest.mark.parametrize("role", [Role.STUDENT, Role.PROFESSOR, Role.GUARDIAN])
def test_who_only_uses_the_service_has_no_power(role: Role) -> None:
    assert powers_of(role) == frozenset()
    assert role not in POWERS


def test_a_school_sees_no_grants_and_an_auditor_changes_nothing() -> None:
    """Promise P15 and consent.md: a school gates and provisions; an auditor reads."""
    assert powers_of(Role.SCHOOL_ADMIN) == {Power.PROVISION_PEOPLE, Power.GATE_PARTNERS}
    assert powers_of(Role.AUDITOR) == {
        Power.SEE_GRANTS,
        Power.SEE_PARTNERS,
        Power.READ_LOG,
        Power.SEE_COMPLAINTS,
    }
    assert powers_of(Role.SUPPORT) == {Power.SEE_GRANTS, Power.REVOKE_GRANT, Power.SEE_COMPLAINTS}


def test_rfc8176_a_session_says_how_the_person_authenticated() -> None:
    person = Person("per_1", "lakeside", Role.STUDENT, PersonState.ACTIVE, "en")
    assert Session(b"", person, 0, 0, 0).amr == ("pwd",)
