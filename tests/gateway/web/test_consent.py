"""The consent screen: who is asked, what is shown, what an answer does, and when nobody is asked again."""

from collections.abc import Callable

import pytest

from gateway.cli.browser import Browser, Page, PageForm
from tests.gateway.store.samples import act, given, rows
from tests.gateway.web.test_connected import new_version
from tests.world import ISSUER, QUIZCO_REDIRECT, World, answer_of

PHONE, EMAIL = "phone_number.appointment_reminders", "email.results_delivery"
DAY = 86_400


def answer(world: World, browser: Browser, page: Page, button: str, *ticked: str) -> dict[str, str]:
    return answer_of(
        browser.submit(page, "/consent", {"item": ticked}, button=button, stop_at=QUIZCO_REDIRECT)
    )


def asked_again(world: World, browser: Browser) -> bool:
    """Whether the person stands before a screen again, instead of going straight back."""
    return bool(world.ask(browser).forms)


def test_rules_1_to_5_the_screen_shows_what_would_be_shared(both: World) -> None:
    page = both.ask(both.signed_in())
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
    both: World,
) -> None:
    browser = both.signed_in()
    both.clock.pass_by(601)
    page = both.ask(browser)
    assert "90000" not in page.response.text
    assert "asha@lakeside" not in page.response.text
    assert "Asha Rao" in page.text


def test_what_the_profile_lacks_is_said_with_the_way_to_add_it(world: World) -> None:
    page = world.ask(world.signed_in("ben@lakeside.example"))
    assert page.link("/profile")


def test_promise_p4_what_was_served_is_on_record_before_the_answer(both: World) -> None:
    browser = both.signed_in()
    page = both.ask(browser)
    ((served_id,),) = rows(both, "SELECT served_id FROM notice_served")
    answer(both, browser, page, "share")
    assert rows(both, "SELECT served_id FROM consent_event") == [(served_id,)]


def test_p9_those_of_unknown_age_without_a_guardian_cannot_opt_in(both: World) -> None:
    """The page says why and leads back; prompt=none is answered at once; nothing is recorded."""
    browser = both.signed_in("deepa@lakeside.example")
    page = both.ask(browser)
    assert "No guardian is linked" in page.text
    with pytest.raises(LookupError):
        page.form("/consent")
    assert page.link(QUIZCO_REDIRECT).startswith(f"{QUIZCO_REDIRECT}?error=access_denied")
    assert answer_of(both.ask(browser, prompt="none"))["error"] == "interaction_required"
    assert rows(both, "SELECT count(*) FROM notice_served") == [(0,)]


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


def test_rule_10_a_school_that_blocks_a_partner_is_named_as_the_reason(both: World) -> None:
    block(both)
    browser = both.signed_in()
    page = both.ask(browser)
    assert "school" in page.text
    with pytest.raises(LookupError):
        page.form("/consent")
    assert answer_of(both.ask(browser, prompt="none"))["error"] == "interaction_required"
    assert both.ask(both.signed_in("aoife@northfield.example")).form("/consent")


def closed(world: World, decision: str) -> None:
    """Let the school's administrator press a button."""
    browser = world.signed_in("school@lakeside.example")
    page = browser.open("/admin/school")
    assert browser.submit(page, "/admin/school/quizco", button=decision).status == 200


def test_rule_10_a_member_asks_the_school_and_the_school_opens(both: World) -> None:
    """The request stands on the school's page; whoever asked still decides alone once it is open."""
    closed(both, "ask")
    browser = both.signed_in()
    page = both.ask(browser)
    asked = browser.submit(page, "/consent/ask-school")
    assert "Your school was asked" in asked.text
    assert not [form for form in asked.forms if "ask-school" in form.action]
    assert browser.submit(page, "/consent/ask-school").status == 200
    administrator = both.signed_in("school@lakeside.example")
    assert "1 member asks for it" in administrator.open("/admin/school").text
    closed(both, "allow")
    assert both.ask(browser).form("/consent")
    assert browser.submit(page, "/consent/ask-school").status == 409
    assert rows(both, "SELECT count(*) FROM consent_grant") == [(0,)]
    acts = rows(both, "SELECT action FROM admin_action WHERE action LIKE 'gate_%' ORDER BY action")
    assert acts == [("gate_allow",), ("gate_ask",)]


def test_rule_10_closing_the_school_stops_hand_offs_at_the_next_read_and_opening_lets_them_go_on(
    both: World,
) -> None:
    """What the person chose is kept: a school stops, and never consents."""
    access = both.tokens()["access_token"]
    closed(both, "deny")
    assert both.userinfo(access).status_code == 401
    browser = both.signed_in()
    assert "Nothing is shared while it is paused" in browser.open("/connected").text
    closed(both, "allow")
    assert both.userinfo(access).status_code == 200


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


def test_a_lock_that_came_while_the_screen_was_open_counts(both: World) -> None:
    """Rule 11: a yes on an older screen gives nothing; a no is still taken."""
    browser = both.signed_in()
    page = both.ask(browser)
    block(both)
    assert browser.submit(page, "/consent", button="share").status == 409
    assert rows(both, "SELECT count(*) FROM consent_grant") == [(0,)]
    assert answer(both, browser, page, "refuse")["error"] == "access_denied"


def test_p12_a_no_tells_the_partner_access_denied_and_nothing_else(both: World) -> None:
    browser = both.signed_in()
    found = answer(both, browser, both.ask(browser), "refuse")
    assert found["error"] == "access_denied"
    assert (found["state"], found["iss"]) == ("st-1", ISSUER)
    assert set(found) <= {"error", "error_description", "error_uri", "state", "iss"}


