"""RFC 7009: a partner gives tokens back."""

from collections.abc import Callable

import httpx2
import pytest
from joserfc.jwk import ECKey

from tests.protocol.campuspress import campuspress_tokens
from tests.world import QUIZCO_SECRET, World


def test_2_1_a_refresh_token_takes_its_family_along(each_world: World) -> None:
    """Access tokens of the same grant of authorization die too; an access token dies alone."""
    tokens = each_world.tokens()
    more = each_world.refresh(tokens["refresh_token"]).json()
    assert each_world.post("/revoke", {"token": tokens["access_token"]}).status_code == 200
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert each_world.userinfo(more["access_token"]).status_code == 200
    assert each_world.post("/revoke", {"token": more["refresh_token"]}).status_code == 200
    assert each_world.userinfo(more["access_token"]).status_code == 401
    assert each_world.refresh(more["refresh_token"]).json()["error"] == "invalid_grant"


def test_2_1_an_older_refresh_token_of_the_family_takes_it_along_as_well(each_world: World) -> None:
    """Whichever the partner still holds."""
    tokens = each_world.tokens()
    more = each_world.refresh(tokens["refresh_token"]).json()
    each_world.post("/revoke", {"token": tokens["refresh_token"]})
    assert each_world.refresh(more["refresh_token"]).json()["error"] == "invalid_grant"


def test_2_1_nobody_revokes_another_clients_token(each_world: World) -> None:
    """It is answered as any unknown token, and the token lives on."""
    tokens = each_world.tokens()
    for name in ("access_token", "refresh_token"):
        answer = each_world.post_signed("/revoke", {"token": tokens[name]})
        assert (answer.status_code, answer.json()) == (200, {})
    assert each_world.userinfo(tokens["access_token"]).status_code == 200
    assert each_world.refresh(tokens["refresh_token"]).status_code == 200


def test_2_1_other_families_and_other_people_are_not_touched(each_world: World) -> None:
    """Revoking one log-in's tokens leaves the person's grant and everybody else's alone."""
    tokens, other = each_world.tokens(), each_world.tokens(email="aoife@northfield.example")
    each_world.post("/revoke", {"token": tokens["refresh_token"]})
    assert each_world.userinfo(other["access_token"]).status_code == 200
    browser = each_world.signed_in()
    assert "code=" in each_world.ask(browser).text


def test_2_1_a_fapi_clients_refresh_token(each_world: World) -> None:
    """One that does not rotate dies as well, with everything that it brought."""
    tokens = campuspress_tokens(each_world)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    more = each_world.post_signed("/token", form).json()
    each_world.post_signed("/revoke", {"token": tokens["refresh_token"]})
    assert each_world.post_signed("/token", form).json()["error"] == "invalid_grant"
    for each in (tokens, more):
        assert each_world.read_signed(each["access_token"]).status_code == 401


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


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_rfc9449_a_proof_of_the_tokens_key_comes_along(each_world: World, name: str) -> None:
    """It is checked and used up, and the token dies."""
    token = campuspress_tokens(each_world)[name]
    proof = each_world.proof("/revoke")
    assert revoke(each_world, token, proof).status_code == 200
    if name == "access_token":
        assert each_world.read_signed(token).status_code == 401
    assert revoke(each_world, token, proof).json()["error"] == "invalid_dpop_proof"


def test_rfc9449_a_proof_of_another_key_revokes_no_access_token(each_world: World) -> None:
    """And the client is told, for it would take the token for dead."""
    tokens = campuspress_tokens(each_world)
    other = ECKey.generate_key("P-256", private=True)
    refused = revoke(each_world, tokens["access_token"], each_world.proof("/revoke", key=other))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_dpop_proof")
    assert each_world.read_signed(tokens["access_token"]).status_code == 200


def test_rfc9449_5_a_refresh_token_is_revoked_with_whatever_key_the_client_has_now(each_world: World) -> None:
    """It is bound to the client, which authenticates."""
    tokens = campuspress_tokens(each_world)
    other = ECKey.generate_key("P-256", private=True)
    assert (
        revoke(each_world, tokens["refresh_token"], each_world.proof("/revoke", key=other)).status_code == 200
    )
    assert each_world.read_signed(tokens["access_token"]).status_code == 401


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
