"""The seventeen traps of Authlib 1.9, one test each: it fails when the fence is taken away."""

import base64
import json
import logging
from contextlib import nullcontext
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.logs import configure_logs
from gateway.kit.secrets.digests import base64url
from gateway.oauth.flows.server import Protocol, ProtocolAnswer, ProtocolRequest
from gateway.oauth.proofs.client_authentication import Credentials, authenticate
from partners import AuthMethod
from tests.world import (
    ISSUER,
    QUIZCO_REDIRECT,
    QUIZCO_SECRET,
    VERIFIER,
    World,
    answer_of,
)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.mark.parametrize("name", ["response_type", "redirect_uri", "scope", "prompt", "state", "client_id"])
@pytest.mark.parametrize("hostile", ['co"de', "co\\de", "cödé", "co\x00de", "co\u2028de"])
def test_trap_01_hostile_characters_are_refused_before_authlib_sees_them(
    world: World, name: str, hostile: str
) -> None:
    """Authlib raises ValueError on them: an unauthenticated 500."""
    answer = world.client().get(f"/authorize?{urlencode(world.authorization(**{name: hostile}))}")
    if name in ("state", "client_id") and hostile in ('co"de', "co\\de"):
        # These two may hold any printable ASCII (RFC 6749 appendix A): the request is in order but for the client.
        assert answer.status_code == (303 if name == "state" else 400)
    elif hostile == "co\x00de" or name in ("client_id", "redirect_uri"):
        assert answer.status_code == 400
        assert "location" not in answer.headers
        # NUL is refused still earlier, wherever in an address it stands.
        assert hostile == "co\x00de" or f"The parameter {name} has characters" in answer.text
    else:
        back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert back["error"] == ("invalid_scope" if name == "scope" else "invalid_request")
        assert f"The parameter {name} has characters" in back["error_description"]


@pytest.mark.parametrize("credentials", [b"\xff\xfe:x", b"caf\xe9:x", b"no colon"])
def test_trap_02_basic_credentials_that_are_not_utf8_are_refused(world: World, credentials: bytes) -> None:
    """Authlib raises UnicodeDecodeError."""
    header = b"Basic " + base64.b64encode(credentials)
    answer = world.client().post("/token", data={"grant_type": "x"}, headers={b"Authorization": header})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_trap_02_a_header_that_is_not_ascii_is_refused(world: World) -> None:
    """Whatever bytes the header holds, it is read as bytes."""
    for header in (b"Basic \xff\xfe", b"Basic", b"\xe2\x80\xa8", b"Basic =====", b"Bearer x", b""):
        answer = world.client().post("/token", data={"a": "b"}, headers={b"Authorization": header})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        reading = world.client().get("/userinfo", headers={b"Authorization": b"Bearer " + header})
        assert (reading.status_code, reading.json()["error"]) == (401, "invalid_token")


def test_trap_03_every_error_redirect_carries_iss(world: World) -> None:
    """Authlib puts `iss` on codes only (RFC 9207 §2)."""
    asks: list[dict[str, str]] = [
        {"response_type": "token"},
        {"scope": "openid nonsense"},
        {"code_challenge_method": "plain"},
        {"prompt": "none"},
    ]
    for changes in asks:
        back = answer_of(world.ask(world.browser(), **changes))
        assert back["iss"] == ISSUER, changes
        assert back["state"] == "st-1"
        assert "error" in back
    browser = world.signed_in()
    page = world.ask(browser)
    refused = answer_of(browser.submit(page, "/consent", button="refuse", stop_at=QUIZCO_REDIRECT))
    assert (refused["error"], refused["iss"]) == ("access_denied", ISSUER)


