"""JARM 1.0 and FAPI 2.0 Message Signing §5.4: signed authorization answers, and clients that are held to them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.protocol.campuspress import REQUEST, begin, exchange_form
from tests.protocol.test_rfc9101 import push_signed, request_object
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, World, answer_of


def opened(world: World, back: Mapping[str, str], audience: str) -> dict[str, Any]:
    """Verify a signed answer as the partner does; nothing stands beside it."""
    assert set(back) == {"response"}
    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    found = jwt.decode(back["response"], keys, algorithms=["ES256"])
    claims = dict(found.claims)
    assert (claims.pop("iss"), claims.pop("aud")) == (ISSUER, audience)
    assert world.clock() < claims.pop("exp") <= world.clock() + 600
    return claims


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_2_3_the_answer_is_one_signed_response(each_world: World, mode: str) -> None:
    """Code, state, issuer, audience and expiry inside; the code works."""
    browser = each_world.signed_in()
    back = each_world.share(browser, each_world.ask(browser, response_mode=mode))
    claims = opened(each_world, back, each_world.quizco)
    assert (set(claims), claims["state"]) == ({"code", "state"}, "st-1")
    assert each_world.exchange(claims["code"]).status_code == 200


def test_2_3_an_error_is_signed_too(world: World) -> None:
    """Whether the checks or the person said no."""
    refused = opened(
        world, answer_of(world.ask(world.browser(), response_mode="jwt", scope="x")), world.quizco
    )
    assert (refused["error"], refused["state"]) == ("invalid_scope", "st-1")
    nobody = answer_of(world.ask(world.browser(), response_mode="jwt", prompt="none", state=None))
    assert set(opened(world, nobody, world.quizco)) == {"error", "error_description", "error_uri"}


def test_without_state_there_is_none_inside(world: World) -> None:
    """RFC 6749 §4.1.2: only if it was in the request."""
    browser = world.signed_in()
    back = world.share(browser, world.ask(browser, response_mode="jwt", state=None))
    assert set(opened(world, back, world.quizco)) == {"code"}


def test_2_3_2_no_fragment(world: World) -> None:
    """What is not offered is refused, in the plain way."""
    for mode in ("fragment", "fragment.jwt", "web_message"):
        assert answer_of(world.ask(world.browser(), response_mode=mode))["error"] == "invalid_request"


def hold_to_signing(world: World) -> None:
    """Publish CampusPress's client with `message_signing`."""
    registry = world.services.registry
    registered = registry.clients["campuspress-shop"]
    held = replace(registered, client=replace(registered.client, message_signing=True))
    world.services.store._registry = replace(registry, clients={**registry.clients, "campuspress-shop": held})


def test_5_4_a_client_that_is_held_to_message_signing(world: World) -> None:
    """Unsigned requests and unsigned answers are refused; signed ones lead to a code."""
    hold_to_signing(world)
    plain = world.post_signed("/par", {**REQUEST, "response_mode": "jwt"})
    assert (plain.status_code, plain.json()["error"]) == (400, "invalid_request")
    assert push_signed(world, request_object(world)).json()["error"] == "invalid_request"
    pushed = push_signed(world, request_object(world, response_mode="jwt")).json()["request_uri"]
    browser = world.signed_in()
    page = browser.open(begin(pushed), stop_at=CAMPUSPRESS_REDIRECT)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    code = opened(world, back, "campuspress-shop")["code"]
    assert world.post_signed("/token", exchange_form(code)).status_code == 200


def test_4_the_discovery_says_so(world: World) -> None:
    """JARM §4."""
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["response_modes_supported"] == ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
    assert document["authorization_signing_alg_values_supported"] == ["ES256"]
