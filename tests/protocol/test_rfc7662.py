"""RFC 7662: is this token of mine alive, and for what."""

import pytest

from tests.world import ISSUER, NOW, World

PHONE = "phone_number.appointment_reminders"


def introspect(world: World, token: str, **more: str) -> dict[str, object]:
    answer = world.post("/introspect", {"token": token, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    found: dict[str, object] = answer.json()
    return found


def test_2_2_a_live_token_is_described(world: World) -> None:
    """Members and times; the same pairwise `sub` as at userinfo, and no personal value."""
    token = world.tokens(PHONE)["access_token"]
    described = introspect(world, token)
    sub = world.userinfo(token).json()["sub"]
    scope = described.pop("scope")
    assert str(described.pop("grant_id")).startswith("gra_")
    assert described == {
        "active": True,
        "client_id": "quizco-web",
        "sub": sub,
        "iss": ISSUER,
        "aud": ISSUER,
        "iat": NOW,
        "exp": NOW + 300,
        "token_type": "Bearer",
        "auth_time": NOW,
        "acr": "pwd",
        "grant_state": "active",
    }
    assert set(str(scope).split()) == {"openid", "profile", "education", "phone"}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "pigeon"])
def test_2_1_the_hint_is_only_a_hint(world: World, hint: str) -> None:
    """RFC 7662 §2.1: the server may ignore it."""
    assert introspect(world, world.tokens()["access_token"], token_type_hint=hint)["active"] is True


def test_2_2_the_scope_is_what_the_token_reaches_now(each_world: World) -> None:
    """The person switches the phone off: the same token no longer names it."""
    browser = each_world.signed_in()
    token = each_world.exchange(each_world.share(browser, each_world.ask(browser), PHONE)["code"]).json()[
        "access_token"
    ]
    assert "phone" in str(introspect(each_world, token)["scope"]).split()
    lines = browser.open("/connected")
    address = next(part for part in lines.response.text.split('"') if part.startswith("/connected/gra_"))
    browser.submit(browser.open(address), "/off/phone_number/appointment_reminders")
    assert "phone" not in str(introspect(each_world, token)["scope"]).split()
    assert not [name for name in each_world.userinfo(token).json() if name.startswith("phone")]


def test_2_2_everything_else_is_just_inactive(each_world: World) -> None:
    """Unknown, expired, revoked, somebody else's and of another kind look alike (§4)."""
    tokens = each_world.tokens()
    revoked = each_world.tokens(email="aoife@northfield.example")["access_token"]
    each_world.post("/revoke", {"token": revoked})
    inactive = [introspect(each_world, each) for each in ("cg_at_unknown", revoked, tokens["refresh_token"])]
    foreign = each_world.post_signed("/introspect", {"token": tokens["access_token"]})
    inactive.append(foreign.json())
    each_world.clock.pass_by(300)
    inactive.append(introspect(each_world, tokens["access_token"]))
    assert inactive == [{"active": False}] * 5


def test_2_3_errors(world: World) -> None:
    """Who is not let in learns nothing of the token, and a missing token is said."""
    token = world.tokens()["access_token"]
    assert world.client().post("/introspect", data={"token": token}).status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert world.client().post("/introspect", data={"token": token}, headers=bearer).status_code == 401
    assert world.post("/introspect", {}).json()["error"] == "invalid_request"
