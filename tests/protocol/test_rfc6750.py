"""RFC 6750: bearer tokens at the protected resource."""

from collections.abc import Mapping

import httpx2
import pytest
from sqlalchemy import text

from tests.world import World


def challenge(answer: httpx2.Response) -> str:
    return answer.headers["WWW-Authenticate"]


def test_2_1_the_scheme_is_case_insensitive(world: World) -> None:
    """RFC 9110 §11.1."""
    token = world.tokens()["access_token"]
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = world.client().get("/userinfo", headers={"Authorization": f"{scheme} {token}"})
        assert answer.status_code == 200


def test_2_2_a_token_in_the_form(world: World) -> None:
    """By POST, as a form; the answer is the same."""
    token = world.tokens()["access_token"]
    answer = world.client().post("/userinfo", data={"access_token": token})
    assert answer.json() == world.userinfo(token).json()


def test_2_2_a_body_that_is_no_form_is_refused(world: World) -> None:
    """415, and no hand-off."""
    token = world.tokens()["access_token"]
    answer = world.client().post("/userinfo", json={"access_token": token})
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")
    answer = world.client().post("/userinfo", json={}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 415


def test_2_3_a_token_in_the_query_is_refused(world: World) -> None:
    """RFC 9700 §4.3.2: it would stand in logs and histories."""
    token = world.tokens()["access_token"]
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = world.client().get("/userinfo", params={"access_token": token}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert token not in answer.text


def test_2_a_token_sent_twice_is_refused(world: World) -> None:
    """One method a request."""
    token = world.tokens()["access_token"]
    header = ("Authorization", f"Bearer {token}")
    both_ways = world.client().post("/userinfo", data={"access_token": token}, headers=dict([header]))
    assert (both_ways.status_code, both_ways.json()["error"]) == (400, "invalid_request")
    twice = world.client().get("/userinfo", headers=[header, header])
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    repeated = world.client().post(
        "/userinfo",
        content=f"access_token={token}&access_token={token}",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (repeated.status_code, repeated.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}])
def test_3_1_without_a_token_the_challenge_names_no_error(world: World, headers: Mapping[str, str]) -> None:
    """Who did not authenticate at all is only told how."""
    for answer in (world.client().get("/userinfo", headers=headers), world.client().post("/userinfo")):
        assert answer.status_code == 401
        assert challenge(answer).startswith('Bearer realm="consent gateway", DPoP realm=')
        assert "error" not in challenge(answer)


def test_3_1_a_dead_token_is_invalid_token(world: World) -> None:
    """Unknown, expired and revoked ones are answered alike."""
    tokens, other = world.tokens(), world.tokens(email="aoife@northfield.example")
    world.post("/revoke", {"token": other["access_token"]})
    answers = [world.userinfo("cg_at_unknown"), world.userinfo(other["access_token"])]
    world.clock.pass_by(300)
    answers.append(world.userinfo(tokens["access_token"]))
    for answer in answers:
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in challenge(answer)
    assert len({answer.text for answer in answers}) == 1


def test_3_1_a_token_without_openid_does_not_reach_userinfo(world: World) -> None:
    """403 `insufficient_scope`, and nothing is handed over."""
    token = world.tokens(scope="profile education")["access_token"]
    answer = world.userinfo(token)
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in challenge(answer)


@pytest.mark.parametrize(("kind", "status"), [("refresh_token", 401), ("id_token", 401)])
def test_5_2_no_other_kind_of_token_opens_anything(world: World, kind: str, status: int) -> None:
    """A refresh token or an ID token is no access token."""
    assert world.userinfo(world.tokens()[kind]).status_code == status


def test_5_3_the_answer_may_not_be_kept(world: World) -> None:
    """Nor be read by a page of another origin: no CORS on personal data."""
    token = world.tokens()["access_token"]
    answer = world.client().get(
        "/userinfo", headers={"Authorization": f"Bearer {token}", "Origin": "https://evil.example"}
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


def close(connection, person_ids):
    """Close accounts, as the service that knows people does."""
    for person_id in person_ids:
        connection.execute(
            text("UPDATE person SET state = 'closed' WHERE person_id = :person_id"), {"person_id": person_id}
        )
    return person_ids


def test_a_closed_account_releases_nothing_and_gets_no_tokens(each_world: World) -> None:
    """Access tokens, refresh tokens and codes of a person who left are dead."""
    browser = each_world.signed_in()
    tokens = each_world.exchange(each_world.share(browser, each_world.ask(browser))["code"]).json()
    code = each_world.ask(browser).text.partition("code=")[2].partition("&")[0]
    each_world.store(close, each_world.person_id())
    assert each_world.userinfo(tokens["access_token"]).json()["error"] == "invalid_token"
    assert each_world.post("/introspect", {"token": tokens["access_token"]}).json() == {"active": False}
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert each_world.exchange(code).json()["error"] == "invalid_grant"


def erase(connection, person_ids):
    """Shred people's keys."""
    for person_id in person_ids:
        connection.execute(text("DELETE FROM person_key WHERE person_id = :it"), {"it": person_id})
    return person_ids


def test_an_erased_person_releases_nothing(each_world: World) -> None:
    """Without the person's key nothing can be unsealed, and the token says so as any dead one."""
    token = each_world.tokens()["access_token"]
    each_world.store(erase, each_world.person_id())
    assert each_world.userinfo(token).json()["error"] == "invalid_token"
