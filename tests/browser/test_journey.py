"""The journey that the gateway is for: from the partner's page to the person's yes and back, and what follows."""

from tests.browser.visitor import Visitor


def test_the_partner_gets_exactly_what_was_shared(asha: Visitor) -> None:
    """Needed items and the ticked one arrive; what was left out does not."""
    asha.ask()
    asha.heading("Sign in")
    asha.sign_in()
    asha.heading("Use Practice quizzes with QuizCo?")
    asha.share("Phone")
    asha.heading("Welcome, Asha Rao")
    assert asha.received() == {}
