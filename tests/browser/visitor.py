"""Somebody at a browser: goes to a partner, signs in, answers, looks after what is connected."""

from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Locator, Page, expect

from tests.browser.stage import Gateway
from tests.world import PASSWORD

ASHA = "asha@lakeside.example"

SETTLED = """scheme => new Promise(settled => {
  const drawn = () => Promise.allSettled(document.getAnimations().map(each => each.finished)).then(settled);
  const look = () => matchMedia(`(prefers-color-scheme: ${scheme})`).matches
    ? requestAnimationFrame(() => requestAnimationFrame(drawn))
    : requestAnimationFrame(look);
  look();
})"""
"""Resolves when the page is drawn in a scheme and every transition has ended: colours on their way mislead."""


def show_scheme(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Show the page in a colour scheme, with its style sheet, and wait until it is drawn so."""
    page.wait_for_load_state("load")
    page.emulate_media(color_scheme=scheme)
    page.evaluate(SETTLED, scheme)


@dataclass(frozen=True)
class Visitor:
    """A browser window and the two addresses that matter.

    Attributes:
        app: the partners' application.
    """

    page: Page
    gateway: Gateway
    app: str

    def go(self, path: str) -> None:
        """Open a page of the gateway by its address."""
        self.page.goto(self.gateway.url + path)

    def press(self, name: str, *, exact: bool = True) -> None:
        """Press a button by its name, and see the page that follows: none of ours stays where it is."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.get_by_role("button", name=name, exact=exact).click()

    def follow(self, name: str) -> None:
        """Follow a link by its name."""
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def heading(self, text: str) -> None:
        """Expect a page by its first heading."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def ask(self, service: str = "quizco") -> None:
        """Begin where people begin: on the partner's page."""
        self.page.goto(f"{self.app}/{service}")
        self.press("Use with your school account")

    def sign_in(self, email: str = ASHA) -> None:
        """Fill in the log-in form that is on the screen."""
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")

    def give_password(self) -> None:
        """Fill in the form that asks for the password again."""
        self.heading("Is it still you?")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Continue")

    def come_in(self, email: str = ASHA, path: str = "/") -> None:
        """Sign in at the gateway itself and open a page."""
        self.go("/login")
        self.sign_in(email)
        self.go(path)

    def share(self, *labels: str) -> None:
        """Tick optional items and say yes."""
        for label in labels:
            self.page.get_by_role("checkbox", name=label).check()
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            self.page.locator("button[value=share]").click()

    def opt_in(self, *labels: str, service: str = "quizco", email: str = ASHA) -> None:
        """Walk from the partner's page over log-in and consent back to the partner."""
        self.ask(service)
        self.sign_in(email)
        self.share(*labels)
        expect(self.page.get_by_role("heading", name="What we received")).to_be_visible()

    def received(self) -> dict[str, str]:
        """Read from the partner's page what it says that it received."""
        # A heading that was waited for is there before the rest of its page may be.
        self.page.wait_for_load_state("domcontentloaded")
        rows = self.page.locator("section[aria-labelledby=received] tbody tr")
        return {row.locator("code").inner_text(): row.locator("td .value").inner_text() for row in rows.all()}

    def read_again(self, service: str = "quizco") -> None:
        """Let the partner read again."""
        self.page.goto(f"{self.app}/{service}")
        self.press("Read again")

    def answers(self) -> list[tuple[str, int]]:
        """Read from the partner's page what the gateway answered last: paths and statuses."""
        self.page.wait_for_load_state("domcontentloaded")
        rows = self.page.locator("details tbody tr").all()
        return [
            (str(row.locator("code").text_content()).split()[1], int(str(row.locator("td").text_content())))
            for row in rows
        ]

    def open_connected(self, service: str = "Practice quizzes") -> None:
        """Open the page of one connected service, by two presses from the first page."""
        self.go("/")
        main = self.page.get_by_role("navigation", name="Main")
        with self.page.expect_navigation(wait_until="domcontentloaded"):
            main.get_by_role("link", name="Connected services").click()
        with self.page.expect_navigation(url="**/connected/*", wait_until="domcontentloaded"):
            self.page.get_by_role("link", name=service).first.click()

    def focused(self) -> Locator:
        """Give the element that has the focus."""
        return self.page.locator(":focus")
