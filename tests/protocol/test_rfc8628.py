"""RFC 8628: a device that shows a code, and a person who decides elsewhere."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.actions.oauth.devices import settle_device
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.oauth.devices import ALPHABET, DONE, GRANT_TYPE, typed_code, user_code_of
from tests.gateway.store.samples import rows
from tests.protocol.screen import Television
from tests.world import ISSUER, PARTNERS, PASSWORD, World, publish


@pytest.fixture
def tv(each_world: World) -> Television:
    return Television(each_world)


def test_3_2_the_device_gets_what_it_shows(tv: Television) -> None:
    """A code of eight letters, where to type it, how long and how often."""
    answer = tv.begin()
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert body["verification_uri"] == f"{ISSUER}/device"
    assert (body["expires_in"], body["interval"]) == (600, 5)
    half, other = body["user_code"].split("-")
    assert len(half) == len(other) == 4
    assert set(half + other) <= set(ALPHABET)


def test_3_4_the_whole_way(tv: Television) -> None:
    """The same screen, the same tokens, the same log."""
    tv.begin()
    assert tv.error() == "authorization_pending"
    page = tv.decide()
    assert page.url.endswith("/device/ready")
    assert "Your device goes on" in page.text
    tv.world.clock.pass_by(5)
    answer = tv.poll()
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    assert tv.world.userinfo(tokens["access_token"]).json()["name"] == "Asha Rao"
    assert tv.world.refresh(tokens["refresh_token"]).status_code == 200


def test_3_5_a_no_is_told(tv: Television) -> None:
    """`access_denied`, once; from then on the code is spent."""
    tv.begin()
    page = tv.decide("refuse")
    assert page.url.endswith("/device/refused")
    assert tv.error() == "access_denied"
    tv.world.clock.pass_by(5)
    assert tv.error() == "invalid_grant"


def test_3_5_haste_costs_five_seconds_more(tv: Television) -> None:
    """Each time."""
    tv.begin()
    assert tv.error() == "authorization_pending"
    tv.world.clock.pass_by(4)
    assert tv.error() == "slow_down"
    tv.world.clock.pass_by(9)
    assert tv.error() == "slow_down"
    tv.world.clock.pass_by(15)
    assert tv.error() == "authorization_pending"


def test_3_5_codes_expire(tv: Television) -> None:
    """Both: the device is told, and the person's code opens nothing."""
    tv.begin()
    tv.world.clock.pass_by(600)
    assert tv.error() == "expired_token"
    page = tv.type(tv.world.signed_in())
    assert page.status == 400
    assert "No device waits" in page.text


def test_3_5_a_device_code_works_once(tv: Television) -> None:
    tv.tokens()
    tv.world.clock.pass_by(5)
    assert tv.error() == "invalid_grant"


def test_3_4_only_the_client_that_asked_gets_an_answer(tv: Television) -> None:
    """Whoever else holds the device code."""
    tv.begin()
    tv.decide()
    answer = tv.world.post_signed("/token", tv.form())
    assert answer.json()["error"] == "invalid_grant"
    assert tv.poll().status_code == 200


def test_3_1_only_clients_whose_manifest_says_so(world: World) -> None:
    """And the device authenticates as at the token endpoint."""
    assert Television(world, is_registered=False).begin().json()["error"] == "unauthorized_client"
    nobody = world.client().post("/device_authorization", data={"client_id": "quizco-web"})
    assert nobody.status_code == 401


@pytest.mark.parametrize("changes", [{"scope": "unknown"}, {"scope": "openid address"}])
def test_3_1_the_request_is_checked_at_once(world: World, changes: dict[str, str]) -> None:
    """Not when the person has typed the code."""
    assert Television(world).begin(**changes).json()["error"] == "invalid_scope"


