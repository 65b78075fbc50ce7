"""RFC 8414 and OpenID Connect Discovery: what the gateway says about itself is what it does."""

import pytest

from gateway.oauth.devices import GRANT_TYPE
from gateway.oauth.metadata import OF_THE_RESOURCE, PATHS
from gateway.web.routes import all_routes
from scopes import LANGUAGES, SCOPES
from tests.world import ISSUER, World, answer_of

ADDRESSES = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")

ENDPOINTS = {
    "authorization_endpoint", "token_endpoint", "revocation_endpoint", "introspection_endpoint",  # RFC 8414
    "registration_endpoint", "jwks_uri",
    "pushed_authorization_request_endpoint",  # RFC 9126
    "device_authorization_endpoint",  # RFC 8628
    "userinfo_endpoint",  # OpenID Connect Discovery
    "end_session_endpoint",  # OpenID Connect RP-Initiated Logout
    "grant_management_endpoint",  # FAPI Grant Management
}  # fmt: skip
"""Those that a specification names: a checker calls every other member of the document unknown."""


@pytest.mark.parametrize("address", ADDRESSES)
def test_3_the_document_is_public_and_may_be_kept_for_a_while(world: World, address: str) -> None:
    """Any origin may read it: it is the same for everybody."""
    answer = world.client().get(address, headers={"Origin": "https://app.example"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "pragma" not in answer.headers
    assert world.client().head(address).status_code == 200


def test_3_both_addresses_say_the_same(world: World) -> None:
    """The issuer is the address that they were asked under (§3.3)."""
    documents = [world.client().get(address).json() for address in ADDRESSES]
    assert documents[0] == documents[1]
    assert documents[0]["issuer"] == ISSUER


def test_2_every_endpoint_named_is_served(world: World) -> None:
    """And each is one of the application's routes."""
    document = world.client().get(ADDRESSES[0]).json()
    # Grant Management §7.1: the endpoint's address is what a grant's name is appended to.
    paths = {route.path.removesuffix("/{grant_id}") for route in all_routes()}
    named = [name for name in document if name.endswith("_endpoint") or name == "jwks_uri"]
    assert set(named) == ENDPOINTS
    for name in named:
        assert document[name].startswith(ISSUER)
        assert document[name].removeprefix(ISSUER) in paths


def test_2_members_of_our_own_stand_elsewhere(world: World) -> None:
    """In the resource's document, which expects them (RFC 9728 §2)."""
    assert ENDPOINTS | set(OF_THE_RESOURCE) == set(PATHS)
    assert not set(OF_THE_RESOURCE) & world.client().get(ADDRESSES[1]).json().keys()


def test_2_what_is_named_as_supported_works(world: World) -> None:
    """Scopes and prompts pass the checks; what is not named is refused."""
    document = world.client().get(ADDRESSES[1]).json()
    assert set(document["scopes_supported"]) == set(SCOPES)
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["subject_types_supported"] == ["pairwise"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        GRANT_TYPE,
    ]
    assert "RS256" not in document["token_endpoint_auth_signing_alg_values_supported"]
    for prompt in document["prompt_values_supported"]:
        assert answer_of(world.ask(world.browser(), prompt=prompt)).get("error") in (None, "login_required")


def test_2_every_language_named_is_spoken(world: World) -> None:
    """By the pages that a person meets on the way, and no other is."""
    named = world.client().get(ADDRESSES[0]).json()["ui_locales_supported"]
    assert named == list(LANGUAGES)
    for language in named:
        page = world.client().get("/login", headers={"Accept-Language": language}).text
        assert f'<html lang="{language}"' in page


def test_2_every_claim_that_userinfo_gives_is_named(world: World) -> None:
    """So that a partner can plan with the document alone."""
    document = world.client().get(ADDRESSES[1]).json()
    token = world.tokens("phone_number.appointment_reminders", "email.results_delivery")["access_token"]
    assert set(world.userinfo(token).json()) <= set(document["claims_supported"])


def test_jwks_holds_public_keys_only(world: World) -> None:
    """RFC 7517 §5, §9.3."""
    answer = world.client().get("/jwks.json")
    [key, rsa] = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert (rsa["kty"], rsa["alg"], rsa["use"]) == ("RSA", "RS256", "sig")
    assert not {"d", "p", "q", "dp", "dq", "qi", "oth"} & (key.keys() | rsa.keys())
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_nothing_else_has_cors(world: World) -> None:
    """FAPI 2.0 §5.3.2.2: none on the authorization endpoint; and none on what holds tokens or values."""
    origin = {"Origin": "https://evil.example"}
    for path in ("/authorize", "/userinfo", "/login", "/"):
        assert "access-control-allow-origin" not in world.client().get(path, headers=origin).headers
    for path in ("/token", "/par", "/introspect", "/revoke"):
        # Nor on a refusal, which holds nothing: a page must not try secrets by its visitors' networks.
        refused = world.client().post(path, headers=origin, data={"client_id": world.quizco})
        assert refused.json()["error"] == "invalid_client"
        assert "access-control-allow-origin" not in refused.headers
    for path in ("/token", "/par", "/introspect", "/revoke", "/userinfo"):
        asked = world.client().options(path, headers={**origin, "Access-Control-Request-Method": "POST"})
        assert asked.status_code == 405
        assert "access-control-allow-origin" not in asked.headers
