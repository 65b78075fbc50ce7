"""Who decides alone, by jurisdiction (promise P9)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.age_policy import AGE_OF_CONSENT, STRICTEST, age_band, age_on, needs_guardian
from gateway.model.people import Role

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize("country", [*AGE_OF_CONSENT, "ZZ", ""])
def test_a_student_decides_alone_from_the_birthday_on_and_not_a_day_before(country: str) -> None:
    """GDPR Art. 8 with each state's own law, DPDP Act §9, COPPA; the strictest age where the law is unknown."""
    age = AGE_OF_CONSENT.get(country, STRICTEST)
    birthday = date(TODAY.year - age, TODAY.month, TODAY.day)
    assert not needs_guardian(country, Role.STUDENT, birthday, TODAY)
    assert needs_guardian(country, Role.STUDENT, birthday + timedelta(days=1), TODAY)


def test_the_ages_are_those_of_the_laws() -> None:
    assert (AGE_OF_CONSENT["IN"], AGE_OF_CONSENT["US"], AGE_OF_CONSENT["GB"]) == (18, 13, 13)
    europe = {country: age for country, age in AGE_OF_CONSENT.items() if country not in ("IN", "US", "GB")}
    assert len(europe) == 27
    assert all(13 <= age <= 16 for age in europe.values())
    assert max(AGE_OF_CONSENT.values()) <= STRICTEST


@pytest.mark.parametrize("role", Role)
def test_an_unknown_age_is_a_childs_unless_only_adults_have_the_role(role: Role) -> None:
    assert needs_guardian("IE", role, None, TODAY) == (role is Role.STUDENT)


@given(born=st.dates(date(1900, 1, 1), date(2026, 1, 1)), day=st.dates(date(2026, 1, 2), date(2100, 1, 1)))
def test_age_grows_by_one_each_birthday(born: date, day: date) -> None:
    """A leapling's birthday is 1 March in other years."""
    age = age_on(day, born)
    try:
        birthday = born.replace(year=born.year + age)
        following = born.replace(year=born.year + age + 1)
    except ValueError:
        return
    assert birthday <= day < following


def test_a_leapling_turns_eighteen_on_the_first_of_march() -> None:
    born = date(2008, 2, 29)
    assert age_on(date(2026, 2, 28), born) == 17
    assert age_on(date(2026, 3, 1), born) == 18


@pytest.mark.parametrize(
    ("years", "band"),
    [(0, "under_13"), (12, "under_13"), (13, "13_to_15"), (15, "13_to_15"), (16, "16_to_17"), (18, "adult")],
)
def test_a_list_shows_the_band_only(years: int, band: str) -> None:
    assert age_band(date(TODAY.year - years, 1, 1), TODAY) == band
    assert age_band(None, TODAY) == "unknown"
