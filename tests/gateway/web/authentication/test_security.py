"""How people sign in beyond the password: codes, passkeys, sessions, and what takes a step-up (promise P15)."""

import dataclasses
import functools
import html
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.accounts.one_time_passwords import STEP, code_at
from gateway.actions.authentication.passkeys import ask_to_add
from gateway.actions.authentication.password_change import change_password
from gateway.actions.authentication.second_factors import begin_setup, finish_setup
from gateway.actions.authentication.sessions import find_session
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.store.authentication.second_factors import load_authenticators
from gateway.web.pages.visit import COOKIE
from tests.authenticator import PRESENT, Authenticator
from tests.gateway.store.samples import rows
from tests.protocol.campuspress import begin, push
from tests.world import CAMPUSPRESS_REDIRECT, ISSUER, PASSWORD, QUIZCO_REDIRECT, World, answer_of

ASHA = "asha@lakeside.example"
HOST = "gateway.example"


def secret_of(page: Page) -> bytes:
    import base64

    found = re.search(r'<code class="key"[^>]*>([A-Z2-7 ]+)</code>', page.response.text)
    assert found
    return base64.b32decode(found[1].replace(" ", ""))


def switch_codes_on(world: World, browser: Browser) -> tuple[bytes, list[str]]:
    """Set an app up; give its secret and the recovery codes."""
    page = browser.open("/security/code")
    secret = secret_of(page)
    done = browser.submit(page, "/security/code", {"code": code_at(secret, world.clock())})
    codes = re.findall(r"<code[^>]*>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>", done.response.text)
    assert len(codes) == len(set(codes)) == 10
    return secret, codes


def give_password(browser: Browser, email: str = ASHA, path: str = "/login") -> Page:
    return browser.submit(browser.open(path), "/login", {"email": email, "password": PASSWORD})


def test_signing_in_takes_password_and_code_once_codes_are_on(each_world: World):
    secret, _ = switch_codes_on(each_world, each_world.signed_in())
    each_world.clock.pass_by(STEP)
    browser = each_world.browser()
    page = give_password(browser, path="/login?next=/security")
    assert "/login" in browser.open("/profile").url
    wrong = browser.submit(page, "/login/code", {"code": "000000"})
    assert wrong.status == 400
    page = browser.submit(wrong, "/login/code", {"code": code_at(secret, each_world.clock())})
    assert page.url.endswith("/security")
    assert "with password and code" in page.text


def test_rfc6238_5_2_a_code_works_once(each_world: World):
    secret, _ = switch_codes_on(each_world, each_world.signed_in())
    used = code_at(secret, each_world.clock())
    page = give_password(each_world.browser())
    assert each_world.browser().submit(page, "/login/code", {"code": used}).status == 400
    each_world.clock.pass_by(STEP)
    code = code_at(secret, each_world.clock())
    first, second = each_world.browser(), each_world.browser()
    assert first.submit(give_password(first), "/login/code", {"code": code}).url.endswith("/")
    assert second.submit(give_password(second), "/login/code", {"code": code}).status == 400


def test_a_recovery_code_works_once_however_it_is_typed(each_world: World):
    _, codes = switch_codes_on(each_world, each_world.signed_in())
    first, second = each_world.browser(), each_world.browser()
    page = first.submit(give_password(first), "/login/code", {"code": codes[0].upper().replace("-", " ")})
    assert page.url.endswith("/")
    assert "9 recovery codes are left" in first.open("/security").text
    assert second.submit(give_password(second), "/login/code", {"code": codes[0]}).status == 400


def test_guessing_codes_is_throttled_and_the_password_does_not_buy_more(world: World):
    switch_codes_on(world, world.signed_in())
    browser = world.browser()
    page = give_password(browser)
    statuses = []
    for _ in range(world.services.settings.login_attempts + 1):
        page = browser.submit(page, "/login/code", {"code": "000000"})
        statuses.append(page.status)
    assert statuses[-1] == 429
    assert browser.submit(give_password(browser), "/login/code", {"code": "000000"}).status == 429


