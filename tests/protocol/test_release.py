"""Typed reading at /release: items by name, through the same gate and the same log as userinfo."""

import json

import httpx2
import pytest

from gateway.store.ledger.handoffs import HandoffQuery, search_handoffs
from tests.protocol.campuspress import campuspress_tokens
from tests.protocol.test_rfc9396 import EMAIL, PHONE, details, item
from tests.world import World

READ = "/release"


def read(world: World, token: str, named: str = "") -> httpx2.Response:
    """Read as QuizCo."""
    form = {"authorization_details": named} if named else {}
    return world.client().post(READ, data=form, headers={"Authorization": f"Bearer {token}"})


def items_of(answer: httpx2.Response) -> list[dict[str, object]]:
    """The items of an answer."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()["authorization_details"]
    return found[0]["items"] if found else []


def test_everything_that_the_token_reaches_with_purpose_and_form(each_world: World) -> None:
    """Without a name; by scope or by name makes no difference. `openid` is not needed, and `sub` is there."""
    # The second screen offers nothing anew: what was ticked on the first one stands.
    for ticked, asked in (
        ((PHONE,), {"scope": "profile education phone email"}),
        ((), {"authorization_details": details(item(PHONE))}),
    ):
        token = each_world.tokens(*ticked, **{"prompt": "consent", **asked})["access_token"]
        answer = read(each_world, token)
        assert answer.json()["authorization_details"][0]["offer"] == "practice-quizzes"
        assert items_of(answer) == [
            {"field": "course", "purpose": "service_personalisation", "form": "full", "value": "CS-101"},
            {"field": "name", "purpose": "learning_progress", "form": "full", "value": "Asha Rao"},
            {**item(PHONE, "masked"), "value": "+91 ••••••01"},
        ]
        assert len(answer.json()["sub"]) > 20


def test_only_what_is_named_and_only_that_is_logged(each_world: World) -> None:
    """The hand-off holds the one item and names the endpoint."""
    token = each_world.tokens(PHONE)["access_token"]
    assert [each["field"] for each in items_of(read(each_world, token, details(item(PHONE))))] == [
        "phone_number"
    ]
    [row] = each_world.run(each_world.services.store.read, search_handoffs, HandoffQuery())
    assert (row.endpoint, [each.item.field for each in row.items]) == ("release", ["phone_number"])


def test_what_is_not_granted_is_absent(world: World) -> None:
    """Naming it is no error, for it may have been switched off a second ago; it is not released either."""
    token = world.tokens(PHONE)["access_token"]
    assert items_of(read(world, token, details(item(EMAIL)))) == []
    assert len(items_of(read(world, token, details(item(EMAIL), item(PHONE))))) == 1


def test_what_the_profile_does_not_hold_is_absent(world: World) -> None:
    """Ben has no phone number."""
    token = world.tokens(PHONE, email="ben@lakeside.example")["access_token"]
    assert [each["field"] for each in items_of(read(world, token))] == ["name"]


def test_a_narrowed_token_reaches_less(world: World) -> None:
    """Naming more does not widen it."""
    code = world.approve(
        EMAIL, PHONE, authorization_details=details(item(EMAIL), item(PHONE)), scope="openid"
    )
    token = world.exchange(code, authorization_details=details(item(PHONE))).json()["access_token"]
    assert [each["field"] for each in items_of(read(world, token, details(item(EMAIL), item(PHONE))))] == [
        "phone_number"
    ]


@pytest.mark.parametrize(
    "wrong", ["nonsense", details(item("address.delivery_of_goods")), details(item("email.marketing"))]
)
def test_what_is_not_in_the_offer_is_refused(world: World, wrong: str) -> None:
    """Promise P1 at the last gate: nothing is released and nothing is logged."""
    answer = read(world, world.tokens()["access_token"], wrong)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_authorization_details")
    assert world.run(world.services.store.read, search_handoffs, HandoffQuery()) == []


def test_a_revoked_grant_releases_nothing(each_world: World) -> None:
    """From the next call on."""
    browser = each_world.signed_in()
    token = each_world.exchange(each_world.share(browser, each_world.ask(browser))["code"]).json()[
        "access_token"
    ]
    assert read(each_world, token).status_code == 200
    page = browser.open(browser.open("/connected").link("/connected/gra_"))
    browser.submit(page, "/stop")
    answer = read(each_world, token)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")


def test_a_bound_token_wants_its_proof(each_world: World) -> None:
    """For this address, once; and no bearer."""
    token = campuspress_tokens(each_world)["access_token"]
    assert read(each_world, token).status_code == 401
    proof = each_world.proof(READ, token=token)
    header = {"Authorization": f"DPoP {token}", "DPoP": proof}
    assert each_world.client().post(READ, headers=header).status_code == 200
    assert each_world.client().post(READ, headers=header).status_code == 401
    elsewhere = {**header, "DPoP": each_world.proof("/userinfo", token=token)}
    assert each_world.client().post(READ, headers=elsewhere).status_code == 401


def test_it_is_read_by_post_alone(world: World) -> None:
    """So that neither names nor tokens stand in an address."""
    token = world.tokens()["access_token"]
    assert world.client().get(READ, headers={"Authorization": f"Bearer {token}"}).status_code == 405
    answer = world.client().post(
        READ,
        content=json.dumps({}),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 415
