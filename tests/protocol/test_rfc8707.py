"""RFC 8707: tokens are for this server, and a request may say so."""

from urllib.parse import urlencode

import pytest

from tests.protocol.test_rfc9101 import push_signed, request_object
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, QUIZCO_REDIRECT, World, answer_of


def test_2_our_own_resource_is_taken(world: World) -> None:
    """At both endpoints; the token's audience is named at introspection."""
    code = world.approve(resource=ISSUER)
    token = world.exchange(code, resource=ISSUER).json()["access_token"]
    assert world.post("/introspect", {"token": token}).json()["aud"] == ISSUER


@pytest.mark.parametrize("other", ["https://other.example", ISSUER + "/other", ISSUER + "#x", "pigeon"])
def test_2_another_resource_is_invalid(world: World, other: str) -> None:
    """By redirect, by PAR's answer, and at the token endpoint, where the code is not used up by it."""
    assert answer_of(world.ask(world.signed_in(), resource=other))["error"] == "invalid_target"
    code = world.approve()
    assert world.exchange(code, resource=other).json()["error"] == "invalid_target"
    tokens = world.exchange(code).json()
    assert world.refresh(tokens["refresh_token"], resource=other).json()["error"] == "invalid_target"


def test_2_it_may_come_several_times(world: World) -> None:
    """Every one of them has to be ours."""
    for others, error in (((ISSUER,), None), (("https://other.example",), "invalid_target")):
        pairs = [*world.authorization().items(), ("resource", ISSUER), *(("resource", x) for x in others)]
        page = world.browser().open(f"/authorize?{urlencode(pairs)}", stop_at=QUIZCO_REDIRECT)
        assert answer_of(page).get("error") == error


def test_2_in_a_request_object_it_may_be_a_list(world: World) -> None:
    """RFC 9101 §4."""
    assert push_signed(world, request_object(world, resource=[ISSUER, ISSUER])).status_code == 201
    foreign = push_signed(world, request_object(world, resource=[ISSUER, CAMPUSPRESS_REDIRECT]))
    assert foreign.json()["error"] == "invalid_target"
    assert push_signed(world, request_object(world, resource=[1])).json()["error"] == "invalid_request_object"
