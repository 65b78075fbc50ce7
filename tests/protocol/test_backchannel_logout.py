"""OIDC Back-Channel Logout 1.0: whoever signs out is signed out at the partners' too, even if later."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import Connection, text

from gateway.actions.admin_record import act_of
from gateway.actions.authentication.password_change import change_password
from gateway.actions.authentication.sessions import find_session
from gateway.actions.logouts import LEASE, WAITS, Courier
from gateway.kit.outbound import OutboundFault
from gateway.oauth.answers.logouts import EVENT
from gateway.store.accounts.passwords import NewPassword, keep_passwords
from gateway.store.administration.administrators import FactorReset, reset_factors
from gateway.store.administration.roles import RoleChange, change_roles
from gateway.store.authentication.second_factors import NewAuthenticator, add_authenticators
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.protocol.campuspress import begin, exchange_form, push
from tests.protocol.leaving import OUT, register
from tests.protocol.oidc_plans import BACKCHANNEL_LOGOUT
from tests.protocol.screen import Television
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, PASSWORD, QUIZCO_REDIRECT, World, answer_of


class Site:
    """QuizCo's server."""

    def __init__(self, world: World) -> None:
        register(world)
        self.world = world
        self.answer: int | Exception = 200
        self.came: list[str] = []
        object.__setattr__(world.services, "outbound", self)

    async def post(self, url: str, form: bytes) -> int:
        assert url == OUT
        [token] = parse_qs(form.decode(), strict_parsing=True)["logout_token"]
        self.came.append(token)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def deliver(self) -> int:
        return self.world.run(Courier(self.world.services).deliver)

    def sign_out(self) -> dict[str, Any]:
        """Opt in, sign out; give the tokens."""
        browser = self.world.signed_in()
        code = self.world.share(browser, self.world.ask(browser))["code"]
        tokens: dict[str, Any] = self.world.exchange(code).json()
        browser.submit(browser.open("/connected"), "/logout")
        return tokens


@pytest.fixture
def site(each_world: World) -> Site:
    return Site(each_world)


def test_every_module_of_the_plan_is_mirrored() -> None:
    """A module that the suite gains has to be written here."""
    mirrored = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {each.replace("-", "_") for each in BACKCHANNEL_LOGOUT} <= mirrored


def test_backchannel_logout_discovery_endpoint_verification(world: World) -> None:
    """§2.1: offered, with the session's name, and logging out can be begun."""
    document = world.client().get("/.well-known/openid-configuration").json()
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert document["end_session_endpoint"] == f"{ISSUER}/session/end"


def test_backchannel_rp_initiated_logout(site: Site) -> None:
    """The partner sends the browser to sign out; its server is told as well, of the same person and session."""
    browser = site.world.signed_in()
    code = site.world.share(browser, site.world.ask(browser))["code"]
    hint = site.world.exchange(code).json()["id_token"]
    page = browser.open(f"/session/end?{urlencode({'id_token_hint': hint})}")
    browser.submit(page, "/session/end/confirmed")
    assert site.deliver() == 1
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    known, told = jwt.decode(hint, keys).claims, jwt.decode(site.came[0], keys).claims
    assert (told["sub"], told["sid"], told["aud"]) == (known["sub"], known["sid"], known["aud"])
    assert "nonce" not in told


def test_2_4_a_logout_token(site: Site) -> None:
    """Who, from whom, to whom, when; the event, no nonce, and a type of its own."""
    tokens = site.sign_out()
    assert site.deliver() == 1
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    token = jwt.decode(site.came[0], keys)
    signed_in = jwt.decode(tokens["id_token"], keys).claims
    assert token.header["typ"] == "logout+jwt"
    now = site.world.clock()
    assert token.claims == {
        "iss": ISSUER,
        "aud": "quizco-web",
        "sub": signed_in["sub"],
        "iat": now,
        "exp": now + 120,
        "jti": token.claims["jti"],
        "events": {EVENT: {}},
        "sid": signed_in["sid"],
    }
    assert site.deliver() == 0


def test_2_5_only_who_was_used_in_the_session_is_told(site: Site) -> None:
    """A session in which nothing was shared concerns nobody."""
    browser = site.world.signed_in()
    browser.submit(browser.open("/connected"), "/logout")
    assert site.deliver() == 0
    site.sign_out()
    site.world.clock.pass_by(60)
    browser = site.world.signed_in()
    browser.submit(browser.open("/connected"), "/logout")
    assert site.deliver() == 1, "the first session's, and none for the second"


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(("ending", "told"), [("/stop", 0), ("/pause", 0), ("", 1)])
def test_nobody_is_recognised_at_sign_out_without_a_grant_that_stands(
    site: Site, ending: str, told: int
) -> None:
    """Or a partner would hear when its former person was at a browser (decision 0061)."""
    browser = site.world.signed_in()
    site.world.exchange(site.world.share(browser, site.world.ask(browser))["code"])
    if ending:
        press(browser, detail_of(browser), ending)
    browser.submit(browser.open("/connected"), "/logout")
    assert site.deliver() == told


