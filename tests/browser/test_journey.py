"""The journey that the gateway is for: from the partner's page to the person's yes and back, and what follows."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor


@pytest.mark.parametrize("gateway", ["sqlite", "postgresql"], indirect=True)
def test_the_partner_gets_exactly_what_was_shared(asha: Visitor) -> None:
    """Needed items and the one that was ticked arrive, in the form that was chosen; what was left out does not."""
    asha.ask()
    asha.heading("Sign in")
    expect(asha.page.locator("main")).to_contain_text("QuizCo sent you here, to use Practice quizzes.")
    asha.sign_in()
    asha.heading("Use Practice quizzes with QuizCo?")
    expect(asha.page.get_by_role("checkbox", checked=True)).to_have_count(0)
    asha.page.get_by_role("group", name="E-mail: Share it as").get_by_role("radio").last.check()
    asha.share("E-mail")
    asha.heading("Welcome, Asha Rao")
    assert asha.received() == {
        "name": "Asha Rao",
        "course": "CS-101",
        "email": "asha@lakeside.example",
        "email_verified": "no",
    }


def test_a_partner_with_its_own_key_gets_exactly_what_was_shared(asha: Visitor) -> None:
    """The same with PAR, private_key_jwt and a postal address."""
    asha.opt_in("Phone", service="campuspress")
    assert asha.received() == {
        "name": "Asha Rao",
        "address": "7 Lake View Road\nSrirangapatna Karnataka 571438\nIndia",
        "phone_number": "+91 90000 00101",
        "phone_number_verified": "no",
    }


def test_the_same_question_is_not_asked_twice(asha: Visitor) -> None:
    """Who said yes goes straight through the next time, with what was chosen then."""
    asha.opt_in("Phone")
    received = asha.received()
    asha.press("Disconnect")
    asha.press("Use with your school account")
    asha.heading("Welcome, Asha Rao")
    assert asha.received() == received


def test_an_item_that_was_switched_off_is_gone_at_the_next_read(asha: Visitor) -> None:
    """Narrowing works without the partner and without another question; the rest goes on."""
    asha.opt_in("E-mail", "Phone")
    assert set(asha.received()) == {"name", "course", "email_masked", "phone_number_masked"}
    asha.open_connected()
    asha.press("Switch off Phone")
    expect(asha.page.get_by_role("status")).to_have_text("Switched off. The next read no longer has it.")
    asha.read_again()
    assert set(asha.received()) == {"name", "course", "email_masked"}
    expect(asha.page.get_by_role("status")).to_contain_text("no longer shared")


def test_after_stop_the_partner_is_refused(asha: Visitor) -> None:
    """One press, no question back, no password; the page says since when, and the partner sees the end."""
    asha.opt_in()
    asha.open_connected()
    asha.press("Stop Practice quizzes")
    asha.heading("Practice quizzes is stopped")
    expect(asha.page.get_by_role("status")).to_contain_text("QuizCo gets nothing more about you.")
    asha.read_again()
    asha.heading("The person has stopped sharing")
    asha.open_connected()
    expect(asha.page.get_by_role("heading", name="What they received")).to_be_visible()
    expect(asha.page.get_by_role("button", name="Stop Practice quizzes")).to_have_count(0)


def test_every_read_stands_on_the_persons_page(asha: Visitor) -> None:
    """Each hand-off is a line with its details by name; the page adds none itself."""
    asha.opt_in("Phone")
    for _ in range(2):
        asha.read_again()
    asha.open_connected()
    lines = asha.page.get_by_role("table", name="Hand-offs, newest first").locator("tbody tr")
    expect(lines).to_have_count(3)
    for line in lines.all():
        expect(line).to_contain_text("Name")
        expect(line).to_contain_text("Phone")
        expect(line).not_to_contain_text("E-mail")
    asha.page.reload()
    expect(lines).to_have_count(3)


def test_a_changed_detail_reaches_the_partner_at_its_next_read_only(asha: Visitor) -> None:
    """The form says who holds the old one; the service's page marks the older copy until the partner reads."""
    asha.opt_in("Phone")
    asha.go("/profile/edit")
    expect(asha.page.locator(".holders").first).to_contain_text("QuizCo holds the copy that it received on")
    asha.page.get_by_label("Phone").fill("+44 20 7946 0958")
    asha.press("Save")
    asha.open_connected()
    expect(asha.page.get_by_text("They hold an older copy")).to_be_visible()
    asha.page.goto(f"{asha.app}/quizco")
    assert asha.received()["phone_number_masked"].endswith("01")
    asha.press("Read again")
    assert asha.received()["phone_number_masked"] == "+44 ••••••58"
    asha.open_connected()
    expect(asha.page.get_by_text("They hold an older copy")).to_have_count(0)


def test_a_minor_is_told_who_decides(make_visitor: Callable[..., Visitor]) -> None:
    """There is nothing to press that would share, and the way back is open (promise P9)."""
    deepa = make_visitor()
    deepa.ask()
    deepa.sign_in("deepa@lakeside.example")
    deepa.heading("Your guardian decides about this")
    expect(deepa.page.locator("button[value=share]")).to_have_count(0)
    deepa.follow("Go back to QuizCo")
    expect(deepa.page.get_by_role("heading", level=1)).to_contain_text("nothing was shared")


def test_a_child_asks_and_the_guardian_decides(make_visitor: Callable[..., Visitor]) -> None:
    """The child's wish shares nothing; after the guardian's own yes for that company it does (promise P9)."""
    meera = make_visitor()
    meera.ask()
    meera.sign_in("meera@lakeside.example")
    meera.press("Ask my guardian")
    expect(meera.page.get_by_role("status")).to_contain_text("Your guardian was asked")
    lakshmi = make_visitor()
    lakshmi.come_in("lakshmi@lakeside.example", "/guardian")
    lakshmi.follow("Practice quizzes")
    lakshmi.page.get_by_role("checkbox").check()
    lakshmi.press("Yes")
    expect(lakshmi.page.get_by_role("status")).to_contain_text("Your yes is kept")
    meera.ask()
    expect(meera.page.get_by_role("heading", name="What we received")).to_be_visible()
    lakshmi.page.locator("form.stack button").click()
    expect(lakshmi.page.get_by_role("status")).to_contain_text("Nothing is shared any more")


def test_somebody_invited_chooses_a_password_and_comes_in(make_visitor: Callable[..., Visitor]) -> None:
    """A school imports a roster; the letter's link works once; nobody else learns the password (promise P7)."""
    school = make_visitor()
    school.come_in("school@lakeside.example", "/admin/people")
    roster = b"organisation,role,email,name\nlakeside,student,noor@lakeside.example,Noor Khan\n"
    school.page.get_by_label("CSV file").set_input_files(
        {"name": "roster.csv", "mimeType": "text/csv", "buffer": roster}
    )
    school.press("Check and import")
    expect(school.page.get_by_role("status")).to_contain_text("1 account was made")
    letter = school.gateway.letters.letters[-1]
    assert letter.to == "noor@lakeside.example"
    link = next(word for word in letter.text.split() if word.startswith(school.gateway.url))
    noor = make_visitor(expect=(404,))
    noor.page.goto(link)
    noor.page.get_by_label("New password").fill("a lantern in the library")
    noor.press("Set the password")
    noor.sign_in("noor@lakeside.example")
    noor.heading("Hello, Noor Khan")
    noor.page.goto(link)
    noor.heading("This invitation does not work")
