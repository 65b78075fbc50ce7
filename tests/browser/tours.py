"""Walks that meet every page and state of the journey; at each stop the caller looks at the page."""

import re
from collections.abc import Callable
from urllib.parse import urlencode

from playwright.sync_api import expect

from gateway.actions.partners.submission import submit_manifest
from gateway.actions.services import Services
from tests.browser.visitor import ASHA, Visitor
from tests.world import CHALLENGE, PARTNER_APP, PARTNERS, PASSWORD, PEOPLE

Look = Callable[[str], None]
_ONE_MORE = """[[offer.item]]
field = "locale"
purpose = "service_personalisation"
forms = ["full"]
necessity = "optional"
why = { en = "Questions come in your language." }
"""
STALE = 601
"""Seconds after which a password no longer counts for values."""


def question(visitor: Visitor, **changes: str) -> str:
    """Address QuizCo's question without the partner's page, for what the sample partner never asks."""
    parameters = {
        "response_type": "code",
        "client_id": "quizco-web",
        "redirect_uri": f"{visitor.app}/quizco/callback",
        "scope": "openid profile email phone education",
        "state": "st",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    return f"/authorize?{urlencode(parameters)}"


def tour_of_strangers(visitor: Visitor, look: Look) -> None:
    """What somebody meets who is not signed in."""
    visitor.page.goto(f"{visitor.app}/quizco")
    look("partner")
    visitor.press("Use with your school account")
    look("log-in")
    visitor.page.get_by_label("E-mail address").fill(ASHA)
    visitor.page.get_by_label("Password").fill("not hers")
    visitor.press("Sign in")
    look("log-in-rejected")
    visitor.go("/privacy")
    look("privacy")
    visitor.go("/no-such-page")
    look("not-found")
    visitor.go(question(visitor, client_id="nobody"))
    look("authorization-error")
    visitor.go("/invitation/cg_in_never")
    look("invitation-invalid")
    visitor.go("/signed-out")
    look("signed-out")


def tour_of_a_person(visitor: Visitor, look: Look) -> None:
    """What a person meets from the first question to the last page, with fresh passwords and stale ones."""
    page, clock = visitor.page, visitor.gateway.clock
    visitor.come_in()
    look("home-empty")
    visitor.go("/connected")
    look("connected-empty")
    visitor.ask()
    look("consent-in-full")
    clock.ahead = STALE
    visitor.ask()
    look("consent")
    visitor.press("Show in full Phone", exact=False)
    look("reauthenticate")
    page.get_by_label("Password").fill("not hers")
    visitor.press("Continue")
    look("reauthenticate-rejected")
    clock.ahead = 0
    visitor.ask("campuspress")
    look("consent-campuspress")
    visitor.press("No thanks")
    look("partner-declined")
    visitor.ask()
    visitor.share("E-mail", "Phone")
    look("partner-connected")
    visitor.go(question(visitor, prompt="consent"))
    look("amend")
    visitor.go(question(visitor, prompt="consent", scope="openid profile"))
    look("amend-nothing-new")
    visitor.go("/")
    look("home")
    visitor.open_connected()
    look("detail")
    visitor.follow("the notice, version 1")
    look("notice")
    visitor.go("/profile")
    look("profile-in-full")
    clock.ahead = STALE
    page.reload()
    look("profile")
    clock.ahead = 0
    visitor.go("/profile/edit")
    look("edit")
    page.get_by_label("Phone").fill("none of yours")
    page.get_by_label("Language").fill("?")
    visitor.press("Save")
    look("edit-faults")
    page.get_by_label("Phone").fill("+44 20 7946 0958")
    page.get_by_label("Language").fill("en-GB")
    visitor.press("Save")
    look("profile-saved")
    visitor.open_connected()
    look("detail-older-copy")
    visitor.press("Pause sharing")
    visitor.read_again()
    look("partner-paused")
    visitor.open_connected()
    visitor.press("Go on sharing")
    visitor.open_connected("Course readers")
    look("detail-refused")
    visitor.open_connected()
    visitor.press("Switch off Phone")
    look("detail-narrowed")
    visitor.press("Stop Practice quizzes")
    look("stopped")
    visitor.open_connected()
    look("detail-ended")
    visitor.go("/connected")
    look("connected")
    visitor.read_again()
    look("partner-ended")
    visitor.go("/admin")
    look("not-allowed")


def tour_of_a_minor(visitor: Visitor, look: Look) -> None:
    """What a child meets."""
    visitor.ask()
    visitor.sign_in("meera@lakeside.example")
    look("child-consent")
    visitor.press("Ask my guardian")
    visitor.heading("Your guardian decides about this")
    look("child-asked")
    visitor.page.context.clear_cookies()
    visitor.come_in("lakshmi@lakeside.example", "/guardian")
    look("guardian")
    visitor.follow("Practice quizzes")
    look("guardian-request")
    visitor.page.context.clear_cookies()
    visitor.ask()
    visitor.sign_in("deepa@lakeside.example")
    visitor.heading("Your guardian decides about this")
    look("blocked")


def tour_of_an_administrator(visitor: Visitor, look: Look) -> None:
    """What an administrator of the platform meets; Asha has opted in before."""
    page, clock = visitor.page, visitor.gateway.clock
    visitor.come_in("admin@platform.example", "/admin")
    look("admin")
    visitor.go("/admin/grants")
    look("admin-grants-empty")
    page.get_by_label("Partner").select_option(label="QuizCo")
    visitor.press("Search")
    look("admin-grants")
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.get_by_role("table").get_by_role("link").first.click()
    look("admin-grant")
    address = page.url
    clock.ahead = STALE
    page.reload()
    look("admin-grant-stale")
    clock.ahead = 0
    visitor.go("/admin/log")
    look("admin-log")
    visitor.go("/admin/partners")
    look("admin-partners")
    visitor.go("/admin/partners/quizco")
    look("admin-partner")
    visitor.gateway.run(hand_in_again, visitor.gateway.services, visitor.app)
    page.reload()
    look("admin-partner-review")
    visitor.press("Make a new secret quizco-web")
    look("admin-partner-secret")
    visitor.go("/admin/people")
    look("admin-people")
    page.get_by_label("CSV file").set_input_files(
        {"name": "roster.csv", "mimeType": "text/csv", "buffer": _faulty_roster()}
    )
    visitor.press("Check and import")
    look("admin-people-report")
    link = re.search(r"https?://\S+/invitation/\S+", visitor.gateway.letters.letters[-1].text)
    assert link is not None
    page.goto(address)
    page.get_by_label("Reason").select_option(index=1)
    visitor.press("Revoke now")
    look("admin-grant-revoked")
    visitor.press("Sign out")
    page.goto(link[0])
    look("invitation")
    page.locator("[minlength]").evaluate("field => field.removeAttribute('minlength')")
    page.get_by_label("New password").fill("short")
    visitor.press("Set the password")
    look("invitation-faults")
    page.get_by_label("New password").fill(PASSWORD)
    visitor.press("Set the password")
    look("invitation-done")
    expect(page.get_by_role("status")).to_contain_text("Your password is set.")


async def hand_in_again(services: Services, app: str) -> None:
    """Hand QuizCo's manifest in with longer retention, one detail more and one less."""
    text = (PARTNERS / "quizco.toml").read_text().replace(PARTNER_APP, app)
    kept, _, _ = text.replace("retention_days = 30", "retention_days = 90").rpartition("[[offer.item]]")
    await submit_manifest(services, kept + _ONE_MORE, "quizco.toml", {}, "cli")


def _faulty_roster() -> bytes:
    heading = PEOPLE.partition("\n")[0]
    return (
        f"{heading}\n"
        "lakeside,student,noor@lakeside.example,Noor Khan,,,,,,,,,,\n"
        "nowhere,student,ravi@lakeside.example,Ravi,,,,,,,,,,\n"
        "lakeside,student,not an address,Ravi,,,,,,,,,,\n"
    ).encode()
