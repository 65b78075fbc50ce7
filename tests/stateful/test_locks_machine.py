"""A state machine over locks: notices, the school's gate, two guardians, ages, pauses, time (promises P4, P9, P12).

The model keeps only what people said and what they were shown, and from that alone whether a release is allowed at
this second. It knows no state of a grant. At the end of each walk the signed receipts must fold to the state that
the gateway holds, and the log must have one row for each release.
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.actions.authentication.sessions import find_session
from gateway.actions.consent.receipts import see_receipt
from gateway.actions.operation.upkeep import sweep
from gateway.cli.browser import Browser, Page
from gateway.consent.receipts import folded
from gateway.kit.clock import DAY
from gateway.kit.ids import Kind
from gateway.model.grants import EventType, move
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grants import GrantQuery, load_details, search_grants
from gateway.store.consent.school_gates import NewGate, set_gates
from gateway.store.ledger.handoffs import count_log
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import act
from tests.gateway.web.guardians.test_requests import BEN, LAKSHMI, MEERA, THIRTEEN, second_guardian
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.world import (
    PARTNERS,
    QUIZCO_REDIRECT,
    World,
    answer_of,
    boxes,
    copy_sqlite,
    fill,
    publish,
    serve,
)

ASHA = "asha@lakeside.example"
HOUR = 3_600
NEEDED = {"name", "course"}
OPTIONAL = {
    "email.results_delivery": "email_masked",
    "phone_number.appointment_reminders": "phone_number_masked",
}
ABOUT = {"sub", "email_verified", "phone_number_verified"}
DISUSE = 180 * DAY
Place = Callable[[Path], tuple[str, Callable[[], None]]]


@dataclass
class Said:
    """What was said about one person's data, and when it stops to count.

    Attributes:
        items: claims that the person agreed to and has not taken back; empty after a stop.
        terms: the version of the offer that the person answered last.
        is_wish: said as a child, so that a guardian has to say yes to it.
        number: counts what the person said; a guardian's yes is about one of them.
        answers: each guardian's latest word with the number of what it was about.
    """

    items: set[str] = field(default_factory=set)
    terms: int = 0
    lasts: int = 0
    until: int = 0
    used_at: int = 0
    is_once: bool = False
    is_wish: bool = False
    is_paused: bool = False
    reads: int = 0
    number: int = 0
    answers: dict[str, tuple[str, int]] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)


class LocksMachine(RuleBasedStateMachine):
    """Everybody acts in any order; the test says where a filled database comes from."""

    place: ClassVar[Place]
    released: ClassVar[dict[str, int]]

    @initialize(connected=st.sampled_from(((), (ASHA,), (MEERA,), (ASHA, MEERA))), ticks=st.booleans())
    def begin(self, connected: tuple[str, ...], ticks: bool) -> None:
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
        second_guardian(self.world)
        self.world.clock.now = THIRTEEN - 2 * DAY
        self.browsers: dict[str, tuple[Browser, int]] = {}
        self.said = {ASHA: Said(), MEERA: Said()}
        self.gate, self.version, self.material, self.rows = "allow", 1, 1, 0
        for person in connected:
            self.connect(person, set(OPTIONAL) if ticks else set(), "365")

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.check_receipts()
                assert self.world.store(count_log, None)[0] == self.rows
        finally:
            self.stack.close()

    # What may be released ------------------------------------------------------------------------------------------

    def is_allowed(self, person: str) -> bool:
        """Whether person, guardian, school and terms allow a release at this second."""
        said, now = self.said[person], self.world.clock()
        return (
            bool(said.items)
            and not said.is_paused
            and now < min(said.until, said.used_at + DISUSE)
            and not (said.is_once and said.reads)
            and self.gate == "allow"
            and said.terms >= self.material
            and (self.is_allowed_by_guardians(said) if said.is_wish else not self.is_child(person))
        )

    def is_child(self, person: str) -> bool:
        return person == MEERA and self.world.clock() < THIRTEEN

    def is_allowed_by_guardians(self, said: Said) -> bool:
        words = said.answers.values()
        return (
            self.world.clock() < THIRTEEN
            and ("allow", said.number) in words
            and "deny" not in {word for word, _ in words}
        )

    # The person --------------------------------------------------------------------------------------------------

    def browser(self, email: str) -> Browser:
        """Give somebody's browser, signed in a short while ago."""
        found = self.browsers.get(email)
        if found is None or self.world.clock() - found[1] > 300:
            found = self.browsers[email] = (self.world.signed_in(email), self.world.clock())
        return found[0]

    @rule(
        person=st.sampled_from((ASHA, MEERA, MEERA)),
        ticked=st.sets(st.sampled_from(sorted(OPTIONAL))),
        lasts=st.sampled_from(("30", "90", "365", "once")),
        answer=st.sampled_from(("share", "share", "share", "keep", "refuse")),
        prompt=st.sampled_from((None, "consent")),
    )
    def ask(self, person: str, ticked: set[str], lasts: str, answer: str, prompt: str | None) -> None:
        """QuizCo asks; the person answers what the gateway puts to them, if anything."""
        page = self.world.ask(self.browser(person), prompt=prompt)
        if page.response.is_redirect:
            self.redeem(person, page)
            return
        buttons = {
            name for form in page.forms if form.action.endswith("/consent") for _, name in form.buttons
        }
        assert self.gate == "allow" or "share" not in buttons, "the school has closed it"
        if answer not in buttons or (answer == "share" and person == MEERA and self.has_refusal()):
            return
        # What was agreed to before stays and has no box.
        ticked = ticked & boxes(page)
        changes = {"item": sorted(ticked), "duration": lasts}
        back = self.browser(person).submit(page, "/consent", changes, button=answer, stop_at=QUIZCO_REDIRECT)
        if answer == "share":
            assert back.response.is_redirect or "Your guardian was asked" in back.text, back.text
            self.note_yes(person, ticked, lasts)
        elif answer == "refuse":
            self.said[person].items.clear()
        elif answer == "keep" and back.response.is_redirect:
            self.said[person].terms, self.said[person].used_at = self.version, self.world.clock()
        if back.response.is_redirect:
            self.redeem(person, back)

    def has_refusal(self) -> bool:
        return "deny" in {word for word, _ in self.said[MEERA].answers.values()}

    def note_yes(self, person: str, ticked: set[str], lasts: str) -> None:
        said, now = self.said[person], self.world.clock()
        said.items |= NEEDED | {OPTIONAL[each] for each in ticked}
        said.lasts = DAY if lasts == "once" else int(lasts) * DAY
        said.until, said.used_at, said.terms = now + said.lasts, now, self.version
        said.is_once, said.reads, said.is_paused = lasts == "once", 0, False
        said.is_wish = self.is_child(person)
        said.number += 1

    def redeem(self, person: str, back: Page) -> None:
        """QuizCo exchanges the code that came back, if one did."""
        answer = answer_of(back)
        if "code" in answer:
            self.said[person].used_at = self.world.clock()
            exchanged = self.world.exchange(answer["code"])
            if exchanged.status_code == 200:
                self.said[person].tokens = exchanged.json()

    def latest(self, person: str) -> str | None:
        query = GrantQuery(person_id=self.world.person_id(person), limit=50)
        lines = self.world.store(search_grants, query)
        return lines[0].grant.grant_id if lines else None

    def on_own_page(self, person: str, action: str) -> bool:
        """Press a button on the page of the service; False where it is not offered."""
        grant_id = self.latest(person)
        if grant_id is None:
            return False
        browser = self.browser(person)
        page = browser.open(f"/connected/{grant_id}")
        if not [form for form in page.forms if form.action.endswith(action)]:
            return False
        assert browser.submit(page, action).status == 200
        return True

    @rule(person=st.sampled_from((ASHA, MEERA)), item=st.sampled_from(sorted(OPTIONAL)))
    def switch_off(self, person: str, item: str) -> None:
        """The person takes one item back."""
        if self.on_own_page(person, f"/off/{item.replace('.', '/')}"):
            self.said[person].items.discard(OPTIONAL[item])

    @rule(person=st.sampled_from((ASHA, MEERA)))
    def pause(self, person: str) -> None:
        """The person pauses."""
        if self.on_own_page(person, "/pause"):
            self.said[person].is_paused = True

    @rule(person=st.sampled_from((ASHA, MEERA)))
    def resume(self, person: str) -> None:
        """The person goes on."""
        if self.on_own_page(person, "/resume"):
            self.said[person].is_paused = False
            self.said[person].used_at = self.world.clock()

    @rule(person=st.sampled_from((ASHA, MEERA)), luck=st.integers(0, 2))
    def stop(self, person: str, luck: int) -> None:
        """The person stops; now and then, or every walk would be short."""
        if not luck and self.on_own_page(person, "/stop"):
            self.said[person].items.clear()

    # The guardians -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.said[MEERA].number)
    @rule(
        guardian=st.sampled_from((LAKSHMI, LAKSHMI, BEN)),
        word=st.sampled_from(("allow", "allow", "allow", "deny", "again")),
        days=st.sampled_from(("", "", "7")),
    )
    def answer(self, guardian: str, word: str, days: str = "") -> None:
        """One of two guardians answers, perhaps for a shorter time, stops, or takes a no back."""
        browser, path = self.browser(guardian), f"/guardian/{self.latest(MEERA)}"
        page, said = browser.open(path), self.said[MEERA]
        offered = {form.action for form in page.forms}
        if word == "again" and f"{path}/ask-again" in offered:
            if browser.submit(page, "/ask-again").status == 200:
                said.answers.pop(guardian, None)
        elif word == "deny" and f"{path}/stop" in offered:
            assert browser.submit(page, "/stop").status == 200
            self.note_no(guardian)
        elif word != "again" and path in offered:
            if 'name="days" value="7"' not in page.response.text:
                days = ""
            done = browser.submit(page, path, {"third_party": "yes", "days": days}, button=word)
            assert done.status == 200, done.text
            self.note_no(guardian) if word == "deny" else self.note_guardians_yes(guardian, days)

    def note_no(self, guardian: str) -> None:
        said = self.said[MEERA]
        said.answers[guardian] = ("deny", said.number)
        said.items.clear()

    def note_guardians_yes(self, guardian: str, days: str) -> None:
        said, now = self.said[MEERA], self.world.clock()
        said.answers[guardian] = ("allow", said.number)
        said.until, said.used_at = now + (int(days) * DAY if days else said.lasts), now

    # School, partner, time ---------------------------------------------------------------------------------------

    @rule(gate=st.sampled_from(("allow", "allow", "allow", "ask", "deny")))
    def set_gate(self, gate: str) -> None:
        """The school opens the partner or closes it."""
        action = AdminAction(
            self.world.services.ids(Kind.ACTION), "cli", f"gate_{gate}", "partner", "quizco", 1
        )
        self.world.store(set_gates, NewGate("lakeside", "quizco", gate, action))
        self.gate = gate

    @precondition(lambda self: self.version < 4)
    @rule(is_material=st.booleans(), luck=st.integers(0, 1))
    def change_terms(self, is_material: bool, luck: int) -> None:
        """QuizCo's terms change: people have to answer a material change before anything goes on."""
        if luck:
            return
        self.version += 1
        self.material = self.version if is_material else self.material
        text = (PARTNERS / "quizco.toml").read_text()
        changed = text.replace("retention_days = 30", f"retention_days = {30 + self.version}", 1)

        async def work() -> None:
            number = self.version
            await publish(
                self.world.services, changed, version=number, manifest_version=number, material=is_material
            )

        self.world.run(work)

    @rule()
    def sweep(self) -> None:
        """The sweep puts on record what time did; it allows nothing."""
        self.world.run(sweep, self.world.services)

    @rule(seconds=st.sampled_from((1, 61, HOUR, DAY)))
    def wait(self, seconds: int) -> None:
        """Time goes by, at first over nobody's birthday."""
        self.world.clock.pass_by(seconds)

    @rule(days=st.sampled_from((29, 31, 181)), luck=st.integers(0, 5))
    def wait_long(self, days: int, luck: int) -> None:
        """Now and then terms run out."""
        if not luck:
            self.world.clock.pass_by(days * DAY)

    @rule()
    def come_of_age(self) -> None:
        """The clock stands at the first second of the birthday, unless that is over."""
        if THIRTEEN - self.world.clock() in range(1, DAY):
            self.world.clock.now = THIRTEEN

    # The partner reads -------------------------------------------------------------------------------------------

    @rule(
        person=st.sampled_from((ASHA, MEERA)),
        ticked=st.sets(st.sampled_from(sorted(OPTIONAL))),
        lasts=st.sampled_from(("30", "365", "once")),
    )
    def connect(self, person: str, ticked: set[str], lasts: str) -> None:
        """The whole way at once, as far as it is open: asked, answered, answered by a guardian, read."""
        if self.gate != "allow":
            self.set_gate("allow")
        self.ask(person, ticked, lasts, "share", "consent")
        if self.said[person].is_wish and self.said[person].items:
            self.answer(LAKSHMI, "allow")
            self.ask(person, set(), lasts, "share", None)
        self.read(person)

    @rule(person=st.sampled_from((ASHA, MEERA)))
    def read(self, person: str) -> None:
        """QuizCo reads with the newest token that it has, refreshed if need be."""
        if self.said[person].tokens and not self.is_read(person):
            refreshed = self.world.refresh(self.said[person].tokens["refresh_token"])
            if refreshed.status_code == 200:
                self.said[person].tokens = refreshed.json()
                self.is_read(person)

    @invariant()
    def nothing_is_released_against_a_lock(self) -> None:
        """Whatever has just happened, QuizCo tries at that very second."""
        for person, said in getattr(self, "said", {}).items():
            if said.tokens and not self.is_allowed(person):
                assert not self.is_read(person)

    def is_read(self, person: str) -> bool:
        """Read once; nothing comes that was not allowed and agreed."""
        said = self.said[person]
        answer = self.world.userinfo(said.tokens["access_token"])
        if answer.status_code != 200:
            assert set(answer.json()) == {"error", "error_description", "error_uri"}
            return False
        assert self.is_allowed(person), f"released without being allowed: {said}"
        assert set(answer.json()) - ABOUT <= said.items, "more than was agreed"
        said.reads += 1
        self.rows += 1
        self.released[person] += 1
        return True

    # At the end ----------------------------------------------------------------------------------------------------

    def check_receipts(self) -> None:
        """What people keep says the same as what the gateway holds, event by event and in the end."""
        for person in self.said:
            browser = self.browser(person)
            secret = next(each.value for each in browser._client.cookies.jar if each.name == COOKIE)
            session = self.world.run(find_session, self.world.services, secret or "")
            assert session is not None
            query = GrantQuery(person_id=session.person.person_id, limit=50)
            for line in self.world.store(search_grants, query):
                detail = self.world.store(load_details, line.grant.grant_id)
                assert detail is not None
                assert folded(detail.events) == line.grant.state
                state = None
                for event in detail.events:
                    receipt = self.world.run(
                        see_receipt, self.world.services, session, event.grant_id, event.event_id
                    )
                    state = move(state, EventType(receipt.content["event"]))
                assert state == line.grant.state


def walk(place: Place, count: int) -> None:
    """Let the machine walk; somebody must have got something, or it proves nothing."""
    LocksMachine.place = staticmethod(place)
    LocksMachine.released = {ASHA: 0, MEERA: 0}
    limits = settings(
        max_examples=walks(count),
        stateful_step_count=30,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(LocksMachine, settings=limits)
    assert all(LocksMachine.released.values()), LocksMachine.released


def test_on_sqlite(sqlite_template: Path) -> None:
    walk(lambda folder: (copy_sqlite(sqlite_template, folder), lambda: None), 20)


def test_on_postgresql(postgres_server: PostgresServer) -> None:
    def place(_: Path) -> tuple[str, Callable[[], None]]:
        url = postgres_server.create_database("locks_machine")
        return url, lambda: postgres_server.drop_database(url)

    postgres_server.create_template("locks_machine", fill)
    walk(place, 8)
