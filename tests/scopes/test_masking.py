"""A masked value can be recognised by its owner and learnt by nobody else."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import FIELDS, masked


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "asha.rao@x.edu", "a***@x.edu"),
        ("email", "a@x.edu", "***@x.edu"),
        ("email", '"a@b"@x.edu', '"***@x.edu'),
        ("alternate_email", "अआ@x.edu", "अ***@x.edu"),
        ("email", "nobody", "***"),
        ("email", "@x.edu", "***"),
        ("email", "", ""),
        ("phone_number", "+919876543212", "+91 ••••••12"),
        ("phone_number", "+1 202 555 0112", "+1 ••••••12"),
        ("phone_number", "+353 20 912 3434", "+353 ••••••34"),
        ("phone_number", "020 7946 0012", "••••••12"),
        ("phone_number", "+91112", "••••••"),
        ("phone_number", "112", "••••••"),
        ("phone_number", "०९१", "••••••"),
        ("address", '{"street_address": "1 A", "locality": "Cork"}', "***, Cork"),
        ("address", "1 A Street, Cork", "***"),
        ("name", "Asha Rao", "A*** R***"),
        ("name", "Ó Sé X", "*** S*** ***"),
        ("name", "कि शोर", "*** शो***"),
        ("course", "CS-101", "***"),
        ("picture", "https://x.edu/a.png", "***"),
        ("name", "\u202e\u0000", ""),
    ],
)
def test_examples(field, value, shown):
    assert masked(field, value) == shown


@given(st.sampled_from([*FIELDS, "birthdate"]), st.text())
def test_a_masked_value_is_not_the_value_and_is_safe_to_print(field, value):
    shown = masked(field, value)
    letters = "".join(char for char in value if char.isalnum())
    assert not letters or value.strip() not in shown
    assert not any(unicodedata.category(char)[0] == "C" for char in shown)


@given(st.text("0123456789", min_size=1, max_size=15))
def test_a_masked_number_shows_two_digits_of_the_national_number_at_most(digits):
    code, _, ending = masked("phone_number", "+" + digits).rpartition(" ")
    assert len(ending.lstrip("•")) in (0, 2)
    assert len(code) <= 4


@given(st.text("abcdef", min_size=1, max_size=64), st.text("abcdef", min_size=1, max_size=64))
def test_the_mask_hides_the_length(one, other):
    if (len(one) == 1) == (len(other) == 1):
        assert len(masked("email", f"{one}@x.edu")) == len(masked("email", f"{other}@x.edu"))
