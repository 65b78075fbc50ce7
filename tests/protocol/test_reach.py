"""A token reaches what its request asked for, as far as the live grant goes (RFC 9700 §2.3, decision 0069)."""

import json
from typing import Any

import pytest

from gateway.cli.browser import Browser
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.protocol.campuspress import begin, exchange_form, push
from tests.protocol.screen import Television
from tests.protocol.test_release import items_of, read
from tests.protocol.test_rfc9396 import details, item
from tests.world import (
    CAMPUSPRESS_REDIRECT,
    PARTNERS,
    QUIZCO_REDIRECT,
    World,
    answer_of,
    boxes,
    publish,
)

EMAIL, PHONE = "email.results_delivery", "phone_number.appointment_reminders"
STATUS = "student_status.eligibility_check"
NEEDED = {"name", "course"}
WIDE = {*NEEDED, "email_masked", "phone_number_masked", "is_student"}


def fields(world: World, tokens: dict[str, Any]) -> set[str]:
    """What userinfo gives besides the subject."""
    return set(world.userinfo(tokens["access_token"]).json()) - {"sub"}


def claims(*names: str) -> str:
    return json.dumps({"userinfo": dict.fromkeys(names)})


def wide(world: World) -> tuple[Browser, dict[str, Any]]:
    """Asha said yes to everything once."""
    browser = world.signed_in()
    code = world.share(browser, world.ask(browser), EMAIL, PHONE, STATUS)["code"]
    tokens = world.exchange(code).json()
    assert fields(world, tokens) == WIDE
    return browser, tokens


def silently(world: World, browser: Browser, **changes: str | None) -> dict[str, Any]:
    """Ask without a page and exchange."""
    tokens: dict[str, Any] = world.exchange(
        answer_of(world.ask(browser, prompt="none", **changes))["code"]
    ).json()
    return tokens


@pytest.mark.parametrize(
    ("asked", "reached", "scope"),
    [
        ({"scope": "openid"}, set(), "openid"),
        ({"scope": "openid offline_access"}, set(), "openid offline_access"),
        ({"scope": "openid email"}, {*NEEDED, "email_masked"}, "openid email"),
        ({"scope": "openid education"}, {*NEEDED, "is_student"}, "openid education"),
        ({"scope": "openid", "claims": claims("email")}, {*NEEDED, "email_masked"}, "openid"),
        ({"scope": "openid", "claims": claims("name")}, NEEDED, "openid"),
        ({"scope": "openid", "claims": claims("address", "shoe_size")}, set(), "openid"),
        ({"scope": "openid", "claims": json.dumps({"id_token": {"email": None}})}, set(), "openid"),
        (
            {"scope": "openid", "authorization_details": details(item(PHONE))},
            {*NEEDED, "phone_number_masked"},
            "openid",
        ),
        (
            {"scope": "openid email", "claims": claims("phone_number"), "authorization_details": details(item(STATUS))},
            WIDE,
            "openid email",
        ),
    ],
)  # fmt: skip
def test_1_whatever_was_granted_a_token_reaches_what_its_request_asked_for(
    world: World, asked: dict[str, str], reached: set[str], scope: str
) -> None:
    """At the exchange, at `/release`, at introspection and after a refresh, which a client may ask for all again."""
    browser, _ = wide(world)
    tokens = silently(world, browser, **asked)
    refreshed = world.refresh(tokens["refresh_token"]).json()
    again = world.refresh(refreshed["refresh_token"], scope=asked["scope"]).json()
    for each in (tokens, refreshed, again):
        assert fields(world, each) == reached
        assert each["scope"] == scope
        described = world.post("/introspect", {"token": each["access_token"]}).json()
        assert described["scope"] == scope
        assert len(items_of(read(world, each["access_token"]))) == len(reached)


def test_1_on_both_databases_the_gate_weighs_what_was_asked(each_world: World) -> None:
    """The two ways of the gate decide the same."""
    browser, _ = wide(each_world)
    for asked, reached in (("openid", set()), ("openid phone", {*NEEDED, "phone_number_masked"})):
        tokens = silently(each_world, browser, scope=asked)
        assert fields(each_world, tokens) == reached
        assert fields(each_world, each_world.refresh(tokens["refresh_token"]).json()) == reached


def test_1_nothing_named_asks_for_the_whole_service(world: World) -> None:
    """A default scope (RFC 6749 §3.3); the answer says what it is. It can be narrowed like any other."""
    browser, _ = wide(world)
    answer = answer_of(world.ask(browser, scope=None, prompt="none"))
    tokens = world.exchange(answer["code"]).json()
    assert set(tokens["scope"].split()) == {"profile", "email", "phone", "education"}
    assert len(items_of(read(world, tokens["access_token"]))) == len(WIDE)
    narrowed = world.refresh(tokens["refresh_token"], scope="email").json()
    released = items_of(read(world, narrowed["access_token"]))
    assert {each["field"] for each in released} == {*NEEDED, "email"}


