"""Grant Management for OAuth 2.0 (OpenID Foundation, draft 3): a grant has a name, and its client can use it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection

from gateway.actions.oauth import grant_management
from gateway.model.grants import ActorKind, EventType, Grant, GrantState
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.consent.grants import find_grants, load_details
from partners import PartnerState
from tests.protocol.campuspress import begin, exchange_form, push
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, PARTNERS, QUIZCO_REDIRECT, World, answer_of, publish

PHONE, EMAIL = "phone_number.appointment_reminders", "email.results_delivery"
AOIFE = "aoife@northfield.example"
SCOPE = "openid profile email education phone grant_management_query grant_management_revoke"


def grants(world: World, method: str, grant_id: str, token: str) -> httpx2.Response:
    """Ask the grants' endpoint as QuizCo."""
    header = {"Authorization": f"Bearer {token}"}
    return world.client().request(method, f"/grants/{grant_id}", headers=header)


def fields(world: World, tokens: dict[str, Any]) -> set[str]:
    """What userinfo gives besides the subject."""
    return set(world.userinfo(tokens["access_token"]).json()) - {"sub"}


def again(world: World, *ticked: str, browser: Any, **changes: str | None) -> dict[str, Any]:
    """Ask once more in the same browser and exchange."""
    page = world.ask(browser, **changes)
    assert page.status == 200, page.text
    tokens: dict[str, Any] = world.exchange(world.share(browser, page, *ticked)["code"]).json()
    return tokens


def test_5_2_the_token_answer_names_the_grant(each_world: World) -> None:
    """The same name after a renewal and at refresh."""
    tokens = each_world.tokens()
    assert tokens["grant_id"].startswith("gra_")
    assert each_world.refresh(tokens["refresh_token"]).json()["grant_id"] == tokens["grant_id"]
    assert each_world.tokens(prompt="consent")["grant_id"] == tokens["grant_id"]


def test_5_1_merge_adds_and_keeps(each_world: World) -> None:
    """What was granted stays on the screen and in the grant, although the request does not name it."""
    browser = each_world.signed_in()
    first = again(each_world, PHONE, browser=browser, scope="openid phone")
    merged = {"scope": "openid email", "grant_management_action": "merge", "grant_id": first["grant_id"]}
    second = again(each_world, EMAIL, browser=browser, **merged)
    assert second["grant_id"] == first["grant_id"]
    # Both stand on the same grant, and each reaches what its own request asked for.
    assert fields(each_world, second) == {"name", "course", "email_masked"}
    assert fields(each_world, first) == {"name", "course", "phone_number_masked"}


def test_5_1_merge_asks_nothing_when_everything_is_granted(world: World) -> None:
    """No second question for the same thing."""
    browser = world.signed_in()
    first = again(world, PHONE, browser=browser)
    asked = {"scope": "openid phone", "grant_management_action": "merge", "grant_id": first["grant_id"]}
    assert "code" in answer_of(world.ask(browser, **asked))


def test_5_1_replace_keeps_the_name_and_nothing_else(each_world: World) -> None:
    """Only what is asked for and ticked now; the older tokens reach no more than that either."""
    browser = each_world.signed_in()
    first = again(each_world, PHONE, browser=browser)
    replaced = {"grant_management_action": "replace", "grant_id": first["grant_id"]}
    second = again(each_world, EMAIL, browser=browser, **replaced)
    assert second["grant_id"] == first["grant_id"]
    assert fields(each_world, second) == {"name", "course", "email_masked"}
    assert fields(each_world, first) <= fields(each_world, second)


def test_5_1_create_makes_a_fresh_grant(each_world: World) -> None:
    """The one before ends with its tokens: a person has one grant for a combined service."""
    browser = each_world.signed_in()
    first = again(each_world, PHONE, browser=browser, grant_management_action="create")
    second = again(each_world, browser=browser, grant_management_action="create")
    assert second["grant_id"] != first["grant_id"]
    assert fields(each_world, second) == {"name", "course"}
    assert each_world.userinfo(first["access_token"]).status_code == 401
    assert each_world.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    old = each_world.run(each_world.services.store.read, load_details, first["grant_id"])
    assert (old.line.ended_at, old.events[-1].type) == (each_world.clock(), EventType.WITHDRAWN)


@pytest.mark.parametrize("action", ["create", "replace"])
def test_5_1_no_keeps_what_there_was(each_world: World, action: str) -> None:
    """The partner learns `access_denied`; the grant stands as it stood."""
    browser = each_world.signed_in()
    first = again(each_world, PHONE, browser=browser)
    named = {"grant_id": first["grant_id"]} if action == "replace" else {}
    page = each_world.ask(browser, grant_management_action=action, **named)
    back = answer_of(browser.submit(page, "/consent", button="refuse", stop_at=QUIZCO_REDIRECT))
    assert (back["error"], "code" in back) == ("access_denied", False)
    assert "phone_number_masked" in fields(each_world, first)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("action", ["merge", "replace"])
