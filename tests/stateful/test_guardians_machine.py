"""A state machine over administrators, lists, links, roles and clocks (promises P9, P17).

A child, and people who may or may not be guardians. Whatever administrators upload, name, end or make of roles, and
whoever answers: a partner reads a child's values only by the yes of somebody who is of age, has confirmed the link from
their own log-in, and has no power over the child. The model knows nothing of administrators' acts but what they end.
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.actions.operation.upkeep import sweep
from gateway.cli.browser import Browser
from gateway.kit.clock import DAY
from tests.gateway.store.samples import act, rows
from tests.gateway.web.guardians.test_links import AOIFE, DEEPA, SCHOOL, STAFF
from tests.gateway.web.guardians.test_requests import BEN, LAKSHMI, MEERA, THIRTEEN
from tests.gateway.web.guardians.test_rules import LIST
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.world import QUIZCO_REDIRECT, World, answer_of, copy_sqlite, fill, serve

ANYBODY = (BEN, LAKSHMI, DEEPA, AOIFE, SCHOOL, STAFF, MEERA)
ROLES = ("guardian", "professor", "student", "school_admin", "support")
CONNECTING = (LAKSHMI, LAKSHMI, BEN, AOIFE)
"""Whose yes can count at first, the linked guardian more often."""
Place = Callable[[Path], tuple[str, Callable[[], None]]]


@dataclass
class Known:
    """What the model knows of somebody.

    Attributes:
        confirmed: said yes to be Meera's guardian, and nobody has ended that.
    """

    role: str
    is_adult: bool
    is_own: bool = True
    confirmed: bool = False
    word: str = ""


def people() -> dict[str, Known]:
    """Tell who there is at first; an unknown date of birth is a child's only for a student."""
    return {
        BEN: Known("professor", True),
        LAKSHMI: Known("guardian", True, confirmed=True),
        DEEPA: Known("student", False),
        # 19 years old by her date of birth.
        AOIFE: Known("student", True, is_own=False),
        SCHOOL: Known("school_admin", True),
        STAFF: Known("platform_admin", True, is_own=False),
        MEERA: Known("student", False),
    }


