"""A child asks, a guardian answers: nothing leaves without the guardian's yes for that partner (promise P9)."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.actions.grant_changes import commit_change
from gateway.actions.guardians import requests as guardians
from gateway.actions.operation.upkeep import sweep
from gateway.cli.browser import Browser, Page, PageForm
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import WISH
from tests.gateway.store.samples import act, rows
from tests.world import QUIZCO_REDIRECT, World, answer_of

MEERA, LAKSHMI, BEN = "meera@lakeside.example", "lakshmi@lakeside.example", "ben@lakeside.example"
EMAIL = "email.results_delivery"
THIRTEEN = 1_809_216_000  # 2027-05-02, Meera's thirteenth birthday


def wish(world: World, *ticked: str) -> Browser:
    """Let the child ask for the service; give her browser."""
    browser = world.signed_in(MEERA)
    page = browser.submit(world.ask(browser), "/consent", {"item": ticked}, button="share")
    assert "Your guardian was asked" in page.text
    return browser


def second_guardian(world: World) -> None:
    act(
        world,
        "INSERT INTO guardian_link (child_id, guardian_id, method, evidence, state, created_at) "
        "VALUES (:child, :guardian, 'in_person', 'seen', 'active', 1)",
        child=world.person_id(MEERA),
        guardian=world.person_id(BEN),
    )


def request_page(world: World, guardian: str = LAKSHMI) -> tuple[Browser, Page]:
    browser = world.signed_in(guardian)
    return browser, browser.open(browser.open("/guardian").link("/guardian/gra_"))


def path_of(page: Page) -> str:
    return urlsplit(page.url).path


def say(world: World, button: str, guardian: str = LAKSHMI, **changes: str) -> Page:
    browser, page = request_page(world, guardian)
    return browser.submit(page, path_of(page), changes, button=button)


def allow(world: World, guardian: str = LAKSHMI) -> Page:
    return say(world, "allow", guardian, third_party="yes")


def states(world: World) -> list[tuple[str, str]]:
    return [
        tuple(row) for row in rows(world, "SELECT state, legal_basis FROM consent_grant ORDER BY created_at")
    ]


def token(world: World, browser: Browser) -> str:
    """Go on as the partner once everything is allowed; give an access token."""
    answer = world.exchange(answer_of(world.ask(browser))["code"])
    return str(answer.json()["access_token"])


PHONE = "phone_number.appointment_reminders"


def test_p9_a_guardian_can_allow_less_than_was_asked(each_world: World) -> None:
    """What was left out is not released and not granted; what is needed, unknown or everything cannot be left out."""
    child = wish(each_world, EMAIL, PHONE)
    missing = say(each_world, "allow", without=PHONE)
    assert missing.status == 422
    assert ("without", PHONE) in missing.form(path_of(missing)).fields
    for wrong in ("name.learning_progress", "address.delivery_of_goods", "nonsense"):
        assert say(each_world, "allow", third_party="yes", without=wrong).status == 400
    assert states(each_world) == [("waiting", "guardian_consent")]
    assert say(each_world, "allow", third_party="yes", without=PHONE).status == 200
    access = token(each_world, child)
    assert "phone_number_masked" not in each_world.userinfo(access).json()
    assert rows(each_world, "SELECT field FROM grant_item ORDER BY field") == [
        ("course",),
        ("email",),
        ("name",),
    ]
    [(items,)] = rows(each_world, "SELECT items FROM consent_event WHERE type = 'given'")
    assert "phone_number" not in items


def test_p9_a_guardian_can_allow_a_shorter_time_than_was_asked(each_world: World) -> None:
    """It ends so long after the guardian's yes; a time that is not shorter is none, and the child is told."""
    wish(each_world, EMAIL)
    missing = say(each_world, "allow", days="7")
    assert missing.status == 422
    assert ("days", "7") in missing.form(path_of(missing)).fields
    for wrong in ("180", "365", "0", "-1", "x", "1000", "१"):
        assert say(each_world, "allow", third_party="yes", days=wrong).status == 400
    assert states(each_world) == [("waiting", "guardian_consent")]
    each_world.clock.pass_by(DAY)
    page = say(each_world, "allow", third_party="yes", days="7")
    assert "Your yes is kept" in page.text
    [(until,)] = rows(each_world, "SELECT valid_until FROM consent_grant")
    assert until == each_world.clock() + 7 * DAY
    assert "Given, for a shorter time" in say_history(each_world)
    access = token(each_world, each_world.signed_in(MEERA))
    assert each_world.userinfo(access).status_code == 200
    each_world.clock.pass_by(7 * DAY)
    assert each_world.userinfo(access).status_code == 401


