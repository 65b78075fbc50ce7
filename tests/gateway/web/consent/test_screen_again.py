"""The consent screen shown again before it was answered: choices stay, values are seen in full, nothing is decided."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from gateway.cli.browser import Browser, Page
from tests.gateway.store.samples import act
from tests.protocol.campuspress import begin, push
from tests.world import PASSWORD, QUIZCO_REDIRECT, World, answer_of

EMAIL, PHONE = "email.results_delivery", "phone_number.appointment_reminders"
CHOICES = {"item": [EMAIL], f"form:{EMAIL}": "full", "duration": "30"}


def chosen(page: Page) -> dict[str, list[str]]:
    """What a browser would send for a page that nobody touched, without its seals."""
    found: dict[str, list[str]] = {}
    for name, value in page.form("/consent").fields:
        if name not in ("ticket", "csrf_token"):
            found.setdefault(name, []).append(value)
    return found


def connected(browser: Browser) -> int:
    """How often the service stands in the person's list."""
    return browser.open("/connected").text.count("Practice quizzes")


def test_enter_in_a_box_answers_nothing_and_keeps_the_choices(world: World) -> None:
    """A form without a decision shows the screen again as it was (consent.md rule 6)."""
    browser = world.signed_in()
    again = browser.submit(world.ask(browser), "/consent", CHOICES)
    assert again.status == 200
    kept = chosen(again)
    assert kept["item"] == [EMAIL]
    assert kept[f"form:{EMAIL}"] == ["full"]
    assert kept[f"form:{PHONE}"] == ["masked"]
    assert kept["duration"] == ["30"]
    assert connected(browser) == 0
    assert "code" in answer_of(browser.submit(again, "/consent", button="share", stop_at=QUIZCO_REDIRECT))
    assert "E-mail" in browser.open("/connected").text


def test_a_day_of_ones_own_is_kept(world: World) -> None:
    """A day that can be is shown again without a word of complaint."""
    browser = world.signed_in()
    again = browser.submit(world.ask(browser), "/consent", {"duration": "until", "until": "2026-12-24"})
    assert (chosen(again)["duration"], chosen(again)["until"]) == (["until"], ["2026-12-24"])
    assert "Choose a day from" not in again.text


def test_what_the_screen_did_not_offer_is_not_kept(world: World) -> None:
    """Made-up items, forms and durations fall back to what the screen says by itself."""
    browser = world.signed_in()
    page = world.ask(browser)
    made_up = {"item": ["address.delivery_of_goods"], f"form:{EMAIL}": "relay", "duration": "9999"}
    assert chosen(browser.submit(page, "/consent", made_up)) == chosen(page)


def test_a_sensitive_value_is_shown_in_full_after_the_password(world: World) -> None:
    """The way leads over the password and back to the same choices (consent.md rule 2, promise P15)."""
    browser = world.signed_in()
    world.clock.pass_by(601)
    page = world.ask(browser)
    assert "90000" not in page.text
    assert ("reveal", PHONE) in page.form("/consent").buttons
    asked = browser.submit(page, "/consent", CHOICES, button=PHONE)
    assert urlsplit(asked.url).path == "/reauthenticate"
    assert "to see your private details" in asked.text
    assert "90000" not in asked.response.text
    shown = browser.submit(asked, "/reauthenticate", {"password": PASSWORD})
    assert "+91 90000 00101" in shown.text
    assert not [name for name, _ in shown.form("/consent").buttons if name == "reveal"]
    assert chosen(shown)["item"] == [EMAIL]
    assert chosen(shown)["duration"] == ["30"]


def test_who_does_not_give_the_password_comes_back_to_the_same_choices(world: World) -> None:
    """The way back from the password page is the screen, still masked."""
    browser = world.signed_in()
    world.clock.pass_by(601)
    asked = browser.submit(world.ask(browser), "/consent", CHOICES, button=PHONE)
    back = re.search(r'href="(/authorize/continue[^"]+)">Go back', asked.response.text)
    assert back is not None
    page = browser.open(back[1])
    assert chosen(page)["item"] == [EMAIL]
    assert "90000" not in page.text


