"""Before a yes, a partner cannot find out who is at the browser, whatever it asks (P12, P13, decision 0061)."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from tests.gateway.store.samples import act
from tests.gateway.web.authentication.test_security import add_passkey, device
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.world import QUIZCO_REDIRECT, World, answer_of

ASHA, AOIFE = "asha@lakeside.example", "aoife@northfield.example"


@dataclass(frozen=True)
class Known:
    """What QuizCo keeps of Asha, who shared with it once."""

    sub: str
    grant_id: str
    id_token: str


def remember(world: World) -> Known:
    tokens = world.tokens()
    sub = world.userinfo(tokens["access_token"]).json()["sub"]
    return Known(sub, tokens["grant_id"], tokens["id_token"])


def stopped(world: World) -> Browser:
    browser = world.signed_in()
    press(browser, detail_of(browser), "/stop")
    return browser


def never_asked(world: World) -> Browser:
    return world.signed_in(AOIFE)


def another_person_who_shares(world: World) -> Browser:
    """Somebody else's grant stands, and the partner named Asha: this one is for requests that name somebody."""
    world.tokens(email=AOIFE)
    return world.signed_in(AOIFE)


def said_no(world: World) -> Browser:
    browser = world.signed_in("ben@lakeside.example")
    browser.submit(world.ask(browser), "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
    return browser


def paused(world: World) -> Browser:
    browser = world.signed_in()
    press(browser, detail_of(browser), "/pause")
    return browser


def ran_out(world: World) -> Browser:
    world.clock.pass_by(181 * DAY)
    return world.signed_in()


def child_without_guardian(world: World) -> Browser:
    return world.signed_in("deepa@lakeside.example")


def child_who_waits(world: World) -> Browser:
    browser = world.signed_in("meera@lakeside.example")
    browser.submit(world.ask(browser), "/consent", button="share")
    return browser


def child_not_asked(world: World) -> Browser:
    return world.signed_in("meera@lakeside.example")


def school_blocks(world: World) -> Browser:
    act(world, "INSERT INTO org_policy VALUES ('lakeside', 'quizco', 'deny', 'per_1', 1)")
    act(world, "UPDATE registry_version SET version = version + 1")
    return world.signed_in()


def stopped_with_a_passkey(world: World) -> Browser:
    browser = stopped(world)
    add_passkey(browser, device())
    return browser


STATES: tuple[Callable[[World], Browser], ...] = (
    stopped,
    stopped_with_a_passkey,
    never_asked,
    said_no,
    paused,
    ran_out,
    child_without_guardian,
    child_who_waits,
    child_not_asked,
    school_blocks,
)


def claims(**members: Any) -> str:
    return json.dumps(members)


def naming(known: Known) -> Iterator[Mapping[str, str]]:
    """Requests that name a person by `sub`."""
    for wish in ({"value": known.sub}, {"values": [known.sub]}, {"values": ["other", known.sub]}):
        yield {"claims": claims(id_token={"sub": wish})}
        yield {"claims": claims(userinfo={"sub": {**wish, "essential": True}})}


def probing(known: Known) -> Iterator[Mapping[str, str]]:
    """Requests that try to find out something of the person without naming one by `sub`."""
    yield {}
    for acr in ("pwd", "mfa", "phr"):
        yield {"claims": claims(id_token={"acr": {"essential": True, "value": acr}})}
        yield {"claims": claims(id_token={"acr": {"essential": True, "values": [acr]}})}
        yield {"acr_values": acr}
    yield {"claims": claims(id_token={"auth_time": {"essential": True}})}
    yield {"claims": claims(userinfo={"email": {"value": "asha@lakeside.example"}})}
    yield {"max_age": "99999999"}
    yield {"login_hint": ASHA}
    yield {"id_token_hint": known.id_token}
    for action in ("merge", "replace"):
        for grant_id in (known.grant_id, "gra_unknown"):
            yield {"grant_management_action": action, "grant_id": grant_id}
    yield {"grant_management_action": "create"}


@pytest.mark.parametrize("state", STATES, ids=lambda each: each.__name__)
def test_silently_every_person_without_a_standing_grant_looks_like_nobody(
    world: World, state: Callable[[World], Browser]
) -> None:
    """`prompt=none`: the same redirect to the letter as for a browser in which nobody is signed in."""
    known = remember(world)
    browser, nobody = state(world), world.browser()
    for asked in (*naming(known), *probing(known)):
        there = world.ask(browser, prompt="none", **asked)
        nowhere = world.ask(nobody, prompt="none", **asked)
        assert answer_of(nowhere)["error"] == "login_required"
        assert there.text == nowhere.text, asked
        assert there.response.headers.keys() == nowhere.response.headers.keys()


def test_silently_another_person_who_shares_looks_like_nobody_to_who_names_somebody(world: World) -> None:
    known = remember(world)
    browser = another_person_who_shares(world)
    stopped(world)
    for asked in naming(known):
        there, nowhere = (world.ask(each, prompt="none", **asked).text for each in (browser, world.browser()))
        assert there == nowhere


@pytest.mark.parametrize("state", [*STATES, another_person_who_shares], ids=lambda each: each.__name__)
def test_with_a_page_a_named_person_without_a_standing_grant_is_as_another_one(
    world: World, state: Callable[[World], Browser]
) -> None:
    """A person who stopped and is named gets the answer that whoever is not named gets."""
    known = remember(world)
    browser = state(world)
    answers = [answer_of(world.ask(browser, **asked)) for asked in naming(known)]
    assert {each["error"] for each in answers} == {"login_required"}
    assert len({tuple(sorted(each.items())) for each in answers}) == 1


def left(browser: Browser, page: Page) -> dict[str, str]:
    """Go back to the partner without a yes, by whatever the page offers."""
    if page.response.is_redirect:
        return answer_of(page)
    if [form for form in page.forms if form.action == "/consent"]:
        return answer_of(browser.submit(page, "/consent", button="later", stop_at=QUIZCO_REDIRECT))
    return dict(parse_qsl(urlsplit(page.link(QUIZCO_REDIRECT)).query))


@pytest.mark.parametrize(
    "state",
    [each for each in STATES if each is not stopped_with_a_passkey],
    ids=lambda each: each.__name__,
)
def test_p12_with_a_page_nothing_but_access_denied_comes_back_without_a_yes(
    world: World, state: Callable[[World], Browser]
) -> None:
    """Neither who has a passkey nor who is a child, blocked by a school or said no before."""
    known = remember(world)
    browser = state(world)
    for asked in probing(known):
        page = world.ask(browser, **asked)
        if "id_token_hint" in asked and urlsplit(page.url).path == "/login":
            # Somebody else is meant, and is asked to sign in: nothing comes back.
            continue
        back = left(browser, page)
        assert back.get("error") == "access_denied", (asked, back)
        assert back.keys() == {"error", "error_description", "error_uri", "state", "iss"}


@pytest.mark.parametrize("state", STATES, ids=lambda each: each.__name__)
def test_a_named_grant_tells_nothing_where_none_stands(
    world: World, state: Callable[[World], Browser]
) -> None:
    """The person's own that ended, and one that never was: the same answer at once, for a child as for everybody."""
    known = remember(world)
    browser = state(world)
    answers = [
        answer_of(world.ask(browser, grant_management_action=action, grant_id=grant_id))
        for action in ("merge", "replace")
        for grant_id in (known.grant_id, "gra_unknown")
    ]
    assert {each["error"] for each in answers} == {"access_denied"}


def test_who_has_a_passkey_is_asked_for_it_and_the_partner_hears_nothing(world: World) -> None:
    """It gets no answer until the person has one; without a passkey our page says what is missing."""
    remember(world)
    asked = {"claims": claims(id_token={"acr": {"essential": True, "value": "phr"}})}
    browser = stopped(world)
    assert "needs a stronger sign-in first" in world.ask(browser, **asked).text
    add_passkey(browser, device())
    assert "/reauthenticate" in world.ask(browser, **asked).url


def test_whose_grant_stands_is_recognised(world: World) -> None:
    """By name or not: the code comes, and what would take a page says so."""
    known = remember(world)
    browser = world.signed_in()
    for asked in ({}, *naming(known)):
        assert "code" in answer_of(world.ask(browser, prompt="none", **asked))
        assert "code" in answer_of(world.ask(browser, **asked))
    create = {"grant_management_action": "create", "prompt": "none"}
    assert answer_of(world.ask(browser, **create))["error"] == "consent_required"