def test_p9_once_counts_from_the_guardians_yes(each_world: World) -> None:
    """A wish for a single day waits longer than a day; then it lasts that day, and is read once."""
    child = each_world.signed_in(MEERA)
    child.submit(each_world.ask(child), "/consent", {"duration": "once"}, button="share")
    each_world.clock.pass_by(3 * DAY)
    each_world.run(sweep, each_world.services)
    _, page = request_page(each_world)
    assert ("days", "") not in page.form(path_of(page)).fields
    allow(each_world)
    access = token(each_world, each_world.signed_in(MEERA))
    assert [each_world.userinfo(access).status_code for _ in range(2)] == [200, 403]
    assert rows(each_world, "SELECT valid_until FROM consent_grant") == [(each_world.clock() + DAY,)]


def test_p9_a_wish_that_nobody_answers_runs_out(each_world: World) -> None:
    """The same where the guardian's link has ended: after its time it is over, and the child may ask again."""
    child = each_world.signed_in(MEERA)
    child.submit(each_world.ask(child), "/consent", {"duration": "once"}, button="share")
    each_world.clock.pass_by(WISH - 1)
    assert each_world.run(sweep, each_world.services) == 0
    each_world.clock.pass_by(1)
    assert each_world.run(sweep, each_world.services) == 1
    assert states(each_world) == [("ended", "guardian_consent")]
    assert "Expired" in say_history(each_world)
    assert "Ask my guardian" in each_world.ask(each_world.signed_in(MEERA)).text


def test_p9_a_guardian_reads_how_the_link_was_checked_in_words(world: World) -> None:
    wish(world)
    browser = world.signed_in(LAKSHMI)
    assert "How it was checked: By a digital locker" in browser.open("/guardian").text


def say_history(world: World) -> str:
    child = world.signed_in(MEERA)
    return child.open(child.open("/connected").link("/connected/gra_")).text


def test_p9_a_time_to_a_day_is_offered_as_that_day(world: World) -> None:
    child = world.signed_in(MEERA)
    changes = {"duration": "until", "until": "2027-03-01"}
    asked = child.submit(world.ask(child), "/consent", changes, button="share")
    assert "Your guardian was asked" in asked.text
    _, page = request_page(world)
    assert "As long as asked, until" in page.text
    values = re.findall(r'name="days" value="(\d*)"', page.response.text)
    assert values == ["", "1", "7", "30", "90"]


def test_p9_the_whole_way_of_a_childs_wish(each_world: World) -> None:
    """Asked, answered by the guardian for that partner, released, and stopped by the guardian."""
    child = each_world.signed_in(MEERA)
    page = each_world.ask(child)
    assert "Ask my guardian" in page.text
    asked = child.submit(page, "/consent", {"item": EMAIL}, button="share")
    assert "Your guardian was asked" in asked.text
    assert asked.link(QUIZCO_REDIRECT).startswith(f"{QUIZCO_REDIRECT}?error=access_denied")
    assert states(each_world) == [("waiting", "guardian_consent")]
    assert answer_of(each_world.ask(child, prompt="none"))["error"] == "login_required"
    assert "Your guardian has not answered yet. Since 18 Nov" in child.open("/connected").text

    browser, page = request_page(each_world)
    for words in (
        "Meera Iyer",
        "QuizCo",
        "Name",
        "E-mail",
        "needed for it to work",
        "advertising",
        "30 days",
    ):
        assert words in page.text, words
    assert "meera@lakeside" not in page.response.text
    assert rows(each_world, "SELECT surface FROM notice_served ORDER BY served_at, surface") == [
        ("consent_screen",), ("guardian_page",),
    ]  # fmt: skip
    assert "Your yes is kept" in allow(each_world).text
    assert states(each_world) == [("active", "guardian_consent")]
    events = rows(
        each_world, "SELECT type, actor_kind, on_behalf_of, served_id FROM consent_event ORDER BY seq"
    )
    assert [row[:2] for row in events] == [("asked", "subject"), ("given", "guardian")]
    assert events[1][2] == each_world.person_id(MEERA)
    assert events[1][3] is not None

    access = token(each_world, child)
    assert each_world.userinfo(access).json()["name"] == "Meera Iyer"
    browser, page = request_page(each_world)
    assert "Nothing is shared" in browser.submit(page, "/stop").text
    assert each_world.userinfo(access).status_code == 401
    assert states(each_world) == [("ended", "guardian_consent")]
    assert "your guardian" in child.open(child.open("/connected").link("/connected/gra_")).text


