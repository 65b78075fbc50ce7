"""A state machine over contacts: wishes, answers, changes, ends, looks, ages, erasures, time (promises P2, P9, P13).

The model keeps only what people said to each other, and from that alone what somebody may see of somebody at this
second. It knows no state of a contact. After every step the log's table has one row for each look that showed
something or could have, and at the end of each walk both verifiers take the whole log.
"""

import json
import shutil
import tempfile
from collections import Counter
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
    rule,
    run_state_machine_as_test,
)

from deploy.log_verifier import Order
from gateway.actions.accounts.erasure import erase_person
from gateway.actions.authentication.sessions import login_index
from gateway.actions.contacts.giving import OFFERED
from gateway.actions.contacts.steps import accept_contact, change_contact, end_contact, refuse_contact
from gateway.actions.contacts.views import view_contact
from gateway.actions.contacts.wishes import ask_contact
from gateway.actions.ledger.verification import verify_tree
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.contacts import GivenItem
from gateway.model.people import Session
from gateway.store.accounts.logins import load_logins
from scopes import Form
from tests.gateway.store.samples import act, rows
from tests.ledgers import entries, sequence
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.world import World, copy_sqlite, fill, serve

ASHA, BEN, AOIFE = "asha@lakeside.example", "ben@lakeside.example", "aoife@northfield.example"
PEOPLE = (ASHA, BEN, AOIFE)
NOBODY = "nobody@nowhere.example"
Place = Callable[[Path], tuple[str, Callable[[], None]]]

who = st.sampled_from(PEOPLE)
whom = st.sampled_from((*PEOPLE, NOBODY))
jumps = st.sampled_from((1, DAY, 30 * DAY - 1, 30 * DAY, 60 * DAY))
which = st.integers(0, 5)
DEEDS = (
    *("ask", "accept", "view", "change", "view", "time", "accept", "view"),
    *("refuse", "ask", "age", "end", "refuse", "ask", "change", "erase"),
)
side = st.sampled_from(("asked", "asker", "asked", "asked", "third"))
gifts = st.lists(st.sampled_from(OFFERED), unique_by=lambda each: each.field, max_size=2)


@dataclass
class Word:
    """What one person said to an address, and what came of it.

    Attributes:
        reached: who can answer it; None where nobody learns of it.
        answer: "yes", "no" or nothing yet.
        gives: what each of the two said last that the other may see.
    """

    contact_id: str
    by: str
    to: str
    at: int
    reached: str | None
    answer: str = ""
    is_over: bool = False
    gives: dict[str, set[GivenItem]] = field(default_factory=dict)


