"""The browser without a screen: what it sends is what a person's browser would send."""

from collections.abc import Iterator
from urllib.parse import parse_qs

import httpx2
import pytest

from gateway.cli.browser import Browser, Page, local_client

PAGE = """<a href="/first">one</a><a href="/second?x=1">two</a>
<form action="/form?a=1" method="POST"><input type="hidden" name="csrf" value="c">
<input name="text" value="t"><input type="file" name="file"><input type="checkbox" name="item" value="a" checked>
<input type="checkbox" name="item" value="b"><input type="checkbox" name="bare" checked><input type="radio" name="r">
<select name="choice"><option value="1">1</option><option value="2" selected>2</option></select>
<textarea name="words">
 many words</textarea><input value="nameless">
<button name="decision" value="yes">Yes</button><button>Plain</button><button name="decision" disabled>No</button>
</form><option selected value="stray">"""


def answer(request: httpx2.Request) -> httpx2.Response:
    """A small site."""
    match request.url.path:
        case "/":
            return httpx2.Response(200, html=PAGE)
        case "/form":
            return httpx2.Response(303, headers={"location": "/shown?" + request.content.decode()})
        case "/round":
            return httpx2.Response(302, headers={"location": "/round"})
        case "/facts":
            return httpx2.Response(200, json={"accept": request.headers["accept"]})
        case "/missing":
            return httpx2.Response(404)
        case _:
            return httpx2.Response(200, text=request.url.query.decode())


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A browser on the small site."""
    found = Browser(httpx2.Client(transport=httpx2.MockTransport(answer), base_url="http://site.example"))
    yield found
    found.close()


def sent(page: Page) -> dict[str, list[str]]:
    return parse_qs(page.text, keep_blank_values=True)


def test_an_untouched_form_sends_what_stood_in_it(browser: Browser) -> None:
    page = browser.submit(browser.open("/"), "/form")
    assert sent(page) == {
        "csrf": ["c"],
        "text": ["t"],
        "item": ["a"],
        "bare": ["on"],
        "choice": ["2"],
        "words": [" many words"],
    }


def test_changes_and_the_pressed_button_are_sent(browser: Browser) -> None:
    page = browser.submit(browser.open("/"), "/form", {"item": ["a", "b"], "text": "new"}, button="yes")
    found = sent(page)
    assert (found["item"], found["text"], found["decision"]) == (["a", "b"], ["new"], ["yes"])


def test_choices_that_are_not_ticked_are_known(browser: Browser) -> None:
    page = browser.open("/")
    assert page.form("/form").choices == [("item", "b"), ("r", "on")]
    assert page.form("/form").method == "post"


def test_links_and_forms_are_found_or_told(browser: Browser) -> None:
    page = browser.open("/")
    assert page.link("/second") == "/second?x=1"
    with pytest.raises(LookupError, match="has no link to /third"):
        page.link("/third")
    with pytest.raises(LookupError, match="has no form for /other"):
        page.form("/other")


def test_a_walk_ends_where_it_is_told_to_and_never_goes_round_for_ever(browser: Browser) -> None:
    assert browser.open("/form", stop_at="http://site.example/shown").text.startswith(
        "http://site.example/shown"
    )
    assert browser.open("/round").status == 302
    assert len(browser.hops) == 21


def test_facts_are_read_as_json(browser: Browser) -> None:
    assert browser.facts("/facts") == {"accept": "application/json"}
    with pytest.raises(httpx2.HTTPStatusError):
        browser.facts("/missing")


def test_localhost_counts_as_a_secure_place() -> None:
    """The session's cookie is Secure; browsers send it to http://localhost nevertheless."""
    with local_client() as client:
        request = httpx2.Request("GET", "http://localhost:8000/")
        cookie = "__Host-session=s; Path=/; Secure; HttpOnly; SameSite=Lax"
        client.cookies.extract_cookies(httpx2.Response(200, headers={"set-cookie": cookie}, request=request))
        following = client.build_request("GET", "http://localhost:8000/profile")
        assert following.headers["cookie"] == "__Host-session=s"