def test_5_3_unknown_and_foreign_grants_look_the_same(each_world: World, action: str) -> None:
    """Another person's, another partner's, an ended one and none at all: `invalid_grant_id`."""
    browser = each_world.signed_in()
    ended = again(each_world, browser=browser)["grant_id"]
    each_world.share(browser, each_world.ask(browser, grant_management_action="create"))
    aoifes = each_world.tokens(email="aoife@northfield.example")["grant_id"]
    answers = []
    for grant_id in (ended, aoifes, "gra_unknown"):
        asked = {"grant_management_action": action, "grant_id": grant_id, "prompt": "none"}
        answers += [
            answer_of(each_world.ask(browser, **each)) for each in (asked, {**asked, "prompt": "consent"})
        ]
    assert {each["error"] for each in answers} == {"invalid_grant_id"}
    assert len({tuple(sorted(each.items())) for each in answers}) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"grant_management_action": "delete"},
        {"grant_management_action": "merge"},
        {"grant_management_action": "replace"},
        {"grant_management_action": "create", "grant_id": "gra_x"},
        {"grant_id": "gra_x"},
    ],
)
def test_5_3_an_action_without_its_grant_is_invalid(world: World, wrong: dict[str, str]) -> None:
    """And a grant without its action."""
    assert answer_of(world.ask(world.browser(), **wrong))["error"] == "invalid_request"


def test_6_3_query(each_world: World) -> None:
    """Names of what is granted now, and no value."""
    tokens = each_world.tokens(PHONE, scope=SCOPE)
    answer = grants(each_world, "GET", tokens["grant_id"], tokens["access_token"])
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    found = answer.json()
    assert found["scopes"] == [{"scope": "profile phone education"}]
    assert found["claims"] == ["course", "name", "phone_number_masked"]
    assert found["grant_state"] == "active"
    [details] = found["authorization_details"]
    assert (details["offer"], details["locations"]) == ("practice-quizzes", [ISSUER])
    assert [each["field"] for each in details["items"]] == ["course", "name", "phone_number"]
    assert "Asha" not in answer.text


def test_6_4_revoke(each_world: World) -> None:
    """204; tokens die with it, the person sees who did it, and asking again asks the person again."""
    tokens = each_world.tokens(scope=SCOPE)
    answer = grants(each_world, "DELETE", tokens["grant_id"], tokens["access_token"])
    assert (answer.status_code, answer.content) == (204, b"")
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    ended = each_world.run(each_world.services.store.read, load_details, tokens["grant_id"]).events[-1]
    assert (ended.type, ended.actor_kind) == (EventType.REVOKED, ActorKind.PARTNER)
    assert grants(each_world, "GET", tokens["grant_id"], tokens["access_token"]).status_code == 401
    assert each_world.ask(each_world.signed_in()).form("/consent")


