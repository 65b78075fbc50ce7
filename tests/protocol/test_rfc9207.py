"""RFC 9207: every authorization answer names its issuer."""

import pytest

from tests.protocol.campuspress import begin, push
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, QUIZCO_REDIRECT, World, answer_of


@pytest.mark.parametrize("button", ["share", "refuse", "later"])
def test_2_iss_is_on_every_answer_of_the_screen(world: World, button: str) -> None:
    """Yes, no, and not now."""
    browser = world.signed_in()
    back = answer_of(browser.submit(world.ask(browser), "/consent", button=button, stop_at=QUIZCO_REDIRECT))
    assert (back["iss"], "code" in back) == (ISSUER, button == "share")


def test_2_iss_is_on_answers_without_a_screen(world: World) -> None:
    """A settled grant, a remembered no, and a silent refusal."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    assert answer_of(world.ask(browser))["iss"] == ISSUER
    assert answer_of(world.ask(world.browser(), prompt="none"))["iss"] == ISSUER


def test_2_iss_is_on_the_answer_to_a_pushed_request(world: World) -> None:
    """Whichever way the request came."""
    browser = world.signed_in()
    page = browser.open(begin(push(world)))
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert back["iss"] == ISSUER


def test_3_the_issuer_is_the_documents(world: World) -> None:
    """A partner compares the two as strings."""
    document = world.client().get("/.well-known/oauth-authorization-server").json()
    back = answer_of(world.ask(world.browser(), prompt="none"))
    assert back["iss"] == document["issuer"]