def sid_of(world: World, answer: dict[str, str]) -> str:
    """Exchange; give the session's name in the ID token."""
    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    sid: str = jwt.decode(world.exchange(answer["code"]).json()["id_token"], keys).claims["sid"]
    return sid


def test_2_1_a_session_has_a_name_that_a_step_up_keeps(each_world: World) -> None:
    """One browser, one name, whatever the person proves in between; another browser, another name."""
    browser, other = each_world.signed_in(), each_world.signed_in()
    first = sid_of(each_world, each_world.share(browser, each_world.ask(browser)))
    each_world.clock.pass_by(5)
    again = each_world.ask(browser, prompt="login")
    back = browser.submit(again, "/reauthenticate", {"password": PASSWORD}, stop_at=QUIZCO_REDIRECT)
    assert sid_of(each_world, answer_of(back)) == first
    assert sid_of(each_world, answer_of(each_world.ask(other))) != first
    browser.submit(browser.open("/connected"), "/logout")
    browser.submit(browser.open("/login"), "/login", {"email": "asha@lakeside.example", "password": PASSWORD})
    assert sid_of(each_world, answer_of(each_world.ask(browser))) != first


def test_2_1_partners_cannot_compare_people_by_it(world: World) -> None:
    """Each client has a name of its own for one session, as it has for the person."""
    browser = world.signed_in()
    ours = sid_of(world, world.share(browser, world.ask(browser)))
    page = browser.open(begin(push(world)), stop_at=CAMPUSPRESS_REDIRECT)
    back = answer_of(browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT))
    tokens = world.post_signed("/token", exchange_form(back["code"])).json()
    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    assert jwt.decode(tokens["id_token"], keys).claims["sid"] not in ("", ours)


def test_2_5_the_session_that_ended_is_named_and_no_other(site: Site) -> None:
    """Signing out of one browser is told once, by the name that the client knows; the other browser stays."""
    browser, other = site.world.signed_in(), site.world.signed_in()
    first = sid_of(site.world, site.world.share(browser, site.world.ask(browser)))
    second = sid_of(site.world, answer_of(site.world.ask(other)))
    browser.submit(browser.open("/connected"), "/logout")
    assert site.deliver() == 1
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    assert jwt.decode(site.came[0], keys).claims["sid"] == first
    other.submit(other.open("/security"), "/logout")
    assert site.deliver() == 1
    assert jwt.decode(site.came[1], keys).claims["sid"] == second


def run_idle(site: Site) -> None:
    site.world.clock.pass_by(site.world.services.settings.session_idle_ttl)


def run_long(site: Site) -> None:
    """It was used all the time, and is as old as a session gets."""
    site.world.clock.pass_by(site.world.services.settings.session_ttl)
    act(site.world, "UPDATE session SET last_seen_at = :now", now=site.world.clock())


def recover(site: Site) -> None:
    """What a link to an address does, and the command line."""
    new = NewPassword(site.world.person_id(), "$argon2id$x", site.world.clock())
    site.world.store(keep_passwords, new)


def change_role(site: Site) -> None:
    """What two administrators do, and the command line."""
    world = site.world
    record = act_of(world.services, world.person_id("admin@platform.example"), "change_role", "person", "x")
    change = RoleChange(world.person_id(), "student", "professor", False, world.clock(), record)
    assert world.store(change_roles, change)


def reset_factor(site: Site) -> None:
    """What two administrators do for somebody who lost it."""
    world = site.world
    record = act_of(world.services, world.person_id("admin@platform.example"), "reset", "person", "x")
    assert world.store(add_authenticators, NewAuthenticator(world.person_id(), b"", 0, world.clock(), ()))
    assert world.store(reset_factors, FactorReset(world.person_id(), record))


ENDS = (run_idle, run_long, recover, change_role, reset_factor)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("end", ENDS)
def test_2_1_a_session_that_nobody_ended_is_told_once_too(site: Site, end: Callable[[Site], None]) -> None:
    """It ran out, or something else ended it: with the name that the partner knows, and not before."""
    browser = site.world.signed_in()
    sid = sid_of(site.world, site.world.share(browser, site.world.ask(browser)))
    site.world.clock.pass_by(site.world.services.settings.session_idle_ttl - 1)
    assert site.deliver() == 0
    browser.open("/connected")
    site.world.clock.pass_by(1)
    assert site.deliver() == 0, "it was used meanwhile"
    end(site)
    assert [site.deliver(), site.deliver()] == [1, 0]
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    assert jwt.decode(site.came[0], keys).claims["sid"] == sid
    assert "/login" in browser.open("/connected").url


def test_a_new_password_ends_the_other_browsers_and_this_one_goes_on(site: Site) -> None:
    here, there = site.world.signed_in(), site.world.signed_in()
    site.world.exchange(site.world.share(here, site.world.ask(here))["code"])
    sid = sid_of(site.world, answer_of(site.world.ask(there)))
    session = site.world.run(find_session, site.world.services, here._client.cookies[COOKIE])
    assert session is not None
    site.world.run(change_password, site.world.services, session, "another lantern, another library")
    assert site.deliver() == 1
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    assert jwt.decode(site.came[0], keys).claims["sid"] == sid


