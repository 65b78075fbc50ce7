"""Every page in every language: nothing is missing, places survive, and the reader chooses (consent.md rule 12)."""

import re
from types import MappingProxyType

import pytest

from gateway.cli.browser import Browser, Page
from gateway.kit import gettext_catalogues
from gateway.kit.gettext_catalogues import direction, own_name, preferred
from gateway.kit.words import Words
from gateway.store.accounts.logins import load_logins_of
from gateway.store.consent.grants import GrantQuery, load_details, search_grants
from gateway.web.pages import wording
from gateway.web.pages.formats import later, say
from gateway.web.pages.render import speaking
from scopes import LANGUAGES
from tests.gateway.web.administration.test_pages import as_, grant_page
from tests.gateway.web.contacts.test_contacts import BEN, address_of, ask
from tests.gateway.web.messages import (
    TRANSLATED,
    WAITING,
    catalogue,
    in_order,
    is_translated,
    key,
    lacking,
    source_messages,
)
from tests.gateway.web.pseudo import TAG, Pseudo, unsaid
from tests.world import PASSWORD, World

PHONE = "phone_number.appointment_reminders"
FOREIGN = re.compile(
    r"\b[a-z]{3}_[\w-]+|https?://\S+|\S+@\S+|\b[0-9a-f]{32,}\b|SHA-256|ISO/IEC|quizco-web"
    r"|builds .* for you\b|QuizCo Learning Limited|Harbour Row|Galway|Ireland"
)
"""Ids, addresses, standards, and what a partner says of itself."""
PLACES = re.compile(r"%\(\w+\)[sd]|</?\w+[^>]*>")


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_message_is_missing_but_those_that_wait(language):
    """`python -m tests.gateway.web.messages` prints what to fill in; what is filled in leaves the list."""
    missing = {key(message) for message in lacking(language) if message.id}
    command = "python3 dev run python -m tests.gateway.web.messages"
    assert missing == set(WAITING.read_text().splitlines()), f"{command} prints what {language}.po lacks"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_nothing_that_no_page_says(language):
    said = {key(message) for message in source_messages()}
    unsaid_now = {key(message) for message in catalogue(language) if message.id} - said
    command = "python3 dev run python -m tests.gateway.web.messages --keep"
    assert not unsaid_now, f"take these out of {language}.po, or run: {command}"
    assert len(list(in_order(language))) == len(list(catalogue(language)))


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_place_and_tag_survives_translation(language):
    for message in catalogue(language):
        if not message.id or not is_translated(message):
            continue
        forms = message.string if isinstance(message.string, tuple | list) else (message.string,)
        source = message.id if isinstance(message.id, str) else message.id[1]
        for form in filter(None, forms):
            if isinstance(message.id, tuple) and form == forms[0]:
                # One of something may be said in words.
                assert set(PLACES.findall(form)) <= set(PLACES.findall(source)), key(message)
            else:
                assert sorted(PLACES.findall(form)) == sorted(PLACES.findall(source)), key(message)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("hi", "hi"),
        ("kn-IN,en;q=0.8", "kn"),
        ("en;q=0.5,hi;q=0.9", "hi"),
        ("de,fr", "en"),
        ("kn;q=0,hi;q=0.1", "hi"),
        ("hi;q=zero,kn", "kn"),
        ("HI-in", "hi"),
        ("*", "en"),
        ("kn;q=7", "kn"),
        (",".join(["xx"] * 1000) + ",hi", "en"),
    ],
)
def test_the_browsers_wish_counts(accepted, language):
    assert preferred(accepted) == language


def test_languages_know_their_names_and_directions():
    assert [own_name(each) for each in LANGUAGES] == ["English", "हिन्दी", "ಕನ್ನಡ"]
    assert [direction(each) for each in (*LANGUAGES, TAG)] == ["ltr", "ltr", "ltr", "rtl"]


def test_a_sentence_of_a_lower_floor_is_said_in_the_readers_language():
    words = Words("Use at least %(count)s characters.", count=10)
    assert words == "Use at least 10 characters."
    assert say(words) == "Use at least 10 characters."
    with speaking("hi"):
        assert say(words) == "कम से कम 10 अक्षर लिखें।"
        assert say(later("Saved.")) == "सहेज लिया गया।"
        assert say("") == ""
        assert say("no message of ours") == "no message of ours"


# Over HTTP


def language_of(page) -> str:
    found = re.search(r'<html lang="(\w+)" dir="(\w+)">', page.response.text)
    assert found
    assert page.response.headers["content-language"] == found[1]
    return found[1]


def test_a_strangers_browser_says_the_language_until_the_stranger_does(world: World):
    browser = world.browser()
    browser._client.headers["accept-language"] = "kn-IN,kn;q=0.9,en;q=0.5"
    page = browser.open("/login?next=/profile")
    assert language_of(page) == "kn"
    assert "Accept-Language" in page.response.headers["vary"]
    chosen = browser.submit(page, "/language", {"language": "hi"})
    assert language_of(chosen) == "hi"
    assert chosen.url.endswith("/login?next=%2Fprofile")
    assert language_of(browser.open("/privacy")) == "hi"


def test_the_choice_stays_with_the_account(world: World):
    browser = world.signed_in("ben@lakeside.example")
    browser.submit(browser.open("/profile"), "/language", {"language": "kn"})
    person_id = world.person_id("ben@lakeside.example")
    assert world.store(load_logins_of, person_id).person.language == "kn"
    elsewhere = world.signed_in("ben@lakeside.example")
    page = elsewhere.open("/")
    assert language_of(page) == "kn"
    assert "ನಮಸ್ಕಾರ" in page.text


