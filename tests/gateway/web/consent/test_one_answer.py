"""One answer, one result: the same again goes to the same place, a changed question is asked again (decision 71)."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import delete

from gateway.actions.consent import screen
from gateway.actions.oauth.authorize import LogIn
from gateway.actions.operation.upkeep import sweep
from gateway.cli.browser import Browser, Page, PageForm
from gateway.kit.errors import Refusal
from gateway.model.people import Acr
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.tables import pushed_request
from gateway.web.oauth import authorize
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act, rows
from tests.gateway.web.consent.test_consent import EMAIL, PHONE, answer, block
from tests.gateway.web.consent.test_consents import new_version
from tests.protocol.campuspress import begin, push
from tests.protocol.screen import Television
from tests.world import PASSWORD, QUIZCO_REDIRECT, World, answer_of

ASHA = {"email": "asha@lakeside.example", "password": PASSWORD}


def events(world: World) -> list[str]:
    """What was decided, in order."""
    return [type_ for (type_,) in rows(world, "SELECT type FROM consent_event ORDER BY seq, at")]


def press(browser: Browser, page: Page, button: str = "share", *ticked: str) -> Page:
    """Answer; what comes may be the partner's address or a page."""
    return browser.submit(page, "/consent", {"item": ticked}, button=button, stop_at=QUIZCO_REDIRECT)


def sign_in_again(world: World, browser: Browser, email: str = ASHA["email"]) -> None:
    """Let another window of the browser sign out and somebody in."""
    browser.submit(browser.open("/"), "/logout")
    browser.submit(browser.open("/login"), "/login", {**ASHA, "email": email})


@pytest.mark.parametrize("changes", [{}, {"grant_management_action": "create"}])
def test_a_second_press_of_share_brings_a_code_of_its_own(each_world: World, changes: dict[str, str]) -> None:
    """RFC 6749 §4.1.2: each code works once; what was decided is decided once."""
    browser = each_world.signed_in()
    page = each_world.ask(browser, **changes)
    codes = [answer(each_world, browser, page, "share", PHONE)["code"] for _ in range(3)]
    assert len(set(codes)) == 3
    assert events(each_world) == ["given"]
    assert [each_world.exchange(code).status_code for code in codes] == [200] * 3
    assert each_world.exchange(codes[0]).status_code == 400


def test_the_same_answer_in_a_second_window_is_the_same_answer(each_world: World) -> None:
    """A minute later, too: the time that was chosen began while its screen was open."""
    browser = each_world.signed_in()
    first, second = each_world.ask(browser), each_world.ask(browser)
    answer(each_world, browser, first, "share", EMAIL)
    each_world.clock.pass_by(61)
    assert each_world.exchange(answer(each_world, browser, second, "share", EMAIL)["code"]).status_code == 200
    assert events(each_world) == ["given"]


@pytest.mark.parametrize(
    "changes",
    [{"item": [PHONE]}, {"item": [], "duration": "30"}, {"item": [EMAIL], f"form:{EMAIL}": "full"}],
    ids=["items", "time", "form"],
)
def test_another_second_answer_finds_the_screen_as_it_stands(world: World, changes: dict[str, Any]) -> None:
    """It says so, keeps what was chosen, and can be answered."""
    browser = world.signed_in()
    first, second = world.ask(browser), world.ask(browser)
    answer(world, browser, first, "share", EMAIL)
    told = browser.submit(second, "/consent", changes, button="share")
    assert (told.status, "perhaps in another window" in told.text) == (409, True)
    assert events(world) == ["given"]
    assert "code" in answer_of(press(browser, told, "share", PHONE))
    assert events(world) == ["given", "widened"]


def test_a_no_after_a_yes_is_shown_what_stands_and_a_yes_after_a_no_is_taken(world: World) -> None:
    """Nobody's later wish is lost."""
    browser = world.signed_in()
    first, second = world.ask(browser), world.ask(browser)
    answer(world, browser, first, "share")
    assert press(browser, second, "refuse").status == 409
    made_up = dict(second.form("/consent").filled({})) | {"decision": "keep"}
    assert browser._client.post("/consent", data=made_up).status_code == 409
    other = world.signed_in("aoife@northfield.example")
    first, second = world.ask(other), world.ask(other)
    assert answer(world, other, first, "refuse")["error"] == "access_denied"
    again = press(other, first, "share")
    assert (again.status, bool(again.form("/consent"))) == (409, True)
    assert "code" in answer(world, other, second, "share")


