"""The modules of the OpenID Foundation's two FAPI 2.0 plans, each as a test of its name, right case and wrong case.

Modules of the security profile run twice, as the suite runs them: for a client that pushes plain requests, and for
one that is held to message signing, whose requests are signed objects and whose answers are signed too.
CampusPress is the client: private key and DPoP.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from gateway.kit.secrets.digests import base64url
from tests.protocol.campuspress import REQUEST, begin, exchange_form
from tests.protocol.fapi2_plans import MESSAGE_SIGNING_ALONE, NOT_APPLICABLE, SECURITY_PROFILE
from tests.protocol.test_attacks import claims_of
from tests.protocol.test_jarm import hold_to_signing, opened
from tests.protocol.test_rfc9101 import HEADER, push_signed, request_object
from tests.world import CAMPUSPRESS_DPOP, CAMPUSPRESS_KEY, CAMPUSPRESS_REDIRECT, ISSUER, World, answer_of

OTHER = ECKey.generate_key("P-256", private=True)
RSA = RSAKey.generate_key(2048, {"kid": "campuspress-rsa"}, private=True)
MINUTE = 60


def test_every_module_is_mirrored_or_does_not_apply() -> None:
    """A module that the suite gains has to be written here, or its reason has to be given."""
    mirrored = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    applying = {*SECURITY_PROFILE, *MESSAGE_SIGNING_ALONE} - NOT_APPLICABLE.keys()
    assert {each.replace("-", "_") for each in applying} <= mirrored
    assert NOT_APPLICABLE.keys() <= {*SECURITY_PROFILE, *MESSAGE_SIGNING_ALONE}
    assert len(mirrored) == len(applying) + 1


@dataclass
class Shop:
    """CampusPress as the plan wants it."""

    world: World
    signs: bool

    def post(
        self,
        *,
        proof: str = "",
        beside: Mapping[str, str] | None = None,
        assertion: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> httpx2.Response:
        """Push a request with changes; None leaves a parameter out."""
        if self.signs:
            form = {"request": request_object(self.world, **{"response_mode": "jwt", **changes})}
        else:
            form = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
        return self.world.post_signed("/par", {**form, **(beside or {})}, proof=proof, **(assertion or {}))

    def push(self, *, proof: str = "", **changes: Any) -> str:
        """Push a request; give its request_uri."""
        answer = self.post(proof=proof, **changes)
        assert answer.status_code == 201, answer.text
        assert answer.json()["expires_in"] < 600
        request_uri: str = answer.json()["request_uri"]
        return request_uri

    def answer(self, request_uri: str, button: str = "share", **beside: str) -> dict[str, Any]:
        """Walk a person through it; give what comes back, opened and verified where it is signed."""
        browser = self.world.signed_in()
        page = browser.open(begin(request_uri, **beside), stop_at=CAMPUSPRESS_REDIRECT)
        if page.forms:
            page = browser.submit(page, "/consent", button=button, stop_at=CAMPUSPRESS_REDIRECT)
        back = answer_of(page)
        assert self.signs or back["iss"] == ISSUER
        return opened(self.world, back, "campuspress-shop") if self.signs else dict(back)

    def code(self, **changes: Any) -> str:
        """Opt in; give the code."""
        code: str = self.answer(self.push(**changes))["code"]
        return code

    def exchange(
        self,
        code: str,
        *,
        proof: str | None = None,
        assertion: Mapping[str, Any] | None = None,
        **changes: str,
    ) -> httpx2.Response:
        """Exchange a code."""
        return self.world.post_signed(
            "/token", {**exchange_form(code), **changes}, proof=proof, **(assertion or {})
        )

    def tokens(self, **changes: Any) -> dict[str, Any]:
        """Opt in and exchange."""
        answer = self.exchange(self.code(**changes))
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def refuses(self, error: str, status: int = 400, **changes: Any) -> None:
        """Push the request as it should be, which is taken, and with the change, which is not."""
        assert self.post().status_code == 201
        assert error_of(self.post(**changes), status) == error


def error_of(answer: httpx2.Response, status: int = 400) -> str:
    """The refusal's code, with its status held against what is expected."""
    assert answer.status_code == status, answer.text
    error: str = answer.json()["error"]
    return error


