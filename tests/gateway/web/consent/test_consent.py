"""The consent screen: who is asked, what is shown, what an answer does, and when nobody is asked again."""

from collections.abc import Callable

import pytest

from gateway.cli.browser import Browser, Page, PageForm
from gateway.kit.clock import DAY
from tests.gateway.store.samples import act, given, rows
from tests.gateway.web.consent.test_consents import new_version
from tests.world import ISSUER, QUIZCO_REDIRECT, World, answer_of

PHONE, EMAIL = "phone_number.appointment_reminders", "email.results_delivery"


def answer(world: World, browser: Browser, page: Page, button: str, *ticked: str) -> dict[str, str]:
    return answer_of(
        browser.submit(page, "/consent", {"item": ticked}, button=button, stop_at=QUIZCO_REDIRECT)
    )


def asked_again(world: World, browser: Browser) -> bool:
    """Whether the person stands before a screen again, instead of going straight back."""
    return bool(world.ask(browser).forms)


def test_rules_1_to_5_the_screen_shows_what_would_be_shared(each_world: World) -> None:
    page = each_world.ask(each_world.signed_in())
    for words in (
        "Asha Rao", "CS-101", "so that", "Never shared", "postal address", "password", "180 days",
        "may not use it for advertising", "Connected services", "30 days",
    ):  # fmt: skip
        assert words.lower() in page.text.lower(), words
    form = page.form("/consent")
    assert not [value for name, value in form.fields if name == "item"]
    assert {value for name, value in form.choices if name == "item"} >= {PHONE, EMAIL}
    assert [value for name, value in form.fields if name == "duration"] == ["180"]


def test_rule_2_what_is_sensitive_is_masked_for_a_stale_log_in_and_never_shown_in_full_by_accident(
    each_world: World,
) -> None:
    browser = each_world.signed_in()
    each_world.clock.pass_by(601)
    page = each_world.ask(browser)
    assert "90000" not in page.response.text
    assert "asha@lakeside" not in page.response.text
    assert "Asha Rao" in page.text


def test_what_the_profile_lacks_is_said_with_the_way_to_add_it(world: World) -> None:
    page = world.ask(world.signed_in("ben@lakeside.example"))
    assert page.link("/profile")


def test_promise_p4_what_was_served_is_on_record_before_the_answer(each_world: World) -> None:
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    ((served_id,),) = rows(each_world, "SELECT served_id FROM notice_served")
    answer(each_world, browser, page, "share")
    assert rows(each_world, "SELECT served_id FROM consent_event") == [(served_id,)]


def test_p9_those_of_unknown_age_without_a_guardian_cannot_opt_in(each_world: World) -> None:
    """The page says why and leads back; prompt=none is answered at once; nothing is recorded."""
    browser = each_world.signed_in("deepa@lakeside.example")
    page = each_world.ask(browser)
    assert "No guardian is linked" in page.text
    with pytest.raises(LookupError):
        page.form("/consent")
    assert page.link(QUIZCO_REDIRECT).startswith(f"{QUIZCO_REDIRECT}?error=access_denied")
    assert answer_of(each_world.ask(browser, prompt="none"))["error"] == "login_required"
    assert rows(each_world, "SELECT count(*) FROM notice_served") == [(0,)]


def test_p9_coming_of_age_opens_the_screen(make_world: Callable[..., World]) -> None:
    """Aoife is Irish and 19; the same birthday in India would wait until 18."""
    world = make_world()
    assert world.ask(world.signed_in("aoife@northfield.example")).form("/consent")
    act(world, "UPDATE organisation SET country = 'IN' WHERE organisation_id = 'northfield'")
    assert world.ask(world.signed_in("aoife@northfield.example")).form("/consent")
    world.clock.now -= 3 * 365 * DAY
    browser = world.signed_in("aoife@northfield.example")
    assert "guardian" in world.ask(browser).text
    act(world, "UPDATE organisation SET country = 'IE' WHERE organisation_id = 'northfield'")
    assert world.ask(browser).form("/consent")


def block(world: World) -> None:
    act(world, "INSERT INTO org_policy VALUES ('lakeside', 'quizco', 'deny', 'per_1', 1)")
    act(world, "UPDATE registry_version SET version = version + 1")


def test_rule_10_a_school_that_blocks_a_partner_is_named_as_the_reason(each_world: World) -> None:
    block(each_world)
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    assert "school" in page.text
    with pytest.raises(LookupError):
        page.form("/consent")
    assert answer_of(each_world.ask(browser, prompt="none"))["error"] == "login_required"
    assert each_world.ask(each_world.signed_in("aoife@northfield.example")).form("/consent")


def closed(world: World, decision: str) -> None:
    """Let the school's administrator press a button."""
    browser = world.signed_in("school@lakeside.example")
    page = browser.open("/admin/school")
    assert browser.submit(page, "/admin/school/quizco", button=decision).status == 200