def test_the_password_counts_for_five_minutes_and_a_forged_one_not_at_all(world: World):
    secret, _ = switch_codes_on(world, world.signed_in())
    browser = world.browser()
    page = give_password(browser, path="/login?next=/profile")
    world.clock.pass_by(301)
    late = browser.submit(page, "/login/code", {"code": code_at(secret, world.clock())})
    assert late.url.endswith("/login?next=%2Fprofile&done=too-late")
    assert "open for too long" in late.text
    forged = {"factor": "AAAA", "code": code_at(secret, world.clock())}
    answer = world.client().post("/login/code", data=forged)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?done=too-late")
    assert COOKIE not in answer.cookies


def open_sessions(world: World) -> int:
    return int(rows(world, "SELECT count(*) FROM session WHERE ended_at IS NULL")[0][0])


@pytest.mark.parametrize("is_spare", [False, True])
def test_the_same_code_form_sent_twice_opens_the_same_session_and_no_other(
    each_world: World, *, is_spare: bool
) -> None:
    """A double click arrives; the code still works once, for no other log-in, and not after signing out."""
    secret, spare = switch_codes_on(each_world, each_world.signed_in())
    each_world.clock.pass_by(STEP)
    before, code = open_sessions(each_world), spare[0] if is_spare else code_at(secret, each_world.clock())
    browser, twin, thief = (each_world.browser() for _ in range(3))
    page = give_password(browser, path="/login?next=/security")
    letters = len(each_world.letters.letters)
    assert browser.submit(page, "/login/code", {"code": code}).url.endswith("/security")
    # The second press left before the first one's answer came, so it has no session.
    assert twin.submit(page, "/login/code", {"code": code}).url.endswith("/security")
    assert twin._client.cookies[COOKIE] == browser._client.cookies[COOKIE]
    assert open_sessions(each_world) == before + 1
    assert len(each_world.letters.letters) - letters == int(is_spare)
    # A second window of the browser that is in goes on, whatever is typed there.
    assert browser.submit(page, "/login/code", {"code": "000000"}).url.endswith("/security")
    other = give_password(thief)
    assert thief.submit(other, "/login/code", {"code": code}).status == 400
    assert thief.submit(page, "/login/code", {"code": "000000"}).status == 400
    browser.submit(browser.open("/security"), "/logout")
    assert "/login" in thief.submit(page, "/login/code", {"code": code}).url
    assert COOKIE not in thief._client.cookies
    assert open_sessions(each_world) == before


def test_a_wrong_first_code_keeps_nothing(world: World):
    browser = world.signed_in()
    page = browser.open("/security/code")
    secret = secret_of(page)
    again = browser.submit(page, "/security/code", {"code": "12345"})
    assert again.status == 400
    assert secret_of(again) == secret
    assert world.store(load_authenticators, world.person_id()) is None


def test_a_setup_belongs_to_its_session_waits_a_while_and_happens_once(world: World):
    browser, other = world.signed_in(), world.signed_in("ben@lakeside.example")
    page = browser.open("/security/code")
    secret, code = secret_of(page), code_at(secret_of(page), world.clock())
    ticket = dict(page.form("/security/code").fields)["ticket"]
    foreign = other.submit(other.open("/security/code"), "/security/code", {"ticket": ticket, "code": code})
    assert foreign.status == 409
    assert browser.submit(page, "/security/code", {"code": code}).status == 200
    late = browser.open("/security/code")
    wrong = {"code": code_at(secret_of(late), world.clock())}
    assert browser.submit(late, "/security/code", wrong).status == 409
    assert secret


