"""RFC 9126: authorization requests pushed by their client."""

from urllib.parse import urlencode

import pytest

from tests.protocol.campuspress import REQUEST, begin, exchange_form, push
from tests.world import CAMPUSPRESS_REDIRECT, PASSWORD, World, answer_of


def test_2_2_the_answer(world: World) -> None:
    """201, a URN that only we can read, and a lifetime under ten minutes."""
    answer = world.post_signed("/par", REQUEST)
    assert answer.status_code == 201
    assert set(answer.json()) == {"request_uri", "expires_in"}
    assert answer.json()["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert answer.json()["expires_in"] == 300
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "openid bank_account"}, "invalid_scope"),
        ({"scope": "openid education"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "e30.e30."}, "invalid_request_object"),
    ],
)
def test_2_3_a_request_is_checked_when_it_is_pushed(
    world: World, changes: dict[str, str], error: str
) -> None:
    """Before any browser is troubled."""
    answer = world.post_signed("/par", {**REQUEST, **changes})
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_2_1_who_pushes_authenticates(world: World) -> None:
    """As at the token endpoint; for no other client."""
    assert world.client().post("/par", data=REQUEST).json()["error"] == "invalid_client"
    answer = world.post_signed("/par", {**REQUEST, "client_id": "quizco-web"})
    assert answer.json()["error"] == "invalid_client"


def test_4_the_pushed_parameters_count_and_no_others(each_world: World) -> None:
    """What the browser brings along is ignored (RFC 9101 §6.3)."""
    browser = each_world.signed_in()
    start = begin(
        push(each_world), scope="openid bank_account", state="forged", redirect_uri="https://evil.example/"
    )
    page = browser.open(start, stop_at=CAMPUSPRESS_REDIRECT)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert back["state"] == "st-2"
    assert each_world.post_signed("/token", exchange_form(back["code"])).status_code == 200


def test_4_a_request_uri_is_its_clients_own(world: World) -> None:
    """And ours alone: any other form of it is unknown."""
    request_uri = push(world)
    browser = world.signed_in()
    for start in (
        begin(request_uri).replace("campuspress-shop", "quizco-web"),
        begin(request_uri).replace("client_id=campuspress-shop&", ""),
        begin(request_uri.rpartition(":")[2]),
        begin("https://evil.example/request"),
        begin(request_uri + "x"),
    ):
        page = browser.open(start)
        assert page.status == 400
        assert "invalid_request_uri" in page.text
    assert browser.open(begin(request_uri)).form("/consent")


@pytest.mark.parametrize("seconds", [299, 300])
def test_2_2_a_request_uri_expires(world: World, seconds: int) -> None:
    """After `expires_in` seconds."""
    request_uri = push(world)
    world.clock.pass_by(seconds)
    assert world.signed_in().open(begin(request_uri)).status == (200 if seconds < 300 else 400)


def test_fapi_5_3_2_2_it_is_used_up_at_authorization_not_at_page_load(each_world: World) -> None:
    """A reload of the page is no replay; after the decision the address is dead."""
    browser, start = each_world.signed_in(), begin(push(each_world))
    browser.open(start)
    page = browser.open(start)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert each_world.post_signed("/token", exchange_form(back["code"])).status_code == 200
    again = browser.open(start)
    assert (again.status, "invalid_request_uri" in again.text) == (400, True)
    second = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    assert each_world.post_signed("/token", exchange_form(answer_of(second)["code"])).status_code == 200


def test_fapi_5_3_2_2_a_no_uses_it_up_as_well(each_world: World) -> None:
    """So nobody asks the person again with the same request."""
    browser, start = each_world.signed_in(), begin(push(each_world))
    page = browser.open(start)
    back = browser.submit(page, "/consent", button="refuse", stop_at=CAMPUSPRESS_REDIRECT)
    assert answer_of(back)["error"] == "access_denied"
    assert browser.open(start).status == 400


def test_fapi_5_3_2_2_a_fapi_client_must_push(world: World) -> None:
    """Told by redirect, since its redirect URI is known."""
    plain = world.authorization(**REQUEST, client_id="campuspress-shop")
    answer = world.client().get(f"/authorize?{urlencode(plain)}")
    assert answer.headers["Location"].startswith(f"{CAMPUSPRESS_REDIRECT}?error=invalid_request&")


def test_a_baseline_client_may_push(world: World) -> None:
    """With its secret; the flow is the same from there on."""
    pushed = world.post("/par", world.authorization())
    assert pushed.status_code == 201
    browser = world.signed_in()
    start = begin(pushed.json()["request_uri"]).replace("campuspress-shop", "quizco-web")
    back = world.share(browser, browser.open(start))
    assert world.exchange(back["code"]).status_code == 200


def test_log_in_amid_a_pushed_request(world: World) -> None:
    """The request outlives the log-in form: the browser comes back to the same screen."""
    browser = world.browser()
    login = browser.open(begin(push(world)))
    page = browser.submit(login, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    assert set(back) == {"code", "state", "iss"}