def test_trap_04_narrowing_on_refresh_leaves_the_refresh_token_as_it_was(world: World) -> None:
    """Authlib's new refresh token would be narrowed for ever (RFC 6749 §6)."""
    tokens = world.tokens("phone_number.appointment_reminders")
    narrowed = world.refresh(tokens["refresh_token"], scope="openid").json()
    assert narrowed["scope"] == "openid"
    assert "name" not in world.userinfo(narrowed["access_token"]).json()
    again = world.refresh(narrowed["refresh_token"]).json()
    assert set(again["scope"].split()) == set(tokens["scope"].split())
    assert world.userinfo(again["access_token"]).json()["name"] == "Asha Rao"


def test_trap_05_an_unknown_token_type_hint_is_ignored(world: World) -> None:
    """Authlib answers 401 (RFC 7009 §2.2: the server must look further)."""
    tokens = world.tokens()
    answer = world.post("/revoke", {"token": tokens["access_token"], "token_type_hint": "pigeon"})
    assert (answer.status_code, answer.json()) == (200, {})
    assert world.userinfo(tokens["access_token"]).status_code == 401
    wrong = world.post("/revoke", {"token": tokens["refresh_token"], "token_type_hint": "access_token"})
    assert wrong.status_code == 200
    assert world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier", "nonce", "anything"])
def test_trap_06_repeated_parameters_are_refused_at_the_token_endpoint(world: World, name: str) -> None:
    """Authlib takes one of them (RFC 6749 §3.2)."""
    code = world.approve()
    form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", QUIZCO_REDIRECT),
        ("code_verifier", VERIFIER),
        ("nonce", "n"),
        ("anything", "x"),
    ]
    doubled = [*form, next(pair for pair in form if pair[0] == name)]
    answer = world.client().post(
        "/token",
        content=urlencode(doubled),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(world.quizco, QUIZCO_SECRET),
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert world.exchange(code).status_code == 200


@pytest.mark.parametrize(
    "name", ["nonce", "state", "client_id", "redirect_uri", "scope", "max_age", "anything"]
)
def test_trap_06_repeated_parameters_are_refused_at_the_authorization_endpoint(
    world: World, name: str
) -> None:
    """RFC 6749 §3.1; where the client and its redirect URI are named once, the partner is told there (§4.1.2.1)."""
    pairs = [*world.authorization(max_age="60", anything="x").items()]
    doubled = [*pairs, next(pair for pair in pairs if pair[0] == name)]
    answer = world.client().get(f"/authorize?{urlencode(doubled)}")
    if name in ("client_id", "redirect_uri"):
        assert answer.status_code == 400
        assert "location" not in answer.headers
    else:
        back = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
        assert (back["error"], "state" in back) == ("invalid_request", name != "state")


def test_trap_06_a_query_is_no_source_of_a_token_request(world: World) -> None:
    """Authlib merges query and body (RFC 6749 §3.2: parameters in the body)."""
    code = world.approve()
    query = urlencode({"grant_type": "authorization_code", "code": code, "redirect_uri": QUIZCO_REDIRECT})
    answer = world.post(f"/token?{query}", {"code_verifier": VERIFIER})
    assert answer.status_code == 400
    assert world.exchange(code).status_code == 200


def test_trap_07_a_confidential_client_cannot_omit_pkce_nor_use_plain(world: World) -> None:
    """Authlib lets it, and its default method is `plain` (RFC 9700 §2.1.1)."""
    browser = world.browser()
    for changes in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": VERIFIER},
    ):
        assert answer_of(world.ask(browser, **changes))["error"] == "invalid_request", changes
    code = world.approve()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": QUIZCO_REDIRECT}
    assert world.post("/token", form).json()["error"] == "invalid_grant"


def unsigned(claims: dict[str, object]) -> str:
    """Spell a JWT with the algorithm `none`."""
    parts = (base64url(json.dumps(part).encode()) for part in ({"alg": "none"}, claims))
    return ".".join([*parts, ""])


RSA = RSAKey.generate_key(2048, {"kid": "campuspress-1"}, private=True)


