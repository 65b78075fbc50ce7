"""Contacts between two people, each at a browser of their own: asked, accepted, looked at, ended (promise P2)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.keys import press, tab_to
from tests.browser.visitor import Visitor
from tests.gateway.web.gallery import axe_findings

BEN = "ben@lakeside.example"
LOOKS = "Looks, newest first"


@pytest.fixture
def ben(make_visitor: Callable[..., Visitor]) -> Visitor:
    """Ben at his browser, on the list of his contacts."""
    visitor = make_visitor()
    visitor.come_in(BEN, "/contacts")
    return visitor


def ask_ben(asha: Visitor) -> None:
    """Let Asha ask Ben, and show him her phone number in full."""
    asha.come_in(path="/contacts")
    asha.follow("Ask somebody")
    asha.page.get_by_label("Their e-mail address").fill(BEN)
    expect(asha.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    asha.page.get_by_role("checkbox", name="Phone").check()
    asha.page.get_by_role("group", name="Phone: Share it as").get_by_role("radio").last.check()
    asha.press("Ask")
    expect(asha.page.get_by_role("status")).to_contain_text("It waits in your list")


def good(visitor: Visitor) -> None:
    """Hold the page against axe."""
    assert axe_findings(visitor.page) == []


@pytest.mark.parametrize("gateway", ["sqlite", "postgresql"], indirect=True)
def test_from_the_question_to_the_end(asha: Visitor, ben: Visitor) -> None:
    """What was accepted is seen after the step-up, stands in who looked at what, and is gone after the end."""
    ask_ben(asha)
    good(asha)
    ben.page.reload()
    good(ben)
    ben.follow("See and answer Asha Rao")
    ben.heading("Asha Rao asks to be your contact")
    good(ben)
    expect(ben.page.locator("main")).not_to_contain_text("90000")
    ben.page.get_by_role("checkbox", name="E-mail", exact=True).check()
    ben.press("Yes, with what I ticked")
    expect(ben.page.get_by_role("status")).to_contain_text("You are contacts now.")
    asha.gateway.clock.ahead = 601
    asha.go("/contacts")
    asha.follow("Ben Okafor")
    expect(asha.page.locator("main")).not_to_contain_text("b***@")
    good(asha)
    asha.press("Show the details")
    asha.give_password()
    expect(asha.page.locator("main")).not_to_contain_text("b***@")
    asha.press("Show the details")
    expect(asha.page.locator("main")).to_contain_text("b***@lakeside.example")
    expect(asha.page.locator("main")).not_to_contain_text(BEN)
    good(asha)
    ben.page.reload()
    line = ben.page.get_by_role("table", name=LOOKS).locator("tbody tr")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("Asha Rao")
    expect(line).to_contain_text("E-mail")
    ben.press("End contact")
    ben.heading("The contact with Asha Rao has ended")
    good(ben)
    asha.go("/contacts")
    asha.follow("Ben Okafor")
    expect(asha.page.get_by_role("button", name="Show the details")).to_have_count(0)
    expect(asha.page.locator("main")).not_to_contain_text("b***@")
    good(asha)


def test_an_end_reaches_a_page_that_is_open_already(
    make_visitor: Callable[..., Visitor], asha: Visitor
) -> None:
    """Ben stands before the button when Asha ends it; his press is refused in plain words, and shows nothing."""
    ben = make_visitor(expect=(409,))
    ask_ben(asha)
    ben.come_in(BEN, "/contacts")
    ben.follow("See and answer Asha Rao")
    ben.press("Yes, with what I ticked")
    expect(ben.page.get_by_role("button", name="Show the details")).to_be_visible()
    asha.go("/contacts")
    asha.follow("Ben Okafor")
    asha.press("End contact")
    ben.press("Show the details")
    expect(ben.page.locator("main")).to_contain_text("This changed in the meantime.")
    expect(ben.page.locator("main")).not_to_contain_text("90000")


def test_asking_answering_and_ending_need_no_mouse(asha: Visitor, ben: Visitor) -> None:
    """Tab reaches everything, and the focus is seen at every step; Enter in a box decides nothing."""
    asha.come_in(path="/contacts/ask")
    tab_to(asha.page, asha.page.get_by_label("Their e-mail address"))
    asha.page.keyboard.type(BEN)
    with asha.page.expect_navigation(wait_until="domcontentloaded"):
        asha.page.keyboard.press("Enter")
    expect(asha.page.get_by_label("Their e-mail address")).to_have_value(BEN)
    asha.heading("Ask somebody to be your contact")
    tab_to(asha.page, asha.page.get_by_role("checkbox", name="E-mail", exact=True))
    asha.page.keyboard.press("Space")
    press(asha.page, "Ask")
    expect(asha.page.get_by_role("status")).to_contain_text("It waits in your list")
    ben.page.reload()
    tab_to(ben.page, ben.page.get_by_role("link", name="See and answer Asha Rao"))
    ben.page.keyboard.press("Enter")
    ben.heading("Asha Rao asks to be your contact")
    press(ben.page, "Yes, with what I ticked")
    expect(ben.page.get_by_role("status")).to_contain_text("You are contacts now.")
    press(ben.page, "Show the details")
    expect(ben.page.get_by_text("This look is written down.")).to_be_visible()
    press(ben.page, "End contact")
    ben.heading("The contact with Asha Rao has ended")


def test_a_no_needs_one_press_and_no_script(make_visitor: Callable[..., Visitor], asha: Visitor) -> None:
    """The list of the one who asked says what it said before."""
    ask_ben(asha)
    asha.go("/contacts")
    before = asha.page.locator("main").inner_text()
    ben = make_visitor(java_script_enabled=False)
    ben.come_in(BEN, "/contacts")
    ben.follow("See and answer Asha Rao")
    ben.press("No thanks")
    expect(ben.page.locator("main")).to_contain_text("They are not told.")
    expect(ben.page.locator("main")).to_contain_text("No contacts yet")
    asha.page.reload()
    assert asha.page.locator("main").inner_text() == before