@pytest.fixture(params=["security profile", "message signing"])
def shop(request: pytest.FixtureRequest, world: World) -> Shop:
    """The client of each plan."""
    found = Shop(world, request.param == "message signing")
    if found.signs:
        hold_to_signing(world)
    return found


@pytest.fixture
def signing(world: World) -> Shop:
    """The client of the plan for message signing."""
    hold_to_signing(world)
    return Shop(world, signs=True)


def with_rsa_key(world: World) -> None:
    """Register an RSA key besides CampusPress's own, so that only the algorithm can be what is wrong."""
    store = world.services.store
    registered = store.registry.clients["campuspress-shop"]
    keys = {"keys": [CAMPUSPRESS_KEY.as_dict(private=False), RSA.as_dict(private=False)]}
    held = replace(registered, client=replace(registered.client, jwks=keys))
    store._registry = replace(store.registry, clients={**store.registry.clients, "campuspress-shop": held})


# Discovery and the happy flow


def test_discovery_end_point_verification(world: World) -> None:
    found = world.client().get("/.well-known/openid-configuration").json()
    assert found["issuer"] == ISSUER
    assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]
    assert found["pushed_authorization_request_endpoint"] == ISSUER + "/par"
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert {"jwt", "query"} <= set(found["response_modes_supported"])
    assert {"PS256", "ES256"} <= set(found["dpop_signing_alg_values_supported"])
    for name in ("request_object", "token_endpoint_auth"):
        offered = set(found[f"{name}_signing_alg_values_supported"])
        assert {"PS256", "ES256"} <= offered
        assert not offered & {"RS256", "none", "HS256"}
    assert "password" not in found["grant_types_supported"]


def test_happy_flow(shop: Shop) -> None:
    back = shop.answer(shop.push())
    assert back["state"] == "st-2"
    tokens = shop.exchange(back["code"]).json()
    assert tokens["token_type"] == "DPoP"
    assert shop.world.read_signed(tokens["access_token"]).json()["name"] == "Asha Rao"
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert shop.world.post_signed("/token", again).status_code == 200


def test_user_rejects_authentication(shop: Shop) -> None:
    back = shop.answer(shop.push(), button="refuse")
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "st-2", False)


def test_ensure_authorization_request_without_state_success(shop: Shop) -> None:
    assert "state" not in shop.answer(shop.push(state=None))


@pytest.mark.parametrize("nonce", [None, "n-1"])
def test_ensure_authorization_request_without_nonce_success(shop: Shop, nonce: str | None) -> None:
    assert id_token_of(shop, nonce=nonce).get("nonce") == nonce


def test_ensure_authorization_request_with_64_char_nonce_success(shop: Shop) -> None:
    assert id_token_of(shop, nonce="n" * 64)["nonce"] == "n" * 64


def test_ensure_authorization_request_with_long_nonce(shop: Shop) -> None:
    assert id_token_of(shop, nonce="n" * 384)["nonce"] == "n" * 384


def test_ensure_authorization_request_with_long_state(shop: Shop) -> None:
    assert shop.answer(shop.push(state="s" * 384))["state"] == "s" * 384


def id_token_of(shop: Shop, **changes: Any) -> dict[str, Any]:
    """The claims of the ID token that a request leads to."""
    return claims_of(shop.tokens(**changes)["id_token"])


def test_ensure_other_scope_order_succeeds(shop: Shop) -> None:
    assert "id_token" in shop.tokens(scope="address openid")


def test_test_claims_parameter_identity_claims(shop: Shop) -> None:
    wish: Any = {"userinfo": {"name": {"essential": True}, "address": None}, "id_token": {"name": None}}
    tokens = shop.tokens(scope="openid", claims=wish if shop.signs else json.dumps(wish))
    assert {"name", "address"} <= set(shop.world.read_signed(tokens["access_token"]).json())
    shop.refuses("invalid_request", claims="nonsense")


def test_test_essential_acr_sca_claim(shop: Shop) -> None:
    def wish(acr: str) -> Any:
        found = {"id_token": {"acr": {"essential": True, "values": [acr]}}}
        return found if shop.signs else json.dumps(found)

    assert id_token_of(shop, claims=wish("pwd"))["acr"] == "pwd"
    shop.refuses("unmet_authentication_requirements", claims=wish("urn:openbanking:psd2:sca"))


