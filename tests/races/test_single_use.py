"""What may be used once is used once, however many ask at the same time, on one node or on two."""

import functools
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from gateway.actions.administration.people_import import Importer, import_people
from tests.protocol.campuspress import campuspress_tokens
from tests.protocol.test_rfc9101 import by_value, need_not_push, request_object
from tests.races.crowd import CROWD, Call, Cluster, cookies_of, exchanging, posting, refreshing
from tests.world import (
    CAMPUSPRESS_REDIRECT,
    CHALLENGE,
    ISSUER,
    QUIZCO_REDIRECT,
    World,
)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def statuses(answers: list[httpx2.Response]) -> dict[int, int]:
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in sorted(set(found))}


def test_rfc6749_4_1_2_one_of_many_redeemers_wins_and_its_tokens_die(cluster: Cluster) -> None:
    """32 redeem one code: one is answered with tokens, and the 31 replays have killed them."""
    world = cluster.one
    answers = cluster.at_once([exchanging(world, world.approve())] * CROWD)
    assert statuses(answers) == {200: 1, 400: CROWD - 1}
    assert {each.json()["error"] for each in answers if each.status_code == 400} == {"invalid_grant"}
    won = next(each.json() for each in answers if each.status_code == 200)
    assert cluster.other.userinfo(won["access_token"]).status_code == 401
    assert cluster.one.refresh(won["refresh_token"]).json()["error"] == "invalid_grant"
    assert cluster.count("access_token") == 1
    assert cluster.count("refresh_token") == 1


def test_rfc9700_4_14_one_successor_follows_a_refresh_token(cluster: Cluster) -> None:
    """32 callers refresh with one token: all are answered with the same successor, and the family lives on."""
    world = cluster.one
    tokens = world.tokens()
    answers = cluster.at_once([refreshing(world, tokens["refresh_token"])] * CROWD)
    assert statuses(answers) == {200: CROWD}
    assert len({each.json()["refresh_token"] for each in answers}) == 1
    assert len({each.json()["access_token"] for each in answers}) == CROWD
    assert cluster.count("refresh_token") == 2
    assert cluster.other.userinfo(answers[0].json()["access_token"]).status_code == 200


def test_rfc7523_3_an_assertion_authenticates_once(cluster: Cluster) -> None:
    """32 callers present one assertion: one is let in."""
    data = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": cluster.one.assertion(),
        "token": "cg_at_nobody-has-this",
    }
    answers = cluster.at_once([lambda client: client.post("/introspect", data=data)] * CROWD)
    assert statuses(answers) == {200: 1, 401: CROWD - 1}


