"""What administrators do, and what a partner notices of it."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.visitor import ASHA, Visitor
from tests.world import PERSONAL_VALUES


def admin_at(make_visitor: Callable[..., Visitor], path: str) -> Visitor:
    """Sign an administrator of the platform in and open a page."""
    admin = make_visitor()
    admin.come_in("admin@platform.example", path)
    return admin


def find_consent(admin: Visitor) -> None:
    """Search for Asha's consent and open it."""
    admin.page.get_by_label("Person, exact e-mail address").fill(ASHA)
    admin.press("Search")
    found = admin.page.get_by_role("table", name="Consents found, newest first")
    with admin.page.expect_navigation(wait_until="domcontentloaded"):
        found.get_by_role("link").first.click()


def test_what_an_administrator_revokes_is_refused_at_once(
    asha: Visitor, make_visitor: Callable[..., Visitor]
) -> None:
    """Found by the exact address, revoked with a reason; the partner is refused, the person sees who and why."""
    asha.opt_in("Phone")
    admin = admin_at(make_visitor, "/admin/grants")
    find_consent(admin)
    admin.heading("Consent: Practice quizzes with QuizCo")
    admin.page.get_by_label("Reason").select_option(label="The partner broke its terms")
    admin.press("Revoke now")
    expect(admin.page.get_by_role("status").first).to_have_text(
        "Revoked. Every token of this grant has died."
    )
    asha.read_again()
    asha.heading("The person has stopped sharing")
    asha.open_connected()
    expect(asha.page.locator(".history li").first).to_contain_text(
        "an administrator · the partner broke its agreement"
    )


def test_a_paused_partner_is_refused_at_once_and_goes_on_afterwards(
    asha: Visitor, make_visitor: Callable[..., Visitor]
) -> None:
    """The brake takes a reason; the consent stands meanwhile, and nothing is read under it."""
    asha.opt_in()
    admin = admin_at(make_visitor, "/admin/partners/quizco")
    pause = admin.page.locator(".move", has=admin.page.get_by_role("button", name="Pause for everyone"))
    pause.get_by_label("Reason").select_option(label="Security incident")
    admin.press("Pause for everyone")
    asha.read_again()
    asha.heading("Sharing is paused")
    assert asha.answers() == [("/userinfo", 403)]
    expect(asha.page.get_by_role("heading", name="What we received")).to_be_visible()
    asha.open_connected()
    expect(asha.page.get_by_text("We paused QuizCo for everybody.")).to_be_visible()
    admin.press("Resume for everyone")
    asha.read_again()
    assert asha.answers() == [("/userinfo", 200)]


def test_administrators_pages_show_no_value(asha: Visitor, make_visitor: Callable[..., Visitor]) -> None:
    """Consents, log and people hold names of details, never anybody's data (promise P15)."""
    asha.opt_in("Phone", "E-mail")
    admin = admin_at(make_visitor, "/admin/grants")
    shown = []
    find_consent(admin)
    shown.append(admin.page.content())
    for path in ("/admin", "/admin/log", "/admin/people", "/admin/partners", "/admin/partners/quizco"):
        admin.go(path)
        shown.append(admin.page.content())
    assert "Phone" in shown[0]
    for value in (*PERSONAL_VALUES, "••••••01"):
        assert not [page for page in shown if value in page], value


def test_the_log_says_what_was_handed_over(asha: Visitor, make_visitor: Callable[..., Visitor]) -> None:
    """One line for each read, by names of details; a filter that fits nothing says so."""
    asha.opt_in("Phone")
    asha.read_again()
    officer = make_visitor()
    officer.come_in("officer@platform.example", "/admin/log")
    lines = officer.page.get_by_role("table").locator("tbody tr")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Phone")
    officer.page.get_by_label("Partner").select_option(label="CampusPress")
    officer.press("Filter")
    expect(officer.page.get_by_role("status").first).to_contain_text("No hand-off fits")


def test_who_is_no_administrator_finds_no_door(make_visitor: Callable[..., Visitor]) -> None:
    """No link leads there, and the address says no in words."""
    asha = make_visitor(expect=(403,))
    asha.come_in()
    expect(asha.page.get_by_role("link", name="Administration")).to_have_count(0)
    asha.go("/admin/grants")
    asha.heading("This page is not open to you")
