"""For how long: some reads, a day of one's own, until the course ends, and sooner (consent.md rule 4)."""

from datetime import UTC, date, datetime

import pytest

from gateway.cli.browser import Browser, Page
from tests.gateway.store.samples import rows
from tests.ledgers import entries, sequence
from tests.world import PARTNERS, QUIZCO_REDIRECT, World, answer_of, publish

TERMS = "reads = [5, 2]\ncourse_ends_on = 2027-01-31\nretention_days = 30\nfrequency"


def offering(world: World) -> None:
    """Publish QuizCo's offer with numbers of reads and the course's end."""
    text = (PARTNERS / "quizco.toml").read_text()
    changed = text.replace("retention_days = 30\nfrequency", TERMS, 1)
    assert changed != text
    world.run(lambda: publish(world.services, changed, version=2, manifest_version=2, material=False))


def terms_on(page: Page) -> tuple[str, set[str]]:
    """Give the preselected answer, and all."""
    form = page.form("/consent")
    (chosen,) = [value for name, value in form.fields if name == "duration"]
    return chosen, {chosen} | {value for name, value in form.choices if name == "duration"}


def allow(world: World, browser: Browser, **changes: str) -> Page:
    page = world.ask(browser, prompt="consent")
    return browser.submit(page, "/consent", changes, button="share", stop_at=QUIZCO_REDIRECT)


def last_second(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC).timestamp())


def test_the_screen_offers_what_the_offer_states_and_the_courses_end_first(world: World) -> None:
    browser = world.signed_in()
    assert terms_on(world.ask(browser)) == ("180", {"once", "30", "90", "180", "365", "until"})
    offering(world)
    chosen, listed = terms_on(world.ask(browser))
    assert chosen == "course"
    assert listed == {"once", "reads-2", "reads-5", "30", "90", "180", "365", "course", "until"}


def test_two_reads_are_two_and_the_page_counts_down(each_world: World) -> None:
    offering(each_world)
    browser = each_world.signed_in()
    back = allow(each_world, browser, duration="reads-2")
    access = each_world.exchange(answer_of(back)["code"]).json()["access_token"]
    for left in ("2 of 2", "1 of 2", "0 of 2"):
        assert left in browser.open("/connected").text
        assert (each_world.userinfo(access).status_code == 200) is (left != "0 of 2")
    sequence(each_world)
    assert [each.get("uses") for each in entries(each_world) if each["kind"] == "consent_event"] == [2]
    [(event_id, grant_id)] = rows(each_world, "SELECT event_id, grant_id FROM consent_event")
    receipt = browser.open(f"/connected/{grant_id}/receipt/{event_id}/receipt.json").response.json()
    kinds = [each["@type"] for each in receipt["dpv:hasDuration"]]
    assert kinds == ["dpv:UntilTimeDuration", "dpv:FixedOccurrencesDuration"]
    assert receipt["dpv:hasDuration"][1]["occurrences"] == 2
    assert "Reads" in browser.open(f"/connected/{grant_id}/receipt/{event_id}").text


def test_until_the_course_ends_is_the_last_second_of_that_day(each_world: World) -> None:
    offering(each_world)
    browser = each_world.signed_in()
    access = each_world.exchange(answer_of(allow(each_world, browser, duration="course"))["code"]).json()[
        "access_token"
    ]
    ends = last_second(date(2027, 1, 31))
    assert rows(each_world, "SELECT valid_until FROM consent_grant") == [(ends,)]
    assert each_world.userinfo(access).status_code == 200


def test_a_day_of_ones_own_is_kept_and_one_that_cannot_be_is_said(each_world: World) -> None:
    """Nothing has to be typed again, and nothing is decided."""
    browser = each_world.signed_in()
    again = allow(
        each_world, browser, duration="until", until="2030-01-01", item="phone_number.appointment_reminders"
    )
    assert again.status == 200
    assert "Choose a day from" in again.text
    assert rows(each_world, "SELECT count(*) FROM consent_grant") == [(0,)]
    form = again.form("/consent")
    assert ("duration", "until") in form.fields
    assert ("until", "2030-01-01") in form.fields
    assert ("item", "phone_number.appointment_reminders") in form.fields
    browser.submit(again, "/consent", {"until": "2027-02-03"}, button="share", stop_at=QUIZCO_REDIRECT)
    assert rows(each_world, "SELECT valid_until FROM consent_grant") == [(last_second(date(2027, 2, 3)),)]


def test_a_service_can_end_sooner_and_never_later(each_world: World) -> None:
    """Its tokens read until then; the decision is on record under the same grant."""
    browser = each_world.signed_in()
    access = each_world.exchange(answer_of(allow(each_world, browser, duration="90"))["code"]).json()[
        "access_token"
    ]
    here = browser.open("/connected").link("/connected/gra_")
    [(before,)] = rows(each_world, "SELECT valid_until FROM consent_grant")
    for wrong in ("2027-06-01", "2026-11-17", "", "soon"):
        refused = browser.submit(browser.open(here), f"{here}/shorten", {"until": wrong})
        assert refused.status == 422
        assert "Choose a day before" in refused.text
    assert rows(each_world, "SELECT valid_until FROM consent_grant") == [(before,)]
    done = browser.submit(browser.open(here), f"{here}/shorten", {"until": "2026-12-01"})
    assert "It was made to end sooner" in done.text
    until = last_second(date(2026, 12, 1))
    assert rows(each_world, "SELECT valid_until FROM consent_grant") == [(until,)]
    assert rows(each_world, "SELECT type, valid_until FROM consent_event WHERE seq = 2") == [
        ("narrowed", until)
    ]
    assert each_world.userinfo(access).status_code == 200


def test_a_service_that_ends_today_cannot_be_shortened_any_more(world: World) -> None:
    browser = world.signed_in()
    allow(world, browser, duration="once")
    here = browser.open("/connected").link("/connected/gra_")
    world.clock.pass_by(60_000)
    page = browser.open(here)
    with pytest.raises(LookupError):
        page.form("/shorten")
