"""RFC 7009: a partner gives tokens back."""

import pytest

from tests.protocol.campuspress import campuspress_tokens
from tests.world import World


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
        assert both.userinfo(each["access_token"]).status_code == 401


@pytest.mark.parametrize("token", ["unknown", "cg_at_" + "x" * 43, "e30.e30."])
def test_2_2_an_unknown_token_is_no_error(world: World, token: str) -> None:
    """The partner's wish is fulfilled already."""
    assert world.post("/revoke", {"token": token}).json() == {}


def test_2_2_1_a_request_without_a_token_or_credentials_is_an_error(world: World) -> None:
    """400 and 401."""
    assert world.post("/revoke", {}).json()["error"] == "invalid_request"
    assert world.post("/revoke", {"token": "x"}, secret="wrong").json()["error"] == "invalid_client"
    assert world.client().post("/revoke", data={"token": "x"}).json()["error"] == "invalid_client"
