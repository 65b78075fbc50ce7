"""Held back is not over: partners are told apart what they may keep and what they must delete (decision 0070)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from gateway.actions.administration.person_stops import deactivate, reactivate
from gateway.actions.consent.complaints import complain
from gateway.actions.guardians.ages import look_at_links
from gateway.actions.operation.upkeep import sweep
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.cli.browser import Browser
from gateway.consent.complaints import ComplaintKind
from gateway.consent.locks import Hold
from gateway.kit.ids import Kind
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from gateway.model.people import Role
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.school_gates import NewGate, set_gates
from tests.gateway.store.samples import act, rows
from tests.gateway.web.guardians.test_requests import MEERA, THIRTEEN, allow
from tests.races.test_contacts import session
from tests.world import PARTNERS, QUIZCO_REDIRECT, World, answer_of, publish

ASHA, BEN = "asha@lakeside.example", "ben@lakeside.example"
SCOPE = "openid profile email education phone grant_management_query"
PAUSED, OVER = "paused", "over"


@dataclass
class Case:
    """A consent with tokens and an unused code, and whoever has to do with it."""

    world: World
    browser: Browser
    grant_id: str
    tokens: dict[str, Any]
    code: str

    def read(self, path: str = "/userinfo") -> httpx2.Response:
        header = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        return self.world.client().post(path, headers=header)

    def look(self) -> dict[str, object]:
        """Ask every endpoint; give what partners are told, as far as it tells apart."""
        found = {path: said(self.read(path)) for path in ("/userinfo", "/release")}
        header = {"Authorization": f"Bearer {self.tokens['access_token']}"}
        found["/grants"] = said(self.world.client().get(f"/grants/{self.grant_id}", headers=header))
        own = {"grant_type": "client_credentials", "scope": "grant_management_query"}
        header = {"Authorization": f"Bearer {self.world.post('/token', own).json()['access_token']}"}
        found["/grants, own"] = said(self.world.client().get(f"/grants/{self.grant_id}", headers=header))
        found["/introspect"] = said(self.world.post("/introspect", {"token": self.tokens["access_token"]}))
        found["code"] = self.new_token(self.world.exchange(self.code))
        found["refresh"] = self.new_token(self.world.refresh(self.tokens["refresh_token"]))
        return found

    def new_token(self, answer: httpx2.Response) -> object:
        """What the token endpoint says, and where it gives a token, what can be read with that."""
        if answer.status_code != 200:
            return said(answer)
        return said(self.world.userinfo(answer.json()["access_token"]))

    def press(self, action: str) -> None:
        """Press a button on the person's own page of the service."""
        page = self.browser.open(f"/connected/{self.grant_id}")
        assert self.browser.submit(page, action).status == 200


def said(answer: httpx2.Response) -> object:
    body = answer.json()
    return answer.status_code, body.get("error") or body.get("grant_state") or body.get("active")


TOLD: Mapping[str, Mapping[str, object]] = {
    PAUSED: {
        "/userinfo": (403, "consent_paused"),
        "/release": (403, "consent_paused"),
        "/grants": (200, "paused"),
        "/grants, own": (200, "paused"),
        "/introspect": (200, "paused"),
        "code": (403, "consent_paused"),
        "refresh": (403, "consent_paused"),
    },
    OVER: {
        "/userinfo": (401, "invalid_token"),
        "/release": (401, "invalid_token"),
        "/grants": (401, "invalid_token"),
        "/grants, own": (404, "not_found"),
        "/introspect": (200, False),
        "code": (400, "invalid_grant"),
        "refresh": (400, "invalid_grant"),
    },
}


def manifest(**changes: str) -> str:
    """QuizCo's manifest, with tokens of its own."""
    text = (PARTNERS / "quizco.toml").read_text()
    text = text.replace("profile = ", 'own_scopes = ["grant_management_query"]\nprofile = ', 1)
    for old, new in changes.items():
        text = text.replace(f"{old} = 30", f"{old} = {new}", 1)
    return text


def opted_in(world: World, email: str, **choices: str) -> Case:
    """Opt in, exchange a code, and have one more that is not used yet."""
    world.run(lambda: publish(world.services, manifest(), version=2, manifest_version=2))
    browser = world.signed_in(email)
    page = browser.submit(
        world.ask(browser, scope=SCOPE), "/consent", choices, button="share", stop_at=QUIZCO_REDIRECT
    )
    if email == MEERA:
        allow(world)
        page = world.ask(browser, scope=SCOPE)
    tokens = world.exchange(answer_of(page)["code"]).json()
    code = answer_of(world.ask(browser, scope=SCOPE))["code"]
    return Case(world, browser, tokens["grant_id"], tokens, code)