def test_access_token_type_header_case_sensitivity(shop: Shop) -> None:
    token = shop.tokens()["access_token"]
    for scheme in ("DPoP", "dpop", "DpOp"):
        assert shop.world.read_signed(token, scheme=scheme).status_code == 200
    assert shop.world.read_signed(token, scheme="Pigeon").status_code == 401


# DPoP


def test_check_dpop_proof_nbf_exp(shop: Shop) -> None:
    now, token, read = shop.world.clock(), shop.tokens()["access_token"], shop.world.read_signed
    assert read(token, nbf=now, exp=now + MINUTE).status_code == 200
    assert read(token, exp=now - MINUTE).status_code == 401
    assert read(token, nbf=now + 2 * MINUTE).status_code == 401


def within(shop: Shop, seconds: int, beyond: int) -> None:
    """A proof made so many seconds from now is taken; one from further off is not."""
    proof = shop.world.proof("/token", iat=shop.world.clock() + beyond)
    assert error_of(shop.exchange(shop.code(), proof=proof)) == "invalid_dpop_proof"
    proof = shop.world.proof("/token", iat=shop.world.clock() + seconds)
    assert shop.exchange(shop.code(), proof=proof).status_code == 200


def test_ensure_dpopproof_with_iat_10seconds_before_succeeds(shop: Shop) -> None:
    within(shop, -10, -3600)


def test_ensure_dpopproof_with_iat_10seconds_after_succeeds(shop: Shop) -> None:
    within(shop, 10, 61)


def test_ensure_mismatched_dpop_jkt_fails(shop: Shop) -> None:
    proof = shop.world.proof("/par")
    assert error_of(shop.post(proof=proof, dpop_jkt=OTHER.thumbprint())) == "invalid_request"
    same = shop.world.proof("/par")
    assert shop.post(proof=same, dpop_jkt=CAMPUSPRESS_DPOP.thumbprint()).status_code == 201


def test_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(shop: Shop) -> None:
    code = shop.code(proof=shop.world.proof("/par"))
    assert error_of(shop.exchange(code, proof=shop.world.proof("/token", key=OTHER))) == "invalid_grant"


def test_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(shop: Shop) -> None:
    assert error_of(shop.exchange(shop.code(dpop_jkt=OTHER.thumbprint()))) == "invalid_grant"


def test_ensure_dpopproof_at_par_endpoint_binding_success(shop: Shop) -> None:
    assert shop.exchange(shop.code(proof=shop.world.proof("/par"))).status_code == 200


def test_ensure_dpop_auth_code_binding_success(shop: Shop) -> None:
    assert shop.exchange(shop.code(dpop_jkt=CAMPUSPRESS_DPOP.thumbprint())).status_code == 200


def test_dpop_negative_tests(shop: Shop) -> None:
    token, now, read = shop.tokens()["access_token"], shop.world.clock(), shop.world.read_signed
    faults: list[dict[str, Any]] = [
        {"header": {"typ": "JWT"}},
        {"htm": "PUT"},
        {"htu": ISSUER + "/other"},
        {"htu": None},
        {"iat": None},
        {"iat": now - 3600},
        {"iat": now + 3600},
        {"jti": None},
        {"ath": None},
        {"ath": base64url(b"x" * 32)},
        {"key": OTHER},
        {"header": {"jwk": CAMPUSPRESS_DPOP.as_dict(private=True)}},
    ]
    for fault in faults:
        assert read(token, **fault).status_code == 401, fault
    for htu in ("HTTPS://GATEWAY.EXAMPLE/userinfo", ISSUER + ":443/%75serinfo", ISSUER + "/userinfo?a=b#c"):
        assert read(token, htu=htu).status_code == 200, htu


def test_ensure_holder_of_key_required(shop: Shop) -> None:
    code = shop.code()
    assert error_of(shop.exchange(code, proof="")) == "invalid_dpop_proof"
    token = shop.exchange(code).json()["access_token"]
    assert shop.world.userinfo(token).status_code == 401
    assert shop.world.read_signed(token).status_code == 200


# The authorization request


def test_ensure_different_nonce_inside_and_outside_request_object(shop: Shop) -> None:
    pushed = push_signed(shop.world, signed(shop, nonce="inside"), nonce="outside").json()
    code = shop.answer(pushed["request_uri"], nonce="outside")["code"]
    assert claims_of(shop.exchange(code).json()["id_token"])["nonce"] == "inside"


