"""A purpose that is denied only now: what older versions stored under it leaves no more (promise P1, migration).

An upgrade leaves offers and grants as they are. Here the catalogue changes under a gateway that holds both.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from gateway.actions.oauth import release as gate
from scopes import PURPOSES, PurposeState, projection
from tests.gateway.store.samples import act
from tests.ledgers import entries, sequence
from tests.protocol.campuspress import REQUEST
from tests.protocol.screen import Television
from tests.protocol.test_rfc9396 import EMAIL
from tests.world import World, answer_of

Deny = Callable[[str], None]
EMAIL_AS_GRANTED = "a***@lakeside.example"
ALSO_FOR_SUPPORT = """
INSERT INTO grant_item (grant_id, field, purpose, form, needed, retention_days)
SELECT grant_id, field, 'customer_support', form, needed, retention_days FROM grant_item WHERE field = 'email'
"""


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deny]:
    """Deny a purpose from now on, as a newer version of the catalogue does."""

    def denied(code: str) -> None:
        changed = {**PURPOSES, code: replace(PURPOSES[code], state=PurposeState.DENIED)}
        monkeypatch.setattr(projection, "PURPOSES", changed)
        # A newer catalogue comes with a newer process, which remembers nothing.
        forget()

    yield denied
    forget()


def forget() -> None:
    """Forget what the catalogue said of items."""
    for remembered in (projection._claimed, gate._releasable):
        remembered.cache_clear()


def read(world: World, token: str) -> str:
    """Read at both endpoints; give all that came."""
    by_name = world.client().post("/release", headers={"Authorization": f"Bearer {token}"})
    assert by_name.status_code == 200, by_name.text
    return json.dumps([world.userinfo(token).json(), by_name.json()])


def test_p1_what_was_agreed_to_leaves_no_more(each_world: World, deny: Deny) -> None:
    """Neither by the token of that time nor by a renewed one; the other items go on."""
    tokens = each_world.tokens(EMAIL)
    assert EMAIL_AS_GRANTED in read(each_world, tokens["access_token"])
    deny("results_delivery")
    renewed = each_world.refresh(tokens["refresh_token"]).json()
    for each in (tokens, renewed):
        answered = read(each_world, each["access_token"])
        assert "Asha Rao" in answered
        assert EMAIL_AS_GRANTED not in answered


def test_p1_no_hand_off_names_it(each_world: World, deny: Deny) -> None:
    """Not even where the same field leaves for another purpose, by the same name of a claim."""
    tokens = each_world.tokens(EMAIL)
    act(each_world, ALSO_FOR_SUPPORT)
    deny("results_delivery")
    assert EMAIL_AS_GRANTED in read(each_world, tokens["access_token"])
    sequence(each_world)
    handed = [each for each in entries(each_world) if each["kind"] == "handoff"]
    purposes = {purpose for each in handed for _, purpose, _, _ in each["items"]}
    assert "customer_support" in purposes
    assert "results_delivery" not in purposes


def test_p1_the_combined_service_is_asked_for_at_no_door(each_world: World, deny: Deny) -> None:
    """Authorize and a device; a person who is settled is not sent back with a code either."""
    television, browser = Television(each_world), each_world.signed_in()
    each_world.share(browser, each_world.ask(browser), EMAIL)
    deny("results_delivery")
    for page in (
        each_world.ask(browser),
        each_world.ask(each_world.browser()),
        each_world.ask(each_world.browser(), prompt="none"),
    ):
        assert answer_of(page)["error"] == "unauthorized_client"
    device = television.begin()
    assert (device.status_code, device.json()["error"]) == (400, "unauthorized_client")
    assert each_world.post_signed("/par", REQUEST).status_code == 201


def test_p1_it_is_not_pushed(each_world: World, deny: Deny) -> None:
    """PAR; the other partner's combined service goes on."""
    deny("delivery_of_goods")
    pushed = each_world.post_signed("/par", REQUEST)
    assert (pushed.status_code, pushed.json()["error"]) == (400, "unauthorized_client")
    assert each_world.ask(each_world.signed_in()).form("/consent")
