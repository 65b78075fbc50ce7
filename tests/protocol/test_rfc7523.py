"""RFC 7523, OIDC Core §9: a client that signs instead of sending a secret."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey

from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import base64url
from gateway.oauth.proofs.client_authentication import Credentials, authenticate
from partners import AuthMethod, Profile
from tests.world import CAMPUSPRESS_KEY, ISSUER, World

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def status(world: World, **changes: Any) -> int:
    return world.post_signed("/introspect", {"token": "x"}, **changes).status_code


def present(world: World, assertion: str, **more: str) -> int:
    data = {"client_assertion_type": TYPE, "client_assertion": assertion, "token": "x", **more}
    answer = world.client().post("/introspect", data=data)
    assert answer.status_code == 200 or answer.json()["error"] == "invalid_client"
    return answer.status_code


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "quizco-web"},
        {"iss": None},
        {"sub": "quizco-web"},
        {"sub": None},
        {"aud": None},
        {"aud": "https://elsewhere.example"},
        {"aud": [ISSUER]},
        {"aud": ISSUER + "/"},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"jti": ""},
        {"jti": "j" * 256},
        {"jti": 7},
        {"nbf": "now"},
    ],
)
def test_3_each_claim_is_checked(world: World, changes: dict[str, Any]) -> None:
    """`iss` and `sub` are the client, `aud` the issuer, `exp` and `jti` are there."""
    assert status(world, **changes) == 401
    assert status(world) == 200


@pytest.mark.parametrize(
    ("name", "ahead", "expected"),
    [
        ("exp", 0, 401),
        ("exp", 1, 200),
        ("exp", 600, 200),
        ("exp", 601, 401),
        ("iat", 10, 200),
        ("iat", 11, 401),
        ("iat", 61, 401),
        ("nbf", 10, 200),
        ("nbf", 61, 401),
    ],
)
def test_3_times_have_bounds(world: World, name: str, ahead: int, expected: int) -> None:
    """Clocks may differ by ten seconds (FAPI 2.0 §5.3.2.1), and no assertion lives longer than ten minutes."""
    assert status(world, **{name: world.clock() + ahead}) == expected


def test_3_an_assertion_works_once(each_world: World) -> None:
    """At whichever endpoint it comes again; and a refused request has used it up as well."""
    assertion = each_world.assertion()
    assert present(each_world, assertion) == 200
    assert present(each_world, assertion) == 401
    data = {"client_assertion_type": TYPE, "client_assertion": assertion}
    assert each_world.client().post("/revoke", data={**data, "token": "x"}).status_code == 401
    assert each_world.client().post("/par", data=data).status_code == 401


def test_3_a_jti_is_remembered_as_long_as_it_could_be_replayed(world: World) -> None:
    """And no longer: the memory does not grow for ever."""
    assertion = world.assertion(jti="again", exp=world.clock() + 600)
    assert present(world, assertion) == 200
    world.clock.pass_by(599)
    assert present(world, assertion) == 401
    world.clock.pass_by(3602)
    assert present(world, world.assertion()) == 200
    assert status(world, jti="again") == 200


def test_3_a_signature_of_another_key_is_refused(world: World) -> None:
    """Also with the right `kid`, and with the public key used as a secret."""
    claims = json.loads(jws.extract_compact(world.assertion().encode()).payload)
    stranger = ECKey.generate_key("P-256", {"kid": "campuspress-1"}, private=True)
    assert present(world, jwt.encode({"alg": "ES256", "kid": "campuspress-1"}, claims, stranger)) == 401
    assert present(world, jwt.encode({"alg": "ES256", "kid": "unknown"}, claims, CAMPUSPRESS_KEY)) == 401
    assert (
        present(world, jwt.encode({"alg": "ES256", "kid": "campuspress-1"}, claims, CAMPUSPRESS_KEY)) == 200
    )


def test_3_a_surrogate_in_jti_is_refused(world: World) -> None:
    """JSON may hold one; no digest can."""
    claims = {"iss": "campuspress-shop", "sub": "campuspress-shop", "aud": ISSUER, "exp": world.clock() + 60}
    payload = json.dumps({**claims, "jti": "\ud800"})
    signed = jws.serialize_compact({"alg": "ES256", "kid": "campuspress-1"}, payload, CAMPUSPRESS_KEY)
    assert present(world, signed) == 401


@pytest.mark.parametrize(
    "assertion",
    [
        "x",
        "a.b.c",
        "a.b.c.d.e",
        "e30.e30.",
        ".".join([base64url(b'{"alg":"ES256","crit":1}'), base64url(b'{"sub":"campuspress-shop"}'), "AA"]),
        ".".join([base64url(b'{"alg":"ES256"}'), base64url(b"[" * 4000), "AA"]),
        ".".join([base64url(b'{"alg":"ES256"}'), base64url(b"[]"), "AA"]),
        ".".join([base64url(b'{"alg":"ES256"}'), base64url(b'{"sub":7}'), "AA"]),
        ".".join([base64url(b'{"alg":"ES256"}'), base64url(b"\xff"), "AA"]),
        ".".join([base64url(b'{"alg":["ES256"]}'), base64url(b'{"sub":"campuspress-shop"}'), "AA"]),
        ".".join([base64url(b'{"alg":"HS256"}'), base64url(b'{"sub":"campuspress-shop"}'), "AA"]),
    ],
)
def test_3_what_is_no_assertion_is_refused(world: World, assertion: str) -> None:
    """RFC 7523 §3.1: `invalid_client`, whatever it is."""
    assert present(world, assertion) == 401


def test_2_2_the_assertion_type_is_checked(world: World) -> None:
    """RFC 7521 §4.2."""
    data = {"client_assertion": world.assertion(), "token": "x"}
    assert world.client().post("/introspect", data=data).status_code == 401
    saml = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
    assert world.client().post("/introspect", data={**data, **saml}).status_code == 401


def test_2_2_client_id_may_be_sent_but_must_agree(world: World) -> None:
    """RFC 7521 §4.2."""
    assert present(world, world.assertion(), client_id="campuspress-shop") == 200
    assert present(world, world.assertion(), client_id="quizco-web") == 401


def test_a_client_with_a_secret_may_not_sign_and_the_other_way_round(world: World) -> None:
    """One registered method a client."""
    assert present(world, world.assertion(iss="quizco-web", sub="quizco-web")) == 401
    answer = world.client().post("/introspect", data={"token": "x"}, auth=("campuspress-shop", "x"))
    assert answer.status_code == 401


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_fapi_5_4_an_edwards_key_signs_under_either_name(world: World, algorithm: str) -> None:
    """RFC 9864 renamed the algorithm; partners' libraries use both names."""
    key = OKPKey.generate_key("Ed25519", {"kid": "ed"}, private=True)
    registered = world.services.registry.clients["campuspress-shop"]
    client = replace(
        registered, client=replace(registered.client, jwks={"keys": [key.as_dict(private=False)]})
    )
    now = world.clock()
    claims = {
        "iss": "campuspress-shop",
        "sub": "campuspress-shop",
        "aud": ISSUER,
        "exp": now + 60,
        "jti": "j",
    }
    head, body = (base64url(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": "ed"}, claims))
    assert isinstance(key.raw_value, Ed25519PrivateKey)
    signature = base64url(key.raw_value.sign(f"{head}.{body}".encode()))
    signed = Credentials(AuthMethod.PRIVATE_KEY_JWT, "campuspress-shop", f"{head}.{body}.{signature}")
    found = authenticate(signed, lambda _: client, issuer=ISSUER, endpoints=(), now=now)
    assert found.jti == "j"
    forged = Credentials(AuthMethod.PRIVATE_KEY_JWT, "campuspress-shop", f"{head}.{body}.{'A' * 86}")
    with pytest.raises(Refusal, match="BadSignatureError"):
        authenticate(forged, lambda _: client, issuer=ISSUER, endpoints=(), now=now)


def test_an_ordinary_client_may_sign_for_an_hour(world: World) -> None:
    """Authlib's client does so unless told otherwise; `fapi2` holds it to ten minutes."""
    registered = world.services.registry.clients["campuspress-shop"]
    baseline = replace(registered, client=replace(registered.client, profile=Profile.BASELINE))
    now = world.clock()

    def believed(client: Any, lifetime: int) -> None:
        signed = Credentials(
            AuthMethod.PRIVATE_KEY_JWT, "campuspress-shop", world.assertion(exp=now + lifetime)
        )
        authenticate(signed, lambda _: client, issuer=ISSUER, endpoints=(), now=now)

    believed(baseline, 3600)
    for client, lifetime in ((baseline, 3601), (registered, 3600)):
        with pytest.raises(Refusal, match="too far ahead"):
            believed(client, lifetime)


@pytest.mark.parametrize("path", ["/token", "/par", "/introspect", "/revoke"])
def test_public_clients_are_told_that_they_are_not_served(world: World, path: str) -> None:
    """A client_id alone proves nothing (RFC 6749 §2.1); the answer says what is missing."""
    answer = world.client().post(path, data={"client_id": "quizco-web", "token": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "public clients are not served" in answer.json()["error_description"]
