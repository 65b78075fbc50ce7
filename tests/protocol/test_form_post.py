"""OAuth 2.0 Form Post Response Mode 1.0, and JARM §2.3.3: the answer travels in a form that the person sends."""

import re
from dataclasses import replace

import pytest

from gateway.cli.browser import Page
from gateway.model.registry import SchoolGate
from tests.protocol.campuspress import begin, exchange_form, push
from tests.protocol.test_jarm import opened
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, PARTNERS, QUIZCO_REDIRECT, World, publish


def posted(page: Page, redirect_uri: str = QUIZCO_REDIRECT) -> dict[str, str]:
    """Read the form that takes the answer to the partner."""
    form = page.form(redirect_uri.removeprefix("http://localhost:8100"))
    assert form.action == redirect_uri
    return dict(form.fields)


def answered(world: World, **changes: str | None) -> Page:
    """Ask by form_post and say yes."""
    browser = world.signed_in()
    return browser.submit(
        world.ask(browser, response_mode="form_post", **changes), "/consent", button="share"
    )


def test_2_the_answer_stands_in_a_form_and_nowhere_else(each_world: World) -> None:
    """Code, state and `iss` (RFC 9207) in hidden fields, nothing of ours beside them; the code works."""
    page = answered(each_world)
    assert page.status == 200
    fields = posted(page)
    assert set(fields) == {"code", "state", "iss"}
    assert (fields["state"], fields["iss"]) == ("st-1", ISSUER)
    assert fields["code"] not in page.url
    assert each_world.exchange(fields["code"]).status_code == 200


def test_2_the_page_posts_to_the_redirect_uri_and_runs_no_script(world: World) -> None:
    """And it says where it comes from, so that the partner can hold the form's origin against ours.

    Its policy names no address: the partner's own may send the browser on (decision 71).
    """
    page = answered(world)
    assert [form.action for form in page.forms if "code" in dict(form.fields)] == [QUIZCO_REDIRECT]
    policy = page.response.headers["Content-Security-Policy"]
    assert "form-action 'self' https: " in policy
    assert "script-src" not in policy
    assert "<script" not in page.response.text
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.response.headers["Referrer-Policy"] == "strict-origin"


def test_2_a_query_of_the_redirect_uri_stays_with_it(world: World) -> None:
    """It is part of the address, which stands in the form and nowhere in the policy: `;` would end a directive."""
    uri = f"{QUIZCO_REDIRECT};a,b?from=gateway"
    text = (PARTNERS / "quizco.toml").read_text().replace(f'"{QUIZCO_REDIRECT}"', f'"{uri}"')
    world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    page = answered(world, redirect_uri=uri)
    [form] = [form for form in page.forms if form.action == uri]
    assert "code" in dict(form.fields)
    assert "quizco" not in page.response.headers["Content-Security-Policy"]


def test_2_an_error_travels_alike(each_world: World) -> None:
    """Whether the checks, the log-in or the person said no; `prompt=none` included."""
    refused = posted(each_world.ask(each_world.browser(), response_mode="form_post", scope="x"))
    assert (refused["error"], refused["state"], refused["iss"]) == ("invalid_scope", "st-1", ISSUER)
    nobody = posted(each_world.ask(each_world.browser(), response_mode="form_post", prompt="none"))
    assert nobody["error"] == "login_required"
    browser = each_world.signed_in()
    page = each_world.ask(browser, response_mode="form_post")
    assert posted(browser.submit(page, "/consent", button="refuse"))["error"] == "access_denied"


def test_2_whoever_may_not_decide_takes_the_no_along_in_a_form(world: World) -> None:
    """The page that says why holds it; its policy lets it go there."""
    browser = world.signed_in("deepa@lakeside.example")
    registry = world.services.registry
    denied = {("lakeside", "quizco"): SchoolGate.ASK}
    world.services.store._registry = replace(registry, gates=denied)
    page = world.ask(browser, response_mode="form_post")
    assert posted(page)["error"] == "access_denied"
    assert "form-action 'self' https: " in page.response.headers["Content-Security-Policy"]


def test_2_a_consent_that_stands_is_answered_in_a_form_at_once(world: World) -> None:
    """No screen, and still no redirect."""
    browser = world.signed_in()
    browser.submit(world.ask(browser, response_mode="form_post"), "/consent", button="share")
    assert "code" in posted(world.ask(browser, response_mode="form_post"))


def test_jarm_2_3_3_a_signed_answer_in_a_form(each_world: World) -> None:
    """One field, `response`; yes and no alike."""
    browser = each_world.signed_in()
    page = each_world.ask(browser, response_mode="form_post.jwt")
    claims = opened(each_world, posted(browser.submit(page, "/consent", button="share")), each_world.quizco)
    assert (set(claims), claims["state"]) == ({"code", "state"}, "st-1")
    assert each_world.exchange(claims["code"]).status_code == 200
    refused = posted(each_world.ask(each_world.browser(), response_mode="form_post.jwt", prompt="none"))
    assert opened(each_world, refused, each_world.quizco)["error"] == "login_required"


@pytest.mark.parametrize("mode", ["form_post", "form_post.jwt"])
def test_a_pushed_request_may_ask_for_it(world: World, mode: str) -> None:
    """The profile `fapi2` has no rule against it."""
    browser = world.signed_in()
    page = browser.open(begin(push(world, response_mode=mode)))
    fields = posted(browser.submit(page, "/consent", button="share"), CAMPUSPRESS_REDIRECT)
    code = fields.get("code") or opened(world, fields, "campuspress-shop")["code"]
    assert world.post_signed("/token", exchange_form(code)).status_code == 200


def test_a_state_of_markup_stays_text(world: World) -> None:
    """It comes back character for character and closes no tag."""
    state = "\"><script>alert('x')</script>&amp;"
    page = answered(world, state=state)
    assert posted(page)["state"] == state
    assert not re.search(r"<script", page.response.text)
