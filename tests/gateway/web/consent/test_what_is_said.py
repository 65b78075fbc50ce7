"""What pages say was read or received is what the hand-off log holds, whatever happened (P8, P13)."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.actions.services import day_of
from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from gateway.web.pages.formats import date_words
from partners import parse_manifest
from scopes import FIELDS, FORMS, field_label, form_label
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import EMAIL, PHONE, new_version
from tests.gateway.web.guardians.test_requests import MEERA, request_page, wish
from tests.gateway.web.guardians.test_requests import say as guardian_says
from tests.world import PARTNERS, QUIZCO_REDIRECT, World, answer_of

OFFER = parse_manifest((PARTNERS / "quizco.toml").read_text(), file="test", allow_loopback=True).offers[0]
KEPT = {each.field: each.retention_days for each in OFFER.items}
"""Days that QuizCo may keep each item after it stopped."""


def said(page: Page) -> str:
    """The page's words, without the marks that keep foreign text and days together."""
    return re.sub(r"\s+([.,])", r"\1", re.sub(r"\s+", " ", page.text))


def day(at: int) -> str:
    return date_words(day_of(at))


@dataclass
class Told:
    """One item as the log alone tells of it."""

    first: int
    last: int

    def days(self) -> str:
        if day(self.first) == day(self.last):
            return day(self.first)
        return f"first {day(self.first)}, last {day(self.last)}"


def log_of(world: World, where: str = "", **values: str) -> dict[tuple[str, str], Told]:
    """Read the log row by row: by field and form, when something of it left first and last."""
    found: dict[tuple[str, str], Told] = {}
    for items, at in rows(world, f"SELECT items, at FROM handoff {where} ORDER BY at", **values):
        for name, _, form, _ in json.loads(items):
            told = found.setdefault((name, form), Told(at, at))
            told.last = at
    return found


@dataclass
class Story:
    """One person with one partner, and whatever they did so far."""

    world: World
    browser: Browser = field(init=False)
    tokens: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.browser = self.world.signed_in()

    def opt_in(self, *items: str, decision: str = "share") -> None:
        page = self.world.ask(self.browser, prompt="consent")
        if not any(form.action == "/consent" for form in page.forms):
            return
        page = self.browser.submit(
            page, "/consent", {"item": items}, button=decision, stop_at=QUIZCO_REDIRECT
        )
        code = answer_of(page).get("code")
        if code:
            self.tokens = self.world.exchange(code).json()

    def read(self) -> None:
        """Read as a partner does: with a fresh token where it still gets one."""
        if self.tokens and self.world.userinfo(self.tokens["access_token"]).status_code == 401:
            fresh = self.world.refresh(self.tokens["refresh_token"])
            self.tokens = fresh.json() if fresh.status_code == 200 else {}
            self.read()

    def press(self, ending: str) -> None:
        """Press a button on the newest service's page, if it is there."""
        pages = [self.browser.open(url) for url in services(self.browser)[:1]]
        for page in pages:
            for form in page.forms:
                if form.action.endswith(ending):
                    self.browser.submit(page, form.action)
                    return

    def change(self, phone: str) -> None:
        self.browser.submit(self.browser.open("/profile/edit"), "/profile/edit", {"phone_number": phone})

    def let_days_pass(self, days: int) -> None:
        self.world.clock.pass_by(days * DAY)
        self.browser = self.world.signed_in()


def services(browser: Browser) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/connected/gra_[\w-]+", browser.open("/connected").response.text)))


STEPS: dict[str, Callable[[Story], Any]] = {
    "yes": lambda story: story.opt_in(),
    "yes to the phone": lambda story: story.opt_in(PHONE),
    "yes to more": lambda story: story.opt_in(PHONE, EMAIL),
    "no": lambda story: story.opt_in(decision="refuse"),
    "switch the phone off": lambda story: story.press(f"/off/{PHONE.replace('.', '/')}"),
    "switch the e-mail off": lambda story: story.press(f"/off/{EMAIL.replace('.', '/')}"),
    "pause": lambda story: story.press("/pause"),
    "resume": lambda story: story.press("/resume"),
    "stop": lambda story: story.press("/stop"),
    "empty the phone": lambda story: story.change(""),
    "another phone": lambda story: story.change("+91 90000 00777"),
    "a day": lambda story: story.let_days_pass(1),
    "long": lambda story: story.let_days_pass(40),
}