def test_a_second_no_is_the_same_no(each_world: World) -> None:
    """On one screen, and in a second window."""
    browser = each_world.signed_in()
    first, second = each_world.ask(browser), each_world.ask(browser)
    each_world.clock.pass_by(1)
    told = [answer(each_world, browser, page, "refuse")["error"] for page in (first, first, second)]
    assert told == ["access_denied"] * 3
    assert events(each_world) == ["refused"]
    assert answer(each_world, browser, first, "later")["error"] == "access_denied"


def test_a_second_no_to_a_fresh_grant_leaves_the_first_as_it_was(each_world: World) -> None:
    """Grant Management §5.1."""
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share")
    page = each_world.ask(browser, grant_management_action="create")
    for _ in range(2):
        assert answer(each_world, browser, page, "refuse")["error"] == "access_denied"
    assert events(each_world) == ["given", "refused"]
    assert rows(each_world, "SELECT state FROM consent_grant") == [("active",)]


def test_leaving_it_as_it_is_twice_arrives_twice(each_world: World) -> None:
    """And stopping twice is stopped; what was stopped is not left as it was."""
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share", PHONE)
    page = each_world.ask(browser, prompt="consent")
    for _ in range(2):
        assert "code" in answer(each_world, browser, page, "keep")
    assert len(events(each_world)) == 2
    for _ in range(2):
        assert answer(each_world, browser, page, "refuse")["error"] == "access_denied"
    assert rows(each_world, "SELECT state FROM consent_grant") == [("ended",)]
    assert press(browser, page, "keep").status == 409


@pytest.mark.parametrize("button", ["share", "keep"])
def test_an_amendment_that_upkeep_pauses_meanwhile_is_answered(each_world: World, button: str) -> None:
    """The question is the same: what the answer says is what stands afterwards, and it goes on."""
    browser = each_world.signed_in()
    answer(each_world, browser, each_world.ask(browser), "share", PHONE)
    new_version(each_world)
    page = each_world.ask(browser, prompt="consent")
    each_world.clock.pass_by(60)
    act(
        each_world,
        "UPDATE consent_grant SET state = 'paused', paused_for = 'notice_changed', version = version + 1",
    )
    for _ in range(2):
        assert each_world.exchange(answer(each_world, browser, page, button)["code"]).status_code == 200
    assert rows(each_world, "SELECT state, paused_for FROM consent_grant") == [("active", None)]
    each_world.run(sweep, each_world.services)


def test_new_terms_while_the_screen_was_open_are_shown(world: World) -> None:
    """Promise P4: the answer to the older screen is not taken, and nothing is ticked on the newer one."""
    browser = world.signed_in()
    page = world.ask(browser)
    new_version(world)
    told = press(browser, page, "share", EMAIL)
    assert (told.status, "has changed since you opened this page" in told.text) == (409, True)
    assert "item" not in dict(told.form("/consent").fields)
    assert events(world) == []


def test_the_same_person_signed_in_again_and_the_answer_counts(each_world: World) -> None:
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    sign_in_again(each_world, browser)
    assert "code" in answer(each_world, browser, page, "share")


def test_a_weaker_log_in_since_is_asked_for_what_the_partner_wants(world: World) -> None:
    """RFC 9470: the screen was reached with a second factor, and the log-in of now has none."""
    claims = '{"id_token": {"acr": {"essential": true, "value": "mfa"}}}'
    browser = world.browser()
    strong = world.run(world._with_factor, world.person_id())
    browser._client.cookies.set(COOKIE, strong.secret, domain="gateway.example", path="/")
    page = world.ask(browser, claims=claims)
    assert page.form("/consent")
    assert strong.session.acr == Acr.MFA
    browser._client.cookies.clear()
    browser.submit(browser.open("/login"), "/login", ASHA)
    asked = press(browser, page)
    assert "Add a stronger sign-in" in asked.text
    assert events(world) == []
    # Where the means are there, they are asked for.
    browser._client.cookies.clear()
    world.clock.pass_by(5)
    newer = world.run(world._with_factor, world.person_id())
    browser._client.cookies.set(COOKIE, newer.secret, domain="gateway.example", path="/")
    assert "code" in answer(world, browser, page, "share")


