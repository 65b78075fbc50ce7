"""Detours that people take: back, twice, in two windows, too late, with the password in between."""

from collections.abc import Callable

from playwright.sync_api import expect

from gateway.kit.secrets.digests import digest
from gateway.store.oauth.logouts import SignOut, sign_out
from gateway.store.sessions import EndedSession
from gateway.web.pages.visit import COOKIE
from tests.browser.visitor import Visitor
from tests.world import PASSWORD


def end_sessions_of(visitor: Visitor) -> None:
    """End a browser's session behind its back, as its limits would."""
    [secret] = [each["value"] for each in visitor.page.context.cookies() if each["name"] == COOKIE]
    services = visitor.gateway.services
    ended = EndedSession(digest(secret), "", services.clock(), None)
    end = SignOut(ended, services.clock(), lambda _, __: False, lambda _: (), "red_1", "")
    visitor.gateway.run(services.store.run, sign_out, end)


def wait_for_screen(asha: Visitor) -> None:
    """Expect the consent screen."""
    asha.heading("Use Practice quizzes with QuizCo?")


def test_going_back_after_the_answer_does_nothing_twice(make_visitor: Callable[..., Visitor]) -> None:
    """It leads to the partner again, which knows its question as answered; one decision, and one read."""
    asha = make_visitor(expect=(400,))
    asha.opt_in("Phone")
    asha.page.go_back()
    asha.heading("We did not use that")
    asha.open_connected()
    expect(asha.page.locator(".history li")).to_have_count(1)
    expect(asha.page.get_by_role("table", name="Hand-offs, newest first").locator("tbody tr")).to_have_count(
        1
    )
    asha.page.goto(f"{asha.app}/quizco")
    assert "phone_number_masked" in asha.received()


def test_of_two_windows_with_one_question_the_first_answer_counts(
    make_visitor: Callable[..., Visitor],
) -> None:
    """Another second answer is not taken, in words, and can be given anew; what was chosen first stands."""
    asha = make_visitor(expect=(409,))
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    second = asha.page.context.new_page()
    second.goto(asha.page.url)
    expect(second.get_by_role("heading", level=1)).to_have_text("Use Practice quizzes with QuizCo?")
    asha.share("Phone")
    asha.heading("Welcome, Asha Rao")
    second.get_by_role("button", name="No thanks").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("You use Practice quizzes with QuizCo")
    expect(second.locator("main")).to_contain_text("perhaps in another window")
    asha.press("Read again")
    assert "phone_number_masked" in asha.received()


def test_two_windows_with_two_questions_end_in_one_consent(make_visitor: Callable[..., Visitor]) -> None:
    """A partner that asked twice gets one grant, not two; the slower window finds it as it stands."""
    asha = make_visitor(expect=(409,))
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    second = asha.page.context.new_page()
    other = Visitor(second, asha.gateway, asha.app)
    other.ask()
    wait_for_screen(other)
    other.share()
    other.heading("Welcome, Asha Rao")
    asha.share("Phone")
    expect(asha.page.locator("main")).to_contain_text("perhaps in another window")
    expect(asha.page.get_by_role("checkbox", name="Phone")).to_be_checked()
    asha.go("/connected")
    expect(asha.page.locator("li.service")).to_have_count(1)


def test_a_double_click_arrives_and_is_one_decision(asha: Visitor) -> None:
    """Chromium sends both presses and shows the answer to the second: one event, and a code that works."""
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    with asha.page.expect_navigation(wait_until="domcontentloaded"):
        asha.page.locator("button[value=share]").dblclick()
    asha.heading("Welcome, Asha Rao")
    asha.open_connected()
    expect(asha.page.locator(".history li")).to_have_count(1)


def test_the_same_answer_in_a_second_window_arrives_too(asha: Visitor) -> None:
    """One answer, one result: nothing is decided again."""
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    second = Visitor(asha.page.context.new_page(), asha.gateway, asha.app)
    second.ask()
    wait_for_screen(second)
    second.share()
    second.heading("Welcome, Asha Rao")
    asha.share()
    asha.heading("Welcome, Asha Rao")
    asha.open_connected()
    expect(asha.page.locator(".history li")).to_have_count(1)


def test_an_answer_after_the_same_person_signed_in_again_counts(asha: Visitor) -> None:
    """Another window signed out and in: the screen that waited is still this person's."""
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    second = Visitor(asha.page.context.new_page(), asha.gateway, asha.app)
    second.go("/")
    second.press("Sign out")
    second.come_in()
    asha.share("Phone")
    asha.heading("Welcome, Asha Rao")