def _is_let_in(world: World, assertion: str) -> bool:
    data = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, "token": "cg_at_unknown"}
    answer = world.client().post("/introspect", data=data)
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def test_trap_08_private_key_jwt_takes_the_algorithms_and_claims_of_fapi(world: World) -> None:
    """Authlib takes RS256, an audience in an array, and an expiry in ten years (FAPI 2.0 §5.3.2.1, §5.4)."""
    assert _is_let_in(world, world.assertion())
    assert not _is_let_in(world, world.assertion(aud=[ISSUER]))
    assert not _is_let_in(world, world.assertion(exp=world.clock() + 10 * 365 * DAY))
    assert not _is_let_in(world, world.assertion(aud=f"{ISSUER}/token"))


@pytest.mark.parametrize(("algorithm", "is_taken"), [("PS256", True), ("RS256", False), ("none", False)])
def test_trap_08_of_an_rsa_keys_signatures_only_ps256_is_taken(
    world: World, algorithm: str, is_taken: bool
) -> None:
    """Authlib refuses PS256 and takes RS256; the key itself would verify both (FAPI 2.0 §5.4)."""
    now, registered = world.clock(), world.services.registry.clients["campuspress-shop"]
    with_rsa = replace(registered.client, jwks={"keys": [RSA.as_dict(private=False)]})
    claims = {
        "iss": "campuspress-shop",
        "sub": "campuspress-shop",
        "aud": ISSUER,
        "exp": now + 60,
        "jti": "j",
    }
    if algorithm == "none":
        assertion = unsigned(claims)
    else:
        assertion = jwt.encode(
            {"alg": algorithm, "kid": "campuspress-1"}, claims, RSA, algorithms=[algorithm]
        )
    credentials = Credentials(AuthMethod.PRIVATE_KEY_JWT, "campuspress-shop", assertion)
    with nullcontext() if is_taken else pytest.raises(Refusal):
        authenticate(
            credentials,
            lambda _: replace(registered, client=with_rsa),
            issuer=ISSUER,
            endpoints=(),
            now=now,
        )


def test_trap_09_unsigned_request_objects_are_refused_in_every_form(world: World) -> None:
    """Authlib takes them with a wrong audience, without expiry, and unsigned (`test_rfc9101` has the others)."""
    request = unsigned({"client_id": world.quizco, "scope": "openid"})
    page = world.ask(world.browser(), request=request)
    assert (page.status, page.url.startswith(ISSUER)) == (400, True)
    pushed = world.post("/par", world.authorization(request=request))
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request_object")
    by_reference = world.ask(world.browser(), request_uri="https://client.example/request.jwt")
    assert (by_reference.status, by_reference.url.startswith(ISSUER)) == (400, True)
    described = world.client().get("/.well-known/openid-configuration").json()
    assert described["request_uri_parameter_supported"] is False


def test_trap_10_authlibs_loggers_stay_above_debug(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """They print live tokens at DEBUG, whatever level the gateway is set to."""
    previous, root = logging.getLogger("authlib").level, logging.getLogger()
    handlers, level, structured = list(root.handlers), root.level, structlog.get_config()
    try:
        configure_logs(level=logging.DEBUG)
        root.addHandler(caplog.handler)
        root.setLevel(logging.DEBUG)
        tokens = world.tokens()
        assert not logging.getLogger("authlib.oauth2.rfc6749").isEnabledFor(logging.DEBUG)
        assert tokens["access_token"] not in caplog.text
        assert tokens["refresh_token"] not in caplog.text
    finally:
        logging.getLogger("authlib").setLevel(previous)
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**structured)


def test_trap_11_no_token_is_kept_for_a_refused_exchange(each_world: World) -> None:
    """Authlib saves tokens before it consumes the code: the plan is committed as a whole or not at all."""
    code = each_world.approve()
    first = each_world.exchange(code).json()
    assert each_world.exchange(code).json()["error"] == "invalid_grant"
    for token in (first["access_token"], first["refresh_token"]):
        assert each_world.post("/introspect", {"token": token}).json() == {"active": False}
    other = each_world.approve(email="aoife@northfield.example")
    refused = each_world.exchange(other, redirect_uri=QUIZCO_REDIRECT + "x")
    assert (refused.status_code, set(refused.json())) == (
        400,
        {"error", "error_description", "error_uri"},
    )


