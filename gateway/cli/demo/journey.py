"""The steps of `demo --check`, in a person's browser, at the partner, and as an administrator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import sleep
from typing import Any, TypeVar

from gateway.actions.ledger.search import LogCheck, LogSearch, check_log, read_log
from gateway.actions.services import Services
from gateway.cli.browser import Browser, Page, local_client
from gateway.cli.demo.steps import Unexpected, Walk, expect
from gateway.cli.terminal import acting_name
from gateway.kit.clock import stopwatch
from gateway.model.ledger.handoffs import Handoff
from scopes import FIELDS, Form

T = TypeVar("T")

PERSON = "asha.rao@lakeside.example"
NAME = "Asha Rao"
SERVICE = "quizco"
NEEDED = ("name", "course")
SWITCHED_OFF = "phone_number"
LEFT_OUT = "student_status"
DELETED = "They say that it is deleted"
MAIL_WAIT = 60
"""Seconds after which a letter or notice that has not come is a fault."""


@dataclass(slots=True)
class Journey:
    """One walk through a running demonstration.

    Attributes:
        facts: what `demo.json` says.
        chosen: claims that the person chose to share.
    """

    walk: Walk
    facts: Mapping[str, Any]
    person: Browser = field(default_factory=lambda: Browser(local_client()))
    administrator: Browser = field(default_factory=lambda: Browser(local_client()))
    chosen: set[str] = field(default_factory=set)

    def close(self) -> None:
        """Close both browsers."""
        self.person.close()
        self.administrator.close()

    @property
    def issuer(self) -> str:
        """The gateway."""
        return str(self.facts["issuer"])

    @property
    def partner(self) -> str:
        """The partner's page of the service."""
        return f"{self.facts['partner_app']}/{SERVICE}"

    def opt_in(self) -> None:
        """Go from the partner's page to a yes, with one optional field left out."""
        with self.walk.step(
            "the partner's page sends the browser to the gateway, which asks who it is"
        ) as step:
            start = self.person.open(self.partner)
            log_in = self.person.submit(start, "/start")
            expect("the page", f"{self.issuer}/login", log_in.url.partition("?")[0])
            step.detail = "pushed request (RFC 9126), PKCE, redirect to /login"
        with self.walk.step(
            "the person logs in and sees the consent screen, nothing optional ticked"
        ) as step:
            screen = self._log_in(self.person, log_in, PERSON)
            optional = self.check_screen(screen)
            step.detail = f"needed: {', '.join(NEEDED)}; optional: {', '.join(map(_field, optional))}"
        with self.walk.step("the person opts in and leaves one optional field out") as step:
            ticked = [each for each in optional if _field(each) != LEFT_OUT]
            self.chosen = _claims(screen, [*NEEDED, *map(_field, ticked)])
            back = self.person.submit(screen, "/consent", {"item": ticked}, button="share")
            expect("the page", self.partner, back.url.partition("?")[0])
            step.detail = f"ticked {', '.join(map(_field, ticked))}; left out {LEFT_OUT}"
        with self.walk.step("the receipt is in the person's mail, with a link that stops") as step:
            letter = self.wait_for_mail("/stop/gra_")
            expect("the receipt is attached", True, "receipt.jws" in letter.text)
            expect("the person's name in the letter", False, NAME in letter.text)
            step.detail = "plain text, no values; the signed receipt is attached"

    def wait_for_mail(self, link: str) -> Page:
        """Give the inbox once a letter with a link is there, because letters leave in the background."""
        return _waited(
            lambda: self.person.open(f"{self.issuer}/inbox"),
            lambda page: link in page.text,
            f"no letter with a link to {link}",
        )

    def wait_for_notice(self, kind: str) -> Mapping[str, Any]:
        """Give the partner's facts once it has got a notice, as notices are delivered in the background."""
        return _waited(
            lambda: self.person.facts(self.partner),
            lambda seen: kind in seen["heard"],
            f"the partner heard of no {kind}",
        )

    def check_screen(self, screen: Page) -> list[str]:
        """Check that nothing is ticked in advance and real values are shown; give the optional items' keys."""
        form = screen.form("/consent")
        expect("ticked in advance", [], [value for name, value in form.fields if name == "item"])
        expect("the person's own name is shown", True, NAME in screen.text)
        optional = [value for name, value in form.choices if name == "item"]
        expect("optional fields", True, {SWITCHED_OFF, LEFT_OUT} <= set(map(_field, optional)))
        return optional

    def _log_in(self, browser: Browser, page: Page, login: str) -> Page:
        password = next(each["password"] for each in self.facts["people"] if each["login"] == login)
        return browser.submit(page, "/login", {"email": login, "password": password})

    def read(self) -> None:
        """Check what the partner received, before and after the person narrows the consent."""
        with self.walk.step("the partner received exactly what was chosen") as step:
            seen = self.person.facts(self.partner)
            expect("the partner's state", "connected", seen["state"])
            expect("what the partner received", sorted(self.chosen), sorted(seen["received"]))
            expect("the name", NAME, seen["received"]["name"])
            step.detail = ", ".join(sorted(seen["received"]))
        with self.walk.step(f"the person switches {SWITCHED_OFF} off under Connected services") as step:
            listed = self.person.open(f"{self.issuer}/connected")
            detail = self.person.open(self.issuer + listed.link("/connected/gra_"))
            off = next(form for form in detail.forms if f"/off/{SWITCHED_OFF}/" in form.action)
            narrowed = self.person.submit(detail, off.action)
            expect("the answer", 200, narrowed.status)
            step.detail = "one press, no question back"
        with self.walk.step("the partner reads again and no longer gets it") as step:
            self.person.submit(self.person.open(self.partner), "/read")
            seen = self.person.facts(self.partner)
            gone = {FIELDS[SWITCHED_OFF].claim_of(form) for form in Form}
            expect("what the partner received", sorted(self.chosen - gone), sorted(seen["received"]))
            step.detail = ", ".join(sorted(seen["received"]))

    def sign_out(self) -> None:
        """Sign the person out, check that the partner is told, and sign in again."""
        with self.walk.step("the person signs out, and a logout token reaches the partner") as step:
            self.person.submit(self.person.open(f"{self.issuer}/connected"), "/logout")
            seen = self.wait_for_notice("logout")
            expect("the partner's state", "connected", seen["state"])
            self._log_in(self.person, self.person.open(f"{self.issuer}/connected"), PERSON)
            step.detail = "Back-Channel Logout; what is shared stays as it is"

    def revoke(self) -> str:
        """Find the consent as an administrator and revoke it; give its id."""
        with self.walk.step(
            "an administrator logs in and is asked for a second factor, which can wait for some days"
        ) as step:
            start = self.administrator.open(f"{self.issuer}/admin/grants")
            asked = self._log_in(self.administrator, start, self.facts["admin"]["login"])
            expect("the page", f"{self.issuer}/second-factor", asked.url.partition("?")[0])
            search = self.administrator.open(self.issuer + asked.link("/admin/grants"))
            expect("the days are named", True, "your password alone is enough here" in search.text)
            step.detail = "a passkey or an app; Later was pressed"
        with self.walk.step("the administrator finds the consent") as step:
            found = self.administrator.submit(search, "/admin/grants", {"person": PERSON})
            link = found.link("/admin/grants/gra_")
            page = self.administrator.open(self.issuer + link)
            expect("values on the administrator's page", False, NAME in page.text)
            step.detail = "by the person's exact log-in; no values on the page"
        with self.walk.step("the administrator revokes it") as step:
            done = self.administrator.submit(page, "/revoke", {"reason": "phone_request"})
            expect("the answer", 200, done.status)
            expect("a way to revoke it again", [], [f.action for f in done.forms if "/revoke" in f.action])
            step.detail = "reason: phone_request"
        return link.rpartition("/")[2]

    def be_refused(self) -> None:
        """Check that the partner gets nothing any more, and that the person sees why."""
        with self.walk.step("the partner's read is refused") as step:
            self.person.submit(self.person.open(self.partner), "/read")
            seen = self.person.facts(self.partner)
            statuses = {each["path"]: each["status"] for each in seen["answers"]}
            expect("the answer of /userinfo", 401, statuses.get("/userinfo"))
            expect("the partner's state", "ended", seen["state"])
            expect("what the partner still shows", {}, seen["received"])
            step.detail = "401 invalid_token; the partner dropped what it had"
        with self.walk.step("its refresh is refused too") as step:
            expect("the answer of /token", 400, statuses.get("/token"))
            step.detail = "400 invalid_grant"
        with self.walk.step("the person sees that it was stopped, and why") as step:
            listed = self.person.open(f"{self.issuer}/connected")
            detail = self.person.open(self.issuer + listed.link("/connected/gra_"))
            expect("the history names the reason", True, "asked for by phone" in detail.text)
            step.detail = "It was stopped for you (asked for by phone)"

    def ask_to_delete(self) -> None:
        """Check that the revocation asked the partner to delete, and that the partner says it is done."""
        with self.walk.step("a request to delete reaches the partner, which says that it is done") as step:
            self.wait_for_notice("deletion")
            _waited(self._detail, lambda page: DELETED in page.text, "no word of the partner in the history")
            step.detail = "a security event token; the partner's word is in the person's history"

    def _detail(self) -> Page:
        listed = self.person.open(f"{self.issuer}/connected")
        return self.person.open(self.issuer + listed.link("/connected/gra_"))

    async def check_the_log(self, services: Services, grant_id: str) -> tuple[Sequence[Handoff], LogCheck]:
        """Check that each read and nothing else has a row, and that the whole log is sound."""
        with self.walk.step("the hand-off log holds the two reads, and none after the revocation") as step:
            found = await read_log(services, acting_name(), LogSearch(email=PERSON))
            own = [each for each in found.handoffs if each.grant_id == grant_id]
            fields = [{handed.item.field for handed in each.items} for each in own]
            expect("reads in the log", 2, len(own))
            expect("left out", False, any(LEFT_OUT in each for each in fields))
            # Both reads may have the same second, so their order says nothing.
            expect("switched off for one", [False, True], sorted(SWITCHED_OFF in each for each in fields))
            step.detail = f"{len(own)} rows for consent {grant_id}"
        with self.walk.step("the log is verified") as step:
            check = await check_log(services)
            expect("faults in the log", [], [f"{each.subject}: {each.what}" for each in check.faults])
            step.detail = f"hand-offs: {check.handoffs}, consents: {check.grants}, faults: none"
        return own, check


def _waited(look: Callable[[], T], holds: Callable[[T], bool], what: str) -> T:
    began = stopwatch()
    while not holds(found := look()):
        if stopwatch() - began > MAIL_WAIT:
            raise Unexpected(what)
        sleep(0.2)
    return found


def _field(key: str) -> str:
    """Take the field from an item's key, ``email.results_delivery``."""
    return key.partition(".")[0]


def _claims(screen: Page, fields: Sequence[str]) -> set[str]:
    """Name the claims of fields in the forms that the screen has preselected."""
    forms = {
        _field(name.removeprefix("form:")): Form(value)
        for name, value in screen.form("/consent").fields
        if name.startswith("form:")
    }
    return {FIELDS[name].claim_of(forms[name]) for name in fields}