def test_p12_a_no_is_remembered_for_ninety_days(both: World) -> None:
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "refuse")
    both.clock.pass_by(90 * DAY - 1)
    browser = both.signed_in()
    back = both.ask(browser)
    assert answer_of(back)["error"] == "access_denied"
    both.clock.pass_by(1)
    assert asked_again(both, both.signed_in())


def test_rule_6_deciding_later_is_no_answer(both: World) -> None:
    browser = both.signed_in()
    assert answer(both, browser, both.ask(browser), "later")["error"] == "access_denied"
    assert rows(both, "SELECT count(*) FROM consent_grant") == [(0,)]
    assert asked_again(both, browser)


def test_who_said_yes_is_not_asked_again_until_something_changes(both: World) -> None:
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "share", PHONE)
    assert "code" in answer_of(both.ask(browser))
    assert "code" in answer_of(both.ask(browser, prompt="none"))
    assert asked_again(both, both.signed_in("aoife@northfield.example"))
    assert both.ask(browser, prompt="consent").form("/consent")
    new_version(both)
    assert answer_of(both.ask(browser, prompt="none"))["error"] == "consent_required"


def test_rule_11_after_ninety_days_without_use_the_screen_comes_again_and_use_puts_it_off(
    both: World,
) -> None:
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "share")
    both.clock.pass_by(60 * DAY)
    assert "code" in answer_of(both.ask(both.signed_in()))
    both.clock.pass_by(60 * DAY)
    assert "code" in answer_of(both.ask(both.signed_in())), "used sixty days ago"
    both.clock.pass_by(90 * DAY)
    assert asked_again(both, both.signed_in())


def test_rule_11_whoever_says_yes_on_that_screen_is_not_asked_at_every_request_from_then_on(
    both: World,
) -> None:
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "share")
    both.clock.pass_by(91 * DAY)
    browser = both.signed_in()
    page = both.ask(browser)
    assert page.form("/consent")
    assert "code" in answer(both, browser, page, "share")
    assert "code" in answer_of(both.ask(browser))


def test_p5_new_terms_are_asked_and_keeping_the_old_ones_keeps_the_grant(both: World) -> None:
    """The same grant id over versions; the notice is the one that was agreed to."""
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "share", PHONE)
    new_version(both)
    page = both.ask(browser)
    assert "code" in answer(both, browser, page, "keep")
    assert rows(both, "SELECT offer_version, state FROM consent_grant") == [(1, "active")]
    assert "code" in answer_of(both.ask(browser))
    page = both.ask(browser, prompt="consent")
    assert "code" in answer(both, browser, page, "share")
    assert rows(both, "SELECT offer_version, state FROM consent_grant") == [(2, "active")]
    assert {field for (field,) in rows(both, "SELECT field FROM grant_item")} == {
        "name",
        "course",
        "phone_number",
    }


def test_p5_refusing_new_terms_stops_the_service(both: World) -> None:
    browser = both.signed_in()
    tokens = both.exchange(answer(both, browser, both.ask(browser), "share")["code"]).json()
    new_version(both)
    assert answer(both, browser, both.ask(browser), "refuse")["error"] == "access_denied"
    assert both.userinfo(tokens["access_token"]).status_code == 401
    assert rows(both, "SELECT state, end_reason FROM consent_grant") == [("ended", "user_request")]


def test_an_answer_to_an_outdated_screen_changes_nothing(both: World) -> None:
    """Two windows: the second answer is told to look again; a version published meanwhile too."""
    browser = both.signed_in()
    first, second = both.ask(browser), both.ask(browser)
    answer(both, browser, first, "share")
    late = browser.submit(second, "/consent", {"item": [PHONE]}, button="share")
    assert late.status == 409
    assert rows(both, "SELECT count(*) FROM consent_event") == [(1,)]
    other = both.signed_in("aoife@northfield.example")
    page = both.ask(other)
    new_version(both)
    assert other.submit(page, "/consent", button="share").status == 409


def test_a_screen_opens_in_its_own_session_only(both: World) -> None:
    page = both.ask(both.signed_in())
    other = both.signed_in("aoife@northfield.example")
    token = dict(other.open("/").form("/logout").fields)["csrf_token"]
    assert other.submit(page, "/consent", {"csrf_token": token}, button="share").status == 403
    assert rows(both, "SELECT count(*) FROM consent_grant") == [(0,)]


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
def test_a_form_that_no_screen_offers_gives_nothing(world: World, changes: dict[str, object]) -> None:
    browser = world.signed_in()
    button = "" if "decision" in changes else "share"
    page = browser.submit(world.ask(browser), "/consent", changes, button=button)
    assert page.status == 400
    assert rows(world, "SELECT count(*) FROM consent_grant") == [(0,)]


def test_an_expired_grant_is_asked_for_again_and_keeps_its_id(both: World) -> None:
    browser = both.signed_in()
    answer(both, browser, both.ask(browser), "share")
    ((before,),) = rows(both, "SELECT grant_id FROM consent_grant")
    both.clock.pass_by(181 * DAY)
    browser = both.signed_in()
    page = both.ask(browser)
    assert "code" in answer(both, browser, page, "share")
    assert rows(both, "SELECT grant_id, state, version FROM consent_grant") == [(before, "active", 2)]


def test_another_persons_grant_settles_nothing(world: World) -> None:
    given(world, "1")
    assert asked_again(world, world.signed_in("aoife@northfield.example"))
