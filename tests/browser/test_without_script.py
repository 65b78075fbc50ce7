"""Everything works where scripts are switched off (consent.md: no script needed)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor


@pytest.fixture
def plain(make_visitor: Callable[..., Visitor]) -> Visitor:
    """A browser that runs no script."""
    return make_visitor(java_script_enabled=False)


def test_the_whole_journey_works_without_script(plain: Visitor) -> None:
    """Opt in, show a value, read, switch off, stop, read refused."""
    plain.ask()
    plain.sign_in()
    plain.share("E-mail", "Phone")
    assert set(plain.received()) == {"name", "course", "email_masked", "phone_number_masked"}
    plain.open_connected()
    plain.press("Switch off Phone")
    plain.read_again()
    assert set(plain.received()) == {"name", "course", "email_masked"}
    plain.open_connected()
    plain.press("Stop Practice quizzes")
    plain.heading("Practice quizzes is stopped")
    plain.read_again()
    plain.heading("The person has stopped sharing")


def test_no_page_carries_a_script(plain: Visitor) -> None:
    """Neither an element nor a handler in an attribute, nor anything from elsewhere."""
    plain.ask()
    pages = [plain.page.content()]
    plain.sign_in()
    pages.append(plain.page.content())
    for path in ("/", "/connected", "/contacts", "/contacts/ask", "/profile", "/privacy"):
        plain.go(path)
        pages.append(plain.page.content())
    for page in pages:
        assert "<script" not in page
        assert " on" + "click=" not in page
    expect(plain.page.locator("main")).to_be_visible()