def test_an_old_setup_is_refused_even_from_a_fresh_session(world: World):
    """The page's guard is not the only one: actions check for themselves."""
    session = world.run(find_session, world.services, secret_cookie(world.signed_in()))
    assert session
    setup = world.run(begin_setup, world.services, session, "a")
    world.clock.pass_by(901)
    fresh = dataclasses.replace(session, auth_time=world.clock())
    refused: dict[str, Callable[[], Awaitable[Any]]] = {
        "stale_form": functools.partial(finish_setup, world.services, fresh, setup.ticket, "000000"),
        "not_allowed": functools.partial(ask_to_add, world.services, session, "a"),
    }
    for code, work in refused.items():
        with pytest.raises(Refusal) as refusal:
            world.run(work)
        assert refusal.value.code == code
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(begin_setup, world.services, session, "a")


def secret_cookie(browser: Browser) -> str:
    return browser._client.cookies["__Host-session"]


def test_codes_that_were_switched_off_in_the_meantime_let_nobody_in(world: World):
    browser = world.signed_in()
    secret, _ = switch_codes_on(world, browser)
    page = give_password(world.browser())
    browser.submit(browser.open("/security"), "/security/code/remove")
    world.clock.pass_by(STEP)
    code = code_at(secret, world.clock())
    assert world.browser().submit(page, "/login/code", {"code": code}).status == 400


def test_setups_are_throttled(world: World):
    browser = world.signed_in()
    page = browser.open("/security/code")
    for _ in range(world.services.settings.login_attempts):
        assert browser.submit(page, "/security/code", {"code": "000000"}).status == 400
    assert browser.submit(page, "/security/code", {"code": "000000"}).status == 429


def test_codes_can_be_switched_off_and_the_person_is_told(each_world: World):
    browser = each_world.signed_in()
    switch_codes_on(each_world, browser)
    page = browser.submit(browser.open("/security"), "/security/code/remove")
    assert "Set up an app" not in browser.open("/").text
    assert page.status == 200
    assert give_password(each_world.browser()).url.endswith("/")
    browser.submit(browser.open("/security"), "/security/sessions/end", {"session": "others"})
    told = [letter.text for letter in each_world.letters.letters]
    assert any("takes a code" in text for text in told)
    assert any("no code of an app" in text for text in told)
    # Once more changes nothing, and nobody is told.
    assert browser._client.post("/security/code/remove", data=csrf(browser)).status_code == 303
    assert len(each_world.letters.letters) == len(told)


def csrf(browser: Browser) -> dict[str, str]:
    fields = dict(browser.open("/security").form("/logout").fields)
    return {"csrf_token": fields["csrf_token"]}


# Passkeys


def options_of(page: Page) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', page.response.text)
    assert found
    return json.loads(html.unescape(found[1]))


def add_passkey(browser: Browser, device: Authenticator) -> Page:
    page = browser.open("/security/passkey")
    return browser.submit(page, "/security/passkey", {"credential": device.create(options_of(page))})


def use_passkey(browser: Browser, device: Authenticator, path: str = "/login/passkey") -> Page:
    page = browser.open(path)
    return browser.submit(page, path.split("?")[0], {"credential": device.get(options_of(page))})


def device(**changes) -> Authenticator:
    return Authenticator(**{"origin": ISSUER, "rp_id": HOST, **changes})


def test_webauthn_7_a_passkey_signs_in_without_a_password(each_world: World):
    own = device()
    page = add_passkey(each_world.signed_in(), own)
    assert page.url.endswith("/security?done=saved")
    browser = each_world.browser()
    page = use_passkey(browser, own, "/login/passkey?next=/security")
    assert page.url.endswith("/security")
    assert "with a passkey" in page.text
    assert any("A passkey was added" in letter.text for letter in each_world.letters.letters)


