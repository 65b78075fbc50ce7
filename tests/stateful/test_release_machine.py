"""A state machine over people, a partner, an administrator and the clock (promises P12, P13).

The model below is kept apart from the gateway: who granted what, until when, which tokens are about. After every
step it holds: nothing is released without a live consent for exactly that field and form; every release has its
row in the log and no refusal has one; nothing works after a stop.
"""

import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from gateway.actions.grant_changes import commit_change
from gateway.cli.browser import Browser, Page
from gateway.consent.decisions import Actor, end
from gateway.kit.clock import DAY
from gateway.kit.ids import Kind
from gateway.model.grants import ActorKind, ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grants import GrantQuery, load_details, search_grants
from gateway.store.consent.school_gates import NewGate, set_gates
from gateway.store.ledger.handoffs import HandoffQuery, count_log, search_handoffs
from gateway.store.partners.partners import StateChange, move_partners
from tests.profiles import walks
from tests.world import QUIZCO_REDIRECT, World, answer_of, boxes, copy_sqlite, serve

PEOPLE = ("asha@lakeside.example", "ben@lakeside.example", "aoife@northfield.example")
PROFILES = {
    "asha@lakeside.example": {
        "name": "Asha Rao",
        "course": "CS-101",
        "email": "asha@lakeside.example",
        "phone_number": "+91 90000 00101",
        "student_status": "full-time",
    },
    "ben@lakeside.example": {"name": "Ben Okafor", "email": "ben@lakeside.example"},
    "aoife@northfield.example": {
        "name": "Aoife Ní Bhriain",
        "course": "BIO-2",
        "email": "aoife@northfield.example",
        "phone_number": "+353 85 123 4567",
        "student_status": "part-time",
    },
}
NEEDED = {"name": "full", "course": "full"}
OPTIONAL = {
    "email": ("email.results_delivery", ("masked", "full")),
    "phone_number": ("phone_number.appointment_reminders", ("masked", "full")),
    "student_status": ("student_status.eligibility_check", ("boolean", "full")),
}
CLAIMS = {
    ("name", "full"): "name",
    ("course", "full"): "course",
    ("email", "full"): "email",
    ("email", "masked"): "email_masked",
    ("phone_number", "full"): "phone_number",
    ("phone_number", "masked"): "phone_number_masked",
    ("student_status", "full"): "student_status",
    ("student_status", "boolean"): "is_student",
}
ABOUT = {"sub", "email_verified", "phone_number_verified"}


@dataclass
class Standing:
    """What the model knows about one person's grant."""

    items: dict[str, str] = field(default_factory=dict)
    is_live: bool = False
    is_paused: bool = False
    valid_until: int = 0
    refused_until: int = 0


@dataclass
class Token:
    """What the model knows about one access token and the refresh token beside it."""

    person: str
    access: str
    refresh: str
    expires_at: int
    refresh_until: int
    grant: int
    is_dead: bool = False


