"""The modules of the two FAPI 2.0 plans of the OpenID Foundation's suite that apply, each under its own name.

The names leave out the suite's prefix ``fapi2-security-profile-final-``. CampusPress is the client: private key,
DPoP, and for message signing request objects and signed answers.
"""

from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.protocol.campuspress import REQUEST, begin, campuspress_tokens, exchange_form, opt_in, push
from tests.protocol.test_jarm import hold_to_signing
from tests.protocol.test_rfc9101 import push_signed, request_object
from tests.world import CAMPUSPRESS_DPOP, CAMPUSPRESS_REDIRECT, ISSUER, World, answer_of

OTHER = ECKey.generate_key("P-256", private=True)


def share(world: World, request_uri: str, **beside: str) -> dict[str, str]:
    """Say yes; give what comes back to the partner."""
    browser = world.signed_in()
    page = browser.open(begin(request_uri, **beside), stop_at=CAMPUSPRESS_REDIRECT)
    return answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))


def error_of(answer: httpx2.Response, status: int = 400) -> str:
    """The refusal's code, with its status held against what is expected."""
    assert answer.status_code == status, answer.text
    error: str = answer.json()["error"]
    return error


def pushed_error(world: World, **changes: str | None) -> str:
    """Push a request with changes; None leaves a parameter out."""
    given = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    return error_of(world.post_signed("/par", given))


def exchange(world: World, code: str, *, proof: str | None = None, **changes: str) -> httpx2.Response:
    return world.post_signed("/token", {**exchange_form(code), **changes}, proof=proof)


# Discovery and the happy flow


def test_discovery_end_point_verification(world: World) -> None:
    found = world.client().get("/.well-known/openid-configuration").json()
    assert found["issuer"] == ISSUER
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert "jwt" in found["response_modes_supported"]
    assert {"PS256", "ES256"} <= set(found["dpop_signing_alg_values_supported"])
    assert "RS256" not in found["request_object_signing_alg_values_supported"]


def test_happy_flow(world: World) -> None:
    back = share(world, push(world))
    assert (back["iss"], back["state"]) == (ISSUER, "st-2")
    tokens = exchange(world, back["code"]).json()
    assert tokens["token_type"] == "DPoP"
    assert world.read_signed(tokens["access_token"]).status_code == 200


def test_user_rejects_authentication(world: World) -> None:
    browser = world.signed_in()
    page = browser.open(begin(push(world)))
    back = answer_of(browser.submit(page, "/consent", button="refuse", stop_at=CAMPUSPRESS_REDIRECT))
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", "st-2", ISSUER)


def test_ensure_authorization_request_without_state_success(world: World) -> None:
    assert "state" not in share(world, push(world, state=""))


@pytest.mark.parametrize("nonce", ["", "n" * 64, "n" * 384])
def test_ensure_authorization_request_without_nonce_with_64_char_nonce_and_with_long_nonce(
    world: World, nonce: str
) -> None:
    assert exchange(world, share(world, push(world, nonce=nonce))["code"]).status_code == 200


def test_ensure_authorization_request_with_long_state(world: World) -> None:
    assert share(world, push(world, state="s" * 384))["state"] == "s" * 384


def test_ensure_other_scope_order_succeeds(world: World) -> None:
    assert exchange(world, share(world, push(world, scope="address openid"))["code"]).status_code == 200


def test_access_token_type_header_case_sensitivity(world: World) -> None:
    token = campuspress_tokens(world)["access_token"]
    for scheme in ("DPoP", "dpop", "DpOp"):
        assert world.read_signed(token, scheme=scheme).status_code == 200


# DPoP


def test_check_dpop_proof_nbf_exp(world: World) -> None:
    now, token = world.clock(), campuspress_tokens(world)["access_token"]
    assert world.read_signed(token, nbf=now, exp=now + 60).status_code == 200
    assert world.read_signed(token, exp=now - 60).status_code == 401
    assert world.read_signed(token, nbf=now + 120).status_code == 401


@pytest.mark.parametrize("seconds", [-10, 10])
def test_ensure_dpopproof_with_iat_10seconds_before_and_after_succeeds(world: World, seconds: int) -> None:
    proof = world.proof("/token", iat=world.clock() + seconds)
    assert exchange(world, opt_in(world), proof=proof).status_code == 200


def test_ensure_mismatched_dpop_jkt_fails(world: World) -> None:
    answer = world.post_signed("/par", {**REQUEST, "dpop_jkt": OTHER.thumbprint()}, proof=world.proof("/par"))
    assert error_of(answer) == "invalid_request"


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(world: World) -> None:
    code = share(world, push(world, proof=world.proof("/par")))["code"]
    assert error_of(exchange(world, code, proof=world.proof("/token", key=OTHER))) == "invalid_grant"


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(world: World) -> None:
    code = share(world, push(world, dpop_jkt=OTHER.thumbprint()))["code"]
    assert error_of(exchange(world, code)) == "invalid_grant"