def test_an_account_without_a_language_follows_the_browser(world: World):
    browser = world.browser()
    browser._client.headers["accept-language"] = "hi"
    page = browser.submit(
        browser.open("/login"), "/login", {"email": "deepa@lakeside.example", "password": PASSWORD}
    )
    assert language_of(page) == "hi"


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "/\\evil.example", ""])
def test_the_switch_leads_nowhere_else(world: World, place: str):
    response = world.client().post("/language", data={"language": "hi", "next": place})
    assert response.headers["location"] == "/"


def test_only_our_languages_can_be_chosen_and_only_from_our_pages(world: World):
    assert world.client().post("/language", data={"language": "xx", "next": "/"}).status_code == 400
    foreign = {"origin": "https://evil.example"}
    refused = world.client().post("/language", data={"language": "hi", "next": "/"}, headers=foreign)
    assert refused.status_code == 403


def test_a_switch_on_the_consent_screen_keeps_the_request(world: World):
    """A pushed request works once, so the switch must lead back by the screen's own ticket."""
    browser = world.signed_in()
    page = world.ask(browser)
    assert language_of(page) == "en"
    page = browser.submit(page, "/consent", {"language": "hi"})
    assert language_of(page) == "hi"
    assert "ताकि QuizCo" in page.text
    assert "No thanks" not in page.text
    answer = world.share(browser, page)
    assert "code" in answer


def test_the_language_of_a_decision_is_recorded(world: World):
    browser = world.signed_in()
    browser.submit(browser.open("/"), "/language", {"language": "kn"})
    world.share(browser, world.ask(browser))
    line = world.store(search_grants, GrantQuery(person_id=world.person_id()))[0]
    detail = world.store(load_details, line.grant.grant_id)
    assert detail
    assert [event.language for event in detail.events] == ["kn"]
    assert detail.notice_language == "kn"


PAGES = (
    "/",
    "/login",
    "/profile",
    "/profile/edit",
    "/connected",
    "/contacts",
    "/contacts/ask",
    "/privacy",
    "/no-such-page",
    "/signed-out",
)
DATA = {
    "Asha", "Rao", "Lakeside", "College", "Lecturelight", "lecturelight", "privacy", "example", "lakeside",
    "asha", "home", "com", "QuizCo", "CampusPress", "UTC", "req", "English", "Practice", "quizzes", "full-time",
    "full", "time", "Lake", "View", "Road", "Srirangapatna", "Karnataka", "India", "Quizco",
}  # fmt: skip


def in_pseudo(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a browser read the pseudo-language; words of `scopes` are Hindi then."""
    known = {"en": gettext_catalogues.CATALOGUES["en"], TAG: Pseudo()}
    monkeypatch.setattr(gettext_catalogues, "CATALOGUES", MappingProxyType(known))
    monkeypatch.setattr(wording, "language", lambda: "hi")
    browser._client.headers["accept-language"] = TAG
    browser.submit(browser.open("/"), "/language", {"language": TAG})


def left_over(page: Page) -> list[str]:
    """Find words of ours that a page says past the catalogues."""
    assert 'dir="rtl"' in page.response.text
    body = re.sub(
        r"<(script|style)\b.*?</\1>|<code>.*?</code>|<ul class=\"partners\">.*?</ul>",
        " ",
        page.response.text,
        flags=re.S,
    )
    text = re.sub(r"<[^>]*>", " ", body.partition("<body")[2].partition(">")[2])
    text = FOREIGN.sub(" ", text)
    return [word for word in unsaid(text) if word not in DATA and not re.search(r"\d", word)]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_of_ours_is_said_past_the_catalogues(world: World, monkeypatch, path: str):
    """The pseudo-language shows words that a page builds by itself: catalogue words of `scopes` are not among them."""
    browser = world.signed_in()
    in_pseudo(browser, monkeypatch)
    assert not left_over(browser.open(path))


def test_a_service_its_receipt_and_its_stop_link_are_said_by_the_catalogues(world: World, monkeypatch):
    world.tokens(PHONE)
    browser = world.signed_in()
    in_pseudo(browser, monkeypatch)
    connected = browser.open("/connected")
    detail = browser.open(next(link for link in connected.links if "/connected/" in link))
    receipt = browser.open(next(link for link in detail.links if "/receipt/" in link))
    stop = browser.open(next(link for link in receipt.links if "/stop/" in link))
    stopped = browser.submit(stop, stop.url.partition(".example")[2])
    for page in (connected, detail, receipt, stop, stopped):
        assert not left_over(page), page.url


def test_contacts_are_said_by_the_catalogues(world: World, monkeypatch):
    asha, ben = world.signed_in(), world.signed_in(BEN)
    ask(asha, BEN, phone_number="full")
    in_pseudo(ben, monkeypatch)
    here = address_of(ben)
    question = ben.open(here)
    done = ben.submit(question, here, {"item": ("email",)}, button="accept")
    shown = ben.submit(done, "/show")
    ended = ben.submit(shown, "/end")
    for page in (ben.open("/"), question, done, shown, ended, ben.open(here), ben.open("/contacts")):
        assert not set(left_over(page)) - {"Ben", "Okafor"}, page.url


def test_an_administrator_reads_a_history_by_the_catalogues(world: World, monkeypatch):
    world.tokens(PHONE)
    browser = as_(world, "support")
    in_pseudo(browser, monkeypatch)
    browser.submit(grant_page(browser), "/revoke", {"reason": "phone_request"})
    assert not left_over(grant_page(browser))
