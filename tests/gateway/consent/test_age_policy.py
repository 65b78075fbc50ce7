"""Who decides alone, by jurisdiction (promise P9)."""

import calendar
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.age_policy import (
    AGE_OF_CONSENT,
    STRICTEST,
    age_band,
    age_on,
    counted_day,
    is_adult,
    needs_guardian,
)
from gateway.kit.clock import DAY
from gateway.kit.zones import is_zone, zones_with_new_day
from gateway.model.people import Role, Whereabouts

TODAY = date(2026, 11, 18)


def at(zone: str, day: date, clock: str = "00:00:00") -> int:
    """Give the second at which a clock on a wall in a zone shows a time."""
    return int(datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize("country", [*AGE_OF_CONSENT, "ZZ", ""])
def test_a_student_decides_alone_from_the_birthday_on_and_not_a_day_before(country: str) -> None:
    """GDPR Art. 8 with each state's own law, DPDP Act §9, COPPA; the strictest age where the law is unknown."""
    age = AGE_OF_CONSENT.get(country, STRICTEST)
    birthday, place = date(TODAY.year - age, TODAY.month, TODAY.day), Whereabouts(country, "UTC")
    assert not needs_guardian(place, Role.STUDENT, birthday, at("UTC", TODAY))
    assert needs_guardian(place, Role.STUDENT, birthday + timedelta(days=1), at("UTC", TODAY))


AUCKLAND, KOLKATA, LOS_ANGELES, HONOLULU = (
    "Pacific/Auckland",
    "Asia/Kolkata",
    "America/Los_Angeles",
    "Pacific/Honolulu",
)


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (Whereabouts("NZ", AUCKLAND), AUCKLAND),
        (Whereabouts("IN"), KOLKATA),
        (Whereabouts("US", LOS_ANGELES), LOS_ANGELES),
        # In doubt the later one: a country of many zones, a zone of one's own further west, an unknown country.
        (Whereabouts("US"), HONOLULU),
        (Whereabouts("IN", KOLKATA, LOS_ANGELES), LOS_ANGELES),
        (Whereabouts("ZZ"), "Etc/GMT+12"),
        # And nobody is older for saying that they are further east.
        (Whereabouts("US", LOS_ANGELES, AUCKLAND), LOS_ANGELES),
    ],
)
@pytest.mark.parametrize(
    ("month", "day", "first"), [(5, 2, (5, 2)), (2, 29, (3, 1)), (1, 1, (1, 1)), (12, 31, (12, 31))]
)
def test_p9_an_age_turns_at_the_local_midnight_and_not_a_second_before(
    place: Whereabouts, zone: str, month: int, day: int, first: tuple[int, int]
) -> None:
    """Whatever the day is in London by then; who was born on 29 February is older on 1 March of a common year."""
    age = AGE_OF_CONSENT.get(place.country, STRICTEST)
    born, midnight = date(2008, month, day), at(zone, date(2008 + age, *first))
    if calendar.isleap(2008 + age) and (month, day) == (2, 29):
        midnight = at(zone, date(2008 + age, 2, 29))
    for seconds, is_older in ((-1, False), (0, True)):
        now = midnight + seconds
        assert needs_guardian(place, Role.STUDENT, born, now) is not is_older
        assert (age_on(counted_day(place, now), born) >= age) is is_older
    grown = at(zone, date(2026, *first))
    assert [is_adult(place, Role.STUDENT, born, grown + each) for each in (-1, 0)] == [False, True]
    assert [age_band(place, born, grown + each) for each in (-1, 0)] == ["16_to_17", "adult"]


def test_a_day_is_told_to_have_begun_once_in_every_zone() -> None:
    """Half and three quarter hours too; and to nobody twice, however often somebody asks."""
    begin, told = at("UTC", TODAY, "12:07:00"), Counter[str]()
    for second in range(begin, begin + DAY, 300):
        told.update(zones_with_new_day(second, second + 300))
    assert told == Counter(each for each in available_timezones() if is_zone(each))
    assert "Asia/Kathmandu" in zones_with_new_day(*(at("Asia/Kathmandu", TODAY) + each for each in (-1, 0)))


def test_the_ages_are_those_of_the_laws() -> None:
    assert (AGE_OF_CONSENT["IN"], AGE_OF_CONSENT["US"], AGE_OF_CONSENT["GB"]) == (18, 13, 13)
    europe = {country: age for country, age in AGE_OF_CONSENT.items() if country not in ("IN", "US", "GB")}
    assert len(europe) == 27
    assert all(13 <= age <= 16 for age in europe.values())
    assert max(AGE_OF_CONSENT.values()) <= STRICTEST


@pytest.mark.parametrize("role", Role)
def test_an_unknown_age_is_a_childs_unless_only_adults_have_the_role(role: Role) -> None:
    assert needs_guardian(Whereabouts("IE"), role, None, 0) == (role is Role.STUDENT)
    assert is_adult(Whereabouts("IE"), role, None, 0) == (role is not Role.STUDENT)


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
    place, now = Whereabouts("IE", "UTC"), at("UTC", TODAY)
    assert age_band(place, date(TODAY.year - years, 1, 1), now) == band
    assert age_band(place, None, now) == "unknown"