def test_3_4_a_device_code_is_needed(world: World) -> None:
    tv = Television(world)
    answer = world.post("/token", {"grant_type": GRANT_TYPE})
    assert answer.json()["error"] == "invalid_request"
    tv.device_code = "x"
    assert tv.error() == "invalid_grant"


@pytest.mark.parametrize(
    "spelling", [str.lower, lambda code: code.replace("-", ""), lambda code: f" {code} "]
)
def test_6_1_a_code_is_read_as_people_type(world: World, spelling: Callable[[str], str]) -> None:
    tv = Television(world)
    tv.begin()
    page = tv.type(world.signed_in(), spelling(tv.user_code))
    assert "QuizCo" in page.text
    assert typed_code("é" * 200) == "É" * 64


def test_6_1_codes_are_letters_that_nobody_mistakes() -> None:
    """And no word comes out, for there is no vowel."""
    assert not set(ALPHABET) & set("AEIOU0123456789")
    codes = {user_code_of(str(number)) for number in range(1000)}
    assert len(codes) == 1000
    assert set("".join(codes)) == set(ALPHABET)


def test_5_1_guessing_is_throttled(world: World) -> None:
    """By person, who has five tries and then one a minute; the right code waits as well."""
    tv = Television(world)
    tv.begin()
    browser = world.signed_in()
    for _ in range(5):
        assert tv.type(browser, "BBBB-BBBB").status == 400
    assert tv.type(browser).status == 429
    world.clock.pass_by(60)
    assert "QuizCo" in tv.type(browser).text


def test_5_4_a_person_signs_in_and_is_warned(world: World) -> None:
    """Whoever was sent a code by somebody else reads it before typing."""
    browser = world.browser()
    assert "/login" in browser.open("/device").url
    assert "device in front of you" in world.signed_in().open("/device").text


