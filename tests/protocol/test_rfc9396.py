"""RFC 9396: what is asked for item by item, of the one type ``combined_service``."""

import json
from typing import Any

import pytest

from gateway.cli.browser import Browser, Page
from tests.protocol.campuspress import REQUEST, campuspress_tokens, exchange_form, opt_in, push
from tests.protocol.test_rfc9101 import push_signed, request_object
from tests.world import ISSUER, PARTNERS, QUIZCO_REDIRECT, World, answer_of, publish

EMAIL, PHONE = "email.results_delivery", "phone_number.appointment_reminders"
NEEDED = ({"field": "course", "purpose": "service_personalisation", "form": "full"},)
NAME = {"field": "name", "purpose": "learning_progress", "form": "full"}


def item(key: str, form: str | None = None) -> dict[str, str]:
    """Name an item by its key."""
    field, purpose = key.split(".")
    return {"field": field, "purpose": purpose} | ({"form": form} if form else {})


def details(*items: Any, **changes: Any) -> str:
    """Spell the parameter; None leaves a member out."""
    spelled = {"type": "combined_service", "offer": "practice-quizzes", "items": list(items), **changes}
    return json.dumps([{name: value for name, value in spelled.items() if value is not None}])


def test_7_what_was_granted_comes_with_the_token(each_world: World) -> None:
    """The items that were asked for and needed, in the forms that the person chose; and no scope in their stead."""
    asked = details(item(EMAIL), item(PHONE), locations=[ISSUER], actions=["read"])
    tokens = each_world.tokens(EMAIL, scope="openid", authorization_details=asked)
    granted = {
        "type": "combined_service",
        "locations": [ISSUER],
        "actions": ["read"],
        "offer": "practice-quizzes",
        "items": [*NEEDED, item(EMAIL, "masked"), NAME],
    }
    assert tokens["authorization_details"] == [granted]
    assert tokens["scope"] == "openid"
    assert set(each_world.userinfo(tokens["access_token"]).json()) == {
        "sub",
        "name",
        "course",
        "email_masked",
    }
    described = each_world.post("/introspect", {"token": tokens["access_token"]}).json()
    assert described["authorization_details"] == [granted]
    assert each_world.refresh(tokens["refresh_token"]).json()["authorization_details"] == [granted]


def test_7_a_request_by_scope_gets_no_details(world: World) -> None:
    """Nobody has to know this type who does not speak it."""
    tokens = world.tokens(EMAIL)
    assert "authorization_details" not in tokens
    assert "authorization_details" not in world.post("/introspect", {"token": tokens["access_token"]}).json()


def test_7_2_what_was_switched_off_is_named_no_more(each_world: World) -> None:
    """Neither at introspection nor at refresh, and it is not released."""
    browser = each_world.signed_in()
    page = each_world.ask(browser, scope="openid", authorization_details=details(item(EMAIL)))
    tokens = each_world.exchange(each_world.share(browser, page, EMAIL)["code"]).json()
    lines = browser.open("/connected")
    browser.submit(browser.open(lines.link("/connected/gra_")), "/off/email/results_delivery")
    for answer in (
        each_world.refresh(tokens["refresh_token"]).json(),
        each_world.post("/introspect", {"token": tokens["access_token"]}).json(),
    ):
        assert answer["authorization_details"][0]["items"] == [*NEEDED, NAME]
    assert set(each_world.userinfo(tokens["access_token"]).json()) == {"sub", "name", "course"}


def test_2_the_screen_asks_for_what_is_named_and_needed(world: World) -> None:
    """The e-mail address, and not the phone number; without items the whole service."""
    page = world.ask(world.signed_in(), scope="openid", authorization_details=details(item(EMAIL)))
    assert ("item", EMAIL) in page.form("/consent").choices
    assert PHONE not in page.response.text
    whole = world.ask(world.signed_in(), scope="openid", authorization_details=details(items=None))
    assert {("item", EMAIL), ("item", PHONE)} <= set(whole.form("/consent").choices)


def test_2_a_form_is_a_ceiling(world: World) -> None:
    """Who asks for the masked form is given no other to choose; who asks for the full one leaves the choice."""
    browser = world.signed_in()
    for ceiling, offered in (
        ("masked", {"masked"}),
        ("full", {"masked", "full"}),
        (None, {"masked", "full"}),
    ):
        asked = details(item(EMAIL, ceiling), item(EMAIL, "masked"))
        form = world.ask(browser, scope="openid", authorization_details=asked).form("/consent")
        radios = {value for name, value in (*form.fields, *form.choices) if name == f"form:{EMAIL}"}
        assert (radios or {"masked"}) == offered
    page = world.ask(browser, scope="openid", authorization_details=details(item(EMAIL, "masked")))
    forged = {"item": [EMAIL], f"form:{EMAIL}": "full"}
    assert browser.submit(page, "/consent", forged, button="share").status == 400


