"""A state machine over requests and answers: no token reaches more than what its request asked for and Asha granted.

QuizCo asks by scope, claims and authorization_details, in this form or that, silently or not, merging and replacing;
Asha ticks, chooses forms, leaves out and switches off; QuizCo refreshes and reads, narrower and wider. After every step
each of its tokens reaches exactly the fields that its own request named, as far as they are granted now, in the form
that request and consent have in common, and the next screen asks exactly what is not decided (RFC 9700 §2.3, decision
0069). The model knows the words of the requests and Asha's answers, nothing of the gateway.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from tests.gateway.web.consent.test_consents import detail_of, press
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.protocol.test_release import items_of, read
from tests.protocol.test_rfc9396 import details, item
from tests.world import (
    NOW,
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

NEEDED = frozenset({"name", "course"})
KEYS = {
    "email": "email.results_delivery",
    "phone_number": "phone_number.appointment_reminders",
    "student_status": "student_status.eligibility_check",
}
OPTIONAL = sorted(KEYS)
WHOLE = NEEDED | frozenset(OPTIONAL)
FORMS = {
    "email": ("relay", "masked", "full"),
    "phone_number": ("masked", "full"),
    "student_status": ("boolean", "full"),
}
CLAIMS = {
    "email_masked": ("email", "masked"),
    "phone_number_masked": ("phone_number", "masked"),
    "is_student": ("student_status", "boolean"),
}
RELAY = "relay.example"
QUIZCO = (
    (PARTNERS / "quizco.toml")
    .read_text()
    .replace('"results_delivery"\nforms = [', '"results_delivery"\nforms = ["relay", ')
)
BY_SCOPE = {
    "profile": frozenset({"name"}),
    "email": frozenset({"email"}),
    "phone": frozenset({"phone_number"}),
    "education": frozenset({"course", "student_status"}),
}
MEMORY = 90 * DAY
Place = Callable[[Path], tuple[str, Callable[[], None]]]


Asked = Mapping[str, frozenset[str]]
"""By field, the forms that somebody asked for. Whoever may have the full one takes any; nobody else does."""
ANY = frozenset({"full"})


def reached(asked: Asked, granted: Mapping[str, str]) -> dict[str, str]:
    """Name what is handed over, each in the form that request and consent have in common."""
    found = {}
    for field in asked.keys() & granted.keys():
        # A private address is made of nothing, and nothing is made of a private or masked one.
        made = asked[field] - {"relay"} if granted[field] == "full" else frozenset()
        if asked[field] & {"full", granted[field]}:
            found[field] = granted[field]
        elif made:
            (found[field],) = made
    return found


def narrowed(before: frozenset[str], now: frozenset[str]) -> frozenset[str]:
    """Name the forms that were asked for both times."""
    return now if "full" in before else before if "full" in now else before & now


@dataclass(frozen=True)
class Wish:
    """What a request asks for: scope values besides `openid`, fields by claims, a field by name and form."""

    scope: frozenset[str]
    claims: frozenset[str] = frozenset()
    named: tuple[str, str | None] | None = None

    @property
    def by_scope(self) -> frozenset[str]:
        """What its scope names."""
        return frozenset(field for name in self.scope for field in BY_SCOPE[name])

    @property
    def beside(self) -> frozenset[str]:
        """What it names otherwise, and what the service needs with anything named."""
        named = self.claims | ({self.named[0]} if self.named else set())
        return named | NEEDED if named or self.scope else named

    @property
    def asked(self) -> Asked:
        """Which fields it asks for, in which forms."""
        forms = {self.named[0]: frozenset({self.named[1] or "full"})} if self.named else {}
        return dict.fromkeys(self.by_scope | self.beside, ANY) | forms

    def parameters(self) -> dict[str, str]:
        """Spell it."""
        spelled = {"scope": " ".join(["openid", *sorted(self.scope)])}
        if self.claims:
            spelled["claims"] = json.dumps({"userinfo": dict.fromkeys(sorted(self.claims))})
        if self.named:
            field, form = self.named
            spelled["authorization_details"] = details(item(KEYS[field], form))
        return spelled


@dataclass(frozen=True)
class Token:
    """One access token, its refresh token, and what they were asked for."""

    access: str
    refresh: str
    wish: Wish
    asked: Asked
    until: int


NAMED = st.sampled_from(
    [(field, form) for field in OPTIONAL for form in (None, *FORMS[field])] + [("email", None)]
)
WISHES = st.builds(
    Wish,
    st.frozensets(st.sampled_from(sorted(BY_SCOPE)), max_size=2),
    st.frozensets(st.sampled_from(OPTIONAL), max_size=1),
    st.none() | NAMED,
)
CHOSEN = st.fixed_dictionaries({field: st.sampled_from(FORMS[field]) for field in OPTIONAL})


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
        object.__setattr__(self.world.services.settings, "relay_domain", RELAY)
        self.world.run(lambda: publish(self.world.services, QUIZCO, version=2, manifest_version=2))
        self.browser: Browser = self.world.signed_in()
        self.is_shared = False
        self.granted: dict[str, str] = {}
        self.left_out: dict[str, int] = {}
        self.grant_id = ""
        self.tokens: list[Token] = []

    def teardown(self) -> None:
        self.stack.close()

    def undecided(self, asked: Asked, *, is_wanted: bool = False) -> frozenset[str]:
        """Name what a screen has to ask; what was left out not long ago only where the partner insists."""
        since = self.world.clock() - MEMORY
        recent = {each for each, at in self.left_out.items() if at > since and not is_wanted}
        return frozenset(asked.keys() - self.granted.keys() - recent)

    @rule(
        wish=WISHES,
        prompt=st.sampled_from(["", "", "none", "consent"]),
        action=st.sampled_from(["", "", "merge", "replace"]),
        ticks=st.frozensets(st.sampled_from(OPTIONAL)),
        chosen=CHOSEN,
        button=st.sampled_from(["share", "share", "keep"]),
    )
    def ask(
        self, wish: Wish, prompt: str, action: str, ticks: frozenset[str], chosen: dict[str, str], button: str
    ) -> None:
        """QuizCo asks; where a screen comes, it asks what is not decided, and Asha answers it."""
        parameters = wish.parameters() | ({"prompt": prompt} if prompt else {})
        if action and self.is_shared:
            parameters |= {"grant_management_action": action, "grant_id": self.grant_id}
        is_anew = not self.is_shared or "replace" in parameters.values()
        page = self.world.ask(self.browser, **parameters)
        put = frozenset(wish.asked) if is_anew else self.undecided(wish.asked, is_wanted=prompt == "consent")
        is_silent = not is_anew and prompt != "consent" and not self.undecided(wish.asked)
        if is_silent or prompt == "none":
            back = answer_of(page)
            refusal = "consent_required" if self.is_shared else "login_required"
            assert back.get("error") == (None if is_silent else refusal)
            if is_silent:
                self.keep(back["code"], wish)
            return
        assert boxes(page) == {KEYS[each] for each in put - NEEDED}
        offered = {field: self.offered(page, field, wish.asked[field]) for field in put - NEEDED}
        if is_anew and button == "keep":
            return
        given = dict.fromkeys(put & NEEDED, "full")
        for field in ticks & offered.keys():
            given[field] = chosen[field] if chosen[field] in offered[field] else offered[field][0]
        if button == "keep":
            given = {}
        back = answer_of(self.answer(page, given, button))
        self.granted = given if is_anew else self.granted | given
        self.left_out |= dict.fromkeys(put, self.world.clock())
        for each in self.granted:
            self.left_out.pop(each, None)
        self.is_shared = True
        self.keep(back["code"], wish)

    def offered(self, page: Page, field: str, asked: frozenset[str]) -> list[str]:
        """Hold the forms to choose from against what was asked for."""
        expected = [form for form in FORMS[field] if asked & {form, "full"}]
        form, name = page.form("/consent"), f"form:{KEYS[field]}"
        found = {value for each, value in (*form.fields, *form.choices) if each == name}
        assert found == set(expected)
        return expected

    def answer(self, page: Page, given: dict[str, str], button: str) -> Page:
        """Let Asha tick, choose forms and press."""
        ticked = sorted(given.keys() - NEEDED)
        forms = {f"form:{KEYS[field]}": given[field] for field in ticked}
        changes = {"item": [KEYS[each] for each in ticked], "duration": "365"} | forms
        return self.browser.submit(
            page, "/consent", changes if button == "share" else {}, button=button, stop_at=QUIZCO_REDIRECT
        )

    def keep(self, code: str, wish: Wish) -> None:
        """QuizCo exchanges a code. The answer's scope is what was asked and allowed (RFC 6749 §5.1)."""
        body = self.world.exchange(code).json()
        self.grant_id = body["grant_id"]
        self.tokens.append(self.token(body, wish, wish.scope, wish.asked))
        del self.tokens[:-4]

    def token(self, body: dict[str, Any], wish: Wish, scope: frozenset[str], asked: Asked) -> Token:
        allowed = {name for name in scope if BY_SCOPE[name] & reached(asked, self.granted).keys()}
        assert set(body["scope"].split()) == {"openid", *allowed}
        until = self.world.clock() + body["expires_in"]
        return Token(body["access_token"], body["refresh_token"], wish, asked, until)

    @rule(at=st.integers(0, 3), scope=st.frozensets(st.sampled_from(sorted(BY_SCOPE)), max_size=2))
    def refresh(self, at: int, scope: frozenset[str]) -> None:
        """QuizCo refreshes: with what it once asked for, or less."""
        if not self.tokens:
            return
        token = self.tokens.pop(at % len(self.tokens))
        wish, narrower = token.wish, token.wish.scope & scope
        wanted = {"scope": " ".join(["openid", *sorted(narrower)])} if scope else {}
        answer = self.world.refresh(token.refresh, **wanted)
        if answer.status_code != 200:
            assert answer.json()["error"] == "invalid_grant"
            return
        asked = wish.asked
        if scope:
            # Narrowed to signing in, its scope brings no needed items; what it named does.
            is_left = narrower or not wish.scope or wish.named
            fields = replace(wish, scope=narrower).by_scope | (wish.beside if is_left else frozenset())
            asked = {field: forms for field, forms in asked.items() if field in fields}
        self.tokens.append(self.token(answer.json(), wish, narrower if scope else wish.scope, asked))

    @rule(at=st.integers(0, 3), named=NAMED)
    def refresh_by_name(self, at: int, named: tuple[str, str | None]) -> None:
        """QuizCo refreshes for one field in one form, which only who named items before can do."""
        if not self.tokens:
            return
        at %= len(self.tokens)
        token, (field, form) = self.tokens[at], named
        answer = self.world.refresh(token.refresh, authorization_details=details(item(KEYS[field], form)))
        if answer.status_code != 200 and answer.json()["error"] == "invalid_grant":
            del self.tokens[at]
            return
        wish, forms = token.wish, frozenset({form or "full"})
        asked = {each: wish.asked[each] for each in wish.by_scope | (wish.beside & {field})}
        if field in asked:
            asked[field] = narrowed(asked[field], forms)
        if wish.named is None or field not in wish.beside or field not in reached(asked, self.granted):
            assert answer.json()["error"] == "invalid_authorization_details"
            return
        self.tokens[at] = self.token(answer.json(), wish, wish.scope, asked)

    @rule(at=st.integers(0, 3), named=NAMED)
    def read_by_name(self, at: int, named: tuple[str, str | None]) -> None:
        """QuizCo reads one field in one form."""
        live = [each for each in self.tokens if self.world.clock() < each.until]
        if not live:
            return
        token, (field, form) = live[at % len(live)], named
        answer = read(self.world, token.access, details(item(KEYS[field], form)))
        asked = {
            each: narrowed(forms, frozenset({form or "full"}))
            for each, forms in token.asked.items()
            if each == field
        }
        found = {each["field"]: each["form"] for each in items_of(answer)}
        assert found == reached(asked, self.granted)

    @rule(field=st.sampled_from(OPTIONAL))
    def switch_off(self, field: str) -> None:
        """Asha switches something off."""
        if field not in self.granted:
            return
        press(self.browser, detail_of(self.browser), f"/off/{KEYS[field].replace('.', '/')}")
        del self.granted[field]
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
            found = {}
            for claim, value in answer.json().items():
                if claim != "sub" and not claim.endswith("_verified"):
                    field, form = CLAIMS.get(claim, (claim, "full"))
                    found[field] = "relay" if str(value).endswith(f"@{RELAY}") else form
            assert found == reached(token.asked, self.granted)


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