def test_only_passkey_pages_may_run_a_script(world: World):
    browser = world.signed_in()
    for path, allowed in (
        ("/security/passkey", True),
        ("/login/passkey", True),
        ("/security", False),
        ("/login", False),
    ):
        policy = browser.open(path).response.headers["content-security-policy"]
        assert ("script-src 'self'" in policy) is allowed
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "wrong",
    [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}],
)
def test_webauthn_7_1_a_passkey_of_another_site_is_not_kept(world: World, wrong):
    page = add_passkey(world.signed_in(), device(**wrong))
    assert page.status == 400
    assert "could not be used here" in page.text


def test_webauthn_7_2_a_foreign_signature_signs_nobody_in(world: World):
    own = device()
    add_passkey(world.signed_in(), own)
    thief = device()
    thief.count = 10
    assert use_passkey(world.browser(), thief).status == 400
    unknown = device(name=b"unknown-passkey!")
    assert use_passkey(world.browser(), unknown).status == 400


def test_webauthn_7_2_who_is_not_verified_is_not_let_in(world: World):
    own = device()
    add_passkey(world.signed_in(), own)
    own.flags = PRESENT
    assert use_passkey(world.browser(), own).status == 400


def test_webauthn_7_2_a_copied_passkey_shows_by_its_counter(world: World):
    own = device()
    add_passkey(world.signed_in(), own)
    use_passkey(world.browser(), own)
    own.count = 0
    assert use_passkey(world.browser(), own).status == 400


def test_an_answer_works_once_in_its_own_time_and_session(each_world: World):
    own = device()
    asha = each_world.signed_in()
    add_passkey(asha, own)
    browser = each_world.browser()
    page = browser.open("/login/passkey")
    answer = own.get(options_of(page))
    own.count += 5
    assert browser.submit(page, "/login/passkey", {"credential": answer}).url.endswith("/")
    replayed = each_world.browser().submit(page, "/login/passkey", {"credential": answer})
    assert replayed.status == 400
    # In the browser that came in by it, the same form leads to the same place.
    assert browser.submit(page, "/login/passkey", {"credential": answer}).url.endswith("/")
    page = browser.open("/login/passkey")
    each_world.clock.pass_by(301)
    late = browser.submit(page, "/login/passkey", {"credential": own.get(options_of(page))})
    assert late.url.endswith("/login?done=too-late")
    again = asha.open("/reauthenticate/passkey")
    ben = each_world.signed_in("ben@lakeside.example")
    ticket = dict(again.form("/reauthenticate/passkey").fields)["ticket_of_passkey"]
    theirs = ben.open("/reauthenticate/passkey")
    foreign = {"ticket_of_passkey": ticket, "credential": own.get(options_of(again))}
    assert ben.submit(theirs, "/reauthenticate/passkey", foreign).status == 400


def test_a_registration_is_answered_once_and_a_passkey_is_known_once(world: World):
    own, browser = device(), world.signed_in()
    page = browser.open("/security/passkey")
    answer = own.create(options_of(page))
    assert browser.submit(page, "/security/passkey", {"credential": answer}).status == 200
    assert browser.submit(page, "/security/passkey", {"credential": answer}).status == 409
    fresh = browser.open("/security/passkey")
    assert len(options_of(fresh)["excludeCredentials"]) == 1
    assert add_passkey(world.signed_in("ben@lakeside.example"), own).status == 400


@pytest.mark.parametrize("answer", ["", "[]", "{}", '{"id": 7}', "x" * 30_000, '{"id": "AA", "rawId": "AA"}'])
def test_nonsense_in_place_of_a_passkey_is_refused(world: World, answer: str):
    browser = world.signed_in()
    page = browser.open("/security/passkey")
    assert browser.submit(page, "/security/passkey", {"credential": answer}).status == 400
    page = world.browser().open("/login/passkey")
    assert world.browser().submit(page, "/login/passkey", {"credential": answer}).status == 400