# Whoever holds back, and what lets it go on --------------------------------------------------------------------------


def the_person(case: Case) -> None:
    case.press("/pause")


def the_person_goes_on(case: Case) -> None:
    case.press("/resume")


def the_brake(case: Case) -> None:
    case.world.run(move_partner, case.world.services, "per_1", "quizco", PartnerMove.PAUSE, None)


def the_brake_is_off(case: Case) -> None:
    case.world.run(move_partner, case.world.services, "per_1", "quizco", PartnerMove.RESUME, None)


def complaints(case: Case) -> None:
    """Two who were advertised to."""
    world = case.world
    world.clock.pass_by(1)
    for email, tokens in ((ASHA, case.tokens), (BEN, world.tokens(email=BEN))):
        assert world.userinfo(tokens["access_token"]).status_code == 200
        who = session(world, email)
        world.run(complain, world.services, who, tokens["grant_id"], ComplaintKind.ADVERTISING)


def the_account(case: Case) -> None:
    change_account(case.world, deactivate)


def the_account_is_back(case: Case) -> None:
    change_account(case.world, reactivate)
    case.browser = case.world.signed_in(ASHA)


def change_account(world: World, change: Callable[..., Any]) -> None:
    """Change Asha's account as an administrator of her school."""
    school = Administrator(world.person_id("school@lakeside.example"), Role.SCHOOL_ADMIN, "lakeside")
    world.run(change, world.services, school, world.person_id(), ReasonCode.SCHOOL_POLICY)


def say(case: Case, gate: str) -> None:
    world = case.world
    action = AdminAction(world.services.ids(Kind.ACTION), "cli", f"gate_{gate}", "partner", "quizco", 1)
    world.store(set_gates, NewGate("lakeside", "quizco", gate, action))


def the_school(case: Case) -> None:
    say(case, "deny")


def the_school_wants_to_be_asked(case: Case) -> None:
    say(case, "ask")


def the_school_opens(case: Case) -> None:
    say(case, "allow")


def new_terms(case: Case) -> None:
    services, text = case.world.services, manifest(retention_days="33")
    case.world.run(lambda: publish(services, text, version=3, manifest_version=3))


def new_terms_swept(case: Case) -> None:
    new_terms(case)
    assert case.world.run(sweep, case.world.services) == 1


def the_old_terms_are_kept(case: Case) -> None:
    page = case.world.ask(case.browser, scope=SCOPE)
    assert case.browser.submit(page, "/consent", button="keep", stop_at=QUIZCO_REDIRECT).response.is_redirect


def uses(case: Case) -> None:
    assert case.read().status_code == 200


def once_more(case: Case) -> None:
    page = case.world.ask(case.browser, scope=SCOPE, prompt="consent")
    again = case.browser.submit(
        page, "/consent", {"duration": "once"}, button="share", stop_at=QUIZCO_REDIRECT
    )
    assert again.response.is_redirect


def a_childs_wish(case: Case) -> None:
    page = case.world.ask(case.browser, scope=SCOPE, prompt="consent")
    case.browser.submit(page, "/consent", {"item": "email.results_delivery"}, button="share")


def the_guardian_allows_it(case: Case) -> None:
    allow(case.world)


def no_guardian(case: Case) -> None:
    act(case.world, "UPDATE guardian_link SET state = 'ended'")


def the_guardian_is_back(case: Case) -> None:
    act(case.world, "UPDATE guardian_link SET state = 'active'")


def an_age_corrected(case: Case) -> None:
    act(case.world, f"UPDATE person SET needs_guardian = true WHERE person_id = '{case.world.person_id()}'")


def the_age_was_right(case: Case) -> None:
    act(case.world, f"UPDATE person SET needs_guardian = false WHERE person_id = '{case.world.person_id()}'")


