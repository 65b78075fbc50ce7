"""Who else has a word: the school, the partner's new terms, and a link that stops without log-in (P4, P12)."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from gateway.actions.services import Services
from tests.browser.visitor import Visitor
from tests.gateway.web.gallery import axe_findings
from tests.world import PARTNER_APP, PARTNERS, PERSONAL_VALUES, publish

QUIZZES = "Use Practice quizzes with QuizCo?"


async def change_terms(services: Services, app: str) -> None:
    """Let QuizCo keep what it gets for longer, in a second version that people have to answer."""
    text = (PARTNERS / "quizco.toml").read_text().replace(PARTNER_APP, app)
    text = text.replace("retention_days = 30", "retention_days = 90")
    await publish(services, text, version=2, manifest_version=2)


@pytest.fixture
def school(make_visitor: Callable[..., Visitor]) -> Visitor:
    """The administrator of Asha's school, before the list of partners."""
    visitor = make_visitor()
    visitor.come_in("school@lakeside.example", "/admin/school")
    return visitor


def test_a_school_that_is_asked_opens_a_partner_and_each_member_still_decides(
    asha: Visitor, school: Visitor
) -> None:
    school.press("On request only QuizCo")
    asha.ask()
    asha.sign_in()
    asha.heading("Your school has to open this first")
    expect(asha.page.locator("button[value=share]")).to_have_count(0)
    asha.press("Ask my school")
    expect(asha.page.get_by_role("status")).to_contain_text("Your school was asked.")
    assert axe_findings(asha.page) == []
    school.page.reload()
    expect(school.page.get_by_text("1 member asks for it")).to_be_visible()
    school.press("Open QuizCo")
    expect(school.page.get_by_text("1 member asks for it")).to_have_count(0)
    asha.ask()
    asha.heading(QUIZZES)
    asha.share()
    asha.heading("Welcome, Asha Rao")


def test_a_school_that_closes_a_partner_stops_what_runs_at_the_next_read(
    asha: Visitor, school: Visitor
) -> None:
    asha.opt_in("Phone")
    school.press("Close QuizCo")
    asha.read_again()
    assert asha.answers() == [("/userinfo", 403)]
    school.press("Open QuizCo")
    asha.ask()
    asha.heading("Welcome, Asha Rao")
    assert set(asha.received()) == {"name", "course", "phone_number_masked"}


@pytest.mark.parametrize("answer", ["share", "keep"])
def test_changed_terms_hold_everything_back_until_the_person_answers(asha: Visitor, answer: str) -> None:
    asha.opt_in("Phone")
    asha.gateway.run(change_terms, asha.gateway.services, asha.app)
    asha.read_again()
    assert asha.answers() == [("/userinfo", 403)]
    asha.ask()
    asha.heading("Practice quizzes with QuizCo changes")
    expect(asha.page.get_by_text("No longer as agreed")).to_be_visible()
    expect(asha.page.locator("main")).to_contain_text("90 days")
    assert axe_findings(asha.page) == []
    asha.page.locator(f"button[value={answer}]").click()
    asha.heading("Welcome, Asha Rao")
    assert set(asha.received()) == {"name", "course", "phone_number_masked"}


def test_new_terms_can_be_answered_by_stopping(asha: Visitor) -> None:
    asha.opt_in()
    asha.gateway.run(change_terms, asha.gateway.services, asha.app)
    asha.read_again()
    asha.ask()
    asha.press("Stop sharing altogether")
    asha.open_connected()
    expect(asha.page.get_by_role("heading", name="What they received")).to_be_visible()


def test_the_link_in_a_receipt_stops_without_log_in_and_shows_no_value(
    asha: Visitor, make_visitor: Callable[..., Visitor]
) -> None:
    """Opening it, as mail scanners do, stops nothing; pressing does, in any browser."""
    asha.opt_in("Phone")
    asha.open_connected()
    asha.page.locator('a[href*="/receipt/"]').first.click()
    link = asha.page.get_by_role("link", name="stop link").get_attribute("href")
    assert link is not None
    anybody = make_visitor(java_script_enabled=False)
    anybody.page.goto(link if "://" in link else anybody.gateway.url + link)
    anybody.heading("Stop Practice quizzes with QuizCo?")
    assert not [value for value in PERSONAL_VALUES if value in anybody.page.content()]
    asha.read_again()
    assert "phone_number_masked" in asha.received()
    anybody.press("Stop Practice quizzes")
    anybody.heading("Practice quizzes with QuizCo has stopped")
    asha.read_again()
    asha.heading("The person has stopped sharing")
