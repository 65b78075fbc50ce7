"""Passkeys in a real browser with Chromium's virtual authenticator, and codes of an app without any script."""

import base64
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from gateway.accounts.one_time_passwords import STEP, code_at
from tests.browser.visitor import ASHA, Visitor
from tests.gateway.web.gallery import axe_findings
from tests.world import PASSWORD


def plug_in(page: Page) -> None:
    """Give the browser an authenticator that knows its person."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def add_passkey(asha: Visitor) -> None:
    asha.come_in(path="/security")
    asha.follow("Add a passkey")
    asha.heading("Add a passkey")
    assert axe_findings(asha.page) == []
    asha.press("Continue")
    asha.heading("How you sign in")
    expect(asha.page.get_by_text("not used yet")).to_be_visible()


def test_a_passkey_is_made_signs_in_and_steps_up(asha: Visitor) -> None:
    plug_in(asha.page)
    add_passkey(asha)
    asha.press("Sign out")
    asha.follow("Sign in again")
    asha.follow("Sign in with a passkey")
    asha.press("Continue")
    asha.heading("Hello, Asha Rao")
    asha.gateway.clock.ahead += 700
    asha.go("/profile")
    asha.follow("Show them in full")
    asha.follow("Use a passkey instead")
    asha.press("Continue")
    asha.heading("Your profile")
    expect(asha.page.get_by_text("asha@home.example")).to_be_visible()


def test_a_partners_request_is_answered_after_signing_in_with_a_passkey(asha: Visitor) -> None:
    plug_in(asha.page)
    add_passkey(asha)
    asha.press("Sign out")
    asha.ask()
    asha.follow("Sign in with a passkey")
    asha.press("Continue")
    asha.heading("Use Practice quizzes with QuizCo?")
    asha.share()
    expect(asha.page.get_by_role("heading", name="What we received")).to_be_visible()


def test_without_an_authenticator_the_page_says_so_and_the_way_back_is_there(asha: Visitor) -> None:
    asha.page.add_init_script("navigator.credentials.get = () => Promise.reject(new Error('none'))")
    asha.go("/login/passkey?next=/profile")
    asha.page.get_by_role("button", name="Continue").click()
    expect(asha.page.get_by_role("alert")).to_contain_text("No passkey was used")
    asha.follow("Go back")
    asha.sign_in()
    asha.heading("Your profile")


def test_codes_work_without_script(make_visitor: Callable[..., Visitor]) -> None:
    asha = make_visitor(expect=(400,), java_script_enabled=False)
    asha.come_in(path="/security")
    asha.follow("Set up an app")
    key = asha.page.locator("code.key").inner_text()
    secret = base64.b32decode(re.sub(r"\s", "", key))
    expect(asha.page.get_by_role("img", name="Picture for the app")).to_be_visible()
    asha.page.get_by_label("six digits").fill(code_at(secret, asha.gateway.clock()))
    asha.press("Switch on")
    asha.heading("Your recovery codes")
    recovery = asha.page.locator(".codes code").first.inner_text()
    asha.press("Sign out")
    asha.follow("Sign in again")
    asha.page.get_by_label("E-mail address").fill(ASHA)
    asha.page.get_by_label("Password").fill(PASSWORD)
    asha.press("Sign in")
    asha.heading("Your code")
    asha.page.get_by_label("Code").fill("000000")
    asha.press("Sign in")
    asha.gateway.clock.ahead += STEP
    asha.page.get_by_label("Code").fill(recovery)
    asha.press("Sign in")
    asha.heading("Hello, Asha Rao")


@pytest.mark.parametrize("language", ["हिन्दी", "ಕನ್ನಡ"])
def test_the_language_switch_works_on_the_consent_screen_without_script(
    make_visitor: Callable[..., Visitor], language: str
) -> None:
    asha = make_visitor(java_script_enabled=False)
    asha.ask()
    asha.sign_in()
    asha.press(language)
    expect(asha.page.locator("html")).to_have_attribute("lang", {"हिन्दी": "hi", "ಕನ್ನಡ": "kn"}[language])
    asha.share()
    expect(asha.page.get_by_role("heading", name="What we received")).to_be_visible()