def test_a_log_in_that_is_not_enough_decides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is asked for, as at the beginning; what was chosen is kept."""
    browser = world.signed_in()
    page = world.ask(browser)
    sign_in_again(world, browser)

    async def missing(*_: object) -> LogIn:
        return LogIn("", is_again=True)

    monkeypatch.setattr(screen, "check_login", missing)
    again = press(browser, page, "share", PHONE)
    assert dict(again.form("/consent").fields)["item"] == PHONE
    assert events(world) == []


def test_somebody_else_sees_a_screen_of_their_own(each_world: World) -> None:
    """Whatever was pressed and chosen on the other's page; nothing of either is shared."""
    browser = each_world.signed_in()
    page = each_world.ask(browser)
    sign_in_again(each_world, browser, "aoife@northfield.example")
    for button in ("share", "refuse", "later", ""):
        told = press(browser, page, button, PHONE)
        assert (told.status, "somebody else was signed in" in told.text) == (409, True)
        assert "item" not in dict(told.form("/consent").fields)
        assert "Asha" not in told.text
    assert events(each_world) == []
    assert "code" in answer_of(press(browser, told))


def test_a_lock_that_came_is_said_on_its_own_page(world: World) -> None:
    """No dead end: the page of the lock, with its ways on; its languages lead back to it."""
    browser = world.signed_in()
    page = world.ask(browser)
    block(world)
    told = press(browser, page)
    assert told.status == 200
    assert dict(told.form("/language").fields)["next"].startswith("/authorize/continue?ticket=")