def test_a_code_dies_with_its_session_and_with_no_other(site: Site) -> None:
    """A client that redeemed it later would sign in who has signed out, and nobody would tell it."""
    browser, other = site.world.signed_in(), site.world.signed_in()
    site.world.exchange(site.world.share(browser, site.world.ask(browser))["code"])
    late, theirs = (answer_of(site.world.ask(each))["code"] for each in (browser, other))
    browser.submit(browser.open("/connected"), "/logout")
    assert site.world.exchange(late).json()["error"] == "invalid_grant"
    assert site.world.exchange(theirs).status_code == 200
    assert site.deliver() == 1


def test_a_device_gets_what_was_allowed_though_the_browser_signs_out(each_world: World) -> None:
    """RFC 8628: it waits without the browser, and asks again in some seconds."""
    tv = Television(each_world)
    tv.begin()
    browser = each_world.signed_in()
    browser.submit(tv.type(browser), "/consent", button="share")
    browser.submit(browser.open("/connected"), "/logout")
    assert tv.poll().status_code == 200


def test_somebody_else_at_the_same_browser_ends_the_session_before(site: Site) -> None:
    """A step-up of the same person does not: the session goes on under its name."""
    browser = site.world.signed_in()
    site.world.exchange(site.world.share(browser, site.world.ask(browser))["code"])
    site.world.clock.pass_by(5)
    again = site.world.ask(browser, prompt="login")
    browser.submit(again, "/reauthenticate", {"password": PASSWORD}, stop_at=QUIZCO_REDIRECT)
    assert site.deliver() == 0
    known = {"email": "ben@lakeside.example", "password": PASSWORD}
    browser.submit(browser.open("/login"), "/login", known)
    assert site.deliver() == 1


def test_a_session_of_old_is_told_without_a_name(site: Site) -> None:
    """Sessions and tokens that were there before sessions had names: whoever got tokens since is told."""
    browser = site.world.signed_in()

    def forget(connection: Connection, _: object) -> list[None]:
        connection.execute(text("UPDATE session SET sid = NULL"))
        return [None]

    site.world.store(forget, None)
    code = site.world.share(browser, site.world.ask(browser))["code"]
    keys = KeySet.import_key_set(site.world.client().get("/jwks.json").json())
    assert "sid" not in jwt.decode(site.world.exchange(code).json()["id_token"], keys).claims
    browser.submit(browser.open("/connected"), "/logout")
    assert site.deliver() == 1
    assert "sid" not in jwt.decode(site.came[0], keys).claims


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("failure", [OutboundFault("down"), 400, 503, 302])
def test_a_partner_that_is_down_is_told_later(site: Site, failure: Any) -> None:
    """With growing waits, each time by a fresh token; after the last one it is given up."""
    site.sign_out()
    site.answer = failure
    assert site.deliver() == 1
    assert site.deliver() == 0
    site.world.clock.pass_by(WAITS[0])
    assert site.deliver() == 1
    site.answer = 204
    site.world.clock.pass_by(WAITS[1])
    assert site.deliver() == 1
    assert len(set(site.came)) == 3
    site.world.clock.pass_by(10 * WAITS[-1])
    assert site.deliver() == 0


def test_after_a_day_it_is_given_up(site: Site) -> None:
    site.sign_out()
    site.answer = 500
    for wait in (*WAITS, WAITS[-1]):
        assert site.deliver() == 1
        site.world.clock.pass_by(wait)
    assert site.deliver() == 0


def test_a_node_that_died_leaves_its_notice_to_the_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: an attempt that never ended is made again when its lease is over."""
    site.sign_out()
    site.answer = RuntimeError("the power failed")
    with pytest.raises(RuntimeError):
        site.deliver()
    site.answer = 200
    assert site.deliver() == 0
    site.world.clock.pass_by(LEASE)
    assert site.deliver() == 1


def test_a_partner_that_is_gone_is_owed_nothing(site: Site) -> None:
    site.sign_out()
    partners = site.world.services.registry.partners
    found = partners["quizco"]
    object.__setattr__(found, "state", type(found.state)("paused"))
    assert site.deliver() == 1
    assert site.came == []
    object.__setattr__(found, "state", type(found.state)("live"))
    assert site.deliver() == 0


def test_the_courier_goes_on_after_a_failure(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the background, as long as the gateway is served."""
    turns: list[int] = []
    went_on = asyncio.Event()

    async def deliver(self: Courier) -> int:
        turns.append(1)
        if len(turns) == 1:
            raise RuntimeError("no database for a moment")
        went_on.set()
        return 0

    monkeypatch.setattr(Courier, "deliver", deliver)
    world = make_world(delivery_interval=0.01)

    world.run(went_on.wait)
