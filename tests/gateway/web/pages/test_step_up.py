"""Promise P15, held against the table of routes: nothing private without a recent log-in, and stopping always.

A route with a parameter that this file does not know fails here, so that somebody decides about it.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from gateway.cli.browser import Browser, Page
from gateway.web.pages.sections import SECTIONS
from gateway.web.pages.step_up import reason_of
from gateway.web.routes import PARTNER_PATHS, all_routes
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.gateway.web.contacts.test_contacts import BEN, pair
from tests.gateway.web.guardians.test_requests import LAKSHMI, MEERA
from tests.protocol.campuspress import begin, opt_in, push
from tests.world import PASSWORD, PERSONAL_VALUES, World

STALE = 601
PHONE = "phone_number.appointment_reminders"
STEP_UP = "/reauthenticate"
CONSENT_SCREEN = "/authorize/continue"
FOR_PARTNERS = {"/grants/{grant_id}", "/register/{client_id}"}
"""Partners come here with a token or a secret of their own and never with a person's session."""
SHOWN = {
    # A guardian has to know which child it is about.
    "/guardian": {"Meera Iyer"},
    "/guardian/{grant_id}": {"Meera Iyer"},
    # A contact's name is what both gave each other by asking and by saying yes.
    "/contacts": {"Asha Rao", "Ben Okafor"},
    "/contacts/{contact_id}": {"Asha Rao", "Ben Okafor"},
    "/contacts/{contact_id}/change": {"Asha Rao", "Ben Okafor"},
    "/contacts/{contact_id}/end": {"Asha Rao", "Ben Okafor"},
    "/contacts/{contact_id}/ended": {"Asha Rao", "Ben Okafor"},
}
"""What even an older log-in is shown, by route."""
IN_FULL = {
    "/",
    "/profile",
    "/profile/edit",
    "/connected/{grant_id}",
    "/connected/{grant_id}/stopped",
    "/contacts/ask",
    "/contacts/{contact_id}",
    "/contacts/{contact_id}/ended",
    # The names of contacts.
    "/connected/my-record",
    "/connected/my-record.json",
}
"""What shows a person's values in full to a recent log-in; what has not stopped leads to its own page."""
EXPORTS = {
    "/connected/my-record.json",
    "/connected/{grant_id}/receipt/{event_id}/receipt.json",
    "/connected/{grant_id}/receipt/{event_id}/receipt.jws",
}
"""The files that take a step-up although they hold names only: they are made to be taken along."""


def routes(method: str) -> list[Route]:
    return [
        each
        for each in all_routes()
        if each.path not in PARTNER_PATHS | FOR_PARTNERS and method in (each.methods or ())
    ]


def parameters(world: World, email: str) -> dict[str, str]:
    """Fill the parameters of addresses with what belongs to a person."""
    grant_id, notice_id = rows(
        world,
        "SELECT grant_id, notice_id FROM consent_grant WHERE person_id = :person "
        "ORDER BY created_at DESC LIMIT 1",
        person=world.person_id(email),
    )[0]
    ((event_id,),) = rows(
        world, "SELECT event_id FROM consent_event WHERE grant_id = :grant LIMIT 1", grant=grant_id
    )
    contacts = rows(
        world, "SELECT contact_id FROM contact WHERE asker_id = :person", person=world.person_id(email)
    )
    return {
        "grant_id": grant_id,
        "contact_id": contacts[0][0] if contacts else "con_nothing",
        "notice_id": notice_id,
        "event_id": event_id,
        "source_id": event_id,
        "person_id": world.person_id(email),
        "partner_id": "quizco",
        "complaint_id": "cmp_nothing",
        "act_id": "wai_nothing",
        "proposal_id": "pro_nothing",
        "client_id": "quizco-web",
        "field": "phone_number",
        "purpose": "appointment_reminders",
        "secret": "cg_ml_nothing",
        "proof": "nothing",
        "code": "not_found",
        "name": "style.css",
        "path": "0/000",
    }


def fill_in(path: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: known[found[1]], path)


def values_in(page: Page, path: str) -> set[str]:
    # Masked, an address shows its town.
    private = set(PERSONAL_VALUES) - {"Srirangapatna"} - SHOWN.get(path, set())
    return {value for value in private if value in page.response.text}


@pytest.fixture
def shared(world: World) -> World:
    """A world where Asha shares with both partners, and Meera's wish waits for her guardian.

    On SQLite: what a page shows is decided by the age of the log-in. That stopping takes no password on PostgreSQL
    either is in ``tests/gateway/web/consent/test_consents.py``.
    """
    opt_in(world)
    world.clock.pass_by(1)
    world.userinfo(world.tokens(PHONE)["access_token"])
    child = world.signed_in(MEERA)
    child.submit(world.ask(child), "/consent", button="share")
    pair(world, phone_number="full", address="full", email="full")
    return world


def visits(world: World) -> Iterator[tuple[str, Browser]]:
    for email in ("asha@lakeside.example", BEN, LAKSHMI, "admin@platform.example", "school@lakeside.example"):
        yield email, world.signed_in(email)


