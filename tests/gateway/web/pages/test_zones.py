"""Days and times are the reader's: in their own zone, else their organisation's, never the machine's."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from gateway.actions.administration.organisations import set_zone
from gateway.actions.guardians.ages import is_child
from gateway.kit.clock import DAY
from gateway.kit.gettext_catalogues import written_moment, zone_choices, zone_name
from gateway.kit.settings import Settings
from gateway.model.people import Role
from tests.gateway.actions.consent.test_receipt_letters import last
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.consent.test_consents import grant_id
from tests.world import QUIZCO_REDIRECT, World

HERE = "/preferences"
LOS_ANGELES = "America/Los_Angeles"
EVENING = int(datetime(2026, 11, 19, 3, 30, tzinfo=UTC).timestamp())
"""The nineteenth in London and Bengaluru, half past seven in the evening of the eighteenth in California."""


def test_times_are_shown_in_the_zone_of_the_school_until_a_person_chooses_one(each_world: World) -> None:
    each_world.clock.now = EVENING
    assert "Times are UTC ." in each_world.browser().open("/login").text
    browser = each_world.signed_in()
    browser.submit(browser.open(HERE), HERE, {"preference": "promotional_mail", "wish": "on"})
    page = browser.open(HERE)
    assert "You chose it 19 Nov 2026, 09:00 ." in page.text
    assert page.text.count("Times are India Time .") == 1
    page = browser.submit(page, HERE, {"preference": "timezone", "wish": LOS_ANGELES})
    assert "You chose it 18 Nov 2026, 19:30 ." in page.text
    assert "Times are Pacific Time ." in page.text
    assert f'<option value="{LOS_ANGELES}" selected>' in page.response.text
    assert browser.submit(page, HERE, {"preference": "timezone", "wish": "Mars/Base"}).status == 400
    each_world.share(browser, each_world.ask(browser))
    letter = last(each_world)
    assert letter.text.count("Times are Pacific Time.") == 1
    assert "18 Nov 2026" in browser.open(f"/connected/{grant_id(each_world)}").text
    assert "Time zone Pacific Time" in browser.open("/connected/my-record").text
    page = browser.submit(browser.open(HERE), HERE, {"preference": "timezone", "wish": ""})
    assert "Times are India Time ." in page.text
    assert each_world.run(set_zone, each_world.services, "lakeside", "Europe/Dublin")
    assert "Times are Ireland Time ." in browser.open(HERE).text


def test_a_day_that_somebody_named_is_called_the_same_everywhere(world: World) -> None:
    """It ends with its last second in UTC, which is another day already in India, and still is one in California."""
    browser = world.signed_in()
    named = {"duration": "until", "until": "2027-01-20"}
    browser.submit(world.ask(browser), "/consent", named, button="share", stop_at=QUIZCO_REDIRECT)
    assert rows(world, "SELECT valid_until % 86400 FROM consent_grant") == [(DAY - 1,)]
    for zone in ("", LOS_ANGELES):
        browser.submit(browser.open(HERE), HERE, {"preference": "timezone", "wish": zone})
        assert "until 20 Jan 2027" in browser.open(f"/connected/{grant_id(world)}").text
    assert "20 January 2027 at the latest" in last(world).text


def test_an_administrator_searches_by_the_clock_that_the_page_shows(world: World) -> None:
    world.clock.now = EVENING
    world.tokens()
    act(world, "UPDATE organisation SET timezone = 'Asia/Kolkata' WHERE organisation_id = 'platform'")
    browser = as_(world, "auditor")
    assert written_moment("en", EVENING, "Asia/Kolkata") == "19 November 2026, 09:00"
    shown = [
        "Practice quizzes" in browser.open(f"/admin/grants?partner=quizco&from={day}&to={day}").text
        for day in ("2026-11-18", "2026-11-19", "2026-11-20")
    ]
    assert shown == [False, True, False]


def test_zones_have_the_names_that_people_call_them(world: World) -> None:
    assert zone_name("hi", "Asia/Kolkata") == "भारत समय"
    assert zone_name("xx", "UTC") == "UTC"
    for language in ("en", "hi", "kn"):
        zones = [zone for zone, _ in zone_choices(language)]
        assert {"Asia/Kolkata", LOS_ANGELES, "Europe/Dublin"} <= set(zones)
        assert len(zones) == len(set(zones))
    with pytest.raises(ValidationError, match="IANA"):
        Settings(timezone="Mars/Base")
    assert world.run(is_child, world.services, world.person_id(), Role.STUDENT) is False