class ContactsMachine(RuleBasedStateMachine):
    """Everybody acts in any order; the test says where a filled database comes from."""

    place: ClassVar[Place]
    happened: ClassVar[Counter[str]]

    @initialize(met=st.sampled_from(((), ((ASHA, BEN),), ((BEN, AOIFE), (AOIFE, ASHA)))), gives=gifts)
    def begin(self, met: tuple[tuple[str, str], ...], gives: list[GivenItem]) -> None:
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        url, drop = type(self).place(folder)
        self.stack.callback(drop)
        self.world: World = self.stack.enter_context(serve(url, folder))
        self.words: list[Word] = []
        self.noes: list[tuple[str, str, int]] = []
        self.children: set[str] = set()
        self.gone: set[str] = set()
        self.looks = 0
        for by, to in met:
            self.ask(by, to, gives)
            self.accept(1, "asked", gives)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.check_log()
        finally:
            self.stack.close()

    @rule(what=st.sampled_from(DEEDS), who=who, whom=whom, place=which, own=side, gives=gifts, jump=jumps)
    def something_happens(
        self, what: str, who: str, whom: str, place: int, own: str, gives: list[GivenItem], jump: int
    ) -> None:
        """Everything in one rule: Hypothesis leaves rules out of a walk, and then too little meets."""
        if what == "ask" or not self.words:
            self.ask(who, whom, gives)
        elif what == "time":
            self.world.clock.pass_by(jump)
        elif what == "age":
            self.age_is_corrected(who)
        elif what == "erase":
            self.erase(who)
        elif what in ("accept", "change"):
            getattr(self, what)(place, own, gives)
        else:
            getattr(self, what)(place, own)

    # What people do ------------------------------------------------------------------------------------------------

    def session(self, email: str) -> Session:
        login = self.world.store(load_logins, login_index(self.world.services, email))
        assert login is not None
        now = self.world.clock()
        return Session(b"s", login.person, now, now, now)

    def do(self, action: Callable[..., Any], email: str, *words: Any) -> tuple[str, Any]:
        """Give "done" or the refusal's code, and what came back."""
        try:
            found = self.world.run(action, self.world.services, self.session(email), *words)
        except Refusal as refusal:
            return refusal.code, None
        return "done", found

    def meets(self, email: str | None) -> bool:
        """Whether contacts are for somebody."""
        return email in PEOPLE and email not in self.children | self.gone

    def word(self, place: int, *, answered: bool) -> Word:
        """One of those that the deed is meant for or, now and then, of all."""
        fit = [
            each
            for each in self.words
            if each.reached and not each.is_over and bool(each.answer) is answered and place
        ]
        return (fit or self.words)[place % len(fit or self.words)]

    def actor(self, word: Word, own: str) -> str:
        """Somebody of the two, or the third."""
        asked = word.reached or next(each for each in PEOPLE if each != word.by)
        third = next(each for each in PEOPLE if each not in (word.by, asked))
        return {"asker": word.by, "asked": asked}.get(own, third)

    def waits(self, word: Word) -> bool:
        """Whether it looks to whoever said it as if it could be answered."""
        return word.answer != "yes" and not word.is_over and self.world.clock() < word.at + 30 * DAY

    def are_in_contact(self, one: str, other: str) -> bool:
        return any(
            {each.by, each.reached} == {one, other} and each.answer == "yes" and not each.is_over
            for each in self.words
        )

    def say(self, done: bool, what: str, said: str) -> None:
        """Hold what happened against what the model says."""
        assert (said == "done") is done, (what, said)
        if done:
            type(self).happened[what] += 1

    def ask(self, by: str, to: str, gives: list[GivenItem]) -> None:
        if by in self.gone:
            return
        known = {row[0] for row in rows(self.world, "SELECT contact_id FROM contact")}
        said, words = self.do(ask_contact, by, to, gives, "en")
        fresh = [row[0] for row in rows(self.world, "SELECT contact_id FROM contact") if row[0] not in known]
        if said != "done":
            assert said == ("not_allowed" if by in self.children else "too_many_attempts")
        is_taken = said == "done" and not (
            by == to
            or any(each.by == by and each.to == to and self.waits(each) for each in self.words)
            or (
                # Of a child, or somebody who is gone, nobody learns that they are a contact or have asked.
                self.meets(to)
                and (
                    self.are_in_contact(by, to)
                    or any(
                        (each.by, each.reached) == (to, by) and not each.answer and self.waits(each)
                        for each in self.words
                    )
                )
            )
        )
        assert len(fresh) == is_taken, words
        if is_taken:
            assert words is None
            said_no = any(
                (asker, asked) == (by, to) and self.world.clock() < at + 90 * DAY
                for asker, asked, at in self.noes
            )
            reached = to if self.meets(to) and not said_no else None
            self.words.append(Word(fresh[0], by, to, self.world.clock(), reached, gives={by: set(gives)}))
            type(self).happened["reached" if reached else "reached nobody"] += 1

    def accept(self, place: int, own: str, gives: list[GivenItem]) -> None:
        word = self.word(place, answered=False)
        by = self.actor(word, own)
        if by in self.gone:
            return
        said, _ = self.do(accept_contact, by, word.contact_id, gives, "en")
        done = (
            by == word.reached
            and not word.answer
            and self.waits(word)
            and self.meets(word.by)
            and self.meets(by)
        )
        self.say(done, "accept", said)
        if done:
            word.answer = "yes"
            word.gives[by] = set(gives)

    def refuse(self, place: int, own: str) -> None:
        word = self.word(place, answered=False)
        by = self.actor(word, own)
        if by in self.gone:
            return
        said, _ = self.do(refuse_contact, by, word.contact_id, "en")
        done = by == word.reached and not word.answer and not word.is_over and by not in self.children
        self.say(done, "refuse", said)
        if done:
            word.answer = "no"
            self.noes.append((word.by, by, self.world.clock()))

    def change(self, place: int, own: str, gives: list[GivenItem]) -> None:
        word = self.word(place, answered=True)
        by = self.actor(word, own)
        if by in self.gone:
            return
        said, _ = self.do(change_contact, by, word.contact_id, gives, "kn")
        is_theirs = by in (word.by, word.reached) and by not in self.children
        done = is_theirs and word.answer == "yes" and not word.is_over
        self.say(done, "change", said)
        if done:
            word.gives[by] = set(gives)

    def end(self, place: int, own: str) -> None:
        word = self.word(place, answered=True)
        by = self.actor(word, own)
        if by in self.gone:
            return
        said, _ = self.do(end_contact, by, word.contact_id, "en")
        may = by == word.by or (by == word.reached and (word.answer == "yes" or word.is_over))
        self.say(may and by not in self.children, "end", said)
        if said == "done":
            word.is_over = True

    def view(self, place: int, own: str) -> None:
        """The promise itself: what is shown is what the other gave and has not taken back, to nobody else."""
        word = self.word(place, answered=True)
        by = self.actor(word, own)
        if by in self.gone:
            return
        said, seen = self.do(view_contact, by, word.contact_id)
        other = {word.by: word.reached, word.reached: word.by}.get(by)
        done = word.answer == "yes" and not word.is_over and self.meets(by) and self.meets(other)
        self.say(done, "view", said)
        if not done:
            return
        assert other is not None
        self.looks += 1
        assert {each.item for each in seen} == word.gives[other]
        for each in seen:
            if each.item.field == "email":
                assert (each.text == other) is (each.item.form is Form.FULL)
        type(self).happened["values seen"] += len(seen)

    # What happens to people ----------------------------------------------------------------------------------------

    def age_is_corrected(self, email: str) -> None:
        """One of them at a time, or little would go on."""
        if email in self.gone or self.children - {email}:
            return
        self.children ^= {email}
        act(
            self.world,
            "UPDATE person SET needs_guardian = :child WHERE person_id = :person",
            child=email in self.children,
            person=self.world.person_id(email),
        )

    def erase(self, email: str) -> None:
        """Late, and one of them: whoever is gone does nothing any more."""
        if self.gone or len(self.words) < 6:
            return
        self.world.run(erase_person, self.world.services, "cli", email)
        self.gone.add(email)
        type(self).happened["erase"] += 1
        for word in self.words:
            if word.by == email or (word.reached == email and word.answer == "yes"):
                word.is_over = True

    # What holds at every moment ------------------------------------------------------------------------------------

    @invariant()
    def there_is_a_row_for_every_look_and_for_no_other(self) -> None:
        if hasattr(self, "world"):
            assert rows(self.world, "SELECT count(*) FROM contact_view") == [(self.looks,)]

    def check_log(self) -> None:
        """The whole log holds, by both verifiers, and every look's items are those that the model allowed."""
        if not self.words:
            return
        sequence(self.world)
        assert self.world.run(verify_tree, self.world.services).faults == ()
        order, log = Order(), entries(self.world)
        for entry in log:
            assert order.faults(entry) == [], entry
        assert sum(entry["kind"] == "contact_view" for entry in log) == self.looks
        assert not [each for each in PEOPLE if each in json.dumps(log)]
        assert "per_" not in json.dumps([each for each in log if each["kind"].startswith("contact")])


NEEDED = ("reached", "reached nobody", "accept", "refuse", "change", "end", "view", "values seen", "erase")


def walk(place: Place, count: int) -> None:
    """Let the machine walk; everything must have happened, or it proves nothing."""
    ContactsMachine.place = staticmethod(place)
    ContactsMachine.happened = Counter()
    limits = settings(
        max_examples=walks(count),
        stateful_step_count=40,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(ContactsMachine, settings=limits)
    assert not [each for each in NEEDED if not ContactsMachine.happened[each]], ContactsMachine.happened


def test_on_sqlite(sqlite_template: Path) -> None:
    walk(lambda folder: (copy_sqlite(sqlite_template, folder), lambda: None), 40)


def test_on_postgresql(postgres_server: PostgresServer) -> None:
    def place(_: Path) -> tuple[str, Callable[[], None]]:
        url = postgres_server.create_database("contacts_machine")
        return url, lambda: postgres_server.drop_database(url)

    postgres_server.create_template("contacts_machine", fill)
    walk(place, 12)