def read_by(world: World, tokens: dict[str, Any], *named: dict[str, str]) -> dict[str, object]:
    """Read items by name, with their forms."""
    form = {"authorization_details": details(*named)} if named else {}
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = (
        world.client().post(f"{ISSUER}/release", data=form, headers=bearer).json()["authorization_details"]
    )
    return {each["field"]: each["form"] for each in (found[0]["items"] if found else [])}


def share_in(form: str, browser: Browser, page: Page, *keys: str) -> None:
    """Tick items and choose a form for them."""
    chosen = {"item": keys, **{f"form:{key}": form for key in keys}}
    assert "code" in answer_of(
        browser.submit(page, "/consent", chosen, button="share", stop_at=QUIZCO_REDIRECT)
    )


def test_7_a_form_is_kept_to_by_the_token_although_more_is_shared(each_world: World) -> None:
    """At the exchange, at the refresh and at the read; what is named later narrows, and never widens."""
    browser = each_world.signed_in()
    share_in("full", browser, each_world.ask(browser), EMAIL, PHONE)
    masked = {"scope": "openid email", "authorization_details": details(item(EMAIL, "masked"), item(PHONE))}
    code = answer_of(each_world.ask(browser, prompt="none", **masked))["code"]
    tokens = each_world.exchange(code).json()
    for each in (tokens, each_world.refresh(tokens["refresh_token"]).json()):
        claims = each_world.userinfo(each["access_token"]).json()
        assert (claims["email_masked"], claims["phone_number"]) == (
            "a***@lakeside.example",
            "+91 90000 00101",
        )
        assert "email" not in claims
        assert item(EMAIL, "masked") in each["authorization_details"][0]["items"]
        described = each_world.post("/introspect", {"token": each["access_token"]}).json()
        assert described["authorization_details"] == each["authorization_details"]
        assert read_by(each_world, each, item(EMAIL, "full")) == {"email": "masked"}
        assert read_by(each_world, each, item(PHONE, "masked")) == {"phone_number": "masked"}
        tokens = each
    narrow = each_world.refresh(tokens["refresh_token"], authorization_details=details(item(PHONE, "masked")))
    assert read_by(each_world, narrow.json()) == {"phone_number": "masked", "email": "masked"}


def test_7_a_form_that_was_not_chosen_is_not_reached_and_not_made_of_another(world: World) -> None:
    """And the answer's scope does not promise it."""
    manifest = (PARTNERS / "quizco.toml").read_text()
    manifest = manifest.replace('"results_delivery"\nforms = [', '"results_delivery"\nforms = ["relay", ')
    object.__setattr__(world.services.settings, "relay_domain", "relay.example")
    world.run(lambda: publish(world.services, manifest, version=2, manifest_version=2))
    reached = {
        ("relay", "relay"): "relay", ("relay", "masked"): None, ("relay", "full"): "relay",
        ("masked", "relay"): None, ("masked", "masked"): "masked", ("masked", "full"): "masked",
        ("full", "relay"): None, ("full", "masked"): "masked", ("full", "full"): "full",
    }  # fmt: skip
    browser = world.signed_in()
    for granted in ("relay", "masked", "full"):
        page = world.ask(browser, scope="openid email", grant_management_action="create")
        share_in(granted, browser, page, EMAIL)
        for asked in ("relay", "masked", "full"):
            wanted = {"scope": "openid email", "authorization_details": details(item(EMAIL, asked))}
            code = answer_of(world.ask(browser, prompt="none", **wanted))["code"]
            tokens = world.exchange(code).json()
            form = reached[granted, asked]
            assert read_by(world, tokens).get("email") == form
            assert ("email" in tokens["scope"].split()) is (form is not None)
            again = world.refresh(
                tokens["refresh_token"], authorization_details=wanted["authorization_details"]
            )
            assert again.status_code == (400 if form is None else 200)


def test_2_a_duration_is_a_ceiling(world: World) -> None:
    """The person can choose it or less, and nothing more; the shortest of two counts."""
    browser = world.signed_in()
    asked = json.loads(details(item(EMAIL), duration="P60D")) + json.loads(
        details(items=None, duration="P366D")
    )
    page = world.ask(browser, scope="openid", authorization_details=json.dumps(asked))
    form = page.form("/consent")
    chosen = {value for name, value in (*form.fields, *form.choices) if name == "duration"}
    assert chosen == {"60", "30", "once", "until"}
    assert browser.submit(page, "/consent", {"duration": "180"}, button="share").status == 400


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "{}",
        "[]",
        "[1]",
        "[" * 3000 + "]" * 3000,
        json.dumps([{}] * 21),
        details(type="payment_initiation"),
        details(offer="course-readers"),
        details(offer=None),
        details(locations=["https://other.example"]),
        details(locations=[]),
        details(locations=ISSUER),
        details(actions=["write"]),
        details(actions=[["read"]]),
        details(privileges=["all"]),
        details(),
        details(items={}),
        details("email"),
        details({"field": "email"}),
        details({"field": ["email"], "purpose": "results_delivery"}),
        details({**item(EMAIL), "retention": "P1D"}),
        details(item("email.marketing")),
        details(item("email.direct_marketing")),
        details(item("address.delivery_of_goods")),
        details(item(EMAIL, "relay")),
        details(item(EMAIL), duration="P367D"),
        details(item(EMAIL), duration="P0D"),
        details(item(EMAIL), duration="PT5M"),
        details(item(EMAIL), duration=30),
        details(item("\ud800.results_delivery")),
    ],
)
def test_5_what_is_unknown_or_beyond_the_offer_is_refused(world: World, wrong: str) -> None:
    """Promise P1: no purpose that is not the offer's own; at the front channel, at PAR and at the token endpoint."""
    code = "invalid_authorization_details"
    back = answer_of(world.ask(world.signed_in(), authorization_details=wrong))
    assert (back["error"], back["iss"]) == (code, ISSUER)
    pushed = world.post_signed("/par", {**REQUEST, "authorization_details": wrong})
    assert (pushed.status_code, pushed.json()["error"]) == (400, code)
    assert world.refresh("cg_rt_x", authorization_details=wrong).json()["error"] == code