def test_a_screen_of_somebody_who_signed_out_is_shown_to_who_is_there(
    make_visitor: Callable[..., Visitor],
) -> None:
    """Aoife pressed on Asha's page: nothing of either is shared, and her own page says why she looks at it."""
    asha = make_visitor(expect=(409,))
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    second = Visitor(asha.page.context.new_page(), asha.gateway, asha.app)
    second.go("/")
    second.press("Sign out")
    second.come_in("aoife@northfield.example")
    asha.share("Phone")
    wait_for_screen(asha)
    expect(asha.page.locator("main")).to_contain_text("while somebody else was signed in")
    expect(asha.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    asha.share()
    asha.heading("Welcome, Aoife Ní Bhriain")


def test_a_session_that_ends_on_the_screen_leads_over_the_log_in_back_to_it(asha: Visitor) -> None:
    """No error, nothing decided, nothing ticked; afterwards the journey goes on."""
    asha.ask()
    asha.sign_in()
    wait_for_screen(asha)
    end_sessions_of(asha)
    asha.share("Phone")
    asha.heading("Sign in")
    expect(asha.page.locator("main")).to_contain_text("QuizCo sent you here")
    asha.sign_in()
    wait_for_screen(asha)
    expect(asha.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    asha.share("Phone")
    asha.heading("Welcome, Asha Rao")


def test_two_windows_at_the_log_in_both_come_in(asha: Visitor) -> None:
    """A log-in form that was opened before another window signed in still works."""
    asha.ask()
    second = Visitor(asha.page.context.new_page(), asha.gateway, asha.app)
    second.ask("campuspress")
    second.sign_in()
    second.heading("Use Course readers with CampusPress?")
    asha.sign_in()
    wait_for_screen(asha)


def test_a_value_is_shown_in_full_after_the_password_and_choices_stay(asha: Visitor) -> None:
    """The way leads over the password and back to the screen as it was (consent.md rule 2)."""
    asha.come_in()
    asha.gateway.clock.ahead = 601
    asha.ask()
    wait_for_screen(asha)
    expect(asha.page.locator("main")).not_to_contain_text("90000")
    asha.page.get_by_role("checkbox", name="E-mail").check()
    asha.page.get_by_role("radio", name="30 days").check()
    asha.page.get_by_role("button", name="Show in full Phone").click()
    asha.give_password()
    wait_for_screen(asha)
    expect(asha.page.locator("main")).to_contain_text("+91 90000 00101")
    expect(asha.page.get_by_role("checkbox", name="E-mail")).to_be_checked()
    expect(asha.page.get_by_role("radio", name="30 days")).to_be_checked()
    asha.gateway.clock.ahead = 0
    asha.share()
    asha.heading("Welcome, Asha Rao")
    assert "email_masked" in asha.received()


def test_private_details_hide_again_after_a_while(asha: Visitor) -> None:
    """Ten minutes after the password the profile masks what it holds, and shows it again for the password (P15)."""
    asha.come_in(path="/profile")
    expect(asha.page.locator("main")).to_contain_text("+91 90000 00101")
    asha.gateway.clock.ahead = 601
    asha.page.reload()
    expect(asha.page.locator("main")).not_to_contain_text("90000")
    expect(asha.page.locator("main")).not_to_contain_text("Lake View")
    asha.follow("Show them in full")
    asha.give_password()
    expect(asha.page.locator("main")).to_contain_text("+91 90000 00101")


def test_a_wrong_password_says_so_and_keeps_the_address(make_visitor: Callable[..., Visitor]) -> None:
    """One answer for a wrong password and for an unknown person; the way to the consent screen stays open."""
    asha = make_visitor(expect=(400,))
    asha.ask()
    told = []
    for email in ("asha@lakeside.example", "nobody@lakeside.example"):
        asha.page.get_by_label("E-mail address").fill(email)
        asha.page.get_by_label("Password").fill(PASSWORD + "?")
        asha.press("Sign in")
        told.append(asha.page.get_by_role("alert").inner_text())
        expect(asha.page.get_by_label("E-mail address")).to_have_value(email)
    assert told[0] == told[1]
    asha.sign_in()
    wait_for_screen(asha)


def test_signing_out_ends_every_window(asha: Visitor) -> None:
    """The other window, too, is asked to sign in."""
    asha.come_in()
    other = asha.page.context.new_page()
    other.goto(asha.gateway.url + "/profile")
    asha.press("Sign out")
    other.reload()
    expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
