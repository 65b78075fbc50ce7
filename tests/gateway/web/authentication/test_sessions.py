"""Signing in and out, the password again, throttling, forged forms, over HTTP."""

import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import Engine, event

from gateway.actions.authentication.sessions import open_session
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act, rows
from tests.world import ISSUER, PASSWORD, QUIZCO_REDIRECT, World

ASHA = "asha@lakeside.example"


def log_in(world: World, email: str = ASHA, password: str = PASSWORD, **headers: str) -> httpx2.Response:
    """Post the log-in form from a fresh browser."""
    form = {"email": email, "password": password}
    return world.client().post(
        "/login", data=form, headers={each.replace("_", "-"): headers[each] for each in headers}
    )


def secret_of(browser: Browser) -> str:
    return browser._client.cookies[COOKIE]


def opens(world: World, secret: str) -> bool:
    """Whether a session's secret opens a page of its person."""
    answer = world.client().get("/connected", headers={"Cookie": f"{COOKIE}={secret}"})
    return answer.status_code == 200


def again(browser: Browser, page: Page, password: str = PASSWORD) -> Page:
    return browser.submit(page, "/reauthenticate", {"password": password})


def test_a_log_in_opens_a_session_in_a_cookie_that_only_this_host_gets_back(each_world: World) -> None:
    answer = log_in(each_world)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    name, _, rest = answer.headers["set-cookie"].partition("=")
    attributes = {part.strip().lower() for part in rest.split(";")[1:]}
    assert name.startswith("__Host-")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes
    assert not [each for each in attributes if each.startswith("domain")]
    secret = rest.partition(";")[0]
    assert opens(each_world, secret)
    # The database holds a digest; whoever reads it cannot sign in with it.
    assert secret not in str(rows(each_world, "SELECT * FROM session"))


def test_a_login_is_found_however_it_is_spelled(world: World) -> None:
    for email in ("ASHA@lakeside.example", " asha@LAKESIDE.EXAMPLE "):
        assert log_in(world, email).status_code == 303


def statements_of(world: World, email: str) -> list[str]:
    """What a wrong log-in asks the database, word for word."""
    said: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        assert log_in(world, email, "wrong password").status_code == 400
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    return said


def test_unknown_and_known_people_are_asked_for_alike(world: World) -> None:
    """The time that it takes tells nothing either: the same statements, and a password is hashed in any case."""
    first = statements_of(world, "warm@up.example")
    assert len(first) > 3
    assert statements_of(world, ASHA) == statements_of(world, "nobody@lakeside.example") == first


def test_unknown_people_and_wrong_passwords_get_the_same_answer(each_world: World) -> None:
    """Nobody learns who has an account: same status, same words, same headers."""
    act(
        each_world,
        "UPDATE person SET state = 'closed' WHERE person_id = :id",
        id=each_world.person_id("deepa@lakeside.example"),
    )
    answers = [
        log_in(each_world, ASHA, "wrong password"),
        log_in(each_world, "nobody@lakeside.example", "wrong password"),
        log_in(each_world, "nobody at all", PASSWORD),
        log_in(each_world, "deepa@lakeside.example", PASSWORD),
    ]
    assert {answer.status_code for answer in answers} == {400}
    pages = {re.sub(r'req_[\w-]+|value="[^"]*"', "", answer.text) for answer in answers}
    assert len(pages) == 1
    assert "do not fit together" in pages.pop()
    assert not any("set-cookie" in answer.headers for answer in answers)


def test_what_was_typed_stays_but_never_the_password(world: World) -> None:
    page = world.browser().open("/login")
    page = world.browser().submit(page, "/login", {"email": ASHA, "password": "my other password"})
    assert ("email", ASHA) in page.form("/login").fields
    assert "my other password" not in page.response.text


def test_an_account_is_throttled_whatever_password_comes_and_from_wherever(each_world: World) -> None:
    """Five attempts at once, then one a minute; the right password fills the bucket."""
    assert [log_in(each_world, password="wrong").status_code for _ in range(5)] == [400] * 5
    held = log_in(each_world)
    assert held.status_code == 429
    assert 1 <= int(held.headers["retry-after"]) <= 60
    assert log_in(each_world, "ben@lakeside.example").status_code == 303
    each_world.clock.pass_by(60)
    assert log_in(each_world).status_code == 303
    assert [log_in(each_world, password="wrong").status_code for _ in range(5)] == [400] * 5


