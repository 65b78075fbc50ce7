"""RFC 9701, OIDC Core §5.3.2: answers as signed JWTs, for who wants evidence."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.world import ISSUER, PARTNERS, QUIZCO_SECRET, World, publish

TYPE = "application/token-introspection+jwt"


def ask(world: World, token: str, accept: str) -> Any:
    auth = (world.quizco, QUIZCO_SECRET)
    return world.client().post("/introspect", data={"token": token}, auth=auth, headers={"Accept": accept})


def keys(world: World) -> KeySet:
    return KeySet.import_key_set(world.client().get("/jwks.json").json())


@pytest.mark.parametrize("accept", [TYPE, TYPE.upper(), f"{TYPE}, application/json;q=0.5"])
def test_5_the_description_is_signed_for_who_asks(world: World, accept: str) -> None:
    """For the asking client, of a type of its own, the description one level down."""
    token = world.tokens()["access_token"]
    answer = ask(world, token, accept)
    assert answer.headers["Content-Type"] == TYPE
    assert answer.headers["Cache-Control"] == "no-store"
    signed = jwt.decode(answer.text, keys(world))
    assert signed.header["typ"] == "token-introspection+jwt"
    plain = ask(world, token, "application/json").json()
    assert plain["active"] is True
    assert signed.claims == {
        "iss": ISSUER,
        "aud": "quizco-web",
        "iat": world.clock(),
        "token_introspection": plain,
    }


def test_5_a_dead_token_is_signed_too(world: World) -> None:
    """And says no more than without a signature."""
    signed = jwt.decode(ask(world, "x", TYPE).text, keys(world))
    assert signed.claims["token_introspection"] == {"active": False}


def test_4_whoever_takes_anything_gets_json(world: World) -> None:
    """As RFC 7662 has it."""
    for accept in ("*/*", "application/json", ""):
        assert ask(world, "x", accept).json() == {"active": False}


def test_refusals_stay_json(world: World) -> None:
    """RFC 9701 §5: only descriptions are signed."""
    answer = world.client().post("/introspect", data={"token": "x"}, headers={"Accept": TYPE})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_core_5_3_2_userinfo_is_signed_for_who_is_registered_so(each_world: World) -> None:
    """With issuer and audience; and the log names it apart, for it can be shown to others."""
    text = (PARTNERS / "quizco.toml").read_text()
    more = 'userinfo_signed_response_alg = "ES256"\noffer_id ='
    each_world.run(
        lambda: publish(
            each_world.services, text.replace("offer_id =", more, 1), version=2, manifest_version=2
        )
    )
    token = each_world.tokens()["access_token"]
    answer = each_world.userinfo(token)
    assert answer.headers["Content-Type"] == "application/jwt"
    claims = jwt.decode(answer.text, keys(each_world)).claims
    assert (claims["iss"], claims["aud"], claims["name"]) == (ISSUER, "quizco-web", "Asha Rao")
    assert claims["sub"] == each_world.post("/introspect", {"token": token}).json()["sub"]
    admin = each_world.signed_in("admin@platform.example")
    assert "userinfo_jwt" in admin.open("/admin/log?endpoint=userinfo_jwt").text
    assert each_world.userinfo("x").json()["error"] == "invalid_token"


def test_the_metadata_says_so(world: World) -> None:
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["introspection_signing_alg_values_supported"] == ["ES256"]
    assert document["userinfo_signing_alg_values_supported"] == ["ES256"]