def test_ensure_different_state_inside_and_outside_request_object(shop: Shop) -> None:
    pushed = push_signed(shop.world, signed(shop, state="inside"), state="outside").json()
    assert shop.answer(pushed["request_uri"], state="outside")["state"] == "inside"


def test_state_only_outside_request_object_not_used(shop: Shop) -> None:
    pushed = push_signed(shop.world, signed(shop, state=None), state="outside").json()
    assert "state" not in shop.answer(pushed["request_uri"], state="outside")


def signed(shop: Shop, **changes: Any) -> str:
    """Sign a request whatever the plan; the one for message signing wants a signed answer too."""
    own: dict[str, Any] = {"response_mode": "jwt"} if shop.signs else {}
    return request_object(shop.world, **own, **changes)


def test_ensure_request_object_without_redirect_uri_fails(shop: Shop) -> None:
    assert push_signed(shop.world, signed(shop), **REQUEST).status_code == 201
    without = push_signed(shop.world, signed(shop, redirect_uri=None), **REQUEST)
    assert error_of(without) == "invalid_request"


def test_ensure_registered_redirect_uri(shop: Shop) -> None:
    shop.refuses("invalid_request", redirect_uri=CAMPUSPRESS_REDIRECT + "/other")


def test_plain_fapi_tolerate_unregistered_redirect_uri(shop: Shop) -> None:
    """A server may take addresses that nobody registered, from who has proved who it is; ours does not."""
    shop.refuses("invalid_request", redirect_uri="https://campuspress.example.org/not-registered")


def test_ensure_unsigned_authorization_request_without_using_par_fails(shop: Shop) -> None:
    query = urlencode({**REQUEST, "client_id": "campuspress-shop"})
    page = shop.world.signed_in().open(f"/authorize?{query}", stop_at=CAMPUSPRESS_REDIRECT)
    if shop.signs:
        # Who has to sign is told on a page: nothing of an unsigned request is believed, its redirect URI neither.
        assert (page.status, "invalid_request" in page.text) == (400, True)
    else:
        assert (answer_of(page)["error"], "code" in answer_of(page)) == ("invalid_request", False)
    assert "code" in shop.answer(shop.push())


def test_ensure_redirect_uri_in_authorization_request(shop: Shop) -> None:
    shop.refuses("invalid_request", redirect_uri=None)


def test_ensure_response_type_code_idtoken_fails(shop: Shop) -> None:
    shop.refuses("unsupported_response_type", response_type="code id_token")


def test_ensure_response_type_token_fails(shop: Shop) -> None:
    shop.refuses("unsupported_response_type", response_type="token")


def test_par_ensure_pkce_required(shop: Shop) -> None:
    shop.refuses("invalid_request", code_challenge=None, code_challenge_method=None)


def test_par_plain_pkce_rejected(shop: Shop) -> None:
    shop.refuses("invalid_request", code_challenge_method="plain")


def test_par_authorization_request_containing_request_uri_form_param(shop: Shop) -> None:
    shop.refuses("invalid_request", beside={"request_uri": shop.push()})


def test_par_attempt_invalid_http_method(shop: Shop) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
        assert shop.world.client().request(method, "/par").status_code == 405
    assert shop.post().status_code == 201


def test_par_without_duplicate_parameters(shop: Shop) -> None:
    """The browser brings `client_id` and `request_uri` alone; brought twice they are refused."""
    start = begin(shop.push())
    assert shop.world.signed_in().open(start).form("/consent")
    assert shop.world.signed_in().open(start + "&client_id=campuspress-shop").status == 400


def test_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(shop: Shop) -> None:
    request_uri = shop.push()
    shop.world.signed_in().open(begin(request_uri))
    assert "code" in shop.answer(request_uri)


def test_par_attempt_reuse_request_uri(shop: Shop) -> None:
    request_uri = shop.push()
    assert "code" in shop.answer(request_uri)
    assert shop.world.signed_in().open(begin(request_uri)).status == 400


def test_par_attempt_to_use_expired_request_uri(shop: Shop) -> None:
    request_uri = shop.push()
    shop.world.clock.pass_by(299)
    assert shop.world.signed_in().open(begin(request_uri)).status == 200
    shop.world.clock.pass_by(1)
    assert shop.world.signed_in().open(begin(request_uri)).status == 400