def test_an_unknown_account_is_throttled_alike(world: World) -> None:
    """Otherwise the sixth attempt would tell who has an account."""
    answers = [log_in(world, "nobody@lakeside.example", "wrong").status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]


def test_an_address_is_throttled_over_all_accounts(make_world: Callable[..., World]) -> None:
    world = make_world(address_attempts=3)
    answers = [log_in(world, f"p{number}@x.example", "wrong").status_code for number in range(4)]
    assert answers == [400, 400, 400, 429]
    assert log_in(world).status_code == 429


def test_x_forwarded_for_of_anybody_is_not_believed(make_world: Callable[..., World]) -> None:
    world = make_world(address_attempts=2, trusted_proxies=("10.0.0.0/8",))
    answers = [
        log_in(world, f"p{number}@x.example", "wrong", x_forwarded_for=f"198.51.100.{number}")
        for number in range(3)
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 429]


STRANGERS = itertools.count()


def from_proxy(world: World, *forwarded: str) -> int:
    """Log in wrongly through a trusted proxy; the account is another one each time."""
    world.asgi.client = ("10.0.0.1", 4711)
    form = {"email": f"p{next(STRANGERS)}@x.example", "password": "wrong"}
    headers = [("X-Forwarded-For", each) for each in forwarded]
    return world.client().post("/login", data=form, headers=headers).status_code


def test_x_forwarded_for_of_a_trusted_proxy_tells_the_browser(make_world: Callable[..., World]) -> None:
    """Each browser behind the proxy has a bucket of its own; what the browser itself says counts for nothing."""
    world = make_world(address_attempts=1, trusted_proxies=("10.0.0.0/8", "fd00::/8"))
    assert from_proxy(world, "198.51.100.1") == 400
    assert from_proxy(world, "198.51.100.2") == 400
    assert from_proxy(world, "203.0.113.9, 198.51.100.1") == 429
    # A proxy may add a header of its own instead of a part of the browser's.
    assert from_proxy(world, "203.0.113.8", "198.51.100.1") == 429
    # Two proxies of ours one behind the other.
    assert from_proxy(world, "198.51.100.2, 10.1.1.1") == 429
    assert from_proxy(world, "198.51.100.3, fd00::1") == 400
    # No word of a browser: the proxy itself.
    assert from_proxy(world) == 400
    assert from_proxy(world, " , ") == 429


def test_signing_in_again_changes_the_secret_and_the_old_one_is_dead(each_world: World) -> None:
    """Rotation: a secret that was planted in a browser before is worth nothing after."""
    browser = each_world.signed_in()
    old = secret_of(browser)
    browser.submit(browser.open("/login"), "/login", {"email": ASHA, "password": PASSWORD})
    assert secret_of(browser) != old
    assert not opens(each_world, old)
    assert opens(each_world, secret_of(browser))


def test_somebody_elses_log_in_in_the_same_browser_ends_the_first_session(world: World) -> None:
    browser = world.signed_in()
    old = secret_of(browser)
    browser.submit(browser.open("/login"), "/login", {"email": "ben@lakeside.example", "password": PASSWORD})
    assert not opens(world, old)
    assert "Professor" in browser.open("/").text


def test_a_session_ends_when_it_is_not_used(make_world: Callable[..., World]) -> None:
    world = make_world(session_idle_ttl=600, session_ttl=3000)
    secret = secret_of(world.signed_in())
    for _ in range(3):
        world.clock.pass_by(599)
        assert opens(world, secret)
    world.clock.pass_by(600)
    assert not opens(world, secret)


def test_a_session_ends_however_much_it_is_used_and_the_password_does_not_lengthen_it(
    make_world: Callable[..., World],
) -> None:
    world = make_world(session_idle_ttl=600, session_ttl=1500)
    browser = world.signed_in()
    for _ in range(2):
        world.clock.pass_by(500)
        again(browser, browser.open("/reauthenticate"))
    world.clock.pass_by(499)
    assert opens(world, secret_of(browser))
    world.clock.pass_by(1)
    assert not opens(world, secret_of(browser))


