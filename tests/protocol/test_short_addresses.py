"""Every address and header of ours stays under 2,000 characters, at the longest request that is taken (decision 71).

nginx answers 502 where a header of ours does not fit into its buffer, and other proxies cut or refuse long addresses.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx2
import pytest

from gateway.actions.oauth.authorize import CARRIED, MOST_CARRIED
from gateway.cli.browser import Browser, Page, read_page
from gateway.oauth.parameters import MAX_STATE
from tests.protocol.screen import Television
from tests.protocol.test_rfc9101 import by_value, need_not_push, request_object
from tests.world import CAMPUSPRESS_REDIRECT, PARTNERS, PASSWORD, QUIZCO_REDIRECT, World, answer_of, publish

LONGEST = 2_000
LONG_REDIRECT = QUIZCO_REDIRECT + "/" + "p" * (400 - len(QUIZCO_REDIRECT) - 1)
SHORTER_REDIRECT = QUIZCO_REDIRECT + "/short"
STATE = "s" * MAX_STATE
ASHA = {"email": "asha@lakeside.example", "password": PASSWORD}


class Measured:
    """Measures every answer that a browser gets from us."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.longest: dict[str, int] = {}
        browser._client.event_hooks = {"response": [self.measure]}

    def measure(self, answer: httpx2.Response) -> None:
        """Measure headers, and what the page leads to."""
        here = str(answer.request.url)
        for name, value in answer.headers.multi_items():
            whole = urljoin(here, value) if name == "location" else value
            self.note(f"{name} of {answer.request.url.path}", whole)
        if "text/html" not in answer.headers.get("content-type", ""):
            return
        answer.read()
        page = read_page(answer)
        for form in page.forms:
            self.note(f"form at {answer.request.url.path}", urljoin(here, form.action))
            if form.action == "/language":
                self.note(f"page of {answer.request.url.path}", urljoin(here, dict(form.fields)["next"]))
        for link in (each for each in page.links if not each.startswith("#")):
            self.note(f"link at {answer.request.url.path}", urljoin(here, link))

    def note(self, place: str, text: str) -> None:
        """Note an address or a header."""
        self.longest[place] = max(self.longest.get(place, 0), len(text))
        assert len(text) < LONGEST, (place, len(text), text)


@pytest.fixture
def long(world: World) -> World:
    """QuizCo, with the longest redirect URI that is registered, and one that leaves more room."""
    text = (PARTNERS / "quizco.toml").read_text()
    text = text.replace(f'"{QUIZCO_REDIRECT}"', f'"{LONG_REDIRECT}", "{SHORTER_REDIRECT}"')
    world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    return world


def longest_plain(world: World, **changes: str | None) -> dict[str, str]:
    """Make the longest request that the browser may carry: its nonce is as long as there is room."""
    request = world.authorization(redirect_uri=SHORTER_REDIRECT, state=STATE, nonce="", **changes)
    carried = {name: value for name, value in request.items() if name in CARRIED}
    return {**request, "nonce": "n" * (MOST_CARRIED - len(json.dumps(carried, separators=(",", ":"))))}


def pushed_by_quizco(world: World, **changes: str) -> str:
    """Push a request that is as long as parameters may be; give the address that begins it."""
    claims = json.dumps({"id_token": {"x" * 4_000: None}, "userinfo": {"email": None}})
    request = world.authorization(
        redirect_uri=LONG_REDIRECT, state=STATE, nonce="n" * 8_000, claims=claims, **changes
    )
    answer = world.post("/par", request)
    assert answer.status_code == 201, answer.text
    return begun(world.quizco, answer.json()["request_uri"])


def begun(client_id: str, request_uri: str) -> str:
    return f"/authorize?{urlencode({'client_id': client_id, 'request_uri': request_uri})}"


def through(world: World, start: Callable[[], str], redirect_uri: str) -> dict[str, int]:
    """Walk from the log-in to the partner, over a screen that is shown twice; then by the standing grant."""
    measured = Measured(world.browser())
    browser = measured.browser
    page = browser.open(start())
    wrong = browser.submit(page, "/login", {**ASHA, "password": "wrong"})
    page = browser.submit(wrong, "/login", ASHA)
    boxes = [value for name, value in page.form("/consent").choices if name == "item"]
    page = browser.submit(page, "/consent", {"item": boxes, "duration": "until", "until": "2026-12-24"})
    assert {value for name, value in page.form("/consent").fields if name == "item"} == set(boxes)
    back = browser.submit(page, "/consent", button="share", stop_at=redirect_uri)
    assert answer_of(back)["state"] == STATE
    assert "code" in answer_of(browser.open(start(), stop_at=redirect_uri))
    return measured.longest


def test_a_plain_request_of_the_greatest_length_fits_everywhere(long: World) -> None:
    """Log-in, wrong password, screen, screen again with a choice for every item, answer."""
    query = urlencode(longest_plain(long))
    longest = through(long, lambda: f"/authorize?{query}", SHORTER_REDIRECT)
    assert longest["location of /authorize"] > 1_500


def test_rfc9126_1_a_pushed_request_stays_behind_its_reference(long: World) -> None:
    """However long it is, the ticket is short."""
    longest = through(long, lambda: pushed_by_quizco(long), LONG_REDIRECT)
    assert longest["location of /login"] < 500
    assert longest["page of /login"] < 500