class ReleaseMachine(RuleBasedStateMachine):
    """Everybody acts in any order; the template database is set by the test."""

    template: Path
    codes = Bundle("codes")
    tokens = Bundle("tokens")

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        self.world: World = self.stack.enter_context(serve(copy_sqlite(self.template, folder), folder))
        self.browsers: dict[str, tuple[Browser, int]] = {}
        self.standings = {person: Standing() for person in PEOPLE}
        self.profiles = {person: dict(values) for person, values in PROFILES.items()}
        self.generations = dict.fromkeys(PEOPLE, 0)
        self.rows = 0
        self.school = "allow"

    def teardown(self) -> None:
        self.stack.close()

    # The person ------------------------------------------------------------------------------------------------

    def browser(self, person: str) -> Browser:
        """Give the person's browser, signed in a short while ago."""
        found = self.browsers.get(person)
        if found is None or self.world.clock() - found[1] > 300:
            found = self.browsers[person] = (self.world.signed_in(person), self.world.clock())
        return found[0]

    def has_grant(self, person: str) -> bool:
        """Whether a grant stands, even if it ran out: it answers for the person until it is ended."""
        return self.standings[person].is_live

    @rule(
        target=codes,
        person=st.sampled_from(PEOPLE),
        chosen=st.sets(st.sampled_from(sorted(OPTIONAL))),
        data=st.data(),
    )
    def ask(self, person: str, chosen: set[str], data: st.DataObject) -> tuple[str, str]:
        """QuizCo asks, and the person answers with a choice where the gateway asks."""
        return self.answer(person, chosen, data)

    def answer(self, person: str, chosen: set[str], data: st.DataObject) -> tuple[str, str]:
        page = self.world.ask(self.browser(person))
        now, standing = self.world.clock(), self.standings[person]
        if person in self.closed_to():
            assert "Your school has to open this first" in page.text
            return person, ""
        if page.response.is_redirect:
            answer = answer_of(page)
            if standing.is_live and now < standing.valid_until and not standing.is_paused:
                return person, answer["code"]
            assert now < standing.refused_until, "only a remembered no answers without a screen"
            assert answer["error"] == "access_denied"
            return person, ""
        # What was agreed to before stays in its form and has no box.
        ticked = sorted(name for name in chosen if OPTIONAL[name][0] in boxes(page))
        forms = {name: data.draw(st.sampled_from(OPTIONAL[name][1]), label=name) for name in ticked}
        days = data.draw(st.sampled_from((30, 90, 180, 365)), label="days")
        return person, self.say_yes(person, page, forms, days)

    def say_yes(self, person: str, page: Page, forms: dict[str, str], days: int) -> str:
        standing = self.standings[person]
        changes: dict[str, Any] = {"item": [OPTIONAL[name][0] for name in forms], "duration": str(days)}
        offered = dict(page.form("/consent").fields)
        for name, form in forms.items():
            if f"form:{OPTIONAL[name][0]}" in offered:
                changes[f"form:{OPTIONAL[name][0]}"] = form
        present = standing.items if standing.is_live else {}
        back = self.browser(person).submit(page, "/consent", changes, button="share", stop_at=QUIZCO_REDIRECT)
        standing.items = {**NEEDED, **forms, **present}
        standing.is_live, standing.is_paused = True, False
        standing.valid_until = self.world.clock() + days * DAY
        return answer_of(back)["code"]

    @rule(person=st.sampled_from(PEOPLE), luck=st.integers(0, 5))
    def decline(self, person: str, luck: int) -> None:
        """Now and then the person says no where the gateway asks for the first time."""
        if luck:
            return
        page = self.world.ask(self.browser(person))
        is_asked = not page.response.is_redirect and page.status == 200 and person not in self.closed_to()
        if not is_asked or self.has_grant(person):
            return
        back = self.browser(person).submit(page, "/consent", button="refuse", stop_at=QUIZCO_REDIRECT)
        assert answer_of(back)["error"] == "access_denied"
        self.standings[person].refused_until = self.world.clock() + 90 * DAY

    def grant_id(self, person: str) -> str | None:
        query = GrantQuery(person_id=self.world.person_id(person))
        lines = self.world.store(search_grants, query)
        return next((each.grant.grant_id for each in lines if each.grant.state in ("active", "paused")), None)

    @rule(person=st.sampled_from(PEOPLE), name=st.sampled_from(sorted(OPTIONAL)))
    def switch_off(self, person: str, name: str) -> None:
        """The person switches one optional field off; the next read no longer has it."""
        standing = self.standings[person]
        if (
            not self.has_grant(person)
            or name not in standing.items
            or self.world.clock() >= standing.valid_until
        ):
            return
        browser = self.browser(person)
        page = browser.open(f"/connected/{self.grant_id(person)}")
        assert browser.submit(page, f"/off/{OPTIONAL[name][0].replace('.', '/')}").status == 200
        del standing.items[name]

    @rule(person=st.sampled_from(PEOPLE), luck=st.integers(0, 2))
    def stop(self, person: str, luck: int) -> None:
        """The person stops; every code and token of the grant is dead from now on."""
        if luck or not self.has_grant(person) or self.world.clock() >= self.standings[person].valid_until:
            return
        browser = self.browser(person)
        page = browser.open(f"/connected/{self.grant_id(person)}")
        assert "stopped" in browser.submit(page, "/stop").url
        self.end(person)

    def end(self, person: str) -> None:
        self.standings[person] = Standing(refused_until=self.standings[person].refused_until)
        self.generations[person] += 1

    @rule(person=st.sampled_from(PEOPLE), luck=st.integers(0, 2))
    def pause_or_go_on(self, person: str, luck: int) -> None:
        """The person pauses, or goes on; in between nothing is released."""
        standing = self.standings[person]
        if luck or not self.has_grant(person) or self.world.clock() >= standing.valid_until:
            return
        grant_id = self.grant_id(person)
        if grant_id is None or person in self.closed_to():
            return
        browser = self.browser(person)
        page = browser.open(f"/connected/{grant_id}")
        done = browser.submit(page, "/resume" if standing.is_paused else "/pause")
        assert done.status == 200
        standing.is_paused = not standing.is_paused

    # The school ------------------------------------------------------------------------------------------------

    @rule(gate=st.sampled_from(("allow", "allow", "ask", "deny")))
    def gate(self, gate: str) -> None:
        """One of the two schools opens the partner or closes it, for its own members alone."""
        action = AdminAction(
            self.world.services.ids(Kind.ACTION), "cli", f"gate_{gate}", "partner", "quizco", 1
        )
        self.world.store(set_gates, NewGate("lakeside", "quizco", gate, action))
        self.school = gate

    def closed_to(self) -> tuple[str, ...]:
        """Who may share nothing because of the school."""
        return () if self.school == "allow" else tuple(each for each in PEOPLE if "lakeside" in each)

    @rule(person=st.sampled_from(PEOPLE), number=st.sampled_from(("+44 20 7946 0123", "+91 90000 00199", "")))
    def change_phone(self, person: str, number: str) -> None:
        """The person edits the profile; the next read has the new value."""
        browser = self.browser(person)
        page = browser.submit(browser.open("/profile/edit"), "/profile/edit", {"phone_number": number})
        assert page.url.endswith("/profile?done=saved"), page.text
        if number:
            self.profiles[person]["phone_number"] = number
        else:
            self.profiles[person].pop("phone_number", None)

    # The administrator -----------------------------------------------------------------------------------------

    @rule(person=st.sampled_from(PEOPLE), luck=st.integers(0, 2))
    def revoke(self, person: str, luck: int) -> None:
        """An administrator revokes the grant."""
        grant_id = self.grant_id(person)
        if luck or grant_id is None:
            return
        detail = self.world.store(load_details, grant_id)
        assert detail is not None
        actor = Actor(ActorKind.ADMIN, self.world.person_id("officer@platform.example"), "administration")
        reason = ReasonCode.PARTNER_BREACH
        now, ids = self.world.clock(), self.world.services.ids
        outcome = end(detail.line.grant, actor, reason, now=now, ids=ids)
        self.world.run(commit_change, self.world.services, outcome, reason)
        self.end(person)

    @rule(token=tokens)
    def brake(self, token: Token) -> None:
        """An administrator pauses the partner: the very next read is refused; then it goes on."""
        self.move_partner("live", "paused")
        self.check_refused(token)
        described = self.world.post("/introspect", {"token": token.access}).json()
        is_over = self.is_over(token) or self.world.clock() >= token.expires_at
        assert described.get("grant_state") == (None if is_over else "paused")
        self.move_partner("paused", "live")

    def move_partner(self, before: str, after: str) -> None:
        now = self.world.clock()
        act = "pause_partner" if after == "paused" else "resume_partner"
        action = AdminAction(self.world.services.ids(Kind.ACTION), "cli", act, "partner", "quizco", now)
        assert self.world.store(move_partners, StateChange("quizco", before, after, now, action))

    @rule(seconds=st.sampled_from((1, 5, 20, 61, 100, 301)))
    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self.world.clock.pass_by(seconds)

    @rule(days=st.sampled_from((1, 31, 91)), luck=st.integers(0, 5))
    def wait_long(self, days: int, luck: int) -> None:
        """Now and then much time goes by: grants run out."""
        if luck == 0:
            self.world.clock.pass_by(days * DAY)

    # The partner -----------------------------------------------------------------------------------------------

    @rule(
        target=tokens,
        person=st.sampled_from(PEOPLE),
        chosen=st.sets(st.sampled_from(sorted(OPTIONAL))),
        data=st.data(),
    )
    def connect(self, person: str, chosen: set[str], data: st.DataObject) -> Token:
        """The whole way at once: QuizCo asks, the person says yes, QuizCo exchanges."""
        return self.redeem(*self.answer(person, chosen, data))

    @rule(target=tokens, code=consumes(codes))
    def exchange(self, code: tuple[str, str]) -> Token:
        """QuizCo exchanges a code that it has had for a while."""
        return self.redeem(*code)

    def redeem(self, person: str, secret: str) -> Token:
        answer = self.world.exchange(secret or "cg_ac_none")
        now, standing = self.world.clock(), self.standings[person]
        if answer.status_code != 200:
            assert answer.json()["error"] == "invalid_grant"
            return Token(person, "cg_at_none", "cg_rt_none", 0, 0, -1, is_dead=True)
        assert standing.is_live
        assert now < standing.valid_until
        body = answer.json()
        return Token(
            person,
            body["access_token"],
            body["refresh_token"],
            now + body["expires_in"],
            now + 30 * DAY,
            self.generations[person],
        )

    @rule(token=tokens)
    def read(self, token: Token) -> None:
        """QuizCo reads with one of its tokens."""
        self.check_read(token)

    @rule(first=tokens, second=tokens)
    def read_two(self, first: Token, second: Token) -> None:
        """QuizCo reads for two people, one after the other."""
        self.check_read(first)
        self.check_read(second)

    def check_read(self, token: Token) -> None:
        """Exactly what is granted now, or nothing at all."""
        if not self.may_read(token) or self.world.clock() >= token.expires_at:
            self.check_refused(token)
            return
        answer = self.world.userinfo(token.access)
        assert answer.status_code == 200, answer.text
        self.rows += 1
        event("a release")
        claims = answer.json()
        standing, profile = self.standings[token.person], self.profiles[token.person]
        wanted = {CLAIMS[name, form] for name, form in standing.items.items() if name in profile}
        assert set(claims) - ABOUT == wanted & set(claims), "a value that was not granted"
        for name, form in standing.items.items():
            if form == "full" and name in profile and CLAIMS[name, form] in claims:
                assert claims[CLAIMS[name, form]] == profile[name]
        self.check_row(token.person, claims)

    def check_refused(self, token: Token) -> None:
        """What is held back is told apart from what is over (decision 0070)."""
        answer = self.world.userinfo(token.access)
        is_over = self.is_over(token) or self.world.clock() >= token.expires_at
        expected = (401, "invalid_token") if is_over else (403, "consent_paused")
        assert (answer.status_code, answer.json()["error"]) == expected
        assert set(answer.json()) == {"error", "error_description", "error_uri"}

    def check_row(self, person: str, claims: dict[str, Any]) -> None:
        """The newest row of the person's log names exactly what was released."""
        query = HandoffQuery(person_id=self.world.person_id(person), limit=500)
        rows = self.world.store(search_handoffs, query)
        newest = max(row.at for row in rows)
        named = [
            {CLAIMS[each.item.field, str(each.item.form)] for each in row.items}
            for row in rows
            if row.at == newest
        ]
        assert set(claims) - ABOUT in named

    def may_read(self, token: Token) -> bool:
        is_held_back = self.standings[token.person].is_paused or token.person in self.closed_to()
        return not self.is_over(token) and not is_held_back

    def is_over(self, token: Token) -> bool:
        """Whether the grant that a token stands on has ended, or the token never was one."""
        standing = self.standings[token.person]
        return (
            token.is_dead
            or not standing.is_live
            or token.grant != self.generations[token.person]
            or self.world.clock() >= standing.valid_until
        )

    @rule(target=tokens, token=consumes(tokens))
    def refresh(self, token: Token) -> Token:
        """QuizCo refreshes; the old access token lives on until it expires."""
        answer = self.world.refresh(token.refresh)
        now = self.world.clock()
        if self.is_over(token) or now >= token.refresh_until:
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
            return token
        # What holds a grant back is weighed at the read: a refresh alone hands nothing over.
        assert answer.status_code == 200, answer.text
        body = answer.json()
        return Token(
            token.person,
            body["access_token"],
            body["refresh_token"],
            now + body["expires_in"],
            token.refresh_until,
            token.grant,
        )

    @rule(token=consumes(tokens))
    def disconnect(self, token: Token) -> None:
        """QuizCo gives its refresh token back: the whole family dies."""
        answer = self.world.post("/revoke", {"token": token.refresh})
        assert answer.status_code == 200
        assert self.world.userinfo(token.access).status_code == 401

    @invariant()
    def every_release_has_its_row(self) -> None:
        """As many rows as answers with values, never one more or less."""
        if hasattr(self, "world"):
            handoffs, _ = self.world.store(count_log, None)
            assert handoffs == self.rows


def test_no_release_without_a_live_consent(sqlite_template: Path, tmp_path: Path) -> None:
    """P12, P13: in whatever order people, partner, administrator and clock act."""
    ReleaseMachine.template = sqlite_template
    limits = settings(
        max_examples=walks(30),
        stateful_step_count=40,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(ReleaseMachine, settings=limits)
