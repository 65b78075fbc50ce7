"""A purpose that is denied passes nowhere, however it is spelled and wherever a partner puts it (promise P1).

Manifests have the same property in ``tests/partners/test_manifest.py``; here is every door that a partner reaches
over HTTP once it is live. A refusal is one thing to prove, that nothing was read meanwhile the other.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store.ledger.handoffs import count_log
from scopes import DENIED
from tests.protocol.campuspress import REQUEST
from tests.protocol.screen import Television
from tests.protocol.test_rfc7591 import Registrar
from tests.protocol.test_rfc9396 import EMAIL, details, item
from tests.scopes.test_purposes import respelt
from tests.world import World, answer_of

SINCE = "tests.protocol.test_denied_since"
PATHS = {
    "manifest": "tests.partners.test_manifest.test_p1_no_manifest_with_a_denied_purpose_is_read",
    "registration API (RFC 7591)": f"{__name__}.test_p1_a_registration_brings_no_purpose",
    "PAR": f"{__name__}.test_p1_no_question_with_it_reaches_a_person",
    "authorize": f"{__name__}.test_p1_no_question_with_it_reaches_a_person",
    "authorize, settled person": f"{SINCE}.test_p1_the_combined_service_is_asked_for_at_no_door",
    "device": f"{__name__}.test_p1_no_device_asks_for_it",
    "claims": f"{__name__}.test_p1_a_claim_that_names_it_brings_no_item",
    "authorization_details at the exchange": f"{__name__}.test_p1_no_code_is_exchanged_for_it",
    "refresh": f"{__name__}.test_p1_no_token_and_no_read_is_narrowed_to_it",
    "release": f"{__name__}.test_p1_no_token_and_no_read_is_narrowed_to_it",
    "userinfo": f"{SINCE}.test_p1_what_was_agreed_to_leaves_no_more",
    "migration: a grant from before": f"{SINCE}.test_p1_what_was_agreed_to_leaves_no_more",
    "migration: an offer from before": f"{SINCE}.test_p1_it_is_not_pushed",
    "the log": f"{SINCE}.test_p1_no_hand_off_names_it",
}
"""Every path of promise P1, and the test that stands in it. What an administrator edits or imports for a partner is a
manifest and read by the same reader; a list of people has no column for a purpose, and its columns are fixed.
"""

LIMITS = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
REFUSED = "invalid_authorization_details"


@st.composite
def denied(draw: Callable[..., Any]) -> str:
    """Draw a denied purpose as somebody would spell it who wants to slip it past a list."""
    spelt: str = respelt(draw, draw(st.sampled_from(sorted(DENIED))))
    return spelt


def asked_for(purpose: str, *, is_alone: bool) -> str:
    """Ask for an address under a denied purpose, alone or hidden behind something that is allowed."""
    bad = {"field": "email", "purpose": purpose, "form": "full"}
    return details(bad) if is_alone else details(item(EMAIL), bad)


@pytest.mark.parametrize("path", PATHS)
def test_p1_every_path_has_its_test(path: str) -> None:
    """A test that is renamed or taken away leaves a hole that is seen."""
    module, _, name = PATHS[path].rpartition(".")
    assert callable(getattr(import_module(module), name))


@LIMITS
@given(purpose=denied(), is_alone=st.booleans())
def test_p1_no_question_with_it_reaches_a_person(world: World, purpose: str, is_alone: bool) -> None:
    """Neither sent with the browser nor pushed before; the partner is told, the person is not asked."""
    asked = asked_for(purpose, is_alone=is_alone)
    page = world.ask(world.browser(), scope="openid", authorization_details=asked)
    assert answer_of(page)["error"] == REFUSED
    pushed_asked = asked.replace("practice-quizzes", "course-readers")
    pushed = world.post_signed("/par", {**REQUEST, "authorization_details": pushed_asked})
    assert (pushed.status_code, pushed.json()["error"]) == (400, REFUSED)


def test_p1_no_token_and_no_read_is_narrowed_to_it(world: World) -> None:
    """Exchange, refresh and ``/release`` take nothing that the person was never shown."""
    tokens = world.tokens(EMAIL)
    access, renewal = tokens["access_token"], tokens["refresh_token"]

    @LIMITS
    @given(purpose=denied(), is_alone=st.booleans())
    def refused_at_every_door(purpose: str, is_alone: bool) -> None:
        asked = asked_for(purpose, is_alone=is_alone)
        again = world.refresh(renewal, authorization_details=asked)
        assert (again.status_code, again.json()["error"]) == (400, REFUSED)
        read = world.client().post(
            "/release", data={"authorization_details": asked}, headers={"Authorization": f"Bearer {access}"}
        )
        assert (read.status_code, read.json()["error"]) == (400, REFUSED)

    refused_at_every_door()
    assert world.store(count_log, None)[0] == 0
    assert world.userinfo(access).status_code == 200


def test_p1_no_code_is_exchanged_for_it(world: World) -> None:
    """Whoever holds the code gets nothing for it, and it still buys what the person agreed to."""
    code = world.approve(EMAIL)

    @LIMITS
    @given(purpose=denied(), is_alone=st.booleans())
    def refused(purpose: str, is_alone: bool) -> None:
        answer = world.exchange(code, authorization_details=asked_for(purpose, is_alone=is_alone))
        assert (answer.status_code, answer.json()["error"]) == (400, REFUSED)

    refused()
    assert world.exchange(code).status_code == 200


def test_p1_no_device_asks_for_it(world: World) -> None:
    """No code is shown on any screen."""
    television = Television(world)

    @LIMITS
    @given(purpose=denied(), is_alone=st.booleans())
    def refused(purpose: str, is_alone: bool) -> None:
        answer = television.begin(authorization_details=asked_for(purpose, is_alone=is_alone))
        assert (answer.status_code, answer.json()["error"]) == (400, REFUSED)

    refused()
    assert not television.device_code


def test_p1_a_registration_brings_no_purpose(world: World) -> None:
    """A client that registers itself names no items: what it sends besides its metadata is not kept (RFC 7591 §2)."""
    registrar = Registrar(world)
    before = world.services.registry.offers["practice-quizzes"].offer
    bad = [{"field": "email", "purpose": "marketing", "forms": ["full"], "necessity": "needed"}]
    answer = registrar.registered(purpose="marketing", items=bad, authorization_details=bad)
    assert "marketing" not in json.dumps(answer)
    registrar.approve()
    assert world.services.registry.offers["practice-quizzes"].offer.items == before.items


@LIMITS
@given(purpose=denied())
def test_p1_a_claim_that_names_it_brings_no_item(world: World, purpose: str) -> None:
    """``claims`` knows fields alone: a purpose in it is refused or ignored, and stands on no screen."""
    claims = json.dumps({"userinfo": {"email": {"purpose": purpose}, purpose: None}})
    page = world.ask(world.signed_in(), scope="openid", claims=claims)
    if page.response.is_redirect:
        assert "error" in answer_of(page)
        return
    offered = page.form("/consent")
    assert {name for _, name in offered.choices if name.startswith("email")} <= {EMAIL}