def test_p15_no_page_gives_a_private_value_to_an_older_log_in(shared: World) -> None:
    """Every address that a browser can open, by a person, a guardian and two administrators."""
    own, wards = parameters(shared, "asha@lakeside.example"), parameters(shared, MEERA)
    browsers = dict(visits(shared))
    shared.clock.pass_by(STALE)
    for email, browser in browsers.items():
        known = wards if email == LAKSHMI else own
        for route in routes("GET"):
            page = browser.open(fill_in(route.path, known))
            assert not values_in(page, route.path), (email, route.path)


def test_p15_no_form_gives_a_private_value_to_an_older_log_in(shared: World) -> None:
    """Whatever is posted, empty or full of things to be seen."""
    own = parameters(shared, "asha@lakeside.example")
    for route in routes("POST"):
        browser = shared.signed_in()
        screen = dict(shared.ask(browser, prompt="consent").form("/consent").fields)
        token = dict(browser.open("/").form("/logout").fields)["csrf_token"]
        shared.clock.pass_by(STALE)
        form = {**screen, "csrf_token": token, "reveal": "1", "answer": "allow"}
        path = fill_in(route.path, own)
        page = browser._follow(browser._client.post(path, data=form), "http://localhost")
        assert not values_in(page, route.path), route.path


def test_p15_the_same_pages_give_values_after_the_step_up_and_no_others_do(shared: World) -> None:
    """So the test above looks at the pages that matter; a new page with values has to be named here."""
    browser, known = shared.signed_in(), parameters(shared, "asha@lakeside.example")
    found = {
        route.path
        for route in routes("GET")
        if urlsplit(route.path).path not in (STEP_UP, CONSENT_SCREEN)
        and values_in(browser.open(fill_in(route.path, known)), route.path)
    }
    assert found == IN_FULL


def test_p15_what_is_taken_along_wants_a_step_up_that_leads_back_to_the_page_with_the_file(
    shared: World,
) -> None:
    browser, known = shared.signed_in(), parameters(shared, "asha@lakeside.example")
    attached = {
        route.path
        for route in routes("GET")
        if "attachment"
        in browser.open(fill_in(route.path, known)).response.headers.get("content-disposition", "")
    }
    assert attached - {"/connected/{grant_id}/check/{source_id}/proof.json"} == EXPORTS
    for path in sorted(EXPORTS):
        browser = shared.signed_in()
        shared.clock.pass_by(STALE)
        asked = browser.open(fill_in(path, known))
        assert urlsplit(asked.url).path == STEP_UP
        assert "before your record is put together" in asked.text
        page = browser.submit(asked, STEP_UP, {"password": PASSWORD})
        assert "You can download it now." in page.text
        file = browser.open(page.link(fill_in(path, known)))
        assert "attachment" in file.response.headers["content-disposition"]


def test_p15_stopping_never_takes_a_step_up(shared: World) -> None:
    browser = shared.signed_in()
    shared.clock.pass_by(STALE)
    page = browser.submit(detail_of(browser), "/off/phone_number/appointment_reminders")
    assert "Switched off" in page.text
    assert "/stopped" in browser.submit(detail_of(browser), "/stop").url
    browser.submit(browser.open("/connected"), "/stop-everything")
    assert rows(
        shared,
        "SELECT DISTINCT state FROM consent_grant WHERE person_id = :person",
        person=shared.person_id(),
    ) == [("ended",)]


def test_p15_a_guardians_yes_to_something_sensitive_takes_a_step_up_and_the_no_does_not(
    each_world: World,
) -> None:
    child = each_world.signed_in(MEERA)
    child.submit(child.open(begin(push(each_world))), "/consent", button="share")
    guardian = each_world.signed_in(LAKSHMI)
    each_world.clock.pass_by(STALE)
    page = guardian.open(guardian.open("/guardian").link("/guardian/gra_"))
    path = urlsplit(page.url).path
    asked = guardian.submit(page, path, {"third_party": "yes"}, button="allow")
    assert urlsplit(asked.url).path == STEP_UP
    assert rows(each_world, "SELECT state FROM consent_grant") == [("waiting",)]
    again = guardian.submit(asked, STEP_UP, {"password": PASSWORD})
    assert "Your yes is kept" in guardian.submit(again, path, {"third_party": "yes"}, button="allow").text
    each_world.clock.pass_by(STALE)
    guardian.submit(guardian.open(path), "/stop")
    assert rows(each_world, "SELECT state FROM consent_grant") == [("ended",)]


def test_every_page_that_takes_a_step_up_says_what_for() -> None:
    """Only an address that somebody typed has nothing to say."""
    sections = {each.url for each in SECTIONS.values()}
    pages = (
        (IN_FULL - {"/"}) | EXPORTS | sections | {"/security", "/security/password", "/guardian/{grant_id}"}
    )
    assert {path: reason_of(path) for path in sorted(pages) if reason_of(path) == "typed"} == {}
    assert reason_of("/preferences") == "typed"