def test_ensure_dpopproof_at_par_endpoint_binding_success(world: World) -> None:
    code = share(world, push(world, proof=world.proof("/par")))["code"]
    assert exchange(world, code).status_code == 200


def test_ensure_dpop_auth_code_binding_success(world: World) -> None:
    code = share(world, push(world, dpop_jkt=CAMPUSPRESS_DPOP.thumbprint()))["code"]
    assert exchange(world, code).status_code == 200


def test_dpop_negative_tests(world: World) -> None:
    token = campuspress_tokens(world)["access_token"]
    faults: list[dict[str, Any]] = [
        {"header": {"typ": "JWT"}},
        {"htm": "PUT"},
        {"htu": ISSUER + "/other"},
        {"htu": None},
        {"iat": None},
        {"iat": world.clock() - 3600},
        {"iat": world.clock() + 3600},
        {"jti": None},
        {"ath": None},
        {"key": OTHER},
        {"header": {"jwk": CAMPUSPRESS_DPOP.as_dict(private=True)}},
    ]
    for fault in faults:
        assert world.read_signed(token, **fault).status_code == 401, fault
    for htu in ("HTTPS://GATEWAY.EXAMPLE/userinfo", ISSUER + ":443/%75serinfo", ISSUER + "/userinfo?a=b#c"):
        assert world.read_signed(token, htu=htu).status_code == 200, htu


def test_ensure_holder_of_key_required(world: World) -> None:
    code = opt_in(world)
    assert error_of(exchange(world, code, proof="")) == "invalid_dpop_proof"
    token = exchange(world, code).json()["access_token"]
    assert world.userinfo(token).status_code == 401


# The authorization request


def test_ensure_unsigned_authorization_request_without_using_par_fails(world: World) -> None:
    query = urlencode({**REQUEST, "client_id": "campuspress-shop"})
    back = answer_of(world.browser().open(f"/authorize?{query}", stop_at=CAMPUSPRESS_REDIRECT))
    assert back["error"] == "invalid_request"


def test_ensure_registered_redirect_uri(world: World) -> None:
    assert pushed_error(world, redirect_uri=CAMPUSPRESS_REDIRECT + "/other") == "invalid_request"


def test_ensure_redirect_uri_in_authorization_request(world: World) -> None:
    assert pushed_error(world, redirect_uri=None) == "invalid_request"


@pytest.mark.parametrize("response_type", ["code id_token", "token"])
def test_ensure_response_type_code_idtoken_and_token_fail(world: World, response_type: str) -> None:
    assert pushed_error(world, response_type=response_type) == "unsupported_response_type"


def test_par_ensure_pkce_required(world: World) -> None:
    assert pushed_error(world, code_challenge=None, code_challenge_method=None) == "invalid_request"


def test_par_plain_pkce_rejected(world: World) -> None:
    assert pushed_error(world, code_challenge_method="plain") == "invalid_request"


def test_par_authorization_request_containing_request_uri_form_param(world: World) -> None:
    assert pushed_error(world, request_uri=push(world)) == "invalid_request"


def test_par_attempt_invalid_http_method(world: World) -> None:
    assert world.client().get("/par").status_code == 405


def test_par_without_duplicate_parameters(world: World) -> None:
    assert world.browser().open(begin(push(world))).status == 200


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(world: World) -> None:
    request_uri = push(world)
    world.signed_in().open(begin(request_uri))
    assert "code" in share(world, request_uri)


def test_par_attempt_reuse_request_uri(world: World) -> None:
    request_uri = push(world)
    share(world, request_uri)
    assert world.signed_in().open(begin(request_uri)).status == 400


def test_par_attempt_to_use_expired_request_uri(world: World) -> None:
    request_uri = push(world)
    world.clock.pass_by(600)
    assert world.signed_in().open(begin(request_uri)).status == 400


def test_par_attempt_to_use_request_uri_for_different_client(world: World) -> None:
    start = begin(push(world)).replace("campuspress-shop", "quizco-web")
    assert world.signed_in().open(start).status == 400


# The token endpoint


def test_ensure_client_id_in_token_endpoint(world: World) -> None:
    assert error_of(exchange(world, opt_in(world), client_id="quizco-web"), 401) == "invalid_client"


def test_ensure_authorization_code_is_bound_to_client(world: World) -> None:
    assert error_of(exchange(world, world.approve())) == "invalid_grant"


