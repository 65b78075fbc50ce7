"""No thanks: of equal weight, without consequence, remembered, and taken back only by the person (promise P12)."""

from typing import Literal

from playwright.sync_api import expect

from tests.browser.visitor import Visitor, show_scheme


def decline(visitor: Visitor) -> None:
    """Ask, sign in, say no."""
    visitor.ask()
    visitor.sign_in()
    visitor.press("No thanks")


def test_a_no_shares_nothing_and_the_partner_shows_it(asha: Visitor) -> None:
    """The partner learns that, and nothing else; nothing stands in the person's list of hand-offs."""
    decline(asha)
    asha.heading("You said no — nothing was shared")
    expect(asha.page.get_by_role("heading", name="What we received")).to_have_count(0)
    asha.open_connected()
    expect(asha.page.get_by_text("Nothing has been handed over")).to_be_visible()


def test_nothing_gets_worse_by_a_no(asha: Visitor) -> None:
    """Every page of the person's own is word for word as before, but for the list that holds the no itself."""
    asha.come_in()

    def pages() -> list[str]:
        found = []
        for path in ("/", "/profile", "/privacy"):
            asha.go(path)
            found.append(asha.page.locator("main").inner_text())
        return found

    before = pages()
    asha.ask()
    asha.press("No thanks")
    assert pages() == before


def test_a_no_is_not_asked_about_again(asha: Visitor) -> None:
    """The second try comes straight back with the same no: no screen, no second prompt."""
    decline(asha)
    asha.ask()
    asha.heading("You said no — nothing was shared")


def test_the_person_can_let_it_ask_again(asha: Visitor) -> None:
    """On the page of connected services; that alone shares nothing."""
    decline(asha)
    asha.open_connected()
    asha.press("Let it ask me again")
    expect(asha.page.get_by_role("status")).to_have_text("This service may ask you again.")
    asha.page.goto(f"{asha.app}/quizco")
    asha.heading("You said no — nothing was shared")
    asha.ask()
    asha.heading("Use Practice quizzes with QuizCo?")
    asha.share()
    asha.heading("Welcome, Asha Rao")


def test_deciding_later_is_no_decision(asha: Visitor) -> None:
    """The partner gets nothing, and the next time the person is asked as if for the first time."""
    asha.ask()
    asha.sign_in()
    asha.press("Decide later")
    expect(asha.page.get_by_role("heading", level=1)).to_contain_text("nothing was shared")
    asha.ask()
    asha.heading("Use Practice quizzes with QuizCo?")


def test_yes_and_no_weigh_the_same(asha: Visitor) -> None:
    """Both answers have the same size and the same looks, in both schemes (consent.md rule 1)."""
    asha.ask()
    asha.sign_in()
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        show_scheme(asha.page, scheme)
        looks = [
            asha.page.locator(f"button[value={value}]").evaluate(
                """button => { const s = getComputedStyle(button), r = button.getBoundingClientRect()
                   return [Math.round(r.width), Math.round(r.height), s.color, s.backgroundColor,
                           s.borderColor, s.borderWidth, s.fontSize, s.fontWeight] }"""
            )
            for value in ("refuse", "share")
        ]
        assert looks[0] == looks[1]