def test_1_a_refresh_for_signing_in_reaches_no_field(world: World) -> None:
    """RFC 6749 §6: less than at first; and the next one may have it all again."""
    browser, _ = wide(world)
    tokens = silently(world, browser, scope="openid email")
    narrowed = world.refresh(tokens["refresh_token"], scope="openid").json()
    assert fields(world, narrowed) == set()
    assert fields(world, world.refresh(narrowed["refresh_token"]).json()) == {*NEEDED, "email_masked"}


def test_1_what_was_asked_for_and_is_granted_later_is_reached_then(world: World) -> None:
    """Asked ∩ granted, at each read: and what is switched off is gone."""
    browser = world.signed_in()
    first = world.exchange(world.share(browser, world.ask(browser))["code"]).json()
    assert fields(world, first) == NEEDED
    world.share(browser, world.ask(browser, prompt="consent", scope="openid email"), EMAIL)
    assert fields(world, first) == {*NEEDED, "email_masked"}
    press(browser, detail_of(browser), "/off/email/results_delivery")
    assert fields(world, first) == NEEDED


def test_1_pushed_requests_reach_no_more(world: World) -> None:
    """RFC 9126: another way of sending the same parameters."""
    browser = world.signed_in()
    page = browser.open(begin(push(world, scope="openid address phone email")))
    ticked = {"item": ["phone_number.delivery_of_goods", "email.delivery_of_goods"]}
    browser.submit(page, "/consent", ticked, button="share", stop_at=CAMPUSPRESS_REDIRECT)
    for scope, reached in (("openid", set()), ("openid email", {"name", "address", "email_masked"})):
        back = browser.open(begin(push(world, scope=scope)), stop_at=CAMPUSPRESS_REDIRECT)
        tokens = world.post_signed("/token", exchange_form(answer_of(back)["code"])).json()
        assert set(world.read_signed(tokens["access_token"]).json()) - {"sub"} == reached


def test_1_devices_reach_no_more(world: World) -> None:
    """RFC 8628."""
    television = Television(world)
    browser, _ = wide(world)
    television.begin(scope="openid")
    page = browser.submit(television.type(browser), "/consent", button="keep")
    assert page.url.endswith("/device/ready")
    assert fields(world, television.poll().json()) == set()


@pytest.mark.parametrize("action", ["merge", "replace"])
def test_1_grant_management_changes_the_grant_and_not_the_reach(world: World, action: str) -> None:
    """Grant Management §5.1: merging keeps items in the grant; the token still reaches what it asked for."""
    browser, first = wide(world)
    named = {"grant_management_action": action, "grant_id": first["grant_id"]}
    page = world.ask(browser, scope="openid email", prompt="consent", **named)
    assert ("A yes takes the place of what you agreed to on" in page.text) == (action == "replace")
    back = answer_of(
        browser.submit(
            page, "/consent", {"item": sorted(boxes(page))}, button="share", stop_at=QUIZCO_REDIRECT
        )
    )
    second = world.exchange(back["code"]).json()
    assert fields(world, second) == {*NEEDED, "email_masked"}
    assert fields(world, first) == (WIDE if action == "merge" else {*NEEDED, "email_masked"})


def test_4_what_is_asked_and_not_decided_is_shown_and_silently_consent_required(world: World) -> None:
    """`openid phone` that was never asked for before: only the phone number is new, the rest stands."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser, scope="openid email"), EMAIL)
    silent = answer_of(world.ask(browser, scope="openid phone", prompt="none"))
    assert silent["error"] == "consent_required"
    page = world.ask(browser, scope="openid phone")
    assert boxes(page) == {PHONE}
    assert "Same as before: 3 items" in page.text
    tokens = world.exchange(world.share(browser, page, PHONE)["code"]).json()
    assert fields(world, tokens) == {*NEEDED, "phone_number_masked"}
    assert fields(world, silently(world, browser, scope="openid email phone")) == WIDE - {"is_student"}


def test_4_a_yes_takes_nothing_away(each_world: World) -> None:
    """`prompt=consent` with a narrower scope lists everything that stands, and a yes keeps it."""
    browser, first = wide(each_world)
    page = each_world.ask(browser, prompt="consent", scope="openid phone")
    assert "Same as before: 5 items" in page.text
    tokens = each_world.exchange(each_world.share(browser, page)["code"]).json()
    assert fields(each_world, tokens) == {*NEEDED, "phone_number_masked"}
    assert fields(each_world, first) == WIDE


def test_4_what_was_left_out_is_not_asked_again_for_ninety_days(world: World) -> None:
    """Neither what had no tick nor what was switched off; then it is asked again, with the day."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser), PHONE)
    press(browser, detail_of(browser), "/off/phone_number/appointment_reminders")
    for prompt in (None, "none"):
        assert "code" in answer_of(world.ask(browser, prompt=prompt))
    world.clock.pass_by(89 * 86_400)
    browser = world.signed_in()
    assert "code" in answer_of(world.ask(browser, prompt="none"))
    world.clock.pass_by(86_400)
    browser = world.signed_in()
    assert answer_of(world.ask(browser, prompt="none"))["error"] == "consent_required"
    page = world.ask(browser)
    assert boxes(page) == {EMAIL, PHONE, STATUS}
    assert "You left this out on 18 Nov 2026" in page.text
    # Left as it is, it is decided again: for another 90 days.
    answer = browser.submit(page, "/consent", button="keep", stop_at=QUIZCO_REDIRECT)
    assert "code" in answer_of(answer)
    assert "code" in answer_of(world.ask(browser, prompt="none"))


