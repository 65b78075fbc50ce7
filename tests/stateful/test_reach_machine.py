"""A state machine over requests and answers: no token reaches more than what its request asked for and Asha granted.

QuizCo asks by scope, claims and authorization_details, silently or not, merging and replacing; Asha ticks, leaves out
and switches off; QuizCo refreshes, narrower and wider. After every step each of its tokens reaches exactly the fields
that its own request named, as far as they are granted now, and the next screen asks exactly what is not decided
(RFC 9700 §2.3, decision 0069). The model knows the words of the requests and Asha's answers, nothing of the gateway.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.cli.browser import Browser
from gateway.kit.clock import DAY
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.protocol.test_rfc9396 import details, item
from tests.world import NOW, QUIZCO_REDIRECT, World, answer_of, boxes, copy_sqlite, fill, serve

NEEDED = frozenset({"name", "course"})
KEYS = {
    "email": "email.results_delivery",
    "phone_number": "phone_number.appointment_reminders",
    "student_status": "student_status.eligibility_check",
}
OPTIONAL = sorted(KEYS)
WHOLE = NEEDED | frozenset(OPTIONAL)
CLAIMS = {
    "name": "name",
    "course": "course",
    "email_masked": "email",
    "phone_number_masked": "phone_number",
    "is_student": "student_status",
}
BY_SCOPE = {
    "profile": frozenset({"name"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone_number"}),
    "education": frozenset({"course", "student_status"}),
}
MEMORY = 90 * DAY
Place = Callable[[Path], tuple[str, Callable[[], None]]]


@dataclass(frozen=True)
class Wish:
    """What a request asks for: scope values besides `openid`, fields by claims, fields by name."""

    scope: frozenset[str]
    claims: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()

    @property
    def fields(self) -> frozenset[str]:
        """What it names, and with that what the service needs."""
        by_scope = frozenset(field for name in self.scope for field in BY_SCOPE[name])
        found = by_scope | self.claims | self.named
        return found | NEEDED if found else found

    def parameters(self) -> dict[str, str]:
        """Spell it."""
        spelled = {"scope": " ".join(["openid", *sorted(self.scope)])}
        if self.claims:
            spelled["claims"] = json.dumps({"userinfo": dict.fromkeys(sorted(self.claims))})
        if self.named:
            spelled["authorization_details"] = details(*(item(KEYS[each]) for each in sorted(self.named)))
        return spelled


@dataclass(frozen=True)
class Token:
    """One access token, its refresh token, and what they were asked for."""

    access: str
    refresh: str
    asked: Wish
    reached: frozenset[str]
    until: int


WISHES = st.builds(
    Wish,
    st.frozensets(st.sampled_from(sorted(BY_SCOPE)), max_size=2),
    st.frozensets(st.sampled_from(OPTIONAL), max_size=1),
    st.frozensets(st.sampled_from(OPTIONAL), max_size=1),
)


class ReachMachine(RuleBasedStateMachine):
    """QuizCo and Asha act in any order."""

    place: ClassVar[Place]

    @initialize()
    def begin(self) -> None:
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        url, drop = type(self).place(folder)
        self.stack.callback(drop)
        self.world: World = self.stack.enter_context(serve(url, folder))
        self.browser: Browser = self.world.signed_in()
        self.is_shared = False
        self.granted: frozenset[str] = frozenset()
        self.left_out: dict[str, int] = {}
        self.grant_id = ""
        self.tokens: list[Token] = []

    def teardown(self) -> None:
        self.stack.close()

    def undecided(self, fields: frozenset[str], *, is_wanted: bool = False) -> frozenset[str]:
        """Name what a screen has to ask; what was left out not long ago only where the partner insists."""
        since = self.world.clock() - MEMORY
        recent = {each for each, at in self.left_out.items() if at > since and not is_wanted}
        return fields - self.granted - recent

    @rule(
        wish=WISHES,
        prompt=st.sampled_from(["", "", "none", "consent"]),
        action=st.sampled_from(["", "", "merge", "replace"]),
        ticks=st.frozensets(st.sampled_from(OPTIONAL)),
        button=st.sampled_from(["share", "share", "keep"]),
    )
    def ask(self, wish: Wish, prompt: str, action: str, ticks: frozenset[str], button: str) -> None:
        """QuizCo asks; where a screen comes, it asks what is not decided, and Asha answers it."""
        parameters = wish.parameters() | ({"prompt": prompt} if prompt else {})
        if action and self.is_shared:
            parameters |= {"grant_management_action": action, "grant_id": self.grant_id}
        is_anew = not self.is_shared or "replace" in parameters.values()
        page = self.world.ask(self.browser, **parameters)
        asked = wish.fields if is_anew else self.undecided(wish.fields, is_wanted=prompt == "consent")
        is_silent = not is_anew and prompt != "consent" and not self.undecided(wish.fields)
        if is_silent or prompt == "none":
            back = answer_of(page)
            refusal = "consent_required" if self.is_shared else "login_required"
            assert back.get("error") == (None if is_silent else refusal)
            if is_silent:
                self.keep(back["code"], wish)
            return
        assert boxes(page) == {KEYS[each] for each in asked - NEEDED}
        if is_anew and button == "keep":
            return
        self.answer(page, wish, asked, ticks, button, is_anew=is_anew)

    def answer(
        self,
        page: Any,
        wish: Wish,
        asked: frozenset[str],
        ticks: frozenset[str],
        button: str,
        *,
        is_anew: bool,
    ) -> None:
        ticked = [KEYS[each] for each in sorted(ticks & asked)]
        changes = {"item": ticked, "duration": "365"} if button == "share" else {}
        back = answer_of(
            self.browser.submit(page, "/consent", changes, button=button, stop_at=QUIZCO_REDIRECT)
        )
        given = (asked & NEEDED) | (ticks & asked) if button == "share" else frozenset()
        if is_anew:
            self.granted = frozenset()
        self.granted |= given
        self.left_out |= dict.fromkeys(asked, self.world.clock())
        for each in self.granted:
            self.left_out.pop(each, None)
        self.is_shared = True
        self.keep(back["code"], wish)

    def keep(self, code: str, wish: Wish) -> None:
        """QuizCo exchanges a code. The answer's scope is what was asked and allowed (RFC 6749 §5.1)."""
        body = self.world.exchange(code).json()
        allowed = {name for name in wish.scope if BY_SCOPE[name] & self.granted}
        assert set(body["scope"].split()) == {"openid", *allowed}
        self.grant_id = body["grant_id"]
        self.tokens.append(self.token(body, wish, wish.fields))
        del self.tokens[:-4]

    def token(self, body: dict[str, Any], asked: Wish, reached: frozenset[str]) -> Token:
        until = self.world.clock() + body["expires_in"]
        return Token(body["access_token"], body["refresh_token"], asked, reached, until)

    @rule(at=st.integers(0, 3), scope=st.frozensets(st.sampled_from(sorted(BY_SCOPE)), max_size=2))
    def refresh(self, at: int, scope: frozenset[str]) -> None:
        """QuizCo refreshes: with what it once asked for, or less."""
        if not self.tokens:
            return
        token = self.tokens.pop(at % len(self.tokens))
        narrower = token.asked.scope & scope
        wanted = {"scope": " ".join(["openid", *sorted(narrower)])} if scope else {}
        answer = self.world.refresh(token.refresh, **wanted)
        if answer.status_code != 200:
            assert answer.json()["error"] == "invalid_grant"
            return
        asked = replace(token.asked, scope=narrower) if scope else token.asked
        reached = asked.fields
        if token.asked.scope and not asked.scope and not asked.named:
            # Narrowed to signing in.
            reached = frozenset()
        self.tokens.append(self.token(answer.json(), token.asked, reached))

    @rule(field=st.sampled_from(OPTIONAL))
    def switch_off(self, field: str) -> None:
        """Asha switches something off."""
        if field not in self.granted:
            return
        press(self.browser, detail_of(self.browser), f"/off/{KEYS[field].replace('.', '/')}")
        self.granted -= {field}
        self.left_out[field] = self.world.clock()

    @rule(days=st.sampled_from([1, 30, 60]))
    def wait(self, days: int) -> None:
        """Time goes by, less than a year in all, and she signs in again: at QuizCo, too, so that she uses it."""
        if self.world.clock() + days * DAY >= NOW + 360 * DAY:
            return
        self.world.clock.pass_by(days * DAY)
        self.browser = self.world.signed_in()
        if self.is_shared:
            assert "code" in answer_of(self.world.ask(self.browser, scope="openid", prompt="none"))

    @invariant()
    def every_token_reaches_what_was_asked_and_granted(self) -> None:
        for token in getattr(self, "tokens", ()):
            answer = self.world.userinfo(token.access)
            if self.world.clock() >= token.until:
                assert answer.status_code == 401
                continue
            claims = answer.json().keys() - {"sub"}
            assert {CLAIMS[each] for each in claims} == token.reached & self.granted


def walk(place: Place, count: int) -> None:
    """Let the machine walk."""
    ReachMachine.place = staticmethod(place)
    limits = settings(
        max_examples=walks(count),
        stateful_step_count=25,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    run_state_machine_as_test(ReachMachine, settings=limits)


def test_on_sqlite(sqlite_template: Path) -> None:
    walk(lambda folder: (copy_sqlite(sqlite_template, folder), lambda: None), 10)


def test_on_postgresql(postgres_server: PostgresServer) -> None:
    def place(_: Path) -> tuple[str, Callable[[], None]]:
        url = postgres_server.create_database("reach_machine")
        return url, lambda: postgres_server.drop_database(url)

    postgres_server.create_template("reach_machine", fill)
    walk(place, 3)
