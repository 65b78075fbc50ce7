"""Profile fields: what is kept is in normal form, what is refused is refused in plain words."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.accounts.fields import ADDRESS_MEMBERS, LONGEST, PROFILE_FIELDS, FieldFault, check_field
from scopes import FIELDS, STORED_FIELDS

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("name", "given_text", "kept"),
    [
        ("name", "  Aoife Ni\u0301 Bhriain ", "Aoife N\u00ed Bhriain"),
        ("email", " Asha@LAKESIDE.example ", "Asha@lakeside.example"),
        ("alternate_email", "अआ@lakeside.example", "अआ@lakeside.example"),
        ("phone_number", "+91 (90000) 00101", "+91 90000 00101"),
        ("phone_number", "tel:+44-20-7946-0000", "+44 20 7946 0000"),
        ("birthdate", "2009-03-01", "2009-03-01"),
        ("birthdate", "2026-03-01", "2026-03-01"),
        ("locale", "en_IN", "en-IN"),
        ("locale", "kn", "kn"),
        ("course", "CS-101", "CS-101"),
        ("student_status", "full-time", "full-time"),
        ("picture", "https://pictures.example/asha.png", "https://pictures.example/asha.png"),
        ("address", '{"locality": " Mysuru ", "country": "in"}', '{"locality":"Mysuru","country":"in"}'),
        ("name", "रा\u200dम", "रा\u200dम"),
        ("address", '{"country": "UK"}', '{"country":"UK"}'),
        ("address", '{"country": "Россия"}', '{"country":"Россия"}'),
        ("address", '{"country": "भारत"}', '{"country":"भारत"}'),
        ("address", '{"street_address": "1 A\\n2 B", "region": ""}', '{"street_address":"1 A\\n2 B"}'),
    ],
)
def test_what_is_good_is_kept_in_its_normal_form(name: str, given_text: str, kept: str) -> None:
    assert check_field(name, given_text, TODAY) == kept
    assert check_field(name, kept, TODAY) == kept


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("name", "", "one line"),
        ("name", "Asha\nRao", "one line"),
        ("name", "\u200b\u200d", "can be seen"),
        ("name", "\u3164", "can be seen"),
        ("name", "\u0301", "can be seen"),
        ("name", "Asha\x07", "character that cannot be kept"),
        ("name", "Asha\ud800", "character that cannot be kept"),
        ("name", "a" * (LONGEST + 1), "at most"),
        ("email", "asha", "not an e-mail"),
        ("email", "asha@lakeside.example\nBcc: b@x.example", "not an e-mail"),
        ("phone_number", "90000 00101", "Begin with +"),
        ("phone_number", "+91 12345", "too few or too many"),
        ("birthdate", "01/03/2009", "year-month-day"),
        ("birthdate", "2009-02-29", "year-month-day"),
        ("birthdate", "0209-03-01", "too long ago"),
        ("birthdate", "1899-12-31", "too long ago"),
        ("birthdate", "2026-03-02", "still to come"),
        ("birthdate", "2009-W01-1", "year-month-day"),
        ("birthdate", "20090301", "year-month-day"),
        ("birthdate", "٢٠٠٩-٠٣-٠١", "year-month-day"),
        ("locale", "klingon", "Name a language"),
        ("locale", "q", "Name a language"),
        ("locale", "xx-", "Name a language"),
        ("picture", "javascript:alert(1)", "https://"),
        ("picture", "http://pictures.example/a.png", "https://"),
        ("picture", "https:///a.png", "https://"),
        ("picture", "https://[/a.png", "not an address"),
        ("address", "1 A Street", "JSON object with"),
        ("address", "[]", "JSON object of texts"),
        ("address", '{"locality": 7}', "JSON object of texts"),
        ("address", '{"planet": "Mars"}', "consists of"),
        ("address", '{"country": "Atlantis"}', "Name a country"),
        ("address", '{"locality": " "}', "at least one line"),
        ("address", '{"locality": "\\u200b"}', "can be seen"),
        ("address", '{"locality": "Mysuru\\u0007"}', "character that cannot be kept"),
    ],
)
def test_what_is_not_good_is_refused_in_words_that_quote_nothing(name: str, text: str, said: str) -> None:
    with pytest.raises(FieldFault) as caught:
        check_field(name, text, TODAY)
    assert said in str(caught.value)
    assert len(text) < 3 or text not in str(caught.value)


@given(name=st.sampled_from(STORED_FIELDS), text=st.text(max_size=60))
def test_any_text_is_either_kept_or_refused(name: str, text: str) -> None:
    """No text makes a check fail in another way, and what is kept once is kept again as it is."""
    try:
        kept = check_field(name, text, TODAY)
    except FieldFault:
        return
    assert check_field(name, kept, TODAY) == kept


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), st.lists, max_leaves=4))
def test_any_json_is_either_an_address_or_refused(content: object) -> None:
    for address in (content, {"locality": content}, {str(content): "x"}):
        try:
            kept = check_field("address", json.dumps(address), TODAY)
        except FieldFault:
            continue
        assert json.loads(kept)


def test_every_stored_field_has_its_check() -> None:
    for name in STORED_FIELDS:
        with pytest.raises(FieldFault):
            check_field(name, "\x00", TODAY)


def test_every_field_that_is_kept_is_declared_once() -> None:
    """Lists, forms and checks read this one table: a field that it lacks could not be written anywhere."""
    assert set(PROFILE_FIELDS) == set(STORED_FIELDS), "PROFILE_FIELDS in gateway/accounts/fields.py"


@pytest.mark.parametrize("name", PROFILE_FIELDS)
def test_what_a_person_may_change_has_its_controls_and_nothing_else_has(name: str) -> None:
    controls = PROFILE_FIELDS[name].controls
    assert bool(controls) == (name in FIELDS and FIELDS[name].editable)
    assert len({each.member for each in controls}) == len(controls)
    assert all(each.autocomplete for each in controls)
    assert all(bool(each.member) == bool(each.label) for each in controls)


def test_the_address_has_a_control_for_each_of_its_members() -> None:
    assert tuple(each.member for each in PROFILE_FIELDS["address"].controls) == ADDRESS_MEMBERS