def test_attempt_reuse_authorization_code_after_one_second(world: World) -> None:
    code = opt_in(world)
    token = exchange(world, code).json()["access_token"]
    world.clock.pass_by(1)
    assert error_of(exchange(world, code)) == "invalid_grant"
    assert world.read_signed(token).status_code == 401


def test_ensure_token_endpoint_fails_with_expired_auth_code(world: World) -> None:
    code = opt_in(world)
    world.clock.pass_by(61)
    assert error_of(exchange(world, code)) == "invalid_grant"


def test_ensure_pkce_code_verifier_required(world: World) -> None:
    assert error_of(exchange(world, opt_in(world), code_verifier="")) == "invalid_grant"


def test_incorrect_pkce_code_verifier_rejected(world: World) -> None:
    assert error_of(exchange(world, opt_in(world), code_verifier="w" * 64)) == "invalid_grant"


def test_refresh_token(world: World) -> None:
    first = campuspress_tokens(world)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    for _ in range(2):
        assert world.post_signed("/token", form).json()["refresh_token"] == first
    assert error_of(world.post("/token", form)) == "invalid_grant"


# Client assertions


def test_ensure_client_assertion_in_token_endpoint(world: World) -> None:
    form = {**exchange_form(opt_in(world)), "client_id": "campuspress-shop"}
    answer = world.client().post("/token", data=form, headers={"DPoP": world.proof("/token")})
    assert error_of(answer, 401) == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": [ISSUER]},
        {"aud": ISSUER + "/par"},
        {"aud": ISSUER + "/token"},
        {"sub": None},
    ],
)
def test_ensure_client_assertion_with_wrong_aud_array_endpoint_as_audience_and_no_sub_fail(
    world: World, changes: dict[str, Any]
) -> None:
    assert error_of(world.post_signed("/par", REQUEST, **changes), 401) == "invalid_client"


def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(world: World) -> None:
    assert error_of(world.post_signed("/par", REQUEST, exp=world.clock() - 300), 401) == "invalid_client"


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_is_accepted_and_over_60_fails(world: World) -> None:
    assert world.post_signed("/par", REQUEST, nbf=world.clock() + 8).status_code == 201
    assert error_of(world.post_signed("/par", REQUEST, nbf=world.clock() + 61), 401) == "invalid_client"


# Message signing


def test_ensure_unsigned_request_at_par_endpoint_fails(world: World) -> None:
    hold_to_signing(world)
    assert pushed_error(world, response_mode="jwt") == "invalid_request"


def test_ensure_different_state_and_nonce_inside_and_outside_request_object(world: World) -> None:
    pushed = push_signed(
        world, request_object(world, state="in", nonce="in"), state="out", nonce="out"
    ).json()
    assert share(world, pushed["request_uri"], state="out")["state"] == "in"


def test_state_only_outside_request_object_not_used(world: World) -> None:
    pushed = push_signed(world, request_object(world, state=None), state="out").json()
    assert "state" not in share(world, pushed["request_uri"])


def test_ensure_request_object_without_redirect_uri_fails(world: World) -> None:
    assert (
        error_of(push_signed(world, request_object(world, redirect_uri=None), **REQUEST)) == "invalid_request"
    )


def test_ensure_request_object_with_multiple_aud_succeeds(world: World) -> None:
    assert push_signed(world, request_object(world, aud=["https://a.example", ISSUER])).status_code == 201


def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(world: World) -> None:
    assert push_signed(world, request_object(world, nbf=world.clock() + 8)).status_code == 201


@pytest.mark.parametrize(
    ("module", "changes"),
    [
        ("without-exp", {"exp": None}),
        ("without-nbf", {"nbf": None}),
        ("expired", {"nbf": -600, "exp": -300}),
        ("bad-aud", {"aud": "https://other.example"}),
        ("exp-over-60", {"exp": 3600 + 60}),
        ("nbf-over-60", {"nbf": -3600 - 60}),
    ],
)
def test_ensure_request_object_without_exp_without_nbf_expired_bad_aud_exp_over_60_nbf_over_60_fail(
    world: World, module: str, changes: dict[str, Any]
) -> None:
    moved = {
        name: world.clock() + value if isinstance(value, int) else value for name, value in changes.items()
    }
    assert error_of(push_signed(world, request_object(world, **moved))) == "invalid_request_object", module


def test_ensure_request_object_with_invalid_signature_fails(world: World) -> None:
    request = request_object(world)
    head, body, signature = request.split(".")
    forged = ".".join([head, body, ("A" if signature[0] != "A" else "B") + signature[1:]])
    assert error_of(push_signed(world, forged)) == "invalid_request_object"


def test_ensure_matching_key_in_authorization_request(world: World) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "campuspress-1"}, private=True)
    assert error_of(push_signed(world, request_object(world, key=stranger))) == "invalid_request_object"