def test_rule_9_a_yes_needs_the_separate_tick_for_another_company(each_world: World) -> None:
    wish(each_world)
    page = say(each_world, "allow")
    assert page.status == 422
    assert "Tick this to say yes" in page.text
    assert states(each_world) == [("waiting", "guardian_consent")]


def test_a_form_without_an_answer_answers_nothing(world: World) -> None:
    wish(world)
    assert say(world, "").status == 200
    assert states(world) == [("waiting", "guardian_consent")]


def test_p9_a_no_is_kept_and_the_child_is_told(each_world: World) -> None:
    child = wish(each_world)
    assert "Your no is kept" in say(each_world, "deny").text
    assert states(each_world) == [("refused", "guardian_consent")]
    assert "said no" in each_world.ask(child).text
    browser, page = request_page(each_world)
    assert "The child may ask again" in browser.submit(page, "/ask-again").text
    assert "Ask my guardian" in each_world.ask(child).text


def test_p9_deny_wins_where_two_guardians_disagree(each_world: World) -> None:
    """In either order, and a new wish does not wash an old no away."""
    second_guardian(each_world)
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    assert each_world.userinfo(access).status_code == 200
    browser, page = request_page(each_world, BEN)
    browser.submit(page, "/stop")
    assert each_world.userinfo(access).status_code == 401

    wish(each_world)
    each_world.clock.pass_by(1)
    page = allow(each_world)
    assert "Another guardian said no" in page.text
    assert sorted(states(each_world)) == [("ended", "guardian_consent"), ("waiting", "guardian_consent")]
    allow(each_world, BEN)
    browser, page = request_page(each_world)
    assert sorted(states(each_world)) == [("active", "guardian_consent"), ("ended", "guardian_consent")]
    assert each_world.userinfo(token(each_world, child)).status_code == 200


def test_p9_what_the_child_changes_needs_the_guardian_anew(each_world: World) -> None:
    """More than was allowed waits, and nothing is shared meanwhile."""
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    page = each_world.ask(child, prompt="consent")
    child.submit(page, "/consent", {"item": EMAIL}, button="share")
    assert states(each_world) == [("waiting", "guardian_consent")]
    assert each_world.userinfo(access).status_code == 403
    allow(each_world)
    assert each_world.userinfo(token(each_world, child)).json()["email_masked"]


def test_p9_the_child_takes_part_of_a_wish_back_while_it_waits(each_world: World) -> None:
    """The guardian is asked for the rest; what was on the guardian's screen before gives nothing."""
    child = wish(each_world, EMAIL)
    browser, page = request_page(each_world)
    detail = child.open(child.open("/connected").link("/connected/gra_"))
    assert child.submit(detail, f"/off/{EMAIL.replace('.', '/')}").status == 200
    assert states(each_world) == [("waiting", "guardian_consent")]
    assert browser.submit(page, path_of(page), {"third_party": "yes"}, button="allow").status == 409
    allow(each_world)
    assert "email_masked" not in each_world.userinfo(token(each_world, child)).json()


