"""The whole journey with Tab, Space and Enter; and Enter never answers by accident (consent.md rules 6 and 13)."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.keys import press, tab_to
from tests.browser.visitor import ASHA, Visitor
from tests.world import PASSWORD


def sign_in(asha: Visitor) -> None:
    """Sign in without a mouse."""
    tab_to(asha.page, asha.page.get_by_label("E-mail address"))
    asha.page.keyboard.type(ASHA)
    tab_to(asha.page, asha.page.get_by_label("Password"))
    asha.page.keyboard.type(PASSWORD)
    asha.page.keyboard.press("Enter")
    asha.heading("Use Practice quizzes with QuizCo?")


def test_opting_in_and_stopping_need_no_mouse(asha: Visitor) -> None:
    """Tab reaches everything in order, and the focus is seen at every step."""
    page = asha.page
    page.goto(f"{asha.app}/quizco")
    press(page, "Use with your school account")
    sign_in(asha)
    tab_to(page, page.get_by_role("checkbox", name="Phone"))
    page.keyboard.press("Space")
    tab_to(page, page.locator("button[value=share]"))
    page.keyboard.press("Enter")
    asha.heading("Welcome, Asha Rao")
    assert "phone_number_masked" in asha.received()
    asha.open_connected()
    press(page, "Stop Practice quizzes")
    asha.heading("Practice quizzes is stopped")


def test_enter_in_a_box_answers_nothing(asha: Visitor) -> None:
    """The screen comes back with its choices; the partner hears nothing, the person's list stays empty."""
    page = asha.page
    asha.ask()
    sign_in(asha)
    tab_to(page, page.get_by_role("checkbox", name="E-mail"))
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("checkbox", name="Phone"))
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.keyboard.press("Enter")
    assert "/authorize/continue" in page.url
    asha.heading("Use Practice quizzes with QuizCo?")
    expect(page.get_by_role("checkbox", name="E-mail")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Phone")).not_to_be_checked()
    durations = page.get_by_role("group", name="For how long")
    tab_to(page, durations.get_by_role("radio", checked=True))
    while not durations.get_by_role("radio", name="30 days").is_checked():
        page.keyboard.press("ArrowUp")
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="30 days")).to_be_checked()
    assert page.url.startswith(asha.gateway.url)
    asha.go("/connected")
    expect(page.get_by_text("Nothing is connected")).to_be_visible()


def test_the_first_tab_leads_past_the_frame(asha: Visitor) -> None:
    """The skip link is the first stop, is seen there, and moves the focus to the content."""
    asha.come_in(path="/profile")
    asha.page.keyboard.press("Tab")
    expect(asha.focused()).to_have_text("Skip to the content")
    expect(asha.focused()).to_be_in_viewport()
    asha.page.keyboard.press("Enter")
    expect(asha.focused()).to_have_attribute("id", "main")
    asha.page.keyboard.press("Tab")
    expect(asha.page.locator("main :focus")).to_have_count(1)


def test_faults_of_a_form_take_the_focus_and_lead_to_their_fields(
    make_visitor: Callable[..., Visitor],
) -> None:
    """The summary says what is wrong and links to it; what was typed is still there (WCAG 2.2 SC 3.3.1, 3.3.7)."""
    asha = make_visitor(expect=(400,))
    asha.come_in(path="/profile/edit")
    asha.page.get_by_label("Phone").fill("none of yours")
    asha.page.get_by_label("Town").fill("Mysuru")
    asha.page.get_by_label("Phone").press("Enter")
    expect(asha.focused()).to_have_attribute("role", "alert")
    tab_to(asha.page, asha.page.get_by_role("alert").get_by_role("link"))
    asha.page.keyboard.press("Enter")
    expect(asha.focused()).to_have_attribute("name", "phone_number")
    expect(asha.focused()).to_have_value("none of yours")
    expect(asha.page.get_by_label("Town")).to_have_value("Mysuru")
