"""An administrator's first log-in: a passkey by Chromium's virtual authenticator, or an app without any script."""

import base64
import re
from collections.abc import Callable

from playwright.sync_api import expect

from gateway.accounts.one_time_passwords import STEP, code_at
from gateway.kit.clock import DAY
from tests.browser.test_passkeys import plug_in
from tests.browser.visitor import Visitor
from tests.gateway.web.gallery import axe_findings

OFFICER = "officer@platform.example"
GRACE = 7 * DAY


def test_a_passkey_is_set_up_at_the_first_log_in_and_opens_the_administration(
    make_visitor: Callable[..., Visitor],
) -> None:
    officer = make_visitor()
    plug_in(officer.page)
    officer.go("/login?next=/admin/grants")
    officer.sign_in(OFFICER)
    officer.heading("Set up your second factor")
    assert axe_findings(officer.page) == []
    officer.follow("Add a passkey")
    officer.press("Continue")
    officer.heading("Your recovery codes")
    assert officer.page.locator("ul.codes li").count() == 10
    officer.follow("I have kept them")
    officer.press("Continue")
    officer.heading("Consents")
    officer.gateway.clock.ahead += GRACE
    officer.press("Sign out")
    officer.go("/login?next=/admin/grants")
    officer.follow("Sign in with a passkey")
    officer.press("Continue")
    officer.heading("Consents")


def test_an_app_is_set_up_at_the_first_log_in_without_script(make_visitor: Callable[..., Visitor]) -> None:
    """Later is there while the grace lasts; afterwards the administration opens by the code and nothing else."""
    officer = make_visitor(java_script_enabled=False)
    officer.go("/login?next=/admin")
    officer.sign_in(OFFICER)
    officer.follow("Later")
    officer.heading("Administration")
    expect(officer.page.get_by_text("your password alone is enough here")).to_be_visible()
    officer.follow("Set it up now")
    officer.follow("Set up an app")
    key = officer.page.locator("code.key").inner_text()
    secret = base64.b32decode(key.replace(" ", ""))
    officer.page.get_by_label("Type the six digits").fill(code_at(secret, officer.gateway.clock()))
    officer.press("Switch on")
    officer.heading("Your recovery codes")
    codes = officer.page.locator("ul.codes code").all_inner_texts()
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", each) for each in codes)
    officer.follow("I have kept them")
    officer.heading("Administration")
    officer.press("Sign out")
    officer.gateway.clock.ahead += GRACE + STEP
    officer.go("/login?next=/admin")
    officer.sign_in(OFFICER)
    officer.page.get_by_label("Code").fill(code_at(secret, officer.gateway.clock()))
    officer.press("Sign in")
    officer.heading("Administration")


def test_once_the_grace_is_over_a_password_leads_to_the_letter(make_visitor: Callable[..., Visitor]) -> None:
    officer = make_visitor()
    officer.gateway.clock.ahead += GRACE
    officer.go("/login")
    officer.sign_in(OFFICER)
    officer.heading("Set up your second factor")
    officer.go("/admin")
    officer.heading("Set up your second factor")
    officer.press("Send me the link")
    expect(officer.page.get_by_text("A link is on its way")).to_be_visible()
    assert axe_findings(officer.page) == []
