"""RFC 6749 §4.4: a partner's own token, for what is nobody's data."""

import pytest

from tests.world import PARTNERS, World, publish

CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


@pytest.fixture
def owning(each_world: World) -> World:
    """A world in which both partners may have tokens of their own."""
    for name in ("quizco", "campuspress"):
        manifest = (PARTNERS / f"{name}.toml").read_text()
        line = 'own_scopes = ["events", "statistics"]\nprofile = '
        each_world.run(
            lambda text: publish(each_world.services, text, version=2, manifest_version=2),
            manifest.replace("profile = ", line, 1),
        )
    return each_world


def test_4_4_3_the_answer_has_a_token_and_no_refresh_token(owning: World) -> None:
    answer = owning.post("/token", CLIENT_CREDENTIALS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert tokens["scope"] == "events statistics"


def test_4_4_2_the_scope_is_what_was_asked_for_within_the_clients_own(owning: World) -> None:
    assert owning.post("/token", {**CLIENT_CREDENTIALS, "scope": "events"}).json()["scope"] == "events"
    for scope in ("openid", "events openid", "email", "unknown"):
        answer = owning.post("/token", {**CLIENT_CREDENTIALS, "scope": scope})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_5_2_a_client_whose_manifest_names_nothing_gets_none(each_world: World) -> None:
    answer = each_world.post("/token", CLIENT_CREDENTIALS)
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


def test_5_2_without_authentication_there_is_none(owning: World) -> None:
    answer = owning.post("/token", CLIENT_CREDENTIALS, secret="wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_items_by_name_are_refused(owning: World) -> None:
    details = {"authorization_details": "[]"}
    assert owning.post("/token", {**CLIENT_CREDENTIALS, **details}).json()["error"] == "invalid_request"


def test_p13_it_reads_nobody(owning: World) -> None:
    """Even while people share with this partner."""
    owning.tokens()
    token = owning.post("/token", CLIENT_CREDENTIALS).json()["access_token"]
    answer = owning.userinfo(token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_rfc7662_its_own_client_sees_it_until_it_is_over(owning: World) -> None:
    token = owning.post("/token", CLIENT_CREDENTIALS).json()["access_token"]
    seen = owning.post("/introspect", {"token": token}).json()
    assert (seen["active"], seen["scope"], seen["sub"]) == (True, "events statistics", owning.quizco)
    assert owning.post_signed("/introspect", {"token": token}).json() == {"active": False}
    owning.clock.pass_by(seen["exp"] - owning.clock())
    assert owning.post("/introspect", {"token": token}).json() == {"active": False}


def test_rfc7009_its_own_client_revokes_it_and_nobody_else(owning: World) -> None:
    token = owning.post("/token", CLIENT_CREDENTIALS).json()["access_token"]
    owning.post_signed("/revoke", {"token": token})
    assert owning.post("/introspect", {"token": token}).json()["active"]
    assert owning.post("/revoke", {"token": token}).status_code == 200
    assert owning.post("/introspect", {"token": token}).json() == {"active": False}


def test_fapi2_it_is_bound_to_a_key(owning: World) -> None:
    """The stronger profile gets no bearer tokens, its own included (FAPI 2.0 §5.3.2.1)."""
    answer = owning.post_signed("/token", CLIENT_CREDENTIALS, proof="")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")
    tokens = owning.post_signed("/token", CLIENT_CREDENTIALS).json()
    assert tokens["token_type"] == "DPoP"
    seen = owning.post_signed("/introspect", {"token": tokens["access_token"]}).json()
    assert seen["token_type"] == "DPoP"
    assert seen["cnf"]["jkt"]