def test_a_passkey_can_be_removed_by_its_person_only(world: World):
    own, browser = device(), world.signed_in()
    add_passkey(browser, own)
    ben = world.signed_in("ben@lakeside.example")
    stolen = {**csrf(ben), "passkey": own.name.hex()}
    assert ben._client.post("/security/passkey/remove", data=stolen).status_code == 409
    assert ben._client.post("/security/passkey/remove", data={**stolen, "passkey": "zz"}).status_code == 400
    browser.submit(browser.open("/security"), "/security/passkey/remove")
    assert "A passkey was removed" in world.letters.letters[-1].text
    assert use_passkey(world.browser(), own).status == 400


# Step-up


def test_stepping_up_by_code_or_passkey_shows_the_values(world: World):
    own, browser = device(), world.signed_in()
    add_passkey(browser, own)
    secret, _ = switch_codes_on(world, browser)
    for step_up in ("code", "passkey"):
        world.clock.pass_by(700)
        assert "asha@home.example" not in browser.open("/profile").text
        if step_up == "code":
            page = browser.open("/reauthenticate?next=/profile")
            assert browser.submit(_code_form(page), "/reauthenticate", {"code": "000000"}).status == 400
            page = browser.submit(
                _code_form(page), "/reauthenticate", {"code": code_at(secret, world.clock())}
            )
        else:
            page = use_passkey(browser, own, "/reauthenticate/passkey?next=/profile")
        assert "asha@home.example" in page.text


def _code_form(page: Page) -> Page:
    """The page with only the form that takes a code."""
    forms = [form for form in page.forms if form.action.endswith("/reauthenticate")]
    return Page(page.response, [forms[-1]], page.text)


def test_stepping_up_with_somebody_elses_passkey_does_not_help(world: World):
    bens, asha = device(), world.signed_in()
    add_passkey(world.signed_in("ben@lakeside.example"), bens)
    assert use_passkey(asha, bens, "/reauthenticate/passkey").status == 400


def test_step_up_by_code_is_throttled(world: World):
    browser = world.signed_in()
    switch_codes_on(world, browser)
    page = browser.open("/reauthenticate")
    for _ in range(world.services.settings.login_attempts):
        browser.submit(_code_form(page), "/reauthenticate", {"code": "000000"})
    assert browser.submit(_code_form(page), "/reauthenticate", {"code": "000000"}).status == 429


@pytest.mark.parametrize("path", ["/security/code", "/security/passkey"])
def test_changing_how_one_signs_in_takes_a_step_up(world: World, path: str):
    browser = world.signed_in()
    token = csrf(browser)
    world.clock.pass_by(700)
    assert "/reauthenticate" in browser.open(path).url
    for action in (path, f"{path}/remove"):
        assert (
            browser._client.post(action, data=token).headers["location"] == "/reauthenticate?next=/security"
        )


def test_a_sensitive_detail_is_granted_only_after_a_recent_step_up(world: World):
    """CampusPress asks for the postal address; QuizCo's items are not sensitive, so an old log-in is enough."""
    browser = world.signed_in()
    page = world.ask(browser)
    world.clock.pass_by(700)
    assert "code" in world.share(browser, page)


def test_ending_never_takes_a_step_up(world: World):
    browser, other = world.signed_in(), world.signed_in()
    page = browser.open("/security")
    world.clock.pass_by(700)
    page = browser.submit(browser.open("/security"), "/security/sessions/end")
    assert page.status == 200
    assert "/login" in other.open("/profile").url


# Sessions


def test_sessions_are_listed_and_ended_one_by_one_or_all(each_world: World):
    browser = each_world.signed_in()
    others = [each_world.browser() for _ in range(3)]
    for number, each in enumerate(others):
        each._client.headers["user-agent"] = (
            "Mozilla (X11; Linux) Firefox/1",
            "Mozilla (iPhone) Safari",
            "",
        )[number]
        give_password(each)
    page = browser.open("/security")
    assert "Firefox, Linux" in page.text
    assert "Safari, iPhone" in page.text
    assert page.text.count("with the password") == len([browser, *others])
    browser.submit(page, "/security/sessions/end")
    assert sum("/login" in each.open("/profile").url for each in others) == 1
    browser.submit(browser.open("/security"), "/security/sessions/end", {"session": "others"})
    assert all("/login" in each.open("/profile").url for each in others)
    assert browser.open("/profile").url.endswith("/profile")


