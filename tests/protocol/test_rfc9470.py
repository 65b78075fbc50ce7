"""RFC 9470: sensitive fields can be made to want a recent log-in, and the partner is told how to get one."""

from collections.abc import Callable

from tests.gateway.web.authentication.test_security import add_passkey, device, use_passkey
from tests.protocol.campuspress import begin, campuspress_tokens, exchange_form, push
from tests.world import CAMPUSPRESS_REDIRECT, NOW, PASSWORD, World, answer_of


def test_3_an_old_log_in_is_challenged(make_world: Callable[..., World]) -> None:
    """401 with `insufficient_user_authentication` and the age that is wanted; a new log-in with `max_age` helps."""
    world = make_world(sensitive_max_age=600)
    tokens = campuspress_tokens(world)
    assert world.read_signed(tokens["access_token"]).status_code == 200
    world.clock.pass_by(601)
    challenged = world.read_signed(tokens["access_token"])
    assert (challenged.status_code, challenged.json()["error"]) == (401, "insufficient_user_authentication")
    header = challenged.headers["WWW-Authenticate"]
    assert header.startswith("DPoP ")
    assert 'error="insufficient_user_authentication"' in header
    assert 'max_age="600"' in header
    browser = world.signed_in()
    world.clock.pass_by(700)
    page = browser.open(begin(push(world, max_age="600")), stop_at=CAMPUSPRESS_REDIRECT)
    back = browser.submit(page, "/reauthenticate", {"password": PASSWORD}, stop_at=CAMPUSPRESS_REDIRECT)
    again = world.post_signed("/token", exchange_form(answer_of(back)["code"])).json()
    assert world.read_signed(again["access_token"]).status_code == 200


def test_3_a_refresh_does_not_make_the_log_in_younger(make_world: Callable[..., World]) -> None:
    """The token says when the person was there, whoever refreshes it (§6.2)."""
    world = make_world(sensitive_max_age=600)
    first = campuspress_tokens(world)
    world.clock.pass_by(601)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    token = world.post_signed("/token", form).json()["access_token"]
    described = world.post_signed("/introspect", {"token": token}).json()
    assert (described["auth_time"], described["acr"]) == (NOW, "pwd")
    assert world.read_signed(token).status_code == 401


def test_3_fields_that_are_not_sensitive_do_not_care(make_world: Callable[..., World]) -> None:
    """QuizCo reads a name and a course."""
    world = make_world(sensitive_max_age=600)
    tokens = world.tokens()
    world.clock.pass_by(700)
    again = world.refresh(tokens["refresh_token"]).json()
    assert world.userinfo(again["access_token"]).status_code == 200


def test_3_a_weak_log_in_is_challenged(make_world: Callable[..., World]) -> None:
    """The challenge names the class; a log-in that reaches it opens the field."""
    world = make_world(sensitive_acr="mfa")
    browser, own = world.signed_in(), device()
    weak = campuspress_tokens(world)["access_token"]
    challenged = world.read_signed(weak)
    assert (challenged.status_code, challenged.json()["error"]) == (401, "insufficient_user_authentication")
    header = challenged.headers["WWW-Authenticate"]
    assert 'acr_values="mfa"' in header
    assert "max_age" not in header
    add_passkey(browser, own)
    page = browser.open(begin(push(world, acr_values="mfa")), stop_at=CAMPUSPRESS_REDIRECT)
    ticket = page.url.partition("?")[2]
    use_passkey(browser, own, f"/reauthenticate/passkey?{ticket}")
    back = browser.open(begin(push(world, acr_values="mfa")), stop_at=CAMPUSPRESS_REDIRECT)
    strong = world.post_signed("/token", exchange_form(answer_of(back)["code"])).json()
    assert world.read_signed(strong["access_token"]).status_code == 200
    assert world.read_signed(weak).status_code == 401


def test_3_both_demands_stand_in_one_challenge(make_world: Callable[..., World]) -> None:
    """So that one more request satisfies both."""
    world = make_world(sensitive_acr="phr", sensitive_max_age=600)
    header = world.read_signed(campuspress_tokens(world)["access_token"]).headers["WWW-Authenticate"]
    assert 'max_age="600", acr_values="phr"' in header
    assert world.userinfo(world.tokens()["access_token"]).status_code == 200