def test_trap_12_an_access_token_lives_five_minutes(world: World) -> None:
    """Authlib's default for this flow is 864,000 s."""
    tokens = world.tokens()
    assert tokens["expires_in"] == 300
    assert world.refresh(tokens["refresh_token"]).json()["expires_in"] == 300
    world.clock.pass_by(299)
    assert world.userinfo(tokens["access_token"]).status_code == 200
    world.clock.pass_by(1)
    assert world.userinfo(tokens["access_token"]).status_code == 401


def test_trap_13_prompt_none_says_consent_required_and_prompts_and_max_age_are_heeded(world: World) -> None:
    """Authlib never answers `consent_required`, and ignores unknown prompts and `max_age`."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    asking = {"grant_management_action": "create", "prompt": "none"}
    assert answer_of(world.ask(browser, **asking))["error"] == "consent_required"
    assert answer_of(world.ask(browser, prompt="dance"))["error"] == "invalid_request"
    assert answer_of(world.ask(browser, prompt="none login"))["error"] == "invalid_request"
    world.clock.pass_by(61)
    assert answer_of(world.ask(browser, prompt="none", max_age="60"))["error"] == "login_required"
    assert urlsplit(world.ask(browser, max_age="60").url).path == "/reauthenticate"


def test_trap_14_unknown_and_known_clients_are_answered_alike(world: World) -> None:
    """Authlib's answers differ, so that clients can be enumerated."""
    answers = [
        world.client().post("/token", data={"grant_type": "authorization_code"}, auth=(client_id, secret))
        for client_id, secret in (
            ("nobody", "wrong"),
            (world.quizco, "wrong"),
            ("campuspress-shop", "wrong"),  # known, but with another method
        )
    ]
    told = {(each.status_code, each.text, each.headers["WWW-Authenticate"]) for each in answers}
    assert len(told) == 1
    assert answers[0].status_code == 401


def test_trap_15_the_granted_subset_is_the_scope_of_the_code(world: World) -> None:
    """Authlib validates the request a second time and would put back everything that was asked for."""
    tokens = world.tokens()
    assert set(tokens["scope"].split()) == {"openid", "profile", "education"}
    claims = world.userinfo(tokens["access_token"]).json()
    assert {"email", "email_masked", "phone_number", "phone_number_masked"}.isdisjoint(claims)


def test_trap_16_the_iss_extension_finds_a_location_to_set(world: World) -> None:
    """Starlette's Response has none, and a plain dict of headers is case-sensitive: our answer has both."""
    for name in ("Location", "location", "LOCATION"):
        answer: ProtocolAnswer = Protocol().decisions.handle_response(
            302, "", [(name, "https://x.example/?a=b")]
        )
        assert answer.location == answer.headers["location"] == "https://x.example/?a=b"
    browser = world.signed_in()
    back = world.share(browser, world.ask(browser))
    assert (back["iss"], back["state"], set(back)) == (ISSUER, "st-1", {"code", "iss", "state"})


def test_trap_17_plain_http_behind_a_tls_proxy_is_no_failure(world: World) -> None:
    """Authlib raises InsecureTransportError outside its error boundary; transport is the listener's business."""
    code = world.approve()
    behind_proxy = world.client()
    answer = behind_proxy.post(
        "http://gateway.internal/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": QUIZCO_REDIRECT,
            "code_verifier": VERIFIER,
        },
        auth=(world.quizco, QUIZCO_SECRET),
    )
    assert answer.status_code == 200, answer.text
    assert ProtocolRequest("POST", "/token", {}).uri.startswith("https://")