def test_5_4_whoever_typed_the_code_cannot_pass_the_screen_on(tv: Television) -> None:
    """Or one click would do what typing is there to prevent; not even signing in on the way helps."""
    tv.begin()
    link = tv.type(tv.world.signed_in("aoife@northfield.example")).url
    assert "/authorize/continue?ticket=" in link
    asha = tv.world.signed_in()
    page = asha.open(link.removeprefix(ISSUER))
    assert page.url.endswith("/device?done=device-late")
    assert "QuizCo" not in page.text
    stranger = tv.world.browser()
    page = stranger.open(link.removeprefix(ISSUER))
    page = stranger.submit(page, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert page.url.endswith("/device?done=device-late")
    assert tv.error() == "authorization_pending"
    # The way on is to type it.
    assert asha.submit(tv.type(asha), "/consent", button="share").url.endswith("/device/ready")


def test_3_3_1_a_link_brings_the_code_and_the_person_compares_it(tv: Television) -> None:
    """Signing in on the way keeps it; the page shows it, and nothing begins before a button is pressed."""
    link = tv.begin().json()["verification_uri_complete"]
    assert link == f"{ISSUER}/device?user_code={tv.user_code}"
    browser = tv.world.browser()
    page = browser.open(link.removeprefix(ISSUER))
    assert "/login" in page.url
    page = browser.submit(page, "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert tv.user_code in page.text
    assert "sends you such a link" in page.text
    assert "QuizCo" not in page.text
    page = browser.submit(page, "/device")
    browser.submit(page, "/consent", button="share")
    assert tv.poll().status_code == 200


@pytest.mark.parametrize(
    "given", ["AAAA-AAAA", "ZZZZ-ZZZ", "zzzz-zzzz", "<b>x</b>", "ZZZZ-ZZZZZ", "ZZZZZZZZ", "%00", "%ff"]
)
def test_3_3_1_what_is_no_code_is_not_repeated(world: World, given: str) -> None:
    """A link could otherwise put words of somebody's own on our page."""
    page = world.signed_in().open(f"/device?user_code={given}")
    assert given not in page.response.text
    assert "It is the same" not in page.text


def test_a_code_that_is_taken_is_not_given_out_again(world: World) -> None:
    """Another one is made; when none is free, the device comes again later."""
    tv = Television(world)
    tv.begin()
    ids, same = world.services.ids, world.services.ids(Kind.DEVICE_CODE)
    made: list[str] = []

    def repeating(kind: Kind) -> str:
        made.append(ids(kind))
        return same if kind is Kind.DEVICE_CODE else made[-1]

    object.__setattr__(world.services, "ids", repeating)
    assert tv.begin().status_code == 200
    answer = tv.begin()
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")


def test_nobody_asks_for_the_devices_redirect(world: World) -> None:
    """It is ours alone: a partner that names it is refused, and what comes there means nothing."""
    page = world.ask(world.signed_in(), redirect_uri=ISSUER + DONE)
    assert page.status == 400
    answer = world.client().get(DONE, params={"code": "x", "state": "y"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/device")


def test_a_decision_that_comes_too_late_is_told(tv: Television) -> None:
    """The screen was open while the code ran out; or two people decided."""
    tv.begin()
    first, second = tv.world.signed_in(), tv.world.signed_in("ben@lakeside.example")
    pages = [tv.type(first), tv.type(second)]
    assert first.submit(pages[0], "/consent", button="share").url.endswith("/device/ready")
    late = second.submit(pages[1], "/consent", button="share")
    assert late.url.endswith("/device?done=device-late")
    assert "Type the code that your device shows now" in late.text


def test_an_outdated_screen_of_a_device_asks_for_the_code_again(tv: Television) -> None:
    """The device has given up long before."""
    tv.begin()
    browser = tv.world.signed_in()
    page = tv.type(browser)
    tv.world.clock.pass_by(tv.world.services.settings.screen_ttl + 1)
    assert browser.submit(page, "/consent", button="share").url.endswith("/device?done=device-late")
    assert rows(tv.world, "SELECT count(*) FROM consent_event") == [(0,)]


def test_a_damaged_ticket_settles_nothing(world: World) -> None:
    with pytest.raises(Refusal, match="device ticket"):
        world.run(settle_device, world.services, {"state": "x", "code": "y"})


def test_rfc9449_a_fapi2_device_is_bound_to_its_key(world: World) -> None:
    """The code too: to the key that asked for it; a missing proof does not cost the code."""
    tv = Television(world)
    text = (PARTNERS / "campuspress.toml").read_text()
    text = text.replace("offer_id =", f'grant_types = ["{GRANT_TYPE}"]\noffer_id =', 1)
    world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
    asked = world.post_signed(
        "/device_authorization", {"scope": "openid"}, proof=world.proof("/device_authorization")
    )
    assert asked.status_code == 200, asked.text
    tv.device_code, tv.user_code = asked.json()["device_code"], asked.json()["user_code"]
    tv.decide()
    assert world.post_signed("/token", tv.form(), proof="").json()["error"] == "invalid_dpop_proof"
    tokens = world.post_signed("/token", tv.form()).json()
    assert tokens["token_type"] == "DPoP"
    assert world.read_signed(tokens["access_token"]).status_code == 200


def test_4_the_metadata_names_it(world: World) -> None:
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["device_authorization_endpoint"] == f"{ISSUER}/device_authorization"
    assert GRANT_TYPE in document["grant_types_supported"]


def test_3_1_a_client_that_signs_its_requests_has_no_device_flow(world: World) -> None:
    """A device's request has no signed form, and such a client is held to signing (FAPI 2.0 Message Signing §5.3)."""
    registry = world.services.registry
    registered = registry.clients["campuspress-shop"]
    signing = replace(registered.client, message_signing=True, grant_types=(GRANT_TYPE,))
    clients = {**registry.clients, "campuspress-shop": replace(registered, client=signing)}
    world.services.store._registry = replace(registry, clients=clients)
    refused = world.post_signed("/device_authorization", {"scope": "openid"})
    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