@pytest.mark.parametrize("ends", [False, True])
def test_6_4_a_change_in_the_meantime_does_not_lose_the_revocation(
    world: World, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    """The person narrows while the partner gives back: it ends all the same. The person stops first: 404."""
    browser = world.signed_in()
    asked = {"scope": SCOPE}
    tokens = world.exchange(world.share(browser, world.ask(browser, **asked), PHONE)["code"]).json()
    address = f"/connected/{tokens['grant_id']}"
    real = find_grants
    seen: list[Any] = []
    stale = [CommitVerdict.STALE]

    def changed_first(connection: Connection, changes: Sequence[GrantChange]) -> Sequence[CommitVerdict]:
        return [stale.pop()] if stale else commit_changes(connection, changes)

    def looked_again(connection: Connection, grant_ids: Sequence[str]) -> Sequence[Grant | None]:
        found = real(connection, grant_ids)
        seen.extend(found)
        return [replace(each, state=GrantState.ENDED) if each and ends else each for each in found]

    monkeypatch.setattr(grant_management, "commit_changes", changed_first)
    monkeypatch.setattr(grant_management, "find_grants", looked_again)
    answer = grants(world, "DELETE", tokens["grant_id"], tokens["access_token"])
    assert answer.status_code == (404 if ends else 204)
    assert len(seen) == 1
    assert (world.userinfo(tokens["access_token"]).status_code == 401) is not ends
    assert browser.open(address).status == 200


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_6_unknown_and_foreign_grants_look_the_same(each_world: World, method: str) -> None:
    """A token speaks for its own grant: 404 for every other, byte for byte."""
    token = each_world.tokens(scope=SCOPE)["access_token"]
    aoifes = each_world.tokens(email="aoife@northfield.example", scope=SCOPE)["grant_id"]
    answers = [grants(each_world, method, each, token) for each in (aoifes, "gra_unknown", "x%2Fy")]
    assert [each.status_code for each in answers[:2]] == [404, 404]
    assert answers[0].content == answers[1].content
    assert answers[2].status_code == 404


@pytest.mark.parametrize(("method", "scope"), [("GET", "revoke"), ("DELETE", "query")])
def test_6_each_method_has_its_scope(world: World, method: str, scope: str) -> None:
    """A token without it is told which (RFC 6750 §3.1)."""
    tokens = world.tokens(scope=f"openid profile grant_management_{scope}")
    answer = grants(world, method, tokens["grant_id"], tokens["access_token"])
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
    assert grants(world, method, tokens["grant_id"], "cg_at_unknown").status_code == 401


def test_6_a_bound_token_wants_its_proof(each_world: World) -> None:
    """With the grant's own address, once."""
    scope = "openid address grant_management_query grant_management_revoke"
    browser = each_world.signed_in()
    page = browser.open(begin(push(each_world, scope=scope)))
    back = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    tokens = each_world.post_signed("/token", exchange_form(answer_of(back)["code"])).json()
    token, path = tokens["access_token"], f"/grants/{tokens['grant_id']}"
    assert grants(each_world, "GET", tokens["grant_id"], token).status_code == 401
    assert each_world.client().get(path, headers={"Authorization": f"DPoP {token}"}).status_code == 401
    assert each_world.read_signed(token, path).status_code == 200
    header = {"Authorization": f"DPoP {token}", "DPoP": each_world.proof(path, "DELETE", token=token)}
    queried = {**header, "DPoP": each_world.proof(path, "GET", token=token)}
    assert each_world.client().get(path, headers=queried).status_code == 200
    assert each_world.client().get(path, headers=queried).json()["error"] == "invalid_dpop_proof"
    assert each_world.client().delete(path, headers=header).status_code == 204


def own_token(world: World, scope: str = "grant_management_query grant_management_revoke") -> str:
    """Let QuizCo have tokens of its own; give one."""
    names = '"events", "grant_management_query", "grant_management_revoke"'
    text = (
        (PARTNERS / "quizco.toml").read_text().replace("profile = ", f"own_scopes = [{names}]\nprofile = ", 1)
    )
    if not world.services.registry.clients["quizco-web"].client.own_scopes:
        world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    answer = world.post("/token", {"grant_type": "client_credentials", "scope": scope})
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token


def test_6_a_clients_own_token_speaks_for_every_grant_of_the_client(each_world: World) -> None:
    """Whoever gave it, and although all of its tokens are gone; an ended one is as good as unknown."""
    ashas, aoifes = (each_world.tokens(email=each)["grant_id"] for each in ("asha@lakeside.example", AOIFE))
    token = own_token(each_world)
    for grant_id in (ashas, aoifes):
        assert grants(each_world, "GET", grant_id, token).json()["claims"] == ["course", "name"]
    assert grants(each_world, "DELETE", ashas, token).status_code == 204
    assert grants(each_world, "GET", aoifes, token).status_code == 200
    foreign = each_world.post_signed("/token", exchange_form(campuspress_code(each_world))).json()["grant_id"]
    answers = [grants(each_world, "GET", each, token) for each in (ashas, foreign, "gra_unknown")]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1


def campuspress_code(world: World) -> str:
    """Opt in to the other partner."""
    browser = world.signed_in(AOIFE)
    page = browser.open(begin(push(world)))
    return answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))["code"]


def test_6_an_own_token_has_scopes_and_an_end(world: World) -> None:
    """Events are no grants; an outdated token and an ended partner's are refused."""
    grant_id = world.tokens()["grant_id"]
    assert grants(world, "GET", grant_id, own_token(world, "events")).status_code == 403
    token = own_token(world)
    assert grants(world, "GET", grant_id, token).status_code == 200
    bound = world.proof(f"/grants/{grant_id}", "GET", token=token)
    header = {"Authorization": f"DPoP {token}", "DPoP": bound}
    assert world.client().get(f"/grants/{grant_id}", headers=header).status_code == 401
    store = world.services.store
    quizco = replace(store.registry.partners["quizco"], state=PartnerState.ENDED)
    live = store.registry
    store._registry = replace(live, partners={**live.partners, "quizco": quizco})
    assert grants(world, "GET", grant_id, token).status_code == 401
    store._registry = live
    world.clock.pass_by(300)
    assert grants(world, "GET", grant_id, token).status_code == 401


def test_7_metadata(world: World) -> None:
    """The actions that there are, and where."""
    document = world.client().get("/.well-known/oauth-authorization-server").json()
    assert document["grant_management_endpoint"] == ISSUER + "/grants"
    actions = {"create", "merge", "replace", "query", "revoke"}
    assert set(document["grant_management_actions_supported"]) == actions
    assert document["grant_management_action_required"] is False
