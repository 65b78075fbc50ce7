"""OpenID Connect Core 1.0: ID tokens, prompts, userinfo."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.kit.ids import random_ids
from gateway.oauth.signing import new_signing_key
from gateway.store.oauth.keys import add_signing_keys
from tests.protocol.campuspress import campuspress_tokens
from tests.world import ISSUER, NOW, PASSWORD, PERSONAL_VALUES, QUIZCO_REDIRECT, World, answer_of

PHONE = "phone_number.appointment_reminders"
EMAIL = "email.results_delivery"


def verified(world: World, id_token: str) -> jwt.Token:
    """Verify an ID token as a partner does: against the published keys."""
    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    return jwt.decode(id_token, keys, algorithms=["ES256"])


def test_2_the_id_token(world: World) -> None:
    """Who signed in, when and how, for whom; and nothing personal."""
    world.clock.pass_by(5)
    browser = world.signed_in()
    world.clock.pass_by(20)
    tokens = world.exchange(
        world.share(browser, world.ask(browser, nonce="n-0S6"), PHONE, EMAIL)["code"]
    ).json()
    token = verified(world, tokens["id_token"])
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    sub = world.userinfo(tokens["access_token"]).json()["sub"]
    assert token.claims == {
        "iss": ISSUER,
        "sub": sub,
        "aud": "quizco-web",
        "iat": NOW + 25,
        "exp": NOW + 325,
        "auth_time": NOW + 5,
        "nonce": "n-0S6",
        "acr": "pwd",
        "amr": ["pwd"],
        "at_hash": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "sid": token.claims["sid"],
    }
    assert token.header["alg"] == "ES256"
    assert token.header["kid"] == world.client().get("/jwks.json").json()["keys"][0]["kid"]
    assert not [value for value in PERSONAL_VALUES if value in json.dumps(token.claims)]


def test_2_without_a_nonce_there_is_none(world: World) -> None:
    """It is the request's, or absent."""
    tokens = world.tokens(nonce=None)
    assert "nonce" not in verified(world, tokens["id_token"]).claims


def test_3_1_2_1_without_openid_there_is_no_id_token(world: World) -> None:
    """It is then plain OAuth."""
    assert "id_token" not in world.tokens(scope="profile education")


def test_8_1_sub_is_pairwise(world: World) -> None:
    """Two partners cannot join what they know; one partner knows the person again."""
    quizco, campuspress = world.tokens(), campuspress_tokens(world)
    subs = [verified(world, each["id_token"]).claims["sub"] for each in (quizco, campuspress)]
    assert subs[0] != subs[1]
    assert world.person_id() not in subs
    again = world.tokens(prompt="consent")
    assert verified(world, again["id_token"]).claims["sub"] == subs[0]
    other = world.tokens(email="aoife@northfield.example")
    assert verified(world, other["id_token"]).claims["sub"] not in subs


def test_10_1_1_after_a_rotation_old_and_new_id_tokens_verify(each_world: World) -> None:
    """The retired key stays published; new tokens name the new key."""
    old = each_world.tokens()["id_token"]
    each_world.store(
        add_signing_keys, new_signing_key(each_world.services.seal.ring.signing, now=NOW + 1, ids=random_ids)
    )
    new = each_world.tokens(email="aoife@northfield.example")["id_token"]
    assert verified(each_world, old).header["kid"] != verified(each_world, new).header["kid"]


def test_3_1_2_1_prompt_none(world: World) -> None:
    """Never a page: `login_required` until somebody shares something, then the code."""
    assert answer_of(world.ask(world.browser(), prompt="none"))["error"] == "login_required"
    browser = world.signed_in()
    assert answer_of(world.ask(browser, prompt="none"))["error"] == "login_required"
    world.share(browser, world.ask(browser))
    code = answer_of(world.ask(browser, prompt="none"))["code"]
    assert world.exchange(code).status_code == 200