def a_birthday(case: Case) -> None:
    act(
        case.world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    case.world.clock.now = THIRTEEN
    case.world.run(look_at_links, case.world.services)


def the_person_decides_anew(case: Case) -> None:
    page = case.world.ask(case.browser, scope=SCOPE)
    assert case.browser.submit(page, "/consent", button="share", stop_at=QUIZCO_REDIRECT).response.is_redirect


@dataclass(frozen=True)
class Way:
    """One way in which a consent comes to be held back, whose consent that is, and what lets it go on."""

    begin: Callable[[Case], None]
    lift: Callable[[Case], None]
    whose: str = ASHA
    duration: str = "30"


WAYS: Mapping[Hold, tuple[Way, ...]] = {
    Hold.PAUSE: (Way(the_person, the_person_goes_on), Way(new_terms_swept, the_old_terms_are_kept)),
    Hold.BRAKE: (Way(the_brake, the_brake_is_off), Way(complaints, the_brake_is_off)),
    Hold.ACCOUNT: (Way(the_account, the_account_is_back),),
    Hold.SCHOOL: (Way(the_school, the_school_opens), Way(the_school_wants_to_be_asked, the_school_opens)),
    Hold.TERMS: (Way(new_terms, the_old_terms_are_kept),),
    Hold.USES: (Way(uses, once_more, duration="once"),),
    Hold.WISH: (Way(a_childs_wish, the_guardian_allows_it, MEERA),),
    Hold.GUARDIANS: (Way(no_guardian, the_guardian_is_back, MEERA),),
    Hold.BASIS: (Way(an_age_corrected, the_age_was_right),),
    Hold.AGE: (Way(a_birthday, the_person_decides_anew, MEERA),),
}


def test_every_way_of_holding_back_is_in_the_table() -> None:
    assert set(WAYS) == set(Hold)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    "way", [pytest.param(way, id=way.begin.__name__) for ways in WAYS.values() for way in ways]
)
def test_while_it_is_held_back_nothing_is_read_and_nothing_is_lost(each_world: World, way: Way) -> None:
    """By whomever: the same answers everywhere, no hand-off, and afterwards the same tokens read again."""
    if way.begin is a_birthday:
        each_world.clock.now = THIRTEEN - 30
    case = opted_in(each_world, way.whose, duration=way.duration)
    way.begin(case)
    before = rows(each_world, "SELECT count(*) FROM handoff")
    assert case.look() == TOLD[PAUSED]
    assert rows(each_world, "SELECT count(*) FROM handoff") == before
    way.lift(case)
    assert case.read().status_code == 200
    case.press("/stop")
    assert case.look() == TOLD[OVER]


@pytest.mark.parametrize("begin", [the_person, the_school, new_terms])
def test_what_ends_while_it_is_held_back_is_over_at_once(
    each_world: World, begin: Callable[[Case], None]
) -> None:
    case = opted_in(each_world, ASHA)
    begin(case)
    case.press("/stop")
    assert case.look() == TOLD[OVER]


def test_what_runs_out_while_it_is_held_back_is_over(world: World) -> None:
    """A pause keeps a consent from being read, not from ending; a token does not outlive it."""
    case = opted_in(world, ASHA, duration="30")
    the_person(case)
    world.clock.pass_by(30 * 86_400 - 100)
    renewed = world.refresh(case.tokens["refresh_token"]).json()
    assert renewed["expires_in"] == 100
    world.clock.pass_by(99)
    assert said(world.userinfo(renewed["access_token"])) == (403, "consent_paused")
    world.clock.pass_by(1)
    assert said(world.userinfo(renewed["access_token"])) == (401, "invalid_token")
    assert said(world.refresh(renewed["refresh_token"])) == (400, "invalid_grant")


def test_a_paused_partner_asks_for_nothing_new(each_world: World) -> None:
    """The brake lets it look at what it has and give it back, and keeps everybody from its screens."""
    case = opted_in(each_world, ASHA)
    the_brake(case)
    assert said(each_world.post("/par", each_world.authorization())) == (401, "invalid_client")
    assert said(each_world.post("/device_authorization", {"scope": "openid"})) == (401, "invalid_client")
    assert each_world.ask(case.browser).status == 400
    assert each_world.post("/introspect", {"token": "x"}, secret="cg_cs_wrong").status_code == 401
    assert said(each_world.post("/deletions", {"deletion": "x", "outcome": "done"})) == (
        400,
        "invalid_request",
    )
    assert each_world.post("/revoke", {"token": case.tokens["refresh_token"]}).status_code == 200
    the_brake_is_off(case)
    assert case.read().status_code == 401


def test_only_our_log_says_who_holds_it_back(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is the same to the letter, whoever it is, and its page says what to do."""
    case = opted_in(world, ASHA)
    answers = []
    for begin, lift in ((the_person, the_person_goes_on), (the_school, the_school_opens)):
        begin(case)
        answer = case.read()
        answers.append((answer.content, answer.headers["WWW-Authenticate"]))
        lift(case)
    assert len(set(answers)) == 1
    page = world.browser().open(answer.json()["error_uri"])
    assert "Keep the tokens" in page.text