@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.booleans()), min_size=4, max_size=12))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_sentence_that_says_received_is_what_the_log_says(
    world: World, steps: list[tuple[str, bool]]
) -> None:
    """One history follows another, so that they grow long; whatever the order, the log alone is what was received."""
    story = Story(world)
    story.opt_in(PHONE)
    for step, is_read in steps:
        STEPS[step](story)
        if is_read:
            story.read()
    check_home_and_profile(story)
    listed = said(story.browser.open("/connected"))
    for url in services(story.browser):
        check_service(story, url, listed)


def check_home_and_profile(story: Story) -> None:
    world, person_id = story.world, story.world.person_id()
    log = log_of(world, "WHERE person_id = :id", id=person_id)
    home = said(story.browser.open("/"))
    assert ("Last read by QuizCo" in home) == bool(log)
    assert ("Nothing has been handed over yet." in home) == (not log)
    page = said(story.browser.open("/profile"))
    for name in ("name", "email", "phone_number", "address", "course"):
        part = page.partition(f"{field_label(name, 'en')} ")[2]
        own = re.split("Change|From your school|From you|nothing here yet", part)
        last = max((told.last for (field_name, _), told in log.items() if field_name == name), default=None)
        assert last is None or f"Received it: QuizCo, last on {day(last)}" in "".join(own[:3]), name
    received = {name for name, _ in log}
    assert page.count("Received it: QuizCo") == len(received)


def check_service(story: Story, url: str, listed: str) -> None:
    world, grant_id = story.world, url.removeprefix("/connected/")
    log = log_of(world, "WHERE grant_id = :id", id=grant_id)
    ((state, ended_at, until, left_out),) = rows(
        world,
        "SELECT state, ended_at, valid_until, left_out FROM consent_grant WHERE grant_id = :id",
        id=grant_id,
    )
    page = said(story.browser.open(url))
    over_at = ended_at if state == "ended" else until if until <= world.clock() else None
    if state == "refused":
        assert "received" not in page.partition("Every hand-off")[0].lower()
        assert not log
    elif over_at is None:
        assert "What they received" not in page
        held = {
            row[0] for row in rows(world, "SELECT field FROM grant_item WHERE grant_id = :id", id=grant_id)
        }
        gone = {name for name, _ in log} - held
        assert page.count("Received before, not allowed any more") == len(
            [name for name, _ in log if name in gone]
        )
        for (name, form), told in log.items():
            assert (f"any more: {label(name)}, {told.days()}" in page) == (name in gone), (name, form)
    else:
        part = page.partition("What they received")[2].partition("About QuizCo")[0]
        stopped = {each[0]: each[2] for each in json.loads(left_out or "[]")}
        kept = {
            row[0] for row in rows(world, "SELECT field FROM grant_item WHERE grant_id = :id", id=grant_id)
        }
        for (name, form), told in log.items():
            gone_by = (over_at if name in kept else stopped[name]) + KEPT[name] * DAY
            words = [label(name), told.days(), form_of(name, form), f"To be gone by {day(gone_by)}"]
            assert " ".join(filter(None, words)) in part
        assert part.count("To be gone by") == len(log)
        assert ("Nothing of your profile." in part) == (not log)
        assert log or "It received nothing of your profile." in listed


def label(name: str) -> str:
    return field_label(name, "en")


def form_of(name: str, form: str) -> str:
    return form_label(name, FORMS[form], "en") if len(FIELDS[name].forms) > 1 else ""