def test_par_attempt_to_use_request_uri_for_different_client(shop: Shop) -> None:
    start = begin(shop.push())
    assert shop.world.signed_in().open(start.replace("campuspress-shop", "quizco-web")).status == 400
    assert shop.world.signed_in().open(start).status == 200


# The token endpoint


def test_ensure_client_id_in_token_endpoint(shop: Shop) -> None:
    code = shop.code()
    assert error_of(shop.exchange(code, client_id="quizco-web"), 401) == "invalid_client"
    assert shop.exchange(code, client_id="campuspress-shop").status_code == 200


def test_ensure_authorization_code_is_bound_to_client(shop: Shop) -> None:
    assert error_of(shop.exchange(shop.world.approve())) == "invalid_grant"
    assert error_of(shop.world.exchange(shop.code())) == "invalid_grant"


def test_attempt_reuse_authorization_code_after_one_second(shop: Shop) -> None:
    code = shop.code()
    token = shop.exchange(code).json()["access_token"]
    assert shop.world.read_signed(token).status_code == 200
    shop.world.clock.pass_by(1)
    assert error_of(shop.exchange(code)) == "invalid_grant"
    assert shop.world.read_signed(token).status_code == 401


def test_ensure_token_endpoint_fails_with_expired_auth_code(shop: Shop) -> None:
    code = shop.code()
    shop.world.clock.pass_by(MINUTE)
    assert error_of(shop.exchange(code)) == "invalid_grant"


def test_ensure_pkce_code_verifier_required(shop: Shop) -> None:
    assert error_of(shop.exchange(shop.code(), code_verifier="")) == "invalid_grant"


def test_incorrect_pkce_code_verifier_rejected(shop: Shop) -> None:
    assert error_of(shop.exchange(shop.code(), code_verifier="w" * 64)) == "invalid_grant"


def test_refresh_token(shop: Shop) -> None:
    first = shop.tokens()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": first}
    for _ in range(2):
        assert shop.world.post_signed("/token", form).json()["refresh_token"] == first
    assert error_of(shop.world.post("/token", form)) == "invalid_grant"
    # The client authenticates: another key is no other client (RFC 9449 §5).
    renewed = shop.world.post_signed("/token", form, proof=shop.world.proof("/token", key=OTHER)).json()
    assert (renewed["refresh_token"], renewed["token_type"]) == (first, "DPoP")
    assert error_of(shop.world.post_signed("/token", form, proof="")) == "invalid_dpop_proof"


# Client assertions


def test_ensure_client_assertion_in_token_endpoint(shop: Shop) -> None:
    form = {**exchange_form(shop.code()), "client_id": "campuspress-shop"}
    answer = shop.world.client().post("/token", data=form, headers={"DPoP": shop.world.proof("/token")})
    assert error_of(answer, 401) == "invalid_client"
    assert shop.world.post_signed("/token", form).status_code == 200


def test_ensure_signed_client_assertion_with_RS256_fails(shop: Shop) -> None:
    with_rsa_key(shop.world)
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    for algorithm, status in (("RS256", 401), ("PS256", 200)):
        now = shop.world.clock()
        claims: dict[str, Any] = {"iss": "campuspress-shop", "sub": "campuspress-shop", "aud": ISSUER}
        claims |= {"exp": now + MINUTE, "jti": algorithm}
        header = {"alg": algorithm, "kid": "campuspress-rsa"}
        form = {
            "token": "x",
            "client_assertion_type": kind,
            "client_assertion": jwt.encode(header, claims, RSA, algorithms=[algorithm]),
        }
        assert shop.world.client().post("/introspect", data=form).status_code == status


def test_ensure_client_assertion_with_exp_is_5_minutes_in_past_fails(shop: Shop) -> None:
    past = {"exp": shop.world.clock() - 5 * MINUTE}
    assert error_of(shop.exchange(shop.code(), assertion=past), 401) == "invalid_client"


def test_ensure_client_assertion_with_wrong_aud_fails(shop: Shop) -> None:
    wrong = {"aud": "https://other.example"}
    assert error_of(shop.exchange(shop.code(), assertion=wrong), 401) == "invalid_client"


