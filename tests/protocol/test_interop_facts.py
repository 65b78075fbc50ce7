"""Facts seen with real clients and other servers: one test each, as far as the gateway has the part."""

import json
from urllib.parse import urlencode

import httpx2
import pytest

from gateway.kit.clock import DAY
from gateway.kit.secrets.digests import from_base64url
from tests.world import CHALLENGE, ISSUER, QUIZCO_REDIRECT, VERIFIER, World, answer_of


@pytest.mark.parametrize("token", ["its own", "unknown"])
def test_fact_1_a_revocation_is_answered_with_an_empty_json_object(world: World, token: str) -> None:
    """oidc-client-ts throws on an answer that is not JSON, simple-oauth2 without a JSON type."""
    tokens = world.tokens()
    answer = world.post("/revoke", {"token": tokens["refresh_token"] if token == "its own" else "unknown"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {}


def test_fact_2_a_refresh_may_ask_for_everything_that_was_asked_for_at_first(world: World) -> None:
    """mod_auth_openidc sends the original scopes at every refresh: after a partial consent they are cut down."""
    tokens = world.tokens(scope="openid profile email education phone")
    assert "email" not in tokens["scope"].split()
    for _ in range(3):
        answer = world.refresh(tokens["refresh_token"], scope="openid profile email education phone")
        assert answer.status_code == 200, answer.text
        assert set(answer.json()["scope"].split()) == {"openid", "profile", "education"}
        tokens = answer.json()
    beyond = world.refresh(tokens["refresh_token"], scope="openid address")
    assert (beyond.status_code, beyond.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("path", ["/token", "/par", "/revoke", "/introspect"])
def test_fact_3_a_fapi_client_names_the_issuer_as_audience(world: World, path: str) -> None:
    """Authlib's client puts the token endpoint there: fine for `baseline`, refused for `fapi2`."""
    data = {"token": "x", "grant_type": "authorization_code", "client_id": "campuspress-shop"}
    assert world.post_signed(path, data, aud=ISSUER + "/token").json()["error"] == "invalid_client"
    assert world.post_signed(path, data).json().get("error") != "invalid_client"


def test_fact_4_userinfo_by_post_without_a_body(world: World) -> None:
    """Content-Length: 0, no type, the token in the header."""
    token = world.tokens()["access_token"]
    answer = world.client().post("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.request.headers["Content-Length"] == "0"
    assert answer.json()["name"] == "Asha Rao"


def test_fact_4_an_authorization_request_by_post(world: World) -> None:
    """OIDC Core §3.1.2.1: GET and POST are both to be supported."""
    answer = world.client().post("/authorize", data=world.authorization())
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?ticket=")
    refused = world.client().post("/authorize", data=world.authorization(prompt="none"))
    assert "error=login_required" in refused.headers["Location"]


def test_fact_6_without_pkce_the_answer_says_what_is_missing(world: World) -> None:
    """passport-openidconnect sends no PKCE: its developer has to read why."""
    back = answer_of(world.ask(world.browser(), code_challenge=None, code_challenge_method=None))
    assert (back["error"], "code_challenge" in back["error_description"]) == ("invalid_request", True)


def test_fact_8_head_on_authorize_issues_no_code(world: World) -> None:
    """Reading a header must not act: elsewhere a HEAD was answered with a code."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    answer = browser._client.head(f"/authorize?{urlencode(world.authorization())}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert "location" not in answer.headers


def test_fact_8_no_redirect_when_redirect_uri_came_twice(world: World) -> None:
    """It cannot be known which one is meant, so neither is taken."""
    pairs = [*world.authorization().items(), ("redirect_uri", QUIZCO_REDIRECT)]
    for answer in (
        world.client().get(f"/authorize?{urlencode(pairs)}"),
        world.client().post(
            "/authorize",
            content=urlencode(pairs),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        ),
    ):
        assert answer.status_code == 400
        assert "location" not in answer.headers


def test_fact_8_forwarded_headers_change_nothing(world: World) -> None:
    """The issuer is a setting: no header of a request moves an endpoint, or where a browser is sent."""
    plain = world.client().get("/.well-known/openid-configuration")
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "host=evil.example;proto=http",
        "Host": "evil.example",
    }
    assert world.client().get("/.well-known/openid-configuration", headers=forged).json() == plain.json()
    tokens = world.client().get(f"/authorize?{urlencode(world.authorization())}", headers=forged)
    assert tokens.headers["Location"].startswith("/login?")
    page = world.client().get("/login", headers=forged)
    assert "evil.example" not in page.text + str(page.headers)


def test_fact_8_an_assertion_that_expires_in_a_year_is_refused(world: World) -> None:
    """It would be remembered for a year, or replayable."""
    now = world.clock()
    for seconds, status in ((601, 401), (365 * DAY, 401), (600, 200)):
        answer = world.post_signed("/introspect", {"token": "x"}, exp=now + seconds)
        assert answer.status_code == status, seconds


def test_fact_8_a_code_does_not_survive_a_wrong_verifier(each_world: World) -> None:
    """Whoever holds the code but not the verifier gets one try (RFC 9700 §4.5)."""
    code = each_world.approve()
    assert each_world.exchange(code, code_verifier="w" * 64).json()["error"] == "invalid_grant"
    assert each_world.exchange(code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"
    assert each_world.exchange(each_world.approve(email="aoife@northfield.example")).status_code == 200


def test_fact_8_refresh_tokens_do_not_introspect(world: World) -> None:
    """A resource server would take one for an access token."""
    tokens = world.tokens()
    for hint in ({}, {"token_type_hint": "refresh_token"}):
        answer = world.post("/introspect", {"token": tokens["refresh_token"], **hint})
        assert answer.json() == {"active": False}
    assert world.post("/introspect", {"token": tokens["access_token"]}).json()["active"] is True


def test_fact_8_a_basic_client_may_not_post_its_secret(world: World) -> None:
    """A client uses the method that it was registered with, and no other."""
    data = {"client_id": world.quizco, "client_secret": "cg_cs_" + "q" * 43, "token": "x"}
    assert world.client().post("/introspect", data=data).status_code == 401
    assert world.post("/introspect", {"token": "x"}).status_code == 200


def test_long_state_and_nonce_come_back_whole(world: World) -> None:
    """FAPI 2.0 modules send 384 characters; what is longer than addresses take is pushed (decision 71)."""
    browser = world.signed_in()
    state = "s" * 512
    page = world.ask(browser, state=state, nonce="n" * 200)
    assert world.share(browser, page)["state"] == state
    pushed = world.post("/par", world.authorization(state=state, nonce="n" * 4000)).json()
    query = urlencode({"client_id": world.quizco, "request_uri": pushed["request_uri"]})
    back = answer_of(browser.open(f"/authorize?{query}", stop_at=QUIZCO_REDIRECT))
    assert back["state"] == state
    token = world.exchange(back["code"]).json()["id_token"]
    assert json.loads(from_base64url(token.split(".")[1]))["nonce"] == "n" * 4000


def assert_no_307(answer: httpx2.Response) -> None:
    assert answer.status_code not in (302, 307, 308), answer.headers


def test_redirects_are_303(world: World) -> None:
    """A 307 would repeat the POST, with a password or a secret in it, elsewhere (FAPI 2.0 §5.3.2.2)."""
    client = world.client()
    assert_no_307(client.get(f"/authorize?{urlencode(world.authorization())}"))
    assert_no_307(client.post("/authorize", data=world.authorization(prompt="none")))
    assert_no_307(client.post("/login", data={"email": "asha@lakeside.example", "password": "wrong"}))
    assert_no_307(client.post("/consent", data={"ticket": CHALLENGE}))
    assert_no_307(client.post("/connected/gra_x/stop"))