def test_a_use_is_written_down_once_a_minute_and_not_at_every_request(world: World) -> None:
    browser = world.signed_in()
    seen = "SELECT last_seen_at FROM session"
    before = rows(world, seen)
    world.clock.pass_by(59)
    browser.open("/connected")
    assert rows(world, seen) == before
    world.clock.pass_by(1)
    browser.open("/connected")
    assert rows(world, seen) == [(world.clock(),)]


def test_signing_out_ends_the_session_on_the_server(each_world: World) -> None:
    browser = each_world.signed_in()
    secret = secret_of(browser)
    page = browser.submit(browser.open("/"), "/logout")
    assert urlsplit(page.url).path == "/signed-out"
    assert COOKIE not in browser._client.cookies
    assert not opens(each_world, secret)


def test_whoever_is_not_signed_in_signs_in_first_and_comes_back(world: World) -> None:
    browser = world.browser()
    page = browser.open("/profile")
    assert urlsplit(page.url).path == "/login"
    page = browser.submit(page, "/login", {"email": ASHA, "password": PASSWORD})
    assert urlsplit(page.url).path == "/profile"


@pytest.mark.parametrize("path", ["/logout", "/reauthenticate", "/profile/edit", "/connected/gra_1/stop"])
def test_a_form_without_a_session_leads_to_the_log_in(world: World, path: str) -> None:
    answer = world.client().post(path, data={"next": ""})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(
    "next_path",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/login", "/reauthenticate"])
def test_rfc9700_4_11_no_log_in_leads_off_this_site(world: World, path: str, next_path: str) -> None:
    """An open redirector would lend our name to somebody else's page."""
    browser = world.signed_in()
    page = browser.open(f"{path}?{httpx2.QueryParams({'next': next_path})}")
    fields = {**dict(page.form(path).fields), "email": ASHA, "password": PASSWORD, "next": next_path}
    answer = browser._client.post(path, data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    names = [each.partition("=")[0] for each in answer.headers.get_list("set-cookie")]
    assert sorted({COOKIE, *names}) == sorted(names)


def test_a_local_address_is_kept_with_its_query(world: World) -> None:
    answer = world.client().post(
        "/login", data={"email": ASHA, "password": PASSWORD, "next": "/connected?done=off"}
    )
    assert answer.headers["location"] == "/connected?done=off"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ISSUER + ".evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ISSUER, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_rfc6749_10_12_a_form_from_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    """Also the log-in form: otherwise a page elsewhere could sign somebody in as somebody else."""
    browser = world.signed_in()
    fields = dict(browser.open("/").form("/logout").fields)
    answer = browser._client.post("/logout", data=fields, headers=headers)
    assert answer.status_code == 403
    assert "not made for your present session" in answer.text
    assert opens(world, secret_of(browser))
    login = world.client().post("/login", data={"email": ASHA, "password": PASSWORD}, headers=headers)
    assert login.status_code == 403
    assert "set-cookie" not in login.headers


@pytest.mark.parametrize(
    "headers", [{"Origin": ISSUER}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_our_own_forms_are_taken(world: World, headers: dict[str, str]) -> None:
    assert (
        world.client().post("/login", data={"email": ASHA, "password": PASSWORD}, headers=headers).status_code
        == 303
    )


def test_rfc6749_10_12_a_form_without_its_sessions_token_is_refused(world: World) -> None:
    browser, other = world.signed_in(), world.signed_in("ben@lakeside.example")
    foreign = dict(other.open("/").form("/logout").fields)["csrf_token"]
    for token in ({"next": "/"}, {"csrf_token": ""}, {"csrf_token": foreign}, {"csrf_token": "ü"}):
        assert browser._client.post("/logout", data=token).status_code == 403
    twice = [("csrf_token", foreign), ("csrf_token", foreign)]
    body = "&".join(f"{name}={value}" for name, value in twice)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert browser._client.post("/logout", content=body, headers=headers).status_code == 400
    assert opens(world, secret_of(browser))


def test_a_token_dies_with_its_session(world: World) -> None:
    browser = world.signed_in()
    old = browser.open("/")
    browser.submit(browser.open("/login"), "/login", {"email": ASHA, "password": PASSWORD})
    assert browser.submit(old, "/logout").status == 403


def test_p15_the_password_again_shows_values_for_ten_minutes(each_world: World) -> None:
    browser = each_world.signed_in()
    assert "+91 90000 00101" in browser.open("/profile").text
    each_world.clock.pass_by(601)
    page = browser.open("/profile")
    assert "90000" not in page.response.text
    door = browser.open(page.link("/reauthenticate"))
    assert "a***@lakeside.example" in door.response.text
    wrong = again(browser, door, "wrong")
    assert wrong.status == 400
    assert "This is not your password." in wrong.text
    shown = again(browser, wrong)
    assert urlsplit(shown.url).path == "/profile"
    assert "+91 90000 00101" in shown.text


def test_the_password_again_changes_the_secret(world: World) -> None:
    browser = world.signed_in()
    old = secret_of(browser)
    again(browser, browser.open("/reauthenticate"))
    assert not opens(world, old)
    assert opens(world, secret_of(browser))


def test_whoever_found_an_open_browser_cannot_guess_the_password_there(each_world: World) -> None:
    browser = each_world.signed_in()
    statuses = [again(browser, browser.open("/reauthenticate"), "wrong").status for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    held = again(browser, browser.open("/reauthenticate"))
    assert held.status == 429
    assert 1 <= int(held.response.headers["retry-after"]) <= 60
    each_world.clock.pass_by(60)
    assert again(browser, browser.open("/reauthenticate")).status == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Give your password to go on"),
        ("?next=/profile", "to see your private details"),
        ("?next=/admin/grants", "a change that touches other people"),
    ],
)
def test_it_says_why_it_asks_again(world: World, query: str, words: str) -> None:
    assert words in world.signed_in().open("/reauthenticate" + query).text


def test_a_log_in_on_the_way_to_a_partner_says_where_it_leads(world: World) -> None:
    browser = world.browser()
    page = world.ask(browser)
    assert urlsplit(page.url).path == "/login"
    assert "QuizCo" in page.text
    assert "Practice quizzes" in page.text
    # Chromium holds form-action against every redirect after the form as well.
    assert "form-action 'self' https: " in page.response.headers["content-security-policy"]
    own = browser.open("/login?next=/profile").response.headers["content-security-policy"]
    assert "form-action 'self';" in own
    behind = "/login?next=/second-factor%3Fnext%3D%252Fauthorize%252Fcontinue%253Fticket%253Dx"
    assert "form-action 'self' https: " in browser.open(behind).response.headers["content-security-policy"]
    wrong = browser.submit(page, "/login", {"email": ASHA, "password": "wrong"})
    assert "QuizCo" in wrong.text
    screen = browser.submit(wrong, "/login", {"email": ASHA, "password": PASSWORD}, stop_at=QUIZCO_REDIRECT)
    assert screen.form("/consent")


def test_oidc_3_1_2_1_prompt_login_asks_for_the_password_although_somebody_is_signed_in(world: World) -> None:
    browser = world.signed_in()
    world.clock.pass_by(5)
    page = world.ask(browser, prompt="login")
    assert urlsplit(page.url).path == "/reauthenticate"
    assert "asks you to sign in again" in page.text
    assert "a while ago" not in page.text
    assert again(browser, page).form("/consent")


@pytest.mark.parametrize("path", ["/login", "/reauthenticate"])
def test_a_damaged_ticket_is_refused_in_plain_words(world: World, path: str) -> None:
    page = world.signed_in().open(f"{path}?ticket=damaged")
    assert page.status == 400
    assert "could not be read" in page.text


def test_an_outdated_log_in_page_begins_anew(world: World) -> None:
    """What the partner asked for is still asked; a log-in before now is none after it."""
    browser = world.browser()
    page = world.ask(browser, prompt="login")
    world.clock.pass_by(1801)
    page = browser.submit(page, "/login", {"email": ASHA, "password": PASSWORD})
    assert "code" in world.share(browser, page)


def test_an_account_that_closed_during_the_log_in_gets_no_session(world: World) -> None:
    act(world, "UPDATE person SET state = 'closed' WHERE person_id = :id", id=world.person_id())
    with pytest.raises(Refusal) as caught:
        world.run(open_session, world.services, world.person_id(), None)
    assert caught.value.code == "forged_form"


def test_too_many_log_ins_at_once_are_told_to_wait(world: World) -> None:
    world.services.passwords._taken = 10**6
    answer = log_in(world)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