def test_p9_somebody_elses_child_is_nobody(each_world: World) -> None:
    wish(each_world)
    grant_id = rows(each_world, "SELECT grant_id FROM consent_grant")[0][0]
    for stranger in (BEN, "asha@lakeside.example", MEERA):
        browser = each_world.signed_in(stranger)
        assert browser.open(f"/guardian/{grant_id}").status == 404
        assert "No child is linked" in browser.open("/guardian").text
        home = browser.open("/connected")
        forged = PageForm(f"/guardian/{grant_id}/stop", "post", home.forms[0].fields)
        assert browser.submit(Page(home.response, [forged], ""), "/stop").status == 404
    assert states(each_world) == [("waiting", "guardian_consent")]


def test_a_guardians_page_of_another_session_or_an_older_wish_gives_nothing(each_world: World) -> None:
    child = wish(each_world)
    browser, page = request_page(each_world)
    each_world.signed_in(LAKSHMI)
    other, fresh = request_page(each_world)
    ticket = dict(page.form(path_of(page)).fields)["ticket"]
    path = path_of(page)
    assert other.submit(fresh, path, {"ticket": ticket, "third_party": "yes"}, button="allow").status == 403
    stopped = child.open(child.open("/connected").link("/connected/gra_"))
    child.submit(stopped, "/stop")
    wish(each_world, EMAIL)
    assert browser.submit(page, path, {"third_party": "yes"}, button="allow").status == 409
    assert ("active", "guardian_consent") not in states(each_world)


def test_p9_at_coming_of_age_the_guardians_yes_is_worth_nothing_any_more(each_world: World) -> None:
    """On her thirteenth birthday in the United States the person decides anew; nothing passes in between."""
    act(each_world, "UPDATE organisation SET country = 'US' WHERE organisation_id = 'lakeside'")
    each_world.clock.now = THIRTEEN - 600
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    each_world.clock.now = THIRTEEN - 400
    assert each_world.userinfo(access).status_code == 200
    each_world.clock.now = THIRTEEN - 350
    access = token(each_world, child)
    each_world.clock.now = THIRTEEN
    assert each_world.userinfo(access).status_code == 401
    page = each_world.ask(child)
    assert "Ask my guardian" not in page.text
    code = answer_of(child.submit(page, "/consent", button="share", stop_at=QUIZCO_REDIRECT))["code"]
    assert each_world.userinfo(each_world.exchange(code).json()["access_token"]).status_code == 200
    assert states(each_world) == [("active", "consent")]


def test_p9_a_grant_of_a_child_that_came_of_age_releases_nothing_before_the_sweep(each_world: World) -> None:
    """The day decides at each read, not the last sweep's record of it."""
    act(each_world, "UPDATE organisation SET country = 'US' WHERE organisation_id = 'lakeside'")
    each_world.clock.now = THIRTEEN - 20
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    assert each_world.userinfo(access).status_code == 200
    each_world.clock.now = THIRTEEN + 1
    assert each_world.userinfo(access).status_code == 403


def test_a_no_wins_against_whatever_moves_the_grant_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again over the grant as it stands then; a grant that never rests is said to be busy."""
    wish(world)
    attempts: list[Any] = []

    async def stale_at_first(*given: Any, **more: Any) -> object:
        attempts.append(given)
        if len(attempts) == 1:
            raise Refusal("stale_form", detail="somebody was faster")
        return await commit_change(*given, **more)

    async def always_stale(*_: object, **__: object) -> object:
        raise Refusal("stale_form", detail="somebody was faster")

    monkeypatch.setattr(guardians, "commit_change", always_stale)
    assert say(world, "deny").status == 503
    monkeypatch.setattr(guardians, "commit_change", stale_at_first)
    say(world, "deny")
    assert len(attempts) == 2
    assert ("waiting", "guardian_consent") not in states(world)


def test_what_stands_cannot_be_asked_for_again(each_world: World) -> None:
    wish(each_world)
    browser, page = request_page(each_world)
    page.forms.append(PageForm(f"{path_of(page)}/ask-again", "post", page.form(path_of(page)).fields))
    assert browser.submit(page, "/ask-again").status == 409


def test_what_ended_meanwhile_cannot_be_refused_any_more(each_world: World) -> None:
    """The guardian's page was open while the child took the wish back: nothing is left to say no to."""
    child = wish(each_world)
    browser, page = request_page(each_world)
    child.submit(child.open(child.open("/connected").link("/connected/gra_")), "/stop")
    assert browser.submit(page, path_of(page), button="deny").status == 409