def test_asking_for_a_value_with_a_fresh_password_shows_it_at_once(world: World) -> None:
    """Somebody who gave the password in another window is not asked twice."""
    browser = world.signed_in()
    world.clock.pass_by(601)
    page = world.ask(browser)
    world.clock.pass_by(-601)
    assert urlsplit(browser.submit(page, "/consent", button=PHONE).url).path == "/authorize/continue"


def test_choices_in_an_address_tick_nothing_for_another_person(world: World) -> None:
    """An address with somebody else's choices in it opens a screen where nothing is ticked."""
    browser = world.signed_in()
    address = browser.submit(world.ask(browser), "/consent", CHOICES).url
    other = world.signed_in("aoife@northfield.example").open(address)
    assert "item" not in chosen(other)
    assert chosen(other)["duration"] == ["180"]


def test_a_session_that_ended_meanwhile_leads_over_the_log_in_back_to_the_screen(
    make_world: Callable[..., World],
) -> None:
    """Nothing was decided, nothing is ticked, and nobody stands before an error."""
    world = make_world(session_ttl=900, session_idle_ttl=600)
    browser = world.signed_in()
    page = world.ask(browser)
    world.clock.pass_by(901)
    door = browser.submit(page, "/consent", CHOICES, button="share")
    assert urlsplit(door.url).path == "/login"
    assert "QuizCo" in door.text
    again = browser.submit(door, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert urlsplit(again.url).path == "/authorize/continue"
    assert "item" not in chosen(again)
    assert connected(browser) == 0


def test_a_screen_whose_request_is_gone_leads_to_the_log_in_only(world: World) -> None:
    """Hours later nothing is kept of what was pushed, and the partner has to ask anew; this is no error page."""
    browser = world.signed_in()
    page = browser.open(begin(push(world)))
    act(world, "DELETE FROM pushed_request")
    world.clock.pass_by(12 * 3600)
    door = browser.submit(page, "/consent", button="share")
    assert (door.status, urlsplit(door.url).path, urlsplit(door.url).query) == (200, "/login", "")


def test_an_outdated_screen_leads_over_the_log_in_to_a_fresh_one(world: World) -> None:
    """What the partner asked for is asked, and nothing is ticked."""
    browser = world.signed_in()
    page = world.ask(browser)
    world.clock.pass_by(3601)
    door = browser.submit(page, "/consent", CHOICES, button="share")
    assert urlsplit(door.url).path == "/login"
    again = browser.submit(door, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert "item" not in chosen(again)
    assert connected(browser) == 0


@pytest.mark.parametrize("signed_out", [True, False])
def test_without_the_screens_session_its_ticket_decides_nothing(world: World, signed_out: bool) -> None:
    """Another browser that posts a screen learns which partner asked, and nothing of the person whose screen it was."""
    page = world.ask(world.signed_in())
    other = world.browser() if signed_out else world.signed_in("aoife@northfield.example")
    if signed_out:
        door = other.submit(page, "/consent", CHOICES, button="share")
        assert urlsplit(door.url).path == "/login"
        assert "QuizCo" in door.text
        assert "Asha" not in door.text
        assert "asha" not in door.text
        return
    own = world.ask(other).form("/consent")
    foreign = [value for name, value in page.form("/consent").fields if name == "ticket"]
    token = next(value for name, value in own.fields if name == "csrf_token")
    refused = other.submit(page, "/consent", {"ticket": foreign, "csrf_token": token})
    assert refused.status == 403


def test_a_log_in_form_opened_before_another_window_signed_in_still_works(world: World) -> None:
    """Its password counts; a form that names a wrong session is refused as everywhere."""
    browser = world.browser()
    early = browser.open("/login")
    given = {"email": "asha@lakeside.example", "password": PASSWORD}
    browser.submit(browser.open("/login"), "/login", given)
    assert browser.submit(early, "/login", given).status == 200
    assert browser.submit(early, "/login", {**given, "csrf_token": "x" * 43}).status == 403
