"""A television of QuizCo's, which has a screen and hardly any keys."""

from typing import Any

import httpx2

from gateway.cli.browser import Browser, Page
from gateway.oauth.devices import GRANT_TYPE
from tests.world import PARTNERS, World, publish


class Television:
    """A device, and the person before it."""

    def __init__(self, world: World, *, is_registered: bool = True) -> None:
        self.world = world
        if is_registered:
            text = (PARTNERS / "quizco.toml").read_text()
            text = text.replace("offer_id =", f'grant_types = ["{GRANT_TYPE}"]\noffer_id =', 1)
            world.run(lambda: publish(world.services, text, version=2, manifest_version=2))
        self.device_code = self.user_code = ""

    def begin(self, **changes: str) -> httpx2.Response:
        """Ask for codes."""
        answer = self.world.post("/device_authorization", {"scope": "openid profile email", **changes})
        if answer.status_code == 200:
            self.device_code, self.user_code = answer.json()["device_code"], answer.json()["user_code"]
        return answer

    def form(self) -> dict[str, str]:
        return {"grant_type": GRANT_TYPE, "device_code": self.device_code}

    def poll(self) -> httpx2.Response:
        """Ask for tokens."""
        return self.world.post("/token", self.form())

    def error(self) -> str:
        """Ask for tokens and be refused."""
        answer = self.poll()
        assert answer.status_code == 400, answer.text
        error: str = answer.json()["error"]
        return error

    def type(self, browser: Browser, user_code: str = "") -> Page:
        """Type the code; the consent screen follows."""
        page = browser.open("/device")
        return browser.submit(page, "/device", {"user_code": user_code or self.user_code})

    def decide(self, button: str = "share") -> Page:
        """Type the code and decide."""
        browser = self.world.signed_in()
        return browser.submit(self.type(browser), "/consent", button=button)

    def tokens(self) -> dict[str, Any]:
        """Go all the way."""
        self.begin()
        self.decide()
        tokens: dict[str, Any] = self.poll().json()
        return tokens
