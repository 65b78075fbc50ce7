"""RFC 9700: security best practice, as far as no other file has it."""

from urllib.parse import urlencode

import pytest

from gateway.store.consent.standing import StandingQuery, load_standings
from tests.world import ISSUER, PASSWORD, QUIZCO_REDIRECT, World, answer_of


def test_2_1_no_open_redirector(world: World) -> None:
    """Neither the authorization endpoint nor the log-in form leads where a stranger wants."""
    places = (
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
    )
    for place in places:
        browser = world.browser()
        page = browser.open(f"/login?{urlencode({'next': place})}")
        assert "evil.example" not in page.response.text
        form = {"email": "asha@lakeside.example", "password": PASSWORD, "next": place}
        answer = browser._client.post("/login", data=form)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_2_1_2_no_other_response_type(world: World) -> None:
    """No implicit flow, in none of its forms."""
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token token", "none"):
        back = answer_of(world.ask(world.browser(), response_type=response_type))
        assert back["error"] == "unsupported_response_type"


def test_2_4_no_password_flow(world: World) -> None:
    """A partner never sees a password."""
    form = {"grant_type": "password", "username": "asha@lakeside.example", "password": PASSWORD}
    assert world.post("/token", form).json()["error"] == "unsupported_grant_type"


def test_4_2_4_pages_tell_no_other_site_where_the_browser_was(world: World) -> None:
    """A referrer would carry the request, or a ticket."""
    for page in (world.ask(world.browser()), world.ask(world.signed_in())):
        assert page.response.headers["Referrer-Policy"] == "same-origin"
        assert page.response.headers["Cache-Control"] == "no-store"


def test_4_8_downgrading_pkce_is_refused(world: World) -> None:
    """A code that was asked for with a challenge is worth nothing without its verifier."""
    code = world.approve()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": QUIZCO_REDIRECT}
    assert world.post("/token", {**form, "code_challenge": "x" * 43}).json()["error"] == "invalid_grant"


def test_4_16_clickjacking(world: World) -> None:
    """The consent screen is in no frame, runs no script, and posts only here and, from there, to secure addresses."""
    page = world.ask(world.signed_in())
    policy = page.response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self' https: http://localhost:* http://127.0.0.1:*;" in policy
    assert page.response.headers["X-Frame-Options"] == "DENY"


def test_4_14_2_a_stolen_refresh_token_ends_both_parties(each_world: World) -> None:
    """The thief refreshes first, the client later: nobody goes on, and the person's grant itself stands."""
    tokens = each_world.tokens()
    stolen = each_world.refresh(tokens["refresh_token"]).json()
    each_world.clock.pass_by(60)
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert each_world.refresh(stolen["refresh_token"]).json()["error"] == "invalid_grant"
    [standing] = [each_world.store(load_standings, StandingQuery(each_world.person_id(), "practice-quizzes"))]
    assert standing.grant is not None
    assert standing.grant.is_live(each_world.clock())


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_4_10_tokens_are_long_and_random(world: World, name: str) -> None:
    """256 bits, and no two alike, also within one second."""
    found = {world.tokens(prompt="consent")[name] for _ in range(3)}
    assert len(found) == 3
    assert all(len(each.split("_", 2)[2]) == 43 for each in found)


def test_no_redirect_leads_off_for_an_unverified_request(world: World) -> None:
    """RFC 9700 §4.11.2: an error is shown here when anything before the redirect URI's check is wrong."""
    page = world.ask(world.browser(), client_id="nobody", redirect_uri="https://evil.example/")
    assert page.url.startswith(ISSUER)
    assert page.links
    assert not [each for each in page.links if "evil.example" in each.split("?")[0]]
    # The language switch leads back here, so the address stands in a field of its form; nothing leads there.
    assert not [each for each in page.forms if "evil.example" in each.action]


def test_4_12_no_307_for_a_slash_too_many(world: World) -> None:
    """A 307 would send a POST with its credentials elsewhere (RFC 9700 §4.12): the address is unknown instead."""
    answer = world.client().post(
        "/token/", data={"grant_type": "authorization_code"}, headers={"Host": "evil.example"}
    )
    assert answer.status_code == 404
    assert "location" not in answer.headers
