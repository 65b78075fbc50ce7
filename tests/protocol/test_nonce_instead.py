"""RFC 9700 §2.1.1: a client that cannot do PKCE sends a nonce instead, where an administrator has allowed it."""

import functools

import pytest

from gateway.actions.partners.pkce_switch import switch_to_nonce, switch_to_pkce
from gateway.kit.errors import Refusal
from gateway.store.admin_actions import load_actions
from gateway.store.engine.registry import look_at_registry
from tests.protocol.campuspress import REQUEST
from tests.protocol.test_oidc_core import verified
from tests.world import PARTNERS, QUIZCO_REDIRECT, VERIFIER, World, answer_of, publish

WHY = "passport-openidconnect 0.1 sends no challenge"
PLAIN: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}


def allow(world: World, client_id: str = "quizco-web", reason: str = WHY) -> None:
    world.run(functools.partial(switch_to_nonce, world.services, "cli", client_id, reason))


def redeem(world: World, code: str, **more: str) -> dict[str, str]:
    """Exchange without a verifier."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": QUIZCO_REDIRECT, **more}
    answer: dict[str, str] = world.post("/token", form).json()
    return answer


def test_2_1_1_a_nonce_will_do(each_world: World) -> None:
    """The code works without a verifier, and the ID token holds the nonce, which the client compares."""
    allow(each_world)
    browser = each_world.signed_in()
    tokens = redeem(each_world, each_world.share(browser, each_world.ask(browser, **PLAIN))["code"])
    assert verified(each_world, tokens["id_token"]).claims["nonce"] == "no-1"
    assert each_world.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"nonce": None}, {"scope": "profile"}, {"code_challenge_method": "S256"}],
    ids=["no nonce", "no ID token to carry it", "half of PKCE"],
)
def test_2_1_1_without_both_there_is_no_code(world: World, changes: dict[str, str | None]) -> None:
    allow(world)
    back = answer_of(world.ask(world.browser(), **{**PLAIN, **changes}))
    assert back["error"] == "invalid_request"


def test_2_1_1_nobody_else_is_let_off(world: World) -> None:
    """Not the same client before the switch or after it was turned back."""
    assert answer_of(world.ask(world.browser(), **PLAIN))["error"] == "invalid_request"
    allow(world)
    world.run(functools.partial(switch_to_pkce, world.services, "cli", "quizco-web"))
    assert answer_of(world.ask(world.browser(), **PLAIN))["error"] == "invalid_request"


def test_2_1_1_fapi2_knows_no_exception(world: World) -> None:
    """The switch refuses such a client; one that becomes `fapi2` later is held to PKCE again."""
    with pytest.raises(Refusal, match="not_found"):
        allow(world, "campuspress-shop")
    with pytest.raises(Refusal, match="not_found"):
        allow(world, "nobody")
    plain = {name: value for name, value in REQUEST.items() if name not in PLAIN}
    refused = world.post_signed("/par", {**plain, "nonce": "no-1"})
    assert refused.json()["error"] == "invalid_request"
    allow(world)
    text = (PARTNERS / "quizco.toml").read_text().replace('profile = "baseline"', 'profile = "fapi2"')
    text = text.replace('"client_secret_basic"', '"private_key_jwt"')
    text = text.replace("offer_id =", 'jwks_file = "campuspress.jwks.json"\noffer_id =', 1)
    world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    world.store(look_at_registry, None)
    assert not world.services.registry.clients["quizco-web"].may_send_nonce


def test_2_1_1_pkce_that_was_begun_is_held_to(world: World) -> None:
    """Whoever may send a nonce and sends a challenge has to show the verifier."""
    allow(world)
    browser = world.signed_in()
    assert redeem(world, world.share(browser, world.ask(browser))["code"])["error"] == "invalid_grant"
    assert world.exchange(answer_of(world.ask(browser))["code"]).status_code == 200


def test_4_8_2_a_challenge_that_was_stripped_on_the_way_is_noticed(world: World) -> None:
    """The client did send one: its verifier finds no counterpart, and the code is spent (PKCE downgrade)."""
    allow(world)
    browser = world.signed_in()
    code = world.share(browser, world.ask(browser, **PLAIN))["code"]
    assert redeem(world, code, code_verifier=VERIFIER)["error"] in ("invalid_grant", "invalid_request")
    assert redeem(world, code)["error"] == "invalid_grant"


def test_the_reason_is_kept_and_outlives_a_new_manifest(each_world: World) -> None:
    """Who did it, when, and why; what a partner hands in later does not turn the switch."""
    allow(each_world)
    text = (PARTNERS / "quizco.toml").read_text().replace("QuizCo website", "QuizCo on the web")
    each_world.run(lambda: publish(each_world.services, text, version=2, manifest_version=2))
    each_world.store(look_at_registry, None)
    assert each_world.services.registry.clients["quizco-web"].client.name == "QuizCo on the web"
    assert each_world.services.registry.clients["quizco-web"].nonce_reason == WHY
    [act] = [
        each for each in each_world.store(load_actions, ("partner", "quizco")) if each.action == "allow_nonce"
    ]
    assert (act.actor_id, act.detail) == ("cli", {"client": "quizco-web", "why": WHY})
    page = each_world.signed_in("admin@platform.example").open("/admin/partners/quizco")
    assert page.text.count(WHY) == 2


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "line\nbreak"])
def test_a_reason_is_needed(world: World, reason: str) -> None:
    with pytest.raises(Refusal, match="bad_form"):
        allow(world, reason=reason)


ADMIN = "admin@platform.example"
PAGE = "/admin/partners/quizco"


def may_send_nonce(world: World) -> bool:
    return world.services.registry.clients["quizco-web"].may_send_nonce


def test_an_administrator_turns_the_switch_on_the_partners_page(world: World) -> None:
    """With a reason, which the page then shows; and turns it back by one press."""
    browser = world.signed_in(ADMIN)
    page = browser.submit(browser.open(PAGE), "/quizco-web/nonce", {"why": WHY})
    assert WHY in page.text
    assert may_send_nonce(world)
    page = browser.submit(page, "/quizco-web/pkce")
    assert not may_send_nonce(world)
    assert browser.submit(page, "/quizco-web/nonce", {"why": " "}).status == 400


def test_opening_takes_a_recent_password_and_closing_none(world: World) -> None:
    browser = world.signed_in(ADMIN)
    page = browser.open(PAGE)
    world.clock.pass_by(700)
    assert "/reauthenticate" in browser.submit(page, "/quizco-web/nonce", {"why": WHY}).url
    allow(world)
    page = browser.submit(browser.open(PAGE), "/quizco-web/pkce")
    assert "PKCE demanded again" in page.text


def test_only_reviewers_turn_it_and_only_for_the_partners_own_clients(world: World) -> None:
    browser = world.signed_in(ADMIN)
    csrf = {"csrf_token": dict(browser.open(PAGE).form("/quizco-web/nonce").fields)["csrf_token"]}
    for path in ("quizco/clients/campuspress-shop/nonce", "campuspress/clients/quizco-web/pkce"):
        answer = browser._client.post(f"/admin/partners/{path}", data={**csrf, "why": WHY})
        assert answer.status_code == 404
    auditor = world.signed_in("auditor@platform.example")
    assert "cannot do PKCE" not in auditor.open(PAGE).text
    assert auditor._client.post(f"{PAGE}/clients/quizco-web/nonce").status_code == 403