def test_the_three_words_on_every_page_of_a_childs_service(world: World) -> None:
    """Asked for while it waits, may read once it is allowed, received by the log alone; never what was left out."""
    child = wish(world, EMAIL, PHONE)
    guardian, page = request_page(world)
    assert "It asked for: Course, E-mail, Name and Phone" in said(guardian.open("/guardian"))
    assert "What they asked for" in page.text
    assert "It asked for" in child.open("/connected").text
    assert "May read it" not in child.open("/profile").text
    guardian_says(world, "allow", third_party="yes", without=PHONE)
    assert "It may read: Course, E-mail and Name" in said(guardian.open("/guardian"))
    code = answer_of(world.ask(child))["code"]
    world.userinfo(world.exchange(code).json()["access_token"])
    guardian, page = request_page(world)
    assert "What it may read" in page.text
    page = guardian.submit(page, "/stop", {"delete": ""})
    received = said(page).partition("What they received")[2].partition("Who it is")[0]
    assert "Phone" not in received
    assert received.count("To be gone by") == len(log_of(world)) == 2
    assert "It received: E-mail and Name" in said(guardian.open("/guardian"))
    record = said(world.signed_in("officer@platform.example").open("/admin/grants?partner=quizco"))
    assert "It received: E-mail and Name" in record


def test_a_wish_that_was_refused_was_asked_for_and_never_read(world: World) -> None:
    """The child sees whose no it is, and takes back its own only."""
    child = wish(world, EMAIL)
    guardian_says(world, "deny")
    listed = said(child.open("/connected"))
    assert "Your guardian said no" in listed
    assert "It asked for: Course, E-mail and Name. It may ask again from 16 Feb 2027." in listed
    assert "You said no" not in listed
    page = child.open(services(child)[0])
    assert "Your guardian said no" in page.text
    assert not [form for form in page.forms if form.action.endswith("/ask-again")]
    world.clock.pass_by(91 * DAY)
    child = world.signed_in(MEERA)
    assert "It may ask again." in said(child.open("/connected"))
    officer = world.signed_in("officer@platform.example")
    ((grant_id,),) = rows(world, "SELECT grant_id FROM consent_grant")
    covered = said(officer.open(f"/admin/grants/{grant_id}")).partition("What it covers")[2]
    assert "Asked" in covered.partition("What was decided")[0]


def test_a_no_stands_in_a_group_of_its_own_and_is_taken_back_there(each_world: World) -> None:
    """It is no ended service; taking it back is on record, shares nothing, and is done once."""
    browser = each_world.signed_in()
    browser.submit(each_world.ask(browser), "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
    page = browser.open("/connected")
    listed = said(page)
    assert "Ended" not in listed
    assert "You said no" in listed
    assert "It asked for:" in listed
    assert "It may ask again from 16 Feb 2027." in listed
    done = browser.submit(page, "/ask-again")
    assert "may ask you again" in done.text
    assert "It may ask again" in done.text.partition("What was decided")[2]
    assert browser.submit(page, "/ask-again").status == 409
    assert rows(
        each_world, "SELECT action, target_kind FROM admin_action WHERE action = 'let_ask_again'"
    ) == [("let_ask_again", "grant")]
    assert each_world.ask(browser).form("/consent")


def test_terms_that_only_got_a_new_number_are_no_new_terms(world: World) -> None:
    """Nothing changed, so nothing is called new, and what was agreed goes on."""
    world.tokens()
    new_version(
        world, "attested_on", 'deletion_uri = "https://quizco.example.org/erase"\nattested_on', material=False
    )
    page = world.ask(world.signed_in(), prompt="consent")
    assert "and the terms are the same" in page.text
    assert "new terms" not in page.text.lower()


def test_terms_that_changed_a_little_hold_nothing_back_until_they_are_answered(world: World) -> None:
    world.tokens()
    new_version(world, "retention_days = 30", "retention_days = 20", material=False)
    page = world.ask(world.signed_in(), prompt="consent")
    assert "Until you answer, what you agreed to goes on." in page.text
    assert "Agree to the new terms" in page.text or "Agree, with what I ticked" in page.text
