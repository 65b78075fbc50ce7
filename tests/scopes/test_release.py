"""Promise P13: the projection returns what was granted, in the granted form, and nothing else."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scopes import (
    CLAIMS,
    CONTACT_FORMS,
    DENIED,
    FIELDS,
    PURPOSES,
    Form,
    Item,
    contact_detail,
    is_releasable,
    preview,
    release,
)
from scopes.projection import _WAYS

TODAY = date(2026, 11, 22)
ADDRESS = {
    "street_address": "12 Lake Road",
    "locality": "Bengaluru",
    "region": "Karnataka",
    "postal_code": "560001",
    "country": "IN",
}
PROFILE = {
    "name": "Asha Rao",
    "email": "asha.rao@lakeside.example.org",
    "alternate_email": "asha@home.example.org",
    "phone_number": "+919876543212",
    "address": json.dumps(ADDRESS),
    "role": "student",
    "course": "CS-101",
    "organisation": "Lakeside",
    "locale": "en-IN",
    "birthdate": "2010-11-22",
    "student_status": "enrolled",
    "picture": "https://lakeside.example.org/asha.png",
}
RELAY = "x7f@relay.example.org"


def item(field, form, purpose=None):
    fitting = (code for code, each in PURPOSES.items() if field in each.ceilings.fields)
    return Item(field, purpose or next(fitting), form)


EVERY_ITEM = [
    Item(name, code, form)
    for name, field in FIELDS.items()
    for code, purpose in PURPOSES.items()
    if name in purpose.ceilings.fields
    for form in field.forms
]
items = st.lists(
    st.one_of(
        st.sampled_from(EVERY_ITEM),
        st.builds(
            Item,
            st.sampled_from([*FIELDS, "birthdate", "password", "sub"]),
            st.sampled_from([*PURPOSES, "nothing"]),
            st.sampled_from(Form),
        ),
    ),
    max_size=12,
)
profiles = st.fixed_dictionaries(
    {}, optional={name: st.just(value) | st.text() for name, value in PROFILE.items()}
)


@given(items, profiles, st.booleans())
def test_every_claim_comes_from_a_granted_item_of_its_field(granted, profile, relayed):
    claims = release(
        granted, profile, today=TODAY, relay_address=RELAY if relayed else None, verified=["email"]
    )
    fields = {each.field for each in granted if is_releasable(each)}
    assert {CLAIMS[claim] for claim in claims} <= fields
    assert {CLAIMS[claim] for claim in claims} <= profile.keys() | {f"age_over_{age}" for age in (13, 16, 18)}


@given(items)
def test_the_full_value_leaves_only_when_the_full_form_was_granted(granted):
    secrets = {name: f"SECRET-{name}-7731" for name, field in FIELDS.items() if Form.FULL in field.forms}
    shown = json.dumps(release(granted, secrets, today=TODAY, relay_address=RELAY))
    full = {each.field for each in granted if each.form is Form.FULL and is_releasable(each)}
    assert {name for name, secret in secrets.items() if secret in shown} == full


@given(items, items, profiles)
def test_granting_less_never_releases_more(some, others, profile):
    less = release(some, profile, today=TODAY, relay_address=RELAY)
    more = release(some + others, profile, today=TODAY, relay_address=RELAY)
    assert less.keys() <= more.keys()


@given(st.permutations(EVERY_ITEM))
def test_the_order_of_items_does_not_matter(shuffled):
    assert release(shuffled, PROFILE, today=TODAY) == release(EVERY_ITEM, PROFILE, today=TODAY)


@pytest.mark.parametrize("code", sorted(DENIED))
def test_p1_nothing_is_released_for_a_denied_purpose(code):
    granted = [Item(name, code, form) for name, field in FIELDS.items() for form in field.forms]
    assert release(granted, PROFILE, today=TODAY, relay_address=RELAY) == {}


def test_a_field_beyond_the_purposes_ceiling_is_not_released():
    assert release([Item("address", "results_delivery", Form.FULL)], PROFILE, today=TODAY) == {}
    assert preview(Item("address", "results_delivery", Form.FULL), PROFILE, today=TODAY) is None


@pytest.mark.parametrize("stored", ["", " \n", None])
def test_oidc_core_5_3_2_absent_values_stay_absent(stored):
    empty = {} if stored is None else dict.fromkeys(PROFILE, stored)
    assert release(EVERY_ITEM, empty, today=TODAY, relay_address=RELAY, verified=["email"]) == {}


def test_oidc_core_5_1_standard_claims():
    full = [
        item(name, Form.FULL) for name in ("name", "email", "phone_number", "address", "locale", "picture")
    ]
    assert release(full, PROFILE, today=TODAY, verified=["email"]) == {
        "name": "Asha Rao",
        "email": "asha.rao@lakeside.example.org",
        "email_verified": True,
        "phone_number": "+919876543212",
        "phone_number_verified": False,
        "address": {**ADDRESS, "formatted": "12 Lake Road\nBengaluru Karnataka 560001\nIN"},
        "locale": "en-IN",
        "picture": "https://lakeside.example.org/asha.png",
    }


def test_whether_a_value_was_verified_is_said_only_when_it_is_known():
    assert "email_verified" not in release([item("email", Form.FULL)], PROFILE, today=TODAY)
    assert release([item("email", Form.MASKED)], PROFILE, today=TODAY, verified=["email"]).keys() == {
        "email_masked"
    }


def test_the_private_address_stands_for_the_email():
    granted = [item("email", Form.RELAY)]
    assert release(granted, PROFILE, today=TODAY, relay_address=RELAY) == {"email": RELAY}
    assert release(granted, PROFILE, today=TODAY) == {}
    assert release(granted, {}, today=TODAY, relay_address=RELAY) == {}


def test_the_full_form_wins_over_a_private_one_whatever_the_purposes():
    granted = [item("email", Form.FULL, "account_linking"), item("email", Form.RELAY, "results_delivery")]
    assert release(granted, PROFILE, today=TODAY, relay_address=RELAY)["email"] == PROFILE["email"]


def test_a_coarse_address_is_the_town_and_the_region():
    granted = [item("address", Form.COARSE)]
    expected = {"locality": "Bengaluru", "region": "Karnataka"}
    assert release(granted, PROFILE, today=TODAY) == {"address": expected}
    assert release(granted, {"address": "12 Lake Road, Bengaluru"}, today=TODAY) == {}


@pytest.mark.parametrize(
    ("stored", "released"),
    [
        ("12 Lake Road\nBengaluru", {"formatted": "12 Lake Road\nBengaluru"}),
        ('{"locality": "Cork", "region": 7, "country": "  "}', {"locality": "Cork", "formatted": "Cork"}),
        ('{"formatted": "Flat 2", "owner": "x"}', {"formatted": "Flat 2"}),
        ('["a"]', {"formatted": '["a"]'}),
        ("[" * 100_000, {"formatted": "[" * 100_000}),
        ("{}", None),
    ],
)
def test_oidc_core_5_1_1_an_address_is_read_whatever_was_stored(stored, released):
    claims = release([item("address", Form.FULL)], {"address": stored}, today=TODAY)
    assert claims.get("address") == released


@pytest.mark.parametrize(
    ("status", "released"),
    [
        ("enrolled", True),
        ("Full-time", True),
        ("evening", True),
        ("PART_TIME", True),
        ("graduated", False),
        ("on leave", False),
        ("it is complicated", None),
    ],
)
def test_student_or_not_is_answered_only_for_a_known_status(status, released):
    claims = release([item("student_status", Form.BOOLEAN)], {"student_status": status}, today=TODAY)
    assert claims.get("is_student") is released


@pytest.mark.parametrize(
    ("born", "today", "over_16"),
    [
        ("2010-11-22", "2026-11-22", True),
        ("2010-11-23", "2026-11-22", False),
        ("2008-02-29", "2024-02-28", False),
        ("2008-02-29", "2024-02-29", True),
        ("2004-02-29", "2021-02-28", True),
        ("2005-02-28", "2021-02-28", True),
        ("2012-02-29", "2028-02-28", False),
        ("2030-01-01", "2026-11-22", None),
        ("yesterday", "2026-11-22", None),
        ("", "2026-11-22", None),
    ],
)
def test_an_age_is_counted_in_completed_years(born, today, over_16):
    granted = [item("age_over_16", Form.BOOLEAN)]
    claims = release(granted, {"birthdate": born}, today=date.fromisoformat(today))
    assert claims.get("age_over_16") is over_16


def test_somebody_born_on_29_february_completes_a_year_on_1_march():
    granted = [item("age_over_13", Form.BOOLEAN)]
    profile = {"birthdate": "2012-02-29"}
    assert release(granted, profile, today=date(2025, 2, 28)) == {"age_over_13": False}
    assert release(granted, profile, today=date(2025, 3, 1)) == {"age_over_13": True}


@given(st.sampled_from(EVERY_ITEM), profiles)
def test_a_preview_is_shown_exactly_when_something_would_leave(one, profile):
    claims = release([one], profile, today=TODAY, relay_address=RELAY)
    shown = preview(one, profile, today=TODAY, relay_address=RELAY)
    assert (shown is not None) == bool(claims)


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (item("name", Form.FULL), "Asha Rao"),
        (item("email", Form.RELAY), RELAY),
        (item("email", Form.MASKED), "a***@lakeside.example.org"),
        (item("phone_number", Form.MASKED), "+91 ••••••12"),
        (item("address", Form.COARSE), "Bengaluru, Karnataka"),
        (item("address", Form.FULL), "12 Lake Road\nBengaluru Karnataka 560001\nIN"),
        (item("age_over_16", Form.BOOLEAN), "yes"),
        (item("age_over_18", Form.BOOLEAN), "no"),
    ],
)
def test_the_consent_screen_shows_the_value_as_it_would_leave(one, shown):
    assert preview(one, PROFILE, today=TODAY, relay_address=RELAY) == shown


def test_p2_a_contact_sees_nothing_that_cannot_be_given():
    """Whatever a row says: no field but contact details, and no partner's private address."""
    profile = dict.fromkeys(FIELDS, "+919000000101")
    for name in FIELDS:
        for form in Form:
            shown = contact_detail(name, form, profile, today=date(2026, 1, 1))
            assert shown is None or form in CONTACT_FORMS[name]
    assert contact_detail("email", Form.RELAY, profile, today=date(2026, 1, 1)) is None
    assert contact_detail("phone_number", Form.FULL, profile, today=date(2026, 1, 1)) == "+919000000101"


def test_every_form_of_every_field_is_made_in_its_own_way() -> None:
    """A form that is new would else release the whole value. A private address is made of the partner's, for e-mail."""
    forms = {(name, form) for name, field in FIELDS.items() for form in field.forms}
    assert {pair for pair in forms if pair[1] is Form.RELAY} == {("email", Form.RELAY)}
    ways = "scopes/projection.py, _WAYS: not the forms of scopes/fields.py"
    assert set(_WAYS) == forms - {("email", Form.RELAY)}, ways
