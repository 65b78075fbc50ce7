"""Promises that the table of fields itself makes."""

import pytest

from scopes import FIELDS, PURPOSES, SCOPES, STORED_FIELDS, Form, PurposeState
from scopes.catalogue import CLAIMS, scope_fields

# OIDC Core §5.1 table 1, as far as we release it.
STANDARD_CLAIMS = {"name", "email", "phone_number", "address", "locale", "picture"}


def test_p7_only_name_and_email_are_required():
    assert {name for name, field in FIELDS.items() if field.required} == {"name", "email"}


def test_p8_only_the_recovery_address_can_never_be_needed():
    assert {name for name, field in FIELDS.items() if field.never_needed} == {"alternate_email"}


def test_the_date_of_birth_is_stored_and_not_releasable():
    assert "birthdate" in STORED_FIELDS
    assert "birthdate" not in FIELDS
    assert not any("birth" in claim for claim in CLAIMS)


def test_oidc_core_5_1_the_full_form_of_a_standard_field_is_the_standard_claim():
    full = {field.claim_of(Form.FULL): name for name, field in FIELDS.items() if Form.FULL in field.forms}
    assert {claim: full[claim] for claim in STANDARD_CLAIMS} == {claim: claim for claim in STANDARD_CLAIMS}


@pytest.mark.parametrize("name", FIELDS)
def test_the_preselected_form_is_never_the_full_one_where_there_is_a_choice(name):
    forms = FIELDS[name].forms
    assert len(set(forms)) == len(forms) >= 1
    assert Form.FULL not in forms[:-1]


@pytest.mark.parametrize("name", FIELDS)
def test_a_masked_value_never_travels_in_the_claim_of_the_value(name):
    field = FIELDS[name]
    assert field.claim_of(Form.MASKED) != field.claim or Form.MASKED not in field.forms


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_asked_for_by_a_scope_and_for_a_purpose(name):
    assert name in scope_fields(SCOPES), f"no scope in scopes/catalogue.py asks for {name}"
    usable = [each for each in PURPOSES.values() if each.state is not PurposeState.DENIED]
    assert any(name in each.ceilings.fields for each in usable), (
        f"no purpose in scopes/purposes.py allows {name}"
    )


def test_a_claim_belongs_to_one_field():
    pairs = {(field.claim_of(form), name) for name, field in FIELDS.items() for form in field.forms}
    assert len({claim for claim, _ in pairs}) == len(pairs)
    assert CLAIMS["email_verified"] == "email"
    assert CLAIMS["phone_number_verified"] == "phone_number"


def test_rfc6749_3_3_an_unknown_scope_value_reaches_nothing():
    assert scope_fields(["openid", "offline_access", "everything", "PROFILE", ""]) == frozenset()
    assert scope_fields(["email", "phone"]) == {"email", "phone_number"}