def test_rfc9449_11_1_a_proof_works_once(cluster: Cluster) -> None:
    """32 callers present one proof with an assertion each, then 32 read with one: one of them is let in."""
    tokens = campuspress_tokens(cluster.one)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    proof = {"DPoP": cluster.one.proof("/token")}

    def refreshing_bound(assertion: str) -> Call[httpx2.Response]:
        data = {**form, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return lambda client: client.post("/token", data=data, headers=proof)

    answers = cluster.at_once([refreshing_bound(cluster.one.assertion()) for _ in range(CROWD)])
    assert statuses(answers) == {200: 1, 400: CROWD - 1}
    token = tokens["access_token"]
    headers = {
        "Authorization": f"DPoP {token}",
        "DPoP": cluster.one.proof("/userinfo", "GET", token=token),
    }
    answers = cluster.at_once([lambda client: client.get("/userinfo", headers=headers)] * CROWD)
    assert statuses(answers) == {200: 1, 401: CROWD - 1}
    assert cluster.count("handoff") == 1


def pushed(world: World) -> str:
    """Push CampusPress's request; give the address that begins it."""
    answer = world.post_signed(
        "/par",
        {
            "response_type": "code",
            "client_id": "campuspress-shop",
            "redirect_uri": CAMPUSPRESS_REDIRECT,
            "scope": "openid address",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        },
    )
    assert answer.status_code == 201, answer.text
    query = {"client_id": "campuspress-shop", "request_uri": answer.json()["request_uri"]}
    return f"/authorize?{urlencode(query)}"


def deciding(
    world: World, open_at: str, stop_at: str, email: str = "asha@lakeside.example"
) -> Call[httpx2.Response]:
    """Walk a browser of its own to the consent screen; give the press on its button."""
    browser = world.signed_in(email)
    page = browser.open(open_at, stop_at=stop_at)
    form = page.form("/consent").filled({}, "share")
    headers = {**cookies_of(browser), "Content-Type": "application/x-www-form-urlencoded", "Origin": ISSUER}
    return lambda client: client.post("/consent", content=urlencode(form), headers=headers)


def codes_of(answers: list[httpx2.Response]) -> list[str]:
    """Read the code that each answer carries to the partner."""
    return [parse_qs(urlsplit(answer.headers["location"]).query)["code"][0] for answer in answers]


def test_one_answer_pressed_many_times_at_once_is_one_decision_and_every_window_arrives(
    cluster: Cluster,
) -> None:
    """Decision 71: one consent event; each press has a code of its own, and each code is redeemed once."""
    world = cluster.one
    press = deciding(world, f"/authorize?{urlencode(world.authorization())}", QUIZCO_REDIRECT)
    answers = cluster.at_once([press] * 8)
    assert statuses(answers) == {303: 8}
    codes = codes_of(answers)
    assert len(set(codes)) == 8
    assert (cluster.count("consent_event"), cluster.count("consent_grant")) == (1, 1)
    assert all(world.exchange(code).status_code == 200 for code in codes[:2])
    assert world.exchange(codes[0]).json()["error"] == "invalid_grant"


def test_fapi2_5_3_2_2_a_request_uri_is_used_up_by_one_decision(cluster: Cluster) -> None:
    """32 presses on the screen of one pushed request at once: one decision, and the person arrives by whichever."""
    world = cluster.one
    start = pushed(world)
    press = deciding(world, start, CAMPUSPRESS_REDIRECT)
    answers = cluster.at_once([press] * CROWD)
    assert statuses(answers) == {303: CROWD}
    assert len(set(codes_of(answers))) == CROWD
    assert (cluster.count("consent_event"), cluster.count("consent_grant")) == (1, 1)
    again = world.signed_in().open(start)
    assert again.status == 400
    assert "invalid_request_uri" in again.text


def test_rfc9101_10_2_a_request_object_is_pushed_once(cluster: Cluster) -> None:
    """32 push one signed request, each with an assertion of its own: one is answered with a request_uri."""
    world = cluster.one
    request = request_object(world, jti="once")

    def pushing(assertion: str) -> Call[httpx2.Response]:
        data = {
            "request": request,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return lambda client: client.post("/par", data=data)

    answers = cluster.at_once([pushing(world.assertion()) for _ in range(CROWD)])
    assert statuses(answers) == {201: 1, 400: CROWD - 1}
    assert {each.json()["error"] for each in answers if each.status_code == 400} == {"invalid_request_object"}
    assert cluster.count("pushed_request") == 1


def test_rfc9101_10_2_a_request_object_by_value_is_answered_once(cluster: Cluster) -> None:
    """32 load it at once and all are asked to sign in; 32 presses on its screen: one decision."""
    world = cluster.one
    need_not_push(world)
    start = by_value(request_object(world, jti="once"))
    loaded = cluster.at_once([lambda client: client.get(start)] * CROWD)
    assert statuses(loaded) == {303: CROWD}
    assert all("/login" in each.headers["location"] for each in loaded)
    press = deciding(world, start, CAMPUSPRESS_REDIRECT)
    answers = cluster.at_once([press] * CROWD)
    assert statuses(answers) == {303: CROWD}
    assert cluster.count("consent_event") == 1


def test_a_request_that_one_person_answered_is_nobody_elses(cluster: Cluster) -> None:
    """FAPI 2.0 §5.3.2.2: two people answer one pushed request at once; one gets a code, the other is sent back."""
    world = cluster.one
    start = pushed(world)
    presses = [
        deciding(world, start, CAMPUSPRESS_REDIRECT, f"{name}.example")
        for name in ("asha@lakeside", "aoife@northfield")
    ]
    answers = cluster.at_once(presses)
    assert statuses(answers) == {303: 2}
    told = [parse_qs(urlsplit(answer.headers["location"]).query) for answer in answers]
    assert sorted(each.get("error", [""])[0] for each in told) == ["", "access_denied"]
    assert (cluster.count("consent_event"), cluster.count("authorization_code")) == (1, 1)


def test_a_settled_request_uri_is_used_up_by_one_browser(cluster: Cluster) -> None:
    """Where the grant exists already no screen is shown: its person gets a code as long as it is not used up."""
    world = cluster.one
    browser = world.signed_in()
    page = browser.open(pushed(world), stop_at=CAMPUSPRESS_REDIRECT)
    browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    start, headers = pushed(world), cookies_of(browser)
    answers = cluster.at_once([lambda client: client.get(start, headers=headers)] * CROWD)
    arrived = sum("code=" in answer.headers.get("location", "") for answer in answers)
    assert arrived >= 1
    assert {answer.status_code for answer in answers} <= {303, 400}
    assert cluster.count("authorization_code") == 1 + arrived
    assert world.signed_in().open(start).status == 400


def test_two_browsers_deciding_for_one_person_and_offer_make_one_grant(cluster: Cluster) -> None:
    """Four windows that say the same: one decision, and a code for each; nothing merges or is counted twice."""
    world = cluster.one
    start = f"/authorize?{urlencode(world.authorization())}"
    presses = [deciding(world, start, QUIZCO_REDIRECT) for _ in range(4)]
    answers = cluster.at_once(presses)
    assert statuses(answers) == {303: 4}
    assert cluster.count("consent_grant") == 1
    assert cluster.count("consent_event") == 1
    assert [world.exchange(code).status_code for code in codes_of(answers)] == [200] * 4


def test_a_fresh_grant_takes_the_place_of_the_old_one_once(cluster: Cluster) -> None:
    """Grant Management §5.1: four windows ask for a fresh grant at once, and one is made; two are never live."""
    world = cluster.one
    first = world.tokens()
    start = f"/authorize?{urlencode(world.authorization(grant_management_action='create'))}"
    answers = cluster.at_once([deciding(world, start, QUIZCO_REDIRECT) for _ in range(4)])
    assert statuses(answers) == {303: 4}
    assert cluster.count("consent_grant") == 2
    assert cluster.count("consent_grant", "state = 'active'") == 1
    assert cluster.other.userinfo(first["access_token"]).status_code == 401


def test_a_grant_is_given_back_once(cluster: Cluster) -> None:
    """Grant Management §6.4: 32 callers, one end; the others find nothing any more."""
    world = cluster.one
    tokens = world.tokens(scope="openid profile grant_management_revoke")
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    path = f"/grants/{tokens['grant_id']}"
    answers = cluster.at_once([lambda client: client.delete(path, headers=header)] * CROWD)
    found = statuses(answers)
    assert found.pop(204) == 1
    assert set(found) <= {401, 404}
    assert cluster.count("consent_event") == 2


def test_typed_reading_uses_a_proof_once(cluster: Cluster) -> None:
    """RFC 9449 §11.1 at /release: 32 callers, one hand-off."""
    token = campuspress_tokens(cluster.one)["access_token"]
    headers = {"Authorization": f"DPoP {token}", "DPoP": cluster.one.proof("/release", token=token)}
    answers = cluster.at_once([lambda client: client.post("/release", headers=headers)] * CROWD)
    assert statuses(answers) == {200: 1, 401: CROWD - 1}
    assert cluster.count("handoff") == 1


def test_an_invitation_sets_one_password(cluster: Cluster) -> None:
    """32 browsers choose a first password through one invitation: one is taken, and it is the one that works."""
    world = cluster.one
    listed = b"organisation,role,email,name\nlakeside,student,new@lakeside.example,New Student\n"
    importing = functools.partial(import_people, world.services, listed, Importer("cli"), send=False)
    path = urlsplit(world.run(importing).invitations["new@lakeside.example"]).path
    calls = [
        lambda client, number=number: client.post(
            path, data={"new_password": f"a quiet corner of the attic {number}"}
        )
        for number in range(CROWD)
    ]
    answers = cluster.at_once(calls)
    assert statuses(answers) == {303: 1, 404: CROWD - 1}
    number = next(index for index, answer in enumerate(answers) if answer.status_code == 303)
    browser = world.browser()
    form = {"email": "new@lakeside.example", "password": f"a quiet corner of the attic {number}"}
    page = browser.submit(browser.open("/login"), "/login", form)
    assert page.status == 200
    assert re.search(r"/login\?", page.url) is None


def test_rfc7009_revoking_twice_at_once_is_no_error(cluster: Cluster) -> None:
    """A partner's parallel revocations of one refresh token are all answered alike, and the family is dead."""
    world = cluster.one
    tokens = world.tokens()
    answers = cluster.at_once([posting(world, "/revoke", {"token": tokens["refresh_token"]})] * CROWD)
    assert statuses(answers) == {200: CROWD}
    assert cluster.other.userinfo(tokens["access_token"]).status_code == 401


def test_answers_of_many_people_do_not_swap(cluster: Cluster) -> None:
    """Reads of two people's tokens, mixed in the same lanes, each bring the own person's values."""
    world = cluster.one
    asha = world.tokens()["access_token"]
    aoife = world.tokens(email="aoife@northfield.example")["access_token"]
    calls = [
        lambda client, token=token: client.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
        for token in (asha, aoife) * (CROWD // 2)
    ]
    names = [answer.json()["name"] for answer in cluster.at_once(calls)]
    assert names == ["Asha Rao", "Aoife Ní Bhriain"] * (CROWD // 2)