def test_nobody_ends_somebody_elses_session(world: World):
    asha, ben = world.signed_in(), world.signed_in("ben@lakeside.example")
    find = re.compile(r'name="session" value="([0-9a-f]{64})"')
    world.signed_in()
    (session,) = find.findall(asha.open("/security").response.text)
    for stolen, status in ((session, 409), ("zz", 400)):
        data = {**csrf(ben), "session": stolen}
        assert ben._client.post("/security/sessions/end", data=data).status_code == status


def test_a_session_cannot_be_fixed_beforehand(world: World):
    """The secret that a browser brings along is never the one that it has after signing in, by any method."""
    own = device()
    browser = world.signed_in()
    add_passkey(browser, own)
    secret, _ = switch_codes_on(world, browser)
    world.clock.pass_by(STEP)
    for how in ("code", "passkey"):
        victim = world.browser()
        victim._client.cookies.set("__Host-session", "cg_se_chosen-by-an-attacker", domain=HOST)
        if how == "code":
            victim.submit(give_password(victim), "/login/code", {"code": code_at(secret, world.clock())})
        else:
            use_passkey(victim, own)
        values = [cookie.value for cookie in victim._client.cookies.jar if cookie.name == "__Host-session"]
        assert "cg_se_chosen-by-an-attacker" not in values


# What partners learn of it


@pytest.mark.parametrize(
    ("how", "amr"), [("pwd", ["pwd"]), ("mfa", ["pwd", "otp", "mfa"]), ("phr", ["pop", "user", "mfa"])]
)
def test_oidc_core_2_an_id_token_tells_how_the_person_signed_in(world: World, how: str, amr: list[str]):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    browser = world.signed_in()
    own = device()
    if how == "mfa":
        secret, _ = switch_codes_on(world, browser)
        world.clock.pass_by(STEP)
        browser = world.browser()
        browser.submit(give_password(browser), "/login/code", {"code": code_at(secret, world.clock())})
    elif how == "phr":
        add_passkey(browser, own)
        browser = world.browser()
        use_passkey(browser, own)
    tokens = world.exchange(world.share(browser, world.ask(browser))["code"]).json()
    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    claims = jwt.decode(tokens["id_token"], keys).claims
    assert (claims["acr"], claims["amr"]) == (how, amr)


def test_oidc_core_5_5_1_1_an_essential_class_is_reached_before_the_screen(world: World):
    browser, own = world.signed_in(), device()
    add_passkey(browser, own)
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["phr"]}}})
    page = world.ask(browser, claims=claims)
    assert "/reauthenticate" in page.url
    again = browser.submit(page, "/reauthenticate", {"password": PASSWORD})
    assert "/reauthenticate" in again.url
    ticket = page.url.partition("?")[2]
    page = use_passkey(browser, own, f"/reauthenticate/passkey?{ticket}")
    assert "code" in world.share(browser, page)
    refused = world.ask(world.signed_in("ben@lakeside.example"), claims=claims, prompt="none")
    assert answer_of(refused)["error"] == "login_required"