def test_4_prompt_consent_asks_again_and_says_that_it_was_left_out(world: World) -> None:
    """Not as something new: only what nobody asked for before is."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser, scope="openid email"))
    page = world.ask(browser, scope="openid email phone", prompt="consent")
    assert boxes(page) == {EMAIL, PHONE}
    assert page.text.count("You left this out on 18 Nov 2026") == 1
    # A screen for something else does not ask for it.
    assert boxes(world.ask(browser, scope="openid email phone")) == {PHONE}


def test_4_what_was_left_out_stays_so_whichever_way_a_screen_was_answered(world: World) -> None:
    """A tick takes it off the list; leaving another thing as it is adds that."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser, scope="openid email"))
    world.share(browser, world.ask(browser, scope="openid email", prompt="consent"), EMAIL)
    page = world.ask(browser, scope="openid phone")
    browser.submit(page, "/consent", button="keep", stop_at=QUIZCO_REDIRECT)
    tokens = silently(world, browser, scope="openid email phone")
    assert fields(world, tokens) == {*NEEDED, "email_masked"}
    assert tokens["scope"] == "openid email"


def test_5_the_scope_of_the_answer_is_what_was_asked_and_allowed(world: World) -> None:
    """RFC 6749 §5.1: the same as asked where everything is allowed, though needed items come with it."""
    browser = world.signed_in()
    page = world.ask(browser, scope="openid email")
    tokens = world.exchange(world.share(browser, page, EMAIL)["code"]).json()
    assert tokens["scope"] == "openid email"
    press(browser, detail_of(browser), "/off/email/results_delivery")
    assert world.refresh(tokens["refresh_token"]).json()["scope"] == "openid"


OPTIONAL_ONLY = (
    (PARTNERS / "quizco.toml").read_text().replace('necessity = "needed"', 'necessity = "optional"')
)


def test_module_verify_scopes_returned_in_userinfo_claims_and_ensure_userinfo_does_not_contain_name(
    world: World,
) -> None:
    """`oidcc-scope-*`, `oidcc-server`: each scope gives its claims, `openid` and another scope give no name."""
    world.run(lambda: publish(world.services, OPTIONAL_ONLY, version=2, manifest_version=2))
    browser = world.signed_in()
    page = world.ask(browser)
    world.share(browser, page, *sorted(boxes(page)))
    for scope, given in (
        ("openid", set()),
        ("openid profile", {"name"}),
        ("openid email", {"email_masked"}),
        ("openid phone", {"phone_number_masked"}),
        ("openid profile email phone education", WIDE),
    ):
        tokens = silently(world, browser, scope=scope)
        assert tokens["scope"] == scope
        assert fields(world, tokens) == given


def test_3_an_offer_of_choices_alone_never_gives_an_empty_screen(world: World) -> None:
    """`scope=openid` signs in there, and a yes to that is a yes."""
    world.run(lambda: publish(world.services, OPTIONAL_ONLY, version=2, manifest_version=2))
    browser = world.signed_in()
    page = world.ask(browser, scope="openid")
    assert "Share 0 items" not in page.text
    form = page.form("/consent")
    offered = {value for name, value in (*form.fields, *form.choices) if name == "duration"}
    assert not {"once"} & offered, "nothing is read that could be counted"
    assert browser.submit(page, "/consent", {"duration": "once"}, button="share").status == 400
    tokens = world.exchange(world.share(browser, world.ask(browser, scope="openid"))["code"]).json()
    assert fields(world, tokens) == set()