def test_ensure_client_assertion_with_no_sub_fails(shop: Shop) -> None:
    code = shop.code()
    assert error_of(shop.exchange(code, assertion={"sub": None}), 401) == "invalid_client"
    assert shop.exchange(code).status_code == 200


def test_par_test_array_as_audience_fails(shop: Shop) -> None:
    shop.refuses("invalid_client", 401, assertion={"aud": [ISSUER]})


def test_par_test_par_endpoint_url_as_audience_fails(shop: Shop) -> None:
    shop.refuses("invalid_client", 401, assertion={"aud": ISSUER + "/par"})


def test_par_test_token_endpoint_url_as_audience_fails(shop: Shop) -> None:
    shop.refuses("invalid_client", 401, assertion={"aud": ISSUER + "/token"})


def test_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(shop: Shop) -> None:
    assert shop.post(assertion={"nbf": shop.world.clock() + 8}).status_code == 201


def test_par_ensure_jwt_client_assertions_nbf_over_60_seconds_in_the_future_fails(shop: Shop) -> None:
    shop.refuses("invalid_client", 401, assertion={"nbf": shop.world.clock() + 61})


# Message signing alone


def test_ensure_unsigned_request_at_par_endpoint_fails(signing: Shop) -> None:
    plain = signing.world.post_signed("/par", {**REQUEST, "response_mode": "jwt"})
    assert error_of(plain) == "invalid_request"
    assert signing.post().status_code == 201


def test_par_authorization_request_containing_request_uri(signing: Shop) -> None:
    signing.refuses("invalid_request_object", request_uri=signing.push())


def test_ensure_request_object_with_multiple_aud_succeeds(signing: Shop) -> None:
    assert signing.post(aud=["https://other.example", ISSUER]).status_code == 201


def test_ensure_request_object_with_bad_aud_fails(signing: Shop) -> None:
    signing.refuses("invalid_request_object", aud="https://other.example")
    signing.refuses("invalid_request_object", aud=["https://other.example"])


def test_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(signing: Shop) -> None:
    assert signing.post(nbf=signing.world.clock() + 8).status_code == 201


def test_ensure_request_object_without_exp_fails(signing: Shop) -> None:
    signing.refuses("invalid_request_object", exp=None)


def test_ensure_request_object_without_nbf_fails(signing: Shop) -> None:
    signing.refuses("invalid_request_object", nbf=None)


def test_ensure_expired_request_object_fails(signing: Shop) -> None:
    now = signing.world.clock()
    signing.refuses("invalid_request_object", nbf=now - 10 * MINUTE, exp=now - 5 * MINUTE)


def test_ensure_request_object_with_exp_over_60_fails(signing: Shop) -> None:
    now = signing.world.clock()
    signing.refuses("invalid_request_object", nbf=now, exp=now + 70 * MINUTE)


def test_ensure_request_object_with_nbf_over_60_fails(signing: Shop) -> None:
    now = signing.world.clock()
    signing.refuses("invalid_request_object", nbf=now - 70 * MINUTE, exp=now + 5 * MINUTE)


def test_ensure_signed_request_object_with_RS256_fails(signing: Shop) -> None:
    with_rsa_key(signing.world)
    for algorithm, status in (("RS256", 400), ("PS256", 201)):
        header = {**HEADER, "alg": algorithm, "kid": "campuspress-rsa"}
        request = request_object(signing.world, header, RSA, response_mode="jwt")
        assert push_signed(signing.world, request).status_code == status


def test_ensure_request_object_signature_algorithm_is_not_none(signing: Shop) -> None:
    _, body, _ = signed(signing).split(".")
    head = base64url(b'{"alg":"none","typ":"oauth-authz-req+jwt"}')
    assert error_of(push_signed(signing.world, f"{head}.{body}.")) == "invalid_request_object"


def test_ensure_request_object_with_invalid_signature_fails(signing: Shop) -> None:
    head, body, signature = signed(signing).split(".")
    forged = ".".join([head, body, ("A" if signature[0] != "A" else "B") + signature[1:]])
    assert error_of(push_signed(signing.world, forged)) == "invalid_request_object"


def test_ensure_matching_key_in_authorization_request(signing: Shop) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "campuspress-1"}, private=True)
    request = request_object(signing.world, key=stranger, response_mode="jwt")
    assert error_of(push_signed(signing.world, request)) == "invalid_request_object"