def test_rule_10_a_member_asks_the_school_and_the_school_opens(each_world: World) -> None:
    """The request stands on the school's page; whoever asked still decides alone once it is open."""
    closed(each_world, "ask")
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    asked = browser.submit(page, "/consent/ask-school")
    assert "Your school was asked" in asked.text
    assert not [form for form in asked.forms if "ask-school" in form.action]
    assert browser.submit(page, "/consent/ask-school").status == 200
    administrator = each_world.signed_in("school@lakeside.example")
    assert "1 member asks for it" in administrator.open("/admin/school").text
    closed(each_world, "allow")
    assert each_world.ask(browser).form("/consent")
    # Who presses once more finds the screen that is open by now.
    assert browser.submit(page, "/consent/ask-school").form("/consent")
    assert rows(each_world, "SELECT count(*) FROM consent_grant") == [(0,)]
    acts = rows(each_world, "SELECT action FROM admin_action WHERE action LIKE 'gate_%' ORDER BY action")
    assert acts == [("gate_allow",), ("gate_ask",)]


def test_rule_10_closing_the_school_stops_hand_offs_at_the_next_read_and_opening_lets_them_go_on(
    each_world: World,
) -> None:
    """What the person chose is kept: a school stops, and never consents."""
    access = each_world.tokens()["access_token"]
    closed(each_world, "deny")
    assert each_world.userinfo(access).status_code == 403
    browser = each_world.signed_in()
    assert "Your school does not allow QuizCo now. Since 18 Nov" in browser.open("/connected").text
    closed(each_world, "allow")
    assert each_world.userinfo(access).status_code == 200


def test_only_a_schools_own_administrator_opens_it(world: World) -> None:
    """Not even the platform's administrators; and nothing that the page did not offer."""
    for email in ("admin@platform.example", "officer@platform.example", "asha@lakeside.example"):
        assert world.signed_in(email).open("/admin/school").status == 403
    browser = world.signed_in("school@lakeside.example")
    page = browser.open("/admin/school")
    forged = PageForm("/admin/school/quizco", "post", [*page.form("/quizco").fields, ("gate", "open")])
    assert browser.submit(Page(page.response, [forged], ""), "/quizco").status == 400
    forged = PageForm("/admin/school/nobody", "post", [*page.form("/quizco").fields, ("gate", "deny")])
    assert browser.submit(Page(page.response, [forged], ""), "/nobody").status == 404


def test_a_lock_that_came_while_the_screen_was_open_counts(each_world: World) -> None:
    """Rule 11: a yes on an older screen gives nothing; a no is still taken."""
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    block(each_world)
    told = browser.submit(page, "/consent", button="share")
    assert not [form for form in told.forms if form.action == "/consent"]
    assert "Your school" in told.text or "guardian" in told.text
    assert rows(each_world, "SELECT count(*) FROM consent_grant") == [(0,)]
    assert answer(each_world, browser, page, "refuse")["error"] == "access_denied"


def test_p12_a_no_tells_the_partner_access_denied_and_nothing_else(each_world: World) -> None:
    browser = each_world.signed_in()
    found = answer(each_world, browser, each_world.ask(browser), "refuse")
    assert found["error"] == "access_denied"
    assert (found["state"], found["iss"]) == ("st-1", ISSUER)
    assert set(found) <= {"error", "error_description", "error_uri", "state", "iss"}


def test_p12_a_no_is_remembered_for_ninety_days(each_world: World) -> None:
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "refuse")
    each_world.clock.pass_by(90 * DAY - 1)
    browser = each_world.signed_in()
    back = each_world.ask(browser)
    assert answer_of(back)["error"] == "access_denied"
    each_world.clock.pass_by(1)
    assert asked_again(each_world, each_world.signed_in())


def test_rule_6_deciding_later_is_no_answer(each_world: World) -> None:
    browser = each_world.signed_in()
    assert answer(each_world, browser, each_world.ask(browser), "later")["error"] == "access_denied"
    assert rows(each_world, "SELECT count(*) FROM consent_grant") == [(0,)]
    assert asked_again(each_world, browser)


def test_who_said_yes_is_not_asked_again_until_something_changes(each_world: World) -> None:
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share", PHONE)
    assert "code" in answer_of(each_world.ask(browser))
    assert "code" in answer_of(each_world.ask(browser, prompt="none"))
    assert asked_again(each_world, each_world.signed_in("aoife@northfield.example"))
    assert each_world.ask(browser, prompt="consent").form("/consent")
    new_version(each_world)
    assert answer_of(each_world.ask(browser, prompt="none"))["error"] == "consent_required"