@pytest.fixture
def overtaken(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world where another change comes first, again and again."""
    for operation in ("commit_decisions", "commit_renewals"):
        monkeypatch.setattr(
            f"gateway.actions.consent.commit.{operation}",
            lambda _, plans: [CommitVerdict.STALE for _ in plans],
        )
    return world


def test_whoever_is_overtaken_again_and_again_looks_again_or_waits(overtaken: World) -> None:
    """A screen comes again; where there is none, it is a moment's trouble and not a refusal."""
    browser = overtaken.signed_in()
    assert press(browser, overtaken.ask(browser)).status == 409


def test_a_standing_grant_that_moves_again_and_again_is_a_moments_trouble(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = world.signed_in()
    answer(world, browser, world.ask(browser), "share")
    seen = []

    async def overtaken(*_: object) -> None:
        seen.append(1)

    monkeypatch.setattr(screen, "renew", overtaken)
    assert world.ask(browser).status == 503
    assert len(seen) == screen.TRIES


def posted(browser: Browser, page: Page, action: str, changes: dict[str, str]) -> Page:
    """Send a form of a page that was opened before."""
    return browser.submit(page, action, changes)


def test_the_password_again_after_another_log_in_or_none_goes_on(world: World) -> None:
    """Where a log-in is missing still, it is asked for anew, and the way that it was on goes along."""
    browser = world.signed_in()
    world.clock.pass_by(5)
    page = world.ask(browser, prompt="login")
    sign_in_again(world, browser)
    assert posted(browser, page, "/reauthenticate", {"password": PASSWORD}).form("/consent")
    world.clock.pass_by(world.services.settings.reauthentication_ttl + 1)
    again = posted(browser, page, "/reauthenticate", {"password": PASSWORD})
    assert urlsplit(again.url).path == "/reauthenticate"
    assert again.form("/reauthenticate")
    browser._client.cookies.clear()
    door = posted(browser, page, "/reauthenticate", {"password": PASSWORD})
    assert urlsplit(door.url).path == "/login"
    assert browser.submit(door, "/login", ASHA).form("/consent")
    passkey = {"csrf_token": "", "ticket": dict(page.form("/reauthenticate").fields)["ticket"]}
    answered = world.browser()._client.post("/reauthenticate/passkey", data=passkey)
    assert answered.headers["location"].startswith("/authorize/continue?ticket=")


def test_asking_the_school_after_another_log_in_or_none_goes_on(world: World) -> None:
    browser = world.signed_in()
    block(world)
    act(world, "UPDATE org_policy SET decision = 'ask'")
    page = world.ask(browser)
    form = next(form for form in page.forms if dict(form.fields).get("ticket"))
    ticket = dict(form.fields)["ticket"]
    asking = Page(page.response, [PageForm("/consent/ask-school", "post", form.fields)], "")
    sign_in_again(world, browser)
    assert "/authorize/continue" in browser.submit(asking, "/consent/ask-school").url
    assert rows(world, "SELECT count(*) FROM school_request") == [(0,)]
    browser._client.cookies.clear()
    door = browser.submit(asking, "/consent/ask-school")
    assert door.url.endswith(urlencode({"ticket": ticket}))


def test_a_device_hears_the_same_answer_once_and_its_person_sees_the_same_page(world: World) -> None:
    """RFC 8628 §3.3: a second press is no trouble; a code typed in an older log-in stands in the page again."""
    tv = Television(world)
    tv.begin()
    browser = world.signed_in()
    page = browser.open("/device")
    sign_in_again(world, browser)
    again = browser.submit(page, "/device", {"user_code": tv.user_code})
    assert tv.user_code in dict(again.form("/device").fields)["user_code"]
    consent = browser.submit(again, "/device")
    for _ in range(2):
        assert browser.submit(consent, "/consent", button="share").url.endswith("/device/ready")
    assert tv.poll().status_code == 200
    assert browser.submit(consent, "/consent", button="share").url.endswith("/device/ready")
    stranger = world.browser().submit(page, "/device", {"user_code": tv.user_code})
    assert "user_code" in stranger.url


def test_a_request_that_somebody_else_answered_is_sent_back(each_world: World) -> None:
    """FAPI 2.0 §5.3.2.2: from a screen that was open, and from a log-in with a standing consent."""
    asha, aoife = each_world.signed_in(), each_world.signed_in("aoife@northfield.example")
    start = pushed(each_world)
    pages = [browser.open(start) for browser in (asha, aoife)]
    assert "code" in answer(each_world, asha, pages[0], "share")
    assert answer(each_world, aoife, pages[1], "share")["error"] == "access_denied"
    assert events(each_world) == ["given"]
    answer(each_world, aoife, each_world.ask(aoife), "share")
    start = pushed(each_world)
    door = each_world.browser()
    page = door.open(start)
    assert "code" in answer_of(asha.open(start, stop_at=QUIZCO_REDIRECT))
    known = {**ASHA, "email": "aoife@northfield.example"}
    back = door.submit(page, "/login", known, stop_at=QUIZCO_REDIRECT)
    assert answer_of(back)["error"] == "access_denied"


def pushed(world: World) -> str:
    """Push QuizCo's request; give the address that begins it."""
    request_uri = world.post("/par", world.authorization()).json()["request_uri"]
    return f"/authorize?{urlencode({'client_id': world.quizco, 'request_uri': request_uri})}"


def test_what_neither_screen_offered_is_shown_again(world: World) -> None:
    """A made-up item in a second window is no second yes, and no error page."""
    browser = world.signed_in()
    first, second = world.ask(browser), world.ask(browser)
    answer(world, browser, first, "share")
    told = press(browser, second, "share", "address.delivery_of_goods")
    assert (told.status, events(world)) == (409, ["given"])


def test_a_pushed_request_that_is_kept_no_longer_is_asked_anew_by_the_partner(world: World) -> None:
    """The form that is open still is sound; what it is about has been swept away."""
    browser = world.signed_in()
    page = browser.open(pushed(world))
    world.store(lambda connection, _: [connection.execute(delete(pushed_request))], None)
    answered = press(browser, page)
    assert (answered.status, events(world)) == (409, [])


def test_a_failure_is_no_fault_of_the_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise Refusal("temporarily_unavailable", detail="as in an outage", retry_after=5)

    monkeypatch.setattr(authorize, "decide_consent", fail)
    browser = world.signed_in()
    assert press(browser, world.ask(browser)).status == 503


def test_choices_in_an_address_tick_nothing_in_a_changed_offer(world: World) -> None:
    """Promise P4: what was ticked was another offer's."""
    browser = world.signed_in()
    address = browser.submit(world.ask(browser), "/consent", {"item": [PHONE]}).url
    assert dict(browser.open(address).form("/consent").fields)["item"] == PHONE
    new_version(world)
    assert "item" not in dict(browser.open(address).form("/consent").fields)


@pytest.mark.parametrize("button", ["share", "refuse", "keep"])
def test_a_screen_that_waited_too_long_is_shown_anew_with_the_choices(world: World, button: str) -> None:
    """No answer to it counts, and none is lost: it says why it comes again. *Decide later* needs no new screen."""
    browser = world.signed_in()
    if button == "keep":
        answer(world, browser, world.ask(browser, scope="openid"), "share")
    before = events(world)
    page = world.ask(browser)
    world.clock.pass_by(world.services.settings.screen_ttl + 1)
    again = press(browser, page, button, PHONE)
    assert (again.status, "open for too long" in again.text) == (409, True)
    assert events(world) == before
    if button == "share":
        assert ("item", PHONE) in again.form("/consent").fields
        assert "code" in answer(world, browser, again, "share", PHONE)
    assert answer(world, browser, page, "later")["error"] == "access_denied"


def test_a_request_that_is_no_longer_kept_says_where_to_begin_again(world: World) -> None:
    """Two hours after a pushed request has expired nothing is left of it here."""
    browser = world.signed_in()
    page = browser.open(begin(push(world)))
    act(world, "DELETE FROM pushed_request")
    gone = browser.submit(page, "/consent", button="share")
    assert gone.status == 409
    assert "Go back to the service that sent you here" in gone.text
