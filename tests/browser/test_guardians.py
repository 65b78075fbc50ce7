"""Two guardians who disagree, and a shorter time, by keyboard alone, at a desk and on a telephone (promise P9)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from tests.browser.keys import press, tab_to
from tests.browser.visitor import Visitor
from tests.gateway.web.gallery import axe_findings
from tests.world import PASSWORD, confirm_guardians

MEERA, LAKSHMI, BEN = "meera@lakeside.example", "lakshmi@lakeside.example", "ben@lakeside.example"
SIZES = {"desk": {"width": 1280, "height": 800}, "telephone": {"width": 360, "height": 740}}
Guardians = tuple[Visitor, Visitor, Visitor]


def sign_in(visitor: Visitor, email: str) -> None:
    """Sign in without a mouse."""
    page = visitor.page
    tab_to(page, page.get_by_label("E-mail address"))
    page.keyboard.type(email)
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(PASSWORD)
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.keyboard.press("Enter")


def open_request(visitor: Visitor) -> None:
    """Open what the child asked for from the list."""
    visitor.go("/guardian")
    tab_to(visitor.page, visitor.page.get_by_role("link", name="Practice quizzes").first)
    with visitor.page.expect_navigation(wait_until="domcontentloaded"):
        visitor.page.keyboard.press("Enter")
    visitor.heading("Practice quizzes for Meera Iyer")


def answer(visitor: Visitor, word: str) -> None:
    """Answer with the keyboard; a yes needs the tick before."""
    page = visitor.page
    if word == "Yes":
        tab_to(page, page.get_by_role("checkbox", name="I agree that"))
        page.keyboard.press("Space")
    with page.expect_navigation(wait_until="domcontentloaded"):
        press(page, word)


@pytest.fixture(params=SIZES)
def three(make_visitor: Callable[..., Visitor], request: pytest.FixtureRequest) -> Guardians:
    """Meera who has asked, and her two guardians, signed in."""
    meera, lakshmi, ben = (make_visitor(viewport=SIZES[request.param]) for _ in range(3))
    services = meera.gateway.services
    linking = Linking("test", None, MEERA, BEN)
    assert meera.gateway.run(propose_guardian, services, linking, "in_person", "File 12") is None
    meera.gateway.run(confirm_guardians, services, [BEN])
    meera.page.goto(f"{meera.app}/quizco")
    press(meera.page, "Use with your school account")
    sign_in(meera, MEERA)
    press(meera.page, "Ask my guardian")
    expect(meera.page.get_by_role("status")).to_contain_text("Your guardian was asked")
    for guardian, email in ((lakshmi, LAKSHMI), (ben, BEN)):
        guardian.go("/login")
        sign_in(guardian, email)
    return meera, lakshmi, ben


def test_a_no_wins_over_a_yes_whoever_came_first(three: Guardians) -> None:
    """One yes opens it; the other guardian's no ends it, and a new wish stays closed while that no stands."""
    meera, lakshmi, ben = three
    open_request(lakshmi)
    answer(lakshmi, "Yes")
    meera.ask()
    expect(meera.page.get_by_role("heading", name="What we received")).to_be_visible()
    open_request(ben)
    with ben.page.expect_navigation(wait_until="domcontentloaded"):
        press(ben.page, "Stop Practice quizzes")
    expect(ben.page.get_by_role("status")).to_contain_text("Nothing is shared any more")
    meera.read_again()
    assert meera.answers()[0][1] == 401
    meera.ask()
    press(meera.page, "Ask my guardian")
    expect(meera.page.get_by_role("status")).to_contain_text("Your guardian was asked")
    open_request(lakshmi)
    expect(lakshmi.page.locator("main")).to_contain_text("Another guardian said no.")
    assert axe_findings(lakshmi.page) == []
    answer(lakshmi, "Yes")
    meera.open_connected()
    expect(meera.page.locator("main")).to_contain_text("Your guardian has not answered yet.")


def test_a_guardian_allows_a_shorter_time_and_the_child_sees_it(three: Guardians) -> None:
    meera, lakshmi, _ = three
    open_request(lakshmi)
    lengths = lakshmi.page.get_by_role("group", name="For how long you allow it")
    tab_to(lakshmi.page, lengths.get_by_role("radio", checked=True))
    week = lengths.get_by_role("radio", name="7 days")
    lakshmi.page.keyboard.press("ArrowDown")
    lakshmi.page.keyboard.press("ArrowDown")
    expect(week).to_be_checked()
    assert axe_findings(lakshmi.page) == []
    answer(lakshmi, "Yes")
    expect(lakshmi.page.get_by_role("status")).to_contain_text("Your yes is kept")
    meera.open_connected()
    expect(meera.page.locator("main")).to_contain_text("Given, for a shorter time")