def test_rule_11_after_ninety_days_without_use_the_screen_comes_again_and_use_puts_it_off(
    each_world: World,
) -> None:
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share")
    each_world.clock.pass_by(60 * DAY)
    assert "code" in answer_of(each_world.ask(each_world.signed_in(), scope="openid profile"))
    each_world.clock.pass_by(60 * DAY)
    assert "code" in answer_of(each_world.ask(each_world.signed_in(), scope="openid profile")), (
        "used sixty days ago"
    )
    each_world.clock.pass_by(90 * DAY)
    assert asked_again(each_world, each_world.signed_in())


def test_rule_11_whoever_says_yes_on_that_screen_is_not_asked_at_every_request_from_then_on(
    each_world: World,
) -> None:
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share")
    each_world.clock.pass_by(91 * DAY)
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    assert page.form("/consent")
    assert "code" in answer(each_world, browser, page, "share")
    assert "code" in answer_of(each_world.ask(browser))


def test_p5_new_terms_are_asked_and_keeping_the_old_ones_keeps_the_grant(each_world: World) -> None:
    """The same grant id over versions; the notice is the one that was agreed to."""
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share", PHONE)
    new_version(each_world)
    page = each_world.ask(browser)
    assert "code" in answer(each_world, browser, page, "keep")
    assert rows(each_world, "SELECT offer_version, state FROM consent_grant") == [(1, "active")]
    assert "code" in answer_of(each_world.ask(browser))
    page = each_world.ask(browser, prompt="consent")
    assert "code" in answer(each_world, browser, page, "share")
    assert rows(each_world, "SELECT offer_version, state FROM consent_grant") == [(2, "active")]
    assert {field for (field,) in rows(each_world, "SELECT field FROM grant_item")} == {
        "name",
        "course",
        "phone_number",
    }


def test_p5_refusing_new_terms_stops_the_service(each_world: World) -> None:
    browser = each_world.signed_in()
    tokens = each_world.exchange(answer(each_world, browser, each_world.ask(browser), "share")["code"]).json()
    new_version(each_world)
    assert answer(each_world, browser, each_world.ask(browser), "refuse")["error"] == "access_denied"
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert rows(each_world, "SELECT state, end_reason FROM consent_grant") == [("ended", "user_request")]


def test_an_answer_to_an_outdated_screen_changes_nothing(each_world: World) -> None:
    """Two windows: another second answer finds the screen as it stands; a version published meanwhile too."""
    browser = each_world.signed_in()
    first, second = each_world.ask(browser), each_world.ask(browser)
    answer(each_world, browser, first, "share")
    late = browser.submit(second, "/consent", {"item": [PHONE]}, button="share")
    assert (late.status, "perhaps in another window" in late.text) == (409, True)
    assert late.form("/consent")
    assert rows(each_world, "SELECT count(*) FROM consent_event") == [(1,)]
    other = each_world.signed_in("aoife@northfield.example")
    page = each_world.ask(other)
    new_version(each_world)
    newer = other.submit(page, "/consent", button="share")
    assert (newer.status, "has changed since you opened this page" in newer.text) == (409, True)
    assert "code" in answer(each_world, other, newer, "share")


def test_a_screen_opens_in_its_own_session_only(each_world: World) -> None:
    page = each_world.ask(each_world.signed_in())
    other = each_world.signed_in("aoife@northfield.example")
    token = dict(other.open("/").form("/logout").fields)["csrf_token"]
    assert other.submit(page, "/consent", {"csrf_token": token}, button="share").status == 403
    assert rows(each_world, "SELECT count(*) FROM consent_grant") == [(0,)]


@pytest.mark.parametrize(
    "changes",
    [
        {"item": ["address.delivery_of_goods"]},
        {"item": [PHONE], f"form:{PHONE}": "relay"},
        {"duration": "3650"},
        {"duration": "9" * 5000},
        {"decision": "maybe"},
    ],
)
def test_a_form_that_no_screen_offers_gives_nothing(
    world: World, changes: dict[str, str | list[str]]
) -> None:
    browser = world.signed_in()
    button = "" if "decision" in changes else "share"
    page = browser.submit(world.ask(browser), "/consent", changes, button=button)
    assert page.status == 400
    assert rows(world, "SELECT count(*) FROM consent_grant") == [(0,)]


def test_an_expired_grant_is_asked_for_again_and_keeps_its_id(each_world: World) -> None:
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share")
    ((before,),) = rows(each_world, "SELECT grant_id FROM consent_grant")
    each_world.clock.pass_by(181 * DAY)
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    assert "code" in answer(each_world, browser, page, "share")
    assert rows(each_world, "SELECT grant_id, state, version FROM consent_grant") == [(before, "active", 2)]


def test_another_persons_grant_settles_nothing(world: World) -> None:
    given(world, "1")
    assert asked_again(world, world.signed_in("aoife@northfield.example"))
