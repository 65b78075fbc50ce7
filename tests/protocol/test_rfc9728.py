"""RFC 9728: what the protected resources say about themselves."""

from collections.abc import Callable

from gateway.web.routes import all_routes
from tests.world import ISSUER, World

PATH = "/.well-known/oauth-protected-resource"


def test_3_the_document_is_public(world: World) -> None:
    """§3.3: the resource is named as it was asked for, and its authorization server is this one."""
    answer = world.client().get(PATH)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = answer.json()
    assert document["resource"] == ISSUER
    assert document["authorization_servers"] == [ISSUER]
    server = world.client().get("/.well-known/oauth-authorization-server").json()
    for name in (
        "jwks_uri",
        "scopes_supported",
        "authorization_details_types_supported",
        "dpop_signing_alg_values_supported",
    ):
        assert document[name] == server[name]
    paths = {route.path for route in all_routes()}
    assert document["resource_policy_uri"].removeprefix(ISSUER) in paths


def test_2_every_way_to_send_a_token_works(world: World) -> None:
    """In the header and in the form, as it says; not in the query."""
    document = world.client().get(PATH).json()
    assert document["bearer_methods_supported"] == ["header", "body"]
    token = world.tokens()["access_token"]
    assert world.userinfo(token).status_code == 200
    assert world.client().post("/userinfo", data={"access_token": token}).status_code == 200
    assert world.client().get("/userinfo", params={"access_token": token}).status_code == 400


def test_2_certificates_are_named_where_they_are_taken(make_world: Callable[..., World]) -> None:
    plain = make_world()
    assert plain.client().get(PATH).json()["tls_client_certificate_bound_access_tokens"] is False
    other = make_world(mtls_url="https://mtls.gateway.example")
    assert other.client().get(PATH).json()["tls_client_certificate_bound_access_tokens"] is True


def test_2_the_members_of_our_own_are_here(make_world: Callable[..., World]) -> None:
    """`/release` and `/deletions` are no endpoints that RFC 8414 or OpenID Connect Discovery know."""
    plain = make_world().client().get(PATH).json()
    assert (plain["release_endpoint"], plain["deletion_endpoint"]) == (
        f"{ISSUER}/release",
        f"{ISSUER}/deletions",
    )
    assert "mtls_endpoint_aliases" not in plain
    other = make_world(mtls_url="https://mtls.gateway.example").client().get(PATH).json()
    assert other["mtls_endpoint_aliases"] == {"release_endpoint": "https://mtls.gateway.example/release"}


def test_5_1_a_challenge_says_where_it_is(world: World) -> None:
    """So that a client that knows only the resource finds the way."""
    where = f'resource_metadata="{ISSUER}{PATH}"'
    for headers in ({}, {"Authorization": "Bearer x"}):
        answer = world.client().get("/userinfo", headers=headers)
        assert answer.headers["WWW-Authenticate"].endswith(where)
