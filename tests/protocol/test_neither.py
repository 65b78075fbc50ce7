"""OIDC Core §3.1.2.1: a client that sends neither a code challenge nor a nonce, where two administrators agreed."""

import functools
from urllib.parse import urlencode

import pytest

from gateway.actions.administration.waiting_kinds import approve_act, see_act
from gateway.actions.partners.pkce_switch import ask_for_neither, switch_to_nonce, switch_to_pkce
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Role
from gateway.store.admin_actions import load_actions
from gateway.store.engine.registry import look_at_registry
from tests.protocol.test_nonce_instead import PLAIN
from tests.protocol.test_oidc_core import verified
from tests.world import PARTNERS, QUIZCO_REDIRECT, VERIFIER, World, answer_of, publish

WHY = "its maker is gone"
CLIENT = "quizco-web"
REDIRECT = "https://quizco.example.org/callback"
ASKER = Administrator("cli:alice")
NEITHER: dict[str, str | None] = {**PLAIN, "nonce": None, "redirect_uri": REDIRECT}


def over_tls(world: World, **changes: str) -> None:
    """Give QuizCo a redirect URI that is https."""
    text = (PARTNERS / "quizco.toml").read_text().replace(QUIZCO_REDIRECT, REDIRECT)
    for before, after in changes.items():
        text = text.replace(before, after)
    world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    world.store(look_at_registry, None)


def ask(world: World, client_id: str = CLIENT, reason: str = WHY) -> str:
    asking = functools.partial(ask_for_neither, world.services, ASKER, client_id, reason)
    return world.run(asking).act_id


def agree(world: World, act_id: str) -> None:
    officer = Administrator(world.person_id("admin@platform.example"), Role.PLATFORM_ADMIN)
    seen = world.run(see_act, world.services, officer, act_id)
    world.run(approve_act, world.services, officer, act_id, seen.act.content_digest)
    world.store(look_at_registry, None)


def allow(world: World) -> None:
    over_tls(world)
    agree(world, ask(world))


def request(world: World, **changes: str | None) -> dict[str, str]:
    """Ask as QuizCo does, as somebody who has said yes before or says it now; give what comes back."""
    browser = world.signed_in()
    page = browser.open(f"/authorize?{query(world, **changes)}", stop_at=REDIRECT)
    if not page.response.is_redirect:
        page = browser.submit(page, "/consent", {"item": ()}, button="share", stop_at=REDIRECT)
    return answer_of(page)


def query(world: World, **changes: str | None) -> str:
    return urlencode(world.authorization(**{**NEITHER, **changes}))


def redeem(world: World, code: str, **more: str) -> dict[str, str]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **more}
    answer: dict[str, str] = world.post("/token", form).json()
    return answer


def test_3_1_2_1_a_request_without_a_nonce_succeeds_for_the_code_flow(each_world: World) -> None:
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow: no challenge either, and no nonce in the ID token."""
    allow(each_world)
    tokens = redeem(each_world, request(each_world)["code"])
    assert "nonce" not in verified(each_world, tokens["id_token"]).claims
    assert each_world.refresh(tokens["refresh_token"]).status_code == 200


def test_what_is_sent_is_held_to(world: World) -> None:
    """A challenge has its verifier, a nonce stands in the ID token, a method without a challenge is a mistake."""
    allow(world)
    pkce = {name: world.authorization()[name] for name in PLAIN}
    assert redeem(world, request(world, **pkce)["code"])["error"] == "invalid_grant"
    assert "id_token" in redeem(world, request(world, **pkce)["code"], code_verifier=VERIFIER)
    token = redeem(world, request(world, nonce="no-1")["code"])["id_token"]
    assert verified(world, token).claims["nonce"] == "no-1"
    assert request(world, code_challenge_method="S256")["error"] == "invalid_request"


def test_nobody_else_is_let_off(world: World) -> None:
    """Not before the second person, not with a nonce's switch alone, and no more once PKCE is demanded again."""
    over_tls(world)
    act_id = ask(world)
    assert request(world)["error"] == "invalid_request"
    world.run(functools.partial(switch_to_nonce, world.services, "cli", CLIENT, WHY))
    assert request(world)["error"] == "invalid_request"
    agree(world, act_id)
    assert "code" in request(world)
    world.run(functools.partial(switch_to_pkce, world.services, "cli", CLIENT))
    assert request(world)["error"] == "invalid_request"
    assert request(world, nonce="no-1")["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("client_id", "reason", "code"),
    [
        ("campuspress-shop", WHY, "not_found"),
        ("nobody", WHY, "not_found"),
        (CLIENT, WHY, "bad_form"),
        (CLIENT, " ", "bad_form"),
    ],
    ids=["fapi2", "unknown", "a redirect URI without TLS", "no reason"],
)
def test_it_cannot_be_asked_for(world: World, client_id: str, reason: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        ask(world, client_id, reason)
    assert caught.value.code == code


def test_it_is_asked_for_once(world: World) -> None:
    over_tls(world)
    act_id = ask(world)
    with pytest.raises(Refusal, match="stale_form"):
        ask(world)
    agree(world, act_id)
    with pytest.raises(Refusal, match="stale_form"):
        ask(world)


def test_a_redirect_uri_without_tls_ends_it(world: World) -> None:
    """Between asking and agreeing, and afterwards: what was agreed to holds for addresses by TLS."""
    over_tls(world)
    act_id = ask(world)
    text = (PARTNERS / "quizco.toml").read_text()
    world.run(lambda: publish(world.services, text, version=3, manifest_version=3))
    world.store(look_at_registry, None)
    with pytest.raises(Refusal, match="stale_form"):
        agree(world, act_id)
    over = text.replace(QUIZCO_REDIRECT, REDIRECT)
    world.run(lambda: publish(world.services, over, version=4, manifest_version=4))
    agree(world, act_id)
    assert world.services.registry.clients[CLIENT].may_send_neither
    world.run(lambda: publish(world.services, text, version=5, manifest_version=5))
    world.store(look_at_registry, None)
    assert not world.services.registry.clients[CLIENT].may_send_neither


def test_both_people_and_the_reason_are_on_record_and_the_page_warns(each_world: World) -> None:
    over_tls(each_world)
    browser = each_world.signed_in("officer@platform.example")
    page = browser.submit(browser.open("/admin/partners/quizco"), f"/{CLIENT}/neither", {"why": WHY})
    act_id = page.url.partition("?")[0].rpartition("/")[2]
    assert "Waiting for a second person" in page.text
    assert f"/admin/waiting/{act_id}" in browser.open("/admin/partners/quizco").links
    agree(each_world, act_id)
    acts = each_world.store(load_actions, ("partner", "quizco"))
    [act] = [each for each in acts if each.action == "allow_neither"]
    assert act.actor_id == each_world.person_id("officer@platform.example")
    assert act.detail == {"client": CLIENT, "why": WHY, "request": act_id}
    page = browser.open("/admin/partners/quizco")
    assert WHY in page.text
    assert "is not noticed with this client" in page.text
    page = browser.submit(page, f"/{CLIENT}/pkce")
    assert "is not noticed with this client" not in page.text