class GuardiansMachine(RuleBasedStateMachine):
    """Everybody acts in any order; QuizCo tries to read after each act."""

    place: ClassVar[Place]

    @initialize(first=st.sampled_from(CONNECTING))
    def begin(self, first: str) -> None:
        """Every walk begins with a read, or what is refused in it would prove nothing."""
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        url, drop = type(self).place(folder)
        self.stack.callback(drop)
        self.world: World = self.stack.enter_context(serve(url, folder))
        act(
            self.world,
            "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
        )
        self.known = people()
        self.world.clock.now = THIRTEEN - 20 * DAY
        self.tokens: list[str] = []
        self.browsers: dict[str, tuple[Browser, int]] = {}
        self.connect(first)
        assert self.is_allowed()
        assert self.is_read()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.stack.close()

    def browser(self, email: str) -> Browser:
        """Give somebody's browser, signed in a short while ago."""
        found = self.browsers.get(email)
        if found is None or self.world.clock() - found[1] > 300:
            found = self.browsers[email] = (self.world.signed_in(email), self.world.clock())
        return found[0]

    # The model ---------------------------------------------------------------------------------------------------

    def is_child(self) -> bool:
        return self.world.clock() < THIRTEEN

    def may_answer(self, email: str) -> bool:
        """Whether somebody's yes can count at this second."""
        known = self.known[email]
        has_power = known.role == "support" or known.role == "platform_admin"
        has_power = has_power or (known.role == "school_admin" and known.is_own)
        is_adult = known.is_adult and not (known.role == "student" and email in (BEN, LAKSHMI, SCHOOL))
        return known.confirmed and is_adult and not has_power

    def is_allowed(self) -> bool:
        yes = any(self.may_answer(email) and known.word == "allow" for email, known in self.known.items())
        no = any(known.confirmed and known.word == "deny" for known in self.known.values())
        return self.is_child() and yes and not no

    # Administrators ----------------------------------------------------------------------------------------------

    @rule(
        guardian=st.sampled_from(ANYBODY),
        by_list=st.booleans(),
        method=st.sampled_from(("documents", "telepathy")),
    )
    def name(self, guardian: str, by_list: bool, method: str) -> None:
        """A school's administrator names somebody, by list or by the form's action: nothing comes of that alone."""
        school = self.world.person_id(SCHOOL)
        if by_list:
            row = f"lakeside,student,{MEERA},X,,,,{guardian},{method},File 1\n"
            importer = Importer(school, "lakeside")
            self.world.run(import_people, self.world.services, (LIST + row).encode(), importer)
        else:
            linking = Linking(school, "lakeside", MEERA, guardian)
            self.world.run(propose_guardian, self.world.services, linking, method, "File 1")

    @rule(guardian=st.sampled_from(ANYBODY))
    def unlink(self, guardian: str) -> None:
        """The school ends a link."""
        linking = Linking(self.world.person_id(SCHOOL), "lakeside", MEERA, guardian)
        if self.world.run(unlink_guardian, self.world.services, linking) is None:
            known = self.known[guardian]
            # A no stays with the person, and counts again only if they are linked again.
            known.confirmed, known.word = False, "deny" if known.word == "deny" else ""

    @rule(email=st.sampled_from((BEN, LAKSHMI)), role=st.sampled_from(ROLES))
    def give_role(self, email: str, role: str) -> None:
        """Somebody gets another role; by how many administrators is for another machine."""
        child = role == "student"
        act(
            self.world,
            "UPDATE person SET role = :role, needs_guardian = :child WHERE person_id = :id",
            role=role,
            child=child,
            id=self.world.person_id(email),
        )
        self.known[email].role = role
        self.browsers.pop(email, None)

    # Whoever was named, and the child ----------------------------------------------------------------------------

    @rule(guardian=st.sampled_from(ANYBODY), word=st.sampled_from(("confirm", "confirm", "decline")))
    def answer_question(self, guardian: str, word: str) -> None:
        """Somebody answers what waits for them, if anything does and they are offered it."""
        browser = self.browser(guardian)
        page = browser.open("/guardian")
        if "/guardian/asked/" not in page.response.text:
            return
        place = page.link("/guardian/asked/pro_")
        question = browser.open(place)
        assert "Meera" not in question.text
        if word == "confirm" and 'value="confirm"' not in question.response.text:
            assert not self.could_confirm(guardian)
            return
        if word == "confirm":
            assert self.could_confirm(guardian), guardian
            self.known[guardian].confirmed = True
        assert browser.submit(question, place, button=word).status == 200

    def could_confirm(self, email: str) -> bool:
        known = self.known[email]
        before, known.confirmed = known.confirmed, True
        could = self.is_child() and self.may_answer(email)
        known.confirmed = before
        return could

    @rule()
    def ask(self) -> None:
        """Meera asks for the service, or comes back with what was allowed."""
        browser = self.browser(MEERA)
        page = self.world.ask(browser)
        if page.response.is_redirect:
            self.redeem(answer_of(page))
            return
        buttons = {
            name for form in page.forms if form.action.endswith("/consent") for _, name in form.buttons
        }
        if self.is_child() and "share" in buttons:
            assert "Ask my guardian" in page.text
            browser.submit(page, "/consent", button="share", stop_at=QUIZCO_REDIRECT)
            for known in self.known.values():
                known.word = "" if known.word == "allow" else known.word

    def redeem(self, answer: dict[str, str]) -> None:
        if "code" in answer:
            exchanged = self.world.exchange(answer["code"])
            if exchanged.status_code == 200:
                self.tokens.append(exchanged.json()["access_token"])

    @rule(guardian=st.sampled_from(ANYBODY), word=st.sampled_from(("allow", "allow", "deny")))
    def answer(self, guardian: str, word: str) -> None:
        """Somebody answers a wish, if they see one."""
        browser = self.browser(guardian)
        page = browser.open("/guardian")
        seen = "/guardian/gra_" in page.response.text
        assert not seen or (self.is_child() and self.may_answer(guardian)), guardian
        assert ("Meera Iyer" in page.text.partition("Children in your care")[2]) <= self.may_answer(guardian)
        for link in [each for each in page.links if each.startswith("/guardian/gra_")]:
            wish = browser.open(link)
            if 'value="allow"' in wish.response.text:
                done = browser.submit(wish, link, {"third_party": "yes"}, button=word)
                assert done.status == 200
                self.known[guardian].word = word
                return

    @rule(guardian=st.sampled_from(CONNECTING))
    def connect(self, guardian: str) -> None:
        """The whole way at once, as far as it is open: named, confirmed, asked, allowed, and back for the token."""
        self.name(guardian, False, "documents")
        self.answer_question(guardian, "confirm")
        self.ask()
        self.answer(guardian, "allow")
        self.ask()

    # Time, and the partner ---------------------------------------------------------------------------------------

    @rule()
    def sweep(self) -> None:
        """The sweep puts on record what time did."""
        self.world.run(sweep, self.world.services)

    @rule(days=st.sampled_from((0, 0, 1)))
    def wait(self, days: int) -> None:
        """Time goes by."""
        self.world.clock.pass_by(61 + days * DAY)

    @rule(luck=st.integers(0, 9))
    def come_of_age(self, luck: int) -> None:
        """Now and then Meera's birthday is there."""
        if not luck:
            self.world.clock.now = max(self.world.clock.now, THIRTEEN)

    @invariant()
    def a_child_shares_by_a_confirmed_grown_up_guardian_alone(self) -> None:
        """Whatever has just happened, QuizCo tries every token at that very second."""
        if not hasattr(self, "tokens"):
            return
        assert not self.is_read() or self.is_allowed(), self.known
        count = rows(self.world, "SELECT count(*) FROM guardian_link WHERE state = 'active'")[0][0]
        assert count <= sum(known.confirmed for known in self.known.values())

    def is_read(self) -> bool:
        """Try every token that QuizCo ever got."""
        return any(self.world.userinfo(token).status_code == 200 for token in self.tokens)


def walk(place: Place, count: int) -> None:
    """Let the machine walk."""
    GuardiansMachine.place = staticmethod(place)
    limits = settings(
        max_examples=walks(count),
        stateful_step_count=40,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(GuardiansMachine, settings=limits)


def test_on_sqlite(sqlite_template: Path) -> None:
    walk(lambda folder: (copy_sqlite(sqlite_template, folder), lambda: None), 6)


def test_on_postgresql(postgres_server: PostgresServer) -> None:
    def place(_: Path) -> tuple[str, Callable[[], None]]:
        url = postgres_server.create_database("guardians_machine")
        return url, lambda: postgres_server.drop_database(url)

    postgres_server.create_template("guardians_machine", fill)
    walk(place, 2)
