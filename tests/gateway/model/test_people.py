"""Roles and what they may do."""

from gateway.model.people import POWERS, Person, PersonState, Power, Role, Session, powers_of


def test_no_power_of_anybody_can_give_a_consent() -> None:
    """Promise P17: support and administrators stop sharing; that they grant does not exist."""
    assert not [power for power in Power if any(word in power for word in ("consent", "share", "approve"))]
    assert {power for power in Power if "give" in power} == {Power.GIVE_POWERS}
    assert {power for power in Power if "grant" in power} == {
        Power.SEE_GRANTS,
        Power.REVOKE_GRANT,
    }


def test_p15_each_role_may_what_this_table_says_and_nothing_else() -> None:
    """The whole matrix, a second time and by hand: a new role or power is a decision, and is made here too.

    A school gates and provisions, an auditor reads, and who only uses the service has no power at all.
    """
    columns = {
        Role.SCHOOL_ADMIN: "s", Role.PLATFORM_ADMIN: "p", Role.PRIVACY_OFFICER: "o",
        Role.SUPPORT: "u", Role.AUDITOR: "a", Role.PARTNER_MANAGER: "m",
        Role.STUDENT: "", Role.PROFESSOR: "", Role.GUARDIAN: "",
    }  # fmt: skip
    holders = {
        Power.SEE_GRANTS: "poua",
        Power.REVOKE_GRANT: "pou",
        Power.SEE_PARTNERS: "poam",
        Power.REVIEW_PARTNER: "pom",
        Power.BRAKE_PARTNER: "pom",
        Power.READ_LOG: "poa",
        Power.PROVISION_PEOPLE: "sp",
        Power.GATE_PARTNERS: "s",
        Power.SEE_COMPLAINTS: "poua",
        Power.ANSWER_COMPLAINT: "po",
        Power.GIVE_POWERS: "po",
    }
    assert set(holders) == set(Power)
    assert set(columns) == set(POWERS) == set(Role)
    for role, sign in columns.items():
        wanted = {power for power, signs in holders.items() if sign and sign in signs}
        assert powers_of(role) == wanted, role


def test_rfc8176_a_session_says_how_the_person_authenticated() -> None:
    person = Person("per_1", "lakeside", Role.STUDENT, PersonState.ACTIVE, "en")
    assert Session(b"", person, 0, 0, 0).amr == ("pwd",)