@pytest.mark.parametrize("jti", ["once", None])
def test_rfc9101_a_request_object_fits_everywhere(world: World, jti: str | None) -> None:
    """By value; one that names itself is kept, one that does not is carried and held to the same length."""
    need_not_push(world)
    name = iter(range(9))
    long_one: dict[str, Any] = {"state": STATE, "nonce": "n" * (8_000 if jti else 60)}

    def signed() -> str:
        return request_object(world, jti=f"{jti}{next(name)}" if jti else None, **long_one)

    through(world, lambda: by_value(signed()), CAMPUSPRESS_REDIRECT)


def test_rfc6749_4_1_2_1_a_longer_plain_request_is_refused_at_the_redirect_uri(long: World) -> None:
    """With its state, and with what to do instead; a state that is too long itself is not repeated."""
    request = longest_plain(long)
    browser = Measured(long.browser()).browser
    told = answer_of(
        browser.open(
            f"/authorize?{urlencode({**request, 'nonce': request['nonce'] + 'n'})}", stop_at=SHORTER_REDIRECT
        )
    )
    assert (told["error"], told["state"]) == ("invalid_request", STATE)
    assert "Push it" in told["error_description"]
    told = answer_of(
        browser.open(f"/authorize?{urlencode({**request, 'state': STATE + 's'})}", stop_at=SHORTER_REDIRECT)
    )
    assert (told["error"], "state" in told) == ("invalid_request", False)


@pytest.mark.parametrize("mode", ["query", "jwt", "form_post", "form_post.jwt"])
def test_every_answer_fits_behind_the_longest_redirect_uri(long: World, mode: str) -> None:
    """A signed answer holds the state inside, and an error its words besides: pushed, by a screen, by a grant, none."""
    measured = Measured(long.signed_in())
    browser = measured.browser
    start = {"redirect_uri": LONG_REDIRECT, "response_mode": mode, "state": STATE}
    for changes in (
        {"prompt": "none"},
        {"scope": "nonsense"},
        {"claims": "nonsense"},
        {"prompt": "none login"},
    ):
        long.ask(browser, **start, **changes)
    page = browser.open(pushed_by_quizco(long, response_mode=mode))
    browser.submit(page, "/consent", button="share", stop_at=LONG_REDIRECT)
    page = browser.open(pushed_by_quizco(long, response_mode=mode, prompt="consent"))
    browser.submit(page, "/consent", button="keep", stop_at=LONG_REDIRECT)
    is_posted = mode.startswith("form_post")
    assert measured.longest["form at /consent" if is_posted else "location of /consent"] >= 400


def test_the_password_again_and_a_way_over_a_second_factor_fit(long: World) -> None:
    """prompt=login, and the set-up of a factor whose address holds the address to come back to."""
    measured = Measured(long.signed_in())
    browser = measured.browser
    long.clock.pass_by(5)
    page = browser.open(f"/authorize?{urlencode(longest_plain(long, prompt='login'))}")
    page = browser.submit(page, "/reauthenticate", {"password": PASSWORD})
    assert page.form("/consent")
    ticket = page.url.partition("ticket=")[2]
    onward = urlencode({"next": f"/authorize/continue?ticket={ticket}"})
    admin = Measured(long.signed_in("officer@platform.example"))
    admin.browser.open(f"/second-factor?{onward}")
    assert measured.longest
    stranger = Measured(long.browser())
    page = stranger.browser.open(f"/authorize?{urlencode(longest_plain(long))}")
    page = stranger.browser.open(page.link("/login/passkey"))
    long.clock.pass_by(301)
    late = stranger.browser.submit(page, "/login/passkey", {"credential": "{}"})
    assert "open for too long" in late.text


def test_a_device_and_a_log_out_fit(world: World) -> None:
    """RFC 8628 §3.3: what a device asked for stays behind its code; RP-Initiated Logout §2: an address, a state."""
    tv = Television(world)
    claims = json.dumps({"id_token": {"x" * 4_000: None}})
    assert tv.begin(nonce="n" * 8_000, claims=claims).status_code == 200
    measured = Measured(world.signed_in())
    page = tv.type(measured.browser)
    assert measured.browser.submit(page, "/consent", button="share").url.endswith("/device/ready")
    assert measured.longest["location of /device"] < 500
    text = (PARTNERS / "quizco.toml").read_text()
    more = f'post_logout_redirect_uris = ["{LONG_REDIRECT}"]\noffer_id ='
    world.run(
        lambda: publish(world.services, text.replace("offer_id =", more, 1), version=3, manifest_version=3)
    )
    wish = {"client_id": world.quizco, "post_logout_redirect_uri": LONG_REDIRECT, "state": STATE}
    page = measured.browser._follow(measured.browser._client.post("/session/end", data=wish), None)
    back = measured.browser.submit(page, "/session/end/confirmed", stop_at=LONG_REDIRECT)
    assert answer_of(back)["state"] == STATE


def test_an_address_that_was_too_long_is_not_repeated(world: World) -> None:
    """The page that says what was wrong leads nowhere by it, and neither do the languages at its foot."""
    measured = Measured(world.browser())
    answer: Page = measured.browser.open(f"/authorize?client_id=nobody&junk={'x' * 6_000}")
    assert answer.status == 400