def test_3_1_2_1_prompt_login_asks_for_the_password_again(world: World) -> None:
    """Once: coming back from it is enough, and `auth_time` is the new one."""
    browser = world.signed_in()
    world.clock.pass_by(30)
    page = world.ask(browser, prompt="login")
    assert urlsplit(page.url).path == "/reauthenticate"
    page = browser.submit(page, "/reauthenticate", {"password": PASSWORD}, stop_at=QUIZCO_REDIRECT)
    tokens = world.exchange(world.share(browser, page)["code"]).json()
    assert verified(world, tokens["id_token"]).claims["auth_time"] == NOW + 30


def test_3_1_2_1_prompt_consent_shows_the_screen_again(world: World) -> None:
    """Although everything is settled; the person may choose anew."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    page = world.ask(browser, prompt="consent")
    tokens = world.exchange(world.share(browser, page, PHONE)["code"]).json()
    assert "phone" in tokens["scope"].split()


@pytest.mark.parametrize(("age", "is_asked"), [(0, False), (60, False), (61, True)])
def test_3_1_2_1_max_age(world: World, age: int, is_asked: bool) -> None:
    """Older log-ins are not enough; `auth_time` tells the partner."""
    browser = world.signed_in()
    world.clock.pass_by(age)
    page = world.ask(browser, max_age="60")
    assert (urlsplit(page.url).path == "/reauthenticate") is is_asked
    if is_asked:
        page = browser.submit(page, "/reauthenticate", {"password": PASSWORD}, stop_at=QUIZCO_REDIRECT)
    tokens = world.exchange(world.share(browser, page)["code"]).json()
    assert verified(world, tokens["id_token"]).claims["auth_time"] == NOW + (age if is_asked else 0)


def test_3_1_2_1_max_age_zero_is_prompt_login(world: World) -> None:
    """The smallest number works, and no other text does."""
    browser = world.signed_in()
    world.clock.pass_by(1)
    assert urlsplit(world.ask(browser, max_age="0").url).path == "/reauthenticate"
    for wrong in ("-1", "1.5", "soon", "9" * 10, "٣"):
        back = answer_of(world.ask(browser, max_age=wrong))
        assert (back["error"], back["state"]) == ("invalid_request", "st-1")


def hint_of(world: World, email: str = "asha@lakeside.example", **changes: str | None) -> str:
    """Get an ID token for a person who shares."""
    tokens = world.exchange(world.approve(email=email, **changes)).json()
    hint: str = tokens["id_token"]
    return hint


def test_3_1_2_1_a_hint_of_whoever_is_signed_in_changes_nothing(world: World) -> None:
    hint = hint_of(world)
    world.clock.pass_by(1_000)  # Past the ID token's life: a hint may have expired.
    browser = world.signed_in()
    assert "code" in answer_of(world.ask(browser, id_token_hint=hint))
    assert "code" in answer_of(world.ask(browser, id_token_hint=hint, prompt="none"))


def test_3_1_2_1_a_hint_of_another_person_leads_to_the_log_in(world: World) -> None:
    """Silently it is `login_required`; otherwise the person who was meant can sign in, and nobody else gets through."""
    hint = hint_of(world)
    hint_of(world, "ben@lakeside.example")
    ben = world.signed_in("ben@lakeside.example")
    assert answer_of(world.ask(ben, id_token_hint=hint, prompt="none"))["error"] == "login_required"
    page = world.ask(ben, id_token_hint=hint)
    assert urlsplit(page.url).path == "/login"
    known = {"email": "ben@lakeside.example", "password": PASSWORD}
    back = ben.submit(page, "/login", known, stop_at=QUIZCO_REDIRECT)
    assert answer_of(back)["error"] == "access_denied", "a partner is not told who it was not"
    asha = world.browser()
    page = world.ask(asha, id_token_hint=hint)
    known = {"email": "asha@lakeside.example", "password": PASSWORD}
    assert "code" in answer_of(asha.submit(page, "/login", known, stop_at=QUIZCO_REDIRECT))


@pytest.mark.parametrize("hint", ["damaged", "another client's"])
def test_3_1_2_1_a_hint_that_is_not_this_clients_goes_back(world: World, hint: str) -> None:
    if hint != "damaged":
        hint = campuspress_tokens(world)["id_token"]
    back = answer_of(world.ask(world.signed_in(), id_token_hint=hint))
    assert (back["error"], back["state"]) == ("invalid_request", "st-1")


def claims_of(world: World, *ticked: str, **changes: Any) -> dict[str, Any]:
    claims: dict[str, Any] = world.userinfo(world.tokens(*ticked, **changes)["access_token"]).json()
    return claims


def test_5_3_userinfo_gives_sub_and_what_was_granted(each_world: World) -> None:
    """Needed items and the ticked one, each in its granted form; nothing else of the profile."""
    claims = claims_of(each_world, PHONE)
    assert set(claims) == {"sub", "name", "course", "phone_number_masked"}
    full = {"item": [PHONE, EMAIL], f"form:{PHONE}": "full", f"form:{EMAIL}": "full"}
    browser = each_world.signed_in("aoife@northfield.example")
    page = browser.submit(each_world.ask(browser), "/consent", full, button="share", stop_at=QUIZCO_REDIRECT)
    token = each_world.exchange(answer_of(page)["code"]).json()["access_token"]
    claims = each_world.userinfo(token).json()
    assert claims["phone_number"].replace(" ", "") == "+353851234567"
    assert claims["email"] == "aoife@northfield.example"


def test_5_3_2_absent_values_stay_absent(world: World) -> None:
    """Ben has neither course nor phone: no empty strings, no nulls."""
    claims = claims_of(world, PHONE, email="ben@lakeside.example")
    assert set(claims) == {"sub", "name"}


def test_5_3_get_and_post_give_the_same(world: World) -> None:
    """§5.3.1; each is a hand-off of its own."""
    token = world.tokens()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert world.client().post("/userinfo", headers=header).json() == world.userinfo(token).json()


def asking(**members: Any) -> str:
    """Spell a claims parameter."""
    return json.dumps(members)


def test_5_5_claims_ask_for_items_like_a_scope(each_world: World) -> None:
    """The item is on the screen; whether it is released is up to the person."""
    claims = asking(userinfo={"email": None, "phone_number": {"essential": True}})
    browser = each_world.signed_in()
    page = each_world.ask(browser, scope="openid", claims=claims)
    assert {("item", PHONE), ("item", EMAIL)} <= set(page.form("/consent").choices)
    tokens = each_world.exchange(each_world.share(browser, page, EMAIL)["code"]).json()
    assert set(each_world.userinfo(tokens["access_token"]).json()) == {
        "sub",
        "name",
        "course",
        "email_masked",
    }


def test_5_5_claims_reach_no_field_that_the_screen_did_not_show(world: World) -> None:
    """What is not in the offer, not known, or not ticked stays out of reach; nothing of it is an error (§5.5.1)."""
    claims = asking(userinfo={"address": {"essential": True}, "email": None, "shoe_size": None})
    page = world.ask(world.signed_in(), scope="openid", claims=claims)
    assert "address" not in str(page.form("/consent").choices)
    tokens = world.tokens(scope="openid", claims=claims)
    assert set(world.userinfo(tokens["access_token"]).json()) == {"sub", "name", "course"}


def test_5_5_no_personal_value_gets_into_an_id_token(world: World) -> None:
    """Although its own member asks for it, and although the person shares it with userinfo."""
    wish = {"email": {"essential": True}, "name": None, "auth_time": {"essential": True}, "acr": None}
    tokens = world.tokens(EMAIL, claims=asking(id_token=wish, userinfo={"email": None}))
    claims = verified(world, tokens["id_token"]).claims
    assert not {"email", "email_masked", "name"} & set(claims)
    assert (claims["auth_time"], claims["acr"]) == (NOW, "pwd")


def test_5_5_1_with_authorization_details_both_count(world: World) -> None:
    """An item by its claim, another by its name."""
    wanted = {"field": "phone_number", "purpose": "appointment_reminders"}
    details = json.dumps([{"type": "combined_service", "offer": "practice-quizzes", "items": [wanted]}])
    asked = {"scope": "openid", "claims": asking(userinfo={"email": None}), "authorization_details": details}
    tokens = world.tokens(EMAIL, PHONE, **asked)
    fields = {each["field"] for each in tokens["authorization_details"][0]["items"]}
    assert fields == {"name", "course", "email", "phone_number"}


@pytest.mark.parametrize(
    "wrong",
    [
        "nonsense",
        "[]",
        "[" * 3000,
        asking(userinfo=[]),
        asking(userinfo={"email": True}),
        asking(id_token={"sub": {"value": 1}}),
        asking(id_token={"sub": {"values": "x"}}),
        asking(id_token={"acr": {"essential": True, "values": [1]}}),
    ],
)
def test_5_5_claims_of_another_shape_are_refused(world: World, wrong: str) -> None:
    """`invalid_request`, by redirect."""
    assert answer_of(world.ask(world.browser(), claims=wrong))["error"] == "invalid_request"


def test_5_5_1_a_certain_person(world: World) -> None:
    """`sub` by value: the same person passes, another one gets `login_required`."""
    sub = world.userinfo(world.tokens()["access_token"]).json()["sub"]
    for wish in ({"value": sub}, {"values": ["other", sub]}):
        back = answer_of(world.ask(world.signed_in(), claims=asking(id_token={"sub": wish})))
        assert "code" in back
    other = world.signed_in("aoife@northfield.example")
    back = answer_of(world.ask(other, claims=asking(id_token={"sub": {"value": sub}})))
    assert (back["error"], back["iss"]) == ("login_required", ISSUER)


def test_5_5_1_1_an_essential_acr(world: World) -> None:
    """One that there is: fine. One that there is not: an error, unless it was only a wish or has no value."""
    for wish, error in (
        ({"essential": True, "value": "pwd"}, None),
        ({"essential": True, "values": ["sca", "pwd"]}, None),
        ({"essential": True}, None),
        ({"values": ["sca"]}, None),
        ({"essential": True, "values": ["sca"]}, "unmet_authentication_requirements"),
    ):
        back = answer_of(world.ask(world.browser(), claims=asking(id_token={"acr": wish})))
        assert back.get("error") == error


def test_3_1_2_1_acr_values_are_a_wish(world: World) -> None:
    """They never fail; the ID token says what it was."""
    tokens = world.tokens(acr_values="sca pwd")
    assert verified(world, tokens["id_token"]).claims["acr"] == "pwd"


def test_3_1_2_1_select_account_asks_who_it_is(world: World) -> None:
    """The form for any account, not for the password of this one; who logs in there is whose consent it is."""
    browser = world.signed_in()
    world.clock.pass_by(5)
    page = world.ask(browser, prompt="select_account")
    assert urlsplit(page.url).path == "/login"
    other = {"email": "aoife@northfield.example", "password": PASSWORD}
    page = browser.submit(page, "/login", other, stop_at=QUIZCO_REDIRECT)
    tokens = world.exchange(world.share(browser, page)["code"]).json()
    assert world.userinfo(tokens["access_token"]).json()["name"] == "Aoife Ní Bhriain"


def test_5_1_personal_values_are_in_no_redirect_and_no_token_answer(world: World) -> None:
    """Only userinfo hands values over (promise P13)."""
    browser = world.signed_in()
    page = world.ask(browser)
    back = browser.submit(page, "/consent", {"item": [PHONE, EMAIL]}, button="share", stop_at=QUIZCO_REDIRECT)
    answer = world.exchange(answer_of(back)["code"])
    token = answer.json()["access_token"]
    told = [back.text, answer.text, world.post("/introspect", {"token": token}).text, *map(str, browser.hops)]
    assert not [value for value in PERSONAL_VALUES for text in told if value in text]


def test_5_4_a_scope_that_was_not_asked_for_is_not_shown(world: World) -> None:
    """Optional items outside the scope are not on the screen, and cannot be ticked."""
    browser = world.signed_in()
    page = world.ask(browser, scope="openid email")
    assert PHONE not in page.response.text
    forged = browser.submit(page, "/consent", {"item": [PHONE]}, button="share")
    assert forged.status == 400