def test_6_a_token_request_narrows(each_world: World) -> None:
    """The access token reaches less; the refresh token keeps what was granted (as with a scope, RFC 6749 §6)."""
    asked = {"scope": "openid", "authorization_details": details(item(EMAIL), item(PHONE))}
    code = each_world.approve(EMAIL, PHONE, **asked)
    tokens = each_world.exchange(code, authorization_details=details(item(PHONE))).json()
    assert tokens["authorization_details"][0]["items"] == [item(PHONE, "masked")]
    assert set(each_world.userinfo(tokens["access_token"]).json()) == {"sub", "phone_number_masked"}
    narrowed = each_world.refresh(tokens["refresh_token"], authorization_details=details(item(EMAIL))).json()
    assert narrowed["authorization_details"][0]["items"] == [item(EMAIL, "masked")]
    again = each_world.refresh(narrowed["refresh_token"]).json()
    granted = [item(EMAIL, "masked"), item(PHONE, "masked"), NAME, *NEEDED]
    assert sorted(again["authorization_details"][0]["items"], key=str) == sorted(granted, key=str)


def test_6_a_token_request_never_widens(world: World) -> None:
    """What was left out on the screen cannot be had at the token endpoint; nor by who asked by scope alone."""
    asked = {"scope": "openid", "authorization_details": details(item(EMAIL), item(PHONE))}
    tokens = world.tokens(PHONE, **asked)
    for token in (tokens, world.tokens(EMAIL, email="aoife@northfield.example")):
        answer = world.refresh(token["refresh_token"], authorization_details=details(item(EMAIL)))
        assert answer.json()["error"] == "invalid_authorization_details"


def test_4_in_a_request_object_it_is_a_json_value(each_world: World) -> None:
    """RFC 9101 §4: no string in a string."""
    wanted = {"type": "combined_service", "offer": "course-readers"}
    named = {"field": "phone_number", "purpose": "delivery_of_goods"}
    request = request_object(each_world, scope="openid", authorization_details=[{**wanted, "items": [named]}])
    code = opt_in(each_world, push_signed(each_world, request).json()["request_uri"])
    tokens = each_world.post_signed("/token", exchange_form(code)).json()
    found = [each["field"] for each in tokens["authorization_details"][0]["items"]]
    assert found == ["address", "name"]


def test_10_the_type_is_published(world: World) -> None:
    """RFC 9396 §10."""
    document = world.client().get("/.well-known/oauth-authorization-server").json()
    assert document["authorization_details_types_supported"] == ["combined_service"]


def test_7_nothing_left_is_an_empty_list(world: World) -> None:
    """A partner that narrowed to one item, and the person switched it off."""
    browser = world.signed_in()
    asked = {"scope": "openid", "authorization_details": details(item(EMAIL))}
    code = world.share(browser, world.ask(browser, **asked), EMAIL)["code"]
    tokens = world.exchange(code, authorization_details=details(item(EMAIL))).json()
    page = browser.open(browser.open("/connected").link("/connected/gra_"))
    browser.submit(page, "/off/email/results_delivery")
    described = world.post("/introspect", {"token": tokens["access_token"]}).json()
    assert described["authorization_details"] == []
    assert set(world.userinfo(tokens["access_token"]).json()) == {"sub"}


def test_pushed_requests_map_onto_the_same_items(world: World) -> None:
    """Scope and details together: both count."""
    named = {"field": "phone_number", "purpose": "delivery_of_goods"}
    wanted = json.dumps([{"type": "combined_service", "offer": "course-readers", "items": [named]}])
    page = world.signed_in()
    request_uri = push(world, scope="openid email", authorization_details=wanted)
    shown = page.open(f"/authorize?client_id=campuspress-shop&request_uri={request_uri}").response.text
    assert "email.delivery_of_goods" in shown
    assert "phone_number.delivery_of_goods" in shown
    assert "age_over_16" not in shown
    assert campuspress_tokens(world)["grant_id"].startswith("gra_")
