"""RFC 7009: a partner gives tokens back."""

from collections.abc import Callable

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.protocol.campuspress import campuspress_tokens
from tests.world import QUIZCO_SECRET, World


def test_2_1_a_refresh_token_takes_its_family_along(both: World) -> None:
    """Access tokens of the same grant of authorization die too; an access token dies alone."""
    tokens = both.tokens()
    more = both.refresh(tokens["refresh_token"]).json()
    assert both.post("/revoke", {"token": tokens["access_token"]}).status_code == 200
    assert both.userinfo(tokens["access_token"]).status_code == 401
    assert both.userinfo(more["access_token"]).status_code == 200
    assert both.post("/revoke", {"token": more["refresh_token"]}).status_code == 200
    assert both.userinfo(more["access_token"]).status_code == 401
    assert both.refresh(more["refresh_token"]).json()["error"] == "invalid_grant"


def test_2_1_an_older_refresh_token_of_the_family_takes_it_along_as_well(both: World) -> None:
    """Whichever the partner still holds."""
    tokens = both.tokens()
    more = both.refresh(tokens["refresh_token"]).json()
    both.post("/revoke", {"token": tokens["refresh_token"]})
    assert both.refresh(more["refresh_token"]).json()["error"] == "invalid_grant"


def test_2_1_nobody_revokes_another_clients_token(both: World) -> None:
    """It is answered as any unknown token, and the token lives on."""
    tokens = both.tokens()
    for name in ("access_token", "refresh_token"):
        answer = both.post_signed("/revoke", {"token": tokens[name]})
        assert (answer.status_code, answer.json()) == (200, {})
    assert both.userinfo(tokens["access_token"]).status_code == 200
    assert both.refresh(tokens["refresh_token"]).status_code == 200


def test_2_1_other_families_and_other_people_are_not_touched(both: World) -> None:
    """Revoking one log-in's tokens leaves the person's grant and everybody else's alone."""
    tokens, other = both.tokens(), both.tokens(email="aoife@northfield.example")
    both.post("/revoke", {"token": tokens["refresh_token"]})
    assert both.userinfo(other["access_token"]).status_code == 200
    browser = both.signed_in()
    assert "code=" in both.ask(browser).text


def test_2_1_a_fapi_clients_refresh_token(both: World) -> None:
    """One that does not rotate dies as well, with everything that it brought."""
    tokens = campuspress_tokens(both)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    more = both.post_signed("/token", form).json()
    both.post_signed("/revoke", {"token": tokens["refresh_token"]})
    assert both.post_signed("/token", form).json()["error"] == "invalid_grant"
    for each in (tokens, more):
        assert both.read_signed(each["access_token"]).status_code == 401


@pytest.mark.parametrize("token", ["unknown", "cg_at_" + "x" * 43, "e30.e30."])
def test_2_2_an_unknown_token_is_no_error(world: World, token: str) -> None:
    """The partner's wish is fulfilled already."""
    assert world.post("/revoke", {"token": token}).json() == {}


def test_2_2_1_a_request_without_a_token_or_credentials_is_an_error(world: World) -> None:
    """400 and 401."""
    assert world.post("/revoke", {}).json()["error"] == "invalid_request"
    assert world.post("/revoke", {"token": "x"}, secret="wrong").json()["error"] == "invalid_client"
    assert world.client().post("/revoke", data={"token": "x"}).json()["error"] == "invalid_client"


def revoke(world: World, token: str, proof: str = "") -> httpx2.Response:
    return world.post_signed("/revoke", {"token": token}, proof=proof)


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_rfc9449_a_proof_of_the_tokens_key_comes_along(both: World, name: str) -> None:
    """It is checked and used up, and the token dies."""
    token = campuspress_tokens(both)[name]
    proof = both.proof("/revoke")
    assert revoke(both, token, proof).status_code == 200
    if name == "access_token":
        assert both.read_signed(token).status_code == 401
    assert revoke(both, token, proof).json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_rfc9449_a_proof_of_another_key_revokes_nothing(both: World, name: str) -> None:
    """And the client is told, for it would take the token for dead."""
    tokens = campuspress_tokens(both)
    other = ECKey.generate_key("P-256", private=True)
    refused = revoke(both, tokens[name], both.proof("/revoke", key=other))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert both.read_signed(tokens["access_token"]).status_code == 200


def test_rfc9449_a_proof_that_is_out_of_order_revokes_nothing(world: World) -> None:
    tokens = campuspress_tokens(world)
    for proof in (world.proof("/token"), world.proof("/revoke", iat=world.clock() - 100), "x"):
        assert revoke(world, tokens["access_token"], proof).json()["error"] == "invalid_dpop_proof"
    assert world.read_signed(tokens["access_token"]).status_code == 200


def test_rfc9449_a_proof_is_not_asked_for(world: World) -> None:
    """A client that lost its key authenticates and revokes; bearer tokens and unknown ones do not mind a proof."""
    tokens = campuspress_tokens(world)
    assert revoke(world, tokens["access_token"]).status_code == 200
    assert world.read_signed(tokens["access_token"]).status_code == 401
    assert revoke(world, "cg_at_unknown", world.proof("/revoke")).json() == {}
    bearer = world.tokens()["access_token"]
    proof = {"DPoP": world.proof("/revoke")}
    auth = (world.quizco, QUIZCO_SECRET)
    assert world.client().post("/revoke", data={"token": bearer}, auth=auth, headers=proof).json() == {}
    assert world.userinfo(bearer).status_code == 401


def test_rfc9449_8_a_nonce_may_be_wanted_here_as_well(make_world: Callable[..., World]) -> None:
    """The answer brings it."""
    world = make_world(dpop_nonce=True)
    refused = revoke(world, "cg_at_unknown", world.proof("/revoke"))
    assert refused.json()["error"] == "use_dpop_nonce"
    nonce = refused.headers["DPoP-Nonce"]
    assert revoke(world, "cg_at_unknown", world.proof("/revoke", nonce=nonce)).status_code == 200