def acr_of(world: World, answer: dict[str, str]) -> object:
    """Exchange; give the class that the ID token names."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(world.client().get("/jwks.json").json())
    return jwt.decode(world.exchange(answer["code"]).json()["id_token"], keys).claims["acr"]


def test_oidc_core_3_1_2_1_acr_values_lead_to_the_first_class_that_the_person_can_reach(each_world: World):
    """A wish in order of preference: who has a passkey is asked for it, and who used it is asked no more."""
    browser, own = each_world.signed_in(), device()
    add_passkey(browser, own)
    page = each_world.ask(browser, acr_values="urn:unknown phr pwd")
    assert "/reauthenticate" in page.url
    assert "stronger sign-in" in page.text
    page = use_passkey(browser, own, f"/reauthenticate/passkey?{page.url.partition('?')[2]}")
    assert acr_of(each_world, each_world.share(browser, page)) == "phr"
    assert acr_of(each_world, answer_of(each_world.ask(browser, acr_values="mfa"))) == "phr"


def test_oidc_core_3_1_2_1_acr_values_are_asked_for_once(world: World):
    """Who goes on by password gets through, and the ID token says so."""
    browser = world.signed_in()
    add_passkey(browser, device())
    page = world.ask(browser, acr_values="phr")
    page = browser.submit(page, "/reauthenticate", {"password": PASSWORD})
    assert acr_of(world, world.share(browser, page)) == "pwd"


def test_oidc_core_3_1_2_1_acr_values_by_a_code_of_the_app(world: World):
    browser = world.signed_in()
    secret, _ = switch_codes_on(world, world.signed_in())
    world.clock.pass_by(STEP)
    page = world.ask(browser, acr_values="phr mfa")
    page = browser.submit(page, "/reauthenticate", {"code": code_at(secret, world.clock())})
    assert acr_of(world, world.share(browser, page)) == "mfa"
    assert "code=" in world.ask(browser, acr_values="phr mfa").text


@pytest.mark.parametrize("values", ["phr mfa", "pwd phr", "urn:unknown"])
def test_oidc_core_3_1_2_1_acr_values_out_of_reach_are_not_asked_for(world: World, values: str):
    """Who has neither passkey nor app goes on at once."""
    browser = world.signed_in()
    assert acr_of(world, world.share(browser, world.ask(browser, acr_values=values))) == "pwd"


def test_oidc_core_3_1_2_1_acr_values_never_fail_silently(world: World):
    """With prompt=none a wish is passed over."""
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    add_passkey(browser, device())
    assert "code" in answer_of(world.ask(browser, acr_values="phr", prompt="none"))


def test_oidc_core_5_5_1_1_an_essential_class_out_of_reach_is_an_error(world: World):
    """Asking for a password again and again would help nobody; before a consent our page says it, not the answer."""
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["mfa"]}}})
    browser = world.signed_in()
    page = world.ask(browser, claims=claims)
    assert "needs a stronger sign-in first" in page.text
    assert page.link("/security")
    assert page.link(QUIZCO_REDIRECT).startswith(f"{QUIZCO_REDIRECT}?error=access_denied")
    world.share(browser, world.ask(browser))
    back = answer_of(world.ask(browser, claims=claims))
    assert back["error"] == "unmet_authentication_requirements"


def test_p15_a_postal_address_is_granted_only_after_a_recent_step_up(world: World):
    """The answer is kept, the person shows who it is, and answers again."""
    browser = world.signed_in()
    page = browser.open(begin(push(world)), stop_at=CAMPUSPRESS_REDIRECT)
    world.clock.pass_by(700)
    asked = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    assert "/reauthenticate" in asked.url
    page = browser.submit(asked, "/reauthenticate", {"password": PASSWORD})
    back = browser.submit(page, "/consent", button="share", stop_at=CAMPUSPRESS_REDIRECT)
    assert "code" in answer_of(back)


def test_saying_no_to_a_sensitive_detail_takes_no_step_up(world: World):
    browser = world.signed_in()
    page = browser.open(begin(push(world)), stop_at=CAMPUSPRESS_REDIRECT)
    world.clock.pass_by(700)
    back = browser.submit(page, "/consent", button="refuse", stop_at=CAMPUSPRESS_REDIRECT)
    assert answer_of(back)["error"] == "access_denied"


def test_signing_out_elsewhere_is_told_to_partners(world: World):
    """Back-Channel Logout: the session that ends from afar ends as if its own browser had ended it."""
    from sqlalchemy import text

    other, browser = world.signed_in(), world.signed_in()
    world.share(other, world.ask(other))
    browser.submit(browser.open("/security"), "/security/sessions/end", {"session": "others"})

    def read(connection, _):
        return [connection.execute(text("SELECT count(*) FROM session WHERE ended_at IS NULL")).scalar_one()]

    assert world.run(world.services.store.read, read, None) == 1


NEW_PASSWORD = "a kite above the lake"


def set_new_password(browser: Browser, password: str = NEW_PASSWORD) -> Page:
    page = browser.open("/security/password")
    return browser.submit(page, "/security/password", {"new_password": password})


def test_a_new_password_signs_every_other_browser_out_and_tells_the_person(each_world: World):
    """This browser goes on with another secret: one that was copied before is worth nothing."""
    thief, browser = each_world.signed_in(), each_world.signed_in()
    before = browser._client.cookies[COOKIE]
    page = set_new_password(browser)
    assert "Your password is changed" in page.text
    assert browser._client.cookies[COOKIE] != before
    assert each_world.run(find_session, each_world.services, before) is None
    assert "/login" in thief.open("/profile").url
    assert "Asha Rao" in browser.open("/profile").text
    assert give_password(each_world.browser()).status == 400
    other = each_world.browser()
    other.submit(other.open("/login"), "/login", {"email": ASHA, "password": NEW_PASSWORD})
    assert "Asha Rao" in other.open("/profile").text
    told = each_world.letters.letters[-1]
    assert told.to == ASHA
    assert "every other browser was signed out" in told.text


def test_a_new_password_takes_a_step_up_and_is_none(world: World):
    """Whoever sits down at an open browser cannot take the account, and setting one proves nothing by itself."""
    browser = world.signed_in()
    page = browser.open("/security/password")
    world.clock.pass_by(500)
    assert set_new_password(browser).status == 200
    world.clock.pass_by(101)
    late = browser.submit(page, "/security/password", {"new_password": "another kite up there"})
    assert urlsplit(late.url).path == "/reauthenticate"
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    assert session
    with pytest.raises(Refusal, match="recent step-up"):
        world.run(change_password, world.services, session, "another kite up there")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaa", ASHA])
def test_a_new_password_that_is_easily_guessed_is_refused_beside_its_field(world: World, password: str):
    browser = world.signed_in()
    page = set_new_password(browser, password)
    assert page.status == 400
    assert 'aria-invalid="true"' in page.response.text
    assert "Asha Rao" in browser.open("/profile").text


def test_a_passkey_has_the_name_that_its_owner_gave_it_and_the_database_cannot_read_it(each_world: World):
    browser = each_world.signed_in()
    page = browser.open("/security/passkey")
    made = {"credential": device().create(options_of(page)), "name": "  Asha's \u202etablet "}
    browser.submit(page, "/security/passkey", made)
    shown = browser.open("/security")
    assert "Asha's tablet" in shown.text
    assert b"tablet" not in bytes(rows(each_world, "SELECT sealed_name FROM passkey")[0][0])
    assert "Red key" in browser.submit(shown, "/security/passkey/name", {"name": "Red key"}).text
    nameless = browser.submit(browser.open("/security"), "/security/passkey/name", {"name": " "})
    assert "Red key" not in nameless.text
    assert rows(each_world, "SELECT sealed_name FROM passkey") == [(None,)]


def test_somebody_elses_passkey_cannot_be_named(world: World):
    browser, ben = world.signed_in(), world.signed_in("ben@lakeside.example")
    add_passkey(browser, device())
    key = dict(browser.open("/security").form("/security/passkey/name").fields)["passkey"]
    posted = ben._client.post(
        "/security/passkey/name", data={**csrf(ben), "passkey": key, "name": "Mine now"}
    )
    assert posted.status_code == 409
    assert rows(world, "SELECT sealed_name FROM passkey") == [(None,)]
