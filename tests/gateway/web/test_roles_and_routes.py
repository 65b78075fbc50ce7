"""Promise P15: every role, signed in or not, at every route, with a valid token, held against the table of needs.

Nothing here is listed by hand: routes are the application's own, roles and powers the model's. A route without a line
in `gateway.web.access` is named; so is a line without a route.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.actions.administration.waiting_kinds import KINDS
from gateway.kit.secrets.digests import digest
from gateway.model.administration.acts import ACTS
from gateway.model.people import Power, Role, powers_of
from gateway.web import access
from gateway.web.access import NEEDS, Entry, Need, admitted
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.pages.visit import COOKIE
from gateway.web.routes import all_routes
from tests.world import World, copy_sqlite, serve

ACCOUNTS = {
    Role.STUDENT: "asha@lakeside.example",
    Role.PROFESSOR: "ben@lakeside.example",
    Role.GUARDIAN: "lakshmi@lakeside.example",
    Role.SCHOOL_ADMIN: "school@lakeside.example",
    Role.PLATFORM_ADMIN: "admin@platform.example",
    Role.PRIVACY_OFFICER: "officer@platform.example",
    Role.SUPPORT: "support@platform.example",
    Role.AUDITOR: "auditor@platform.example",
    Role.PARTNER_MANAGER: "manager@platform.example",
}
STRANGER = "nobody"
FORM = {
    "reason": "person_request", "gate": "deny", "manifest": "1", "why": "no", "answer": "explained",
    "kind": "other", "email": "deepa@lakeside.example", "button": "share",
}  # fmt: skip
"""What a form may hold, beside its token: that nothing of it acts is what is tested."""
LINES = sorted(NEEDS)
QUERIES = {"/log/proof/inclusion": "?grant=unknown"}
"""What makes an address one of a person's own: without it, this one is for who may read the whole log."""
ITS_OWN_SCREEN = "/consent"
"""Takes the ticket of a screen that was shown in this session: tests/protocol/test_consent_screen.py."""


def test_every_role_has_somebody_to_try_it() -> None:
    assert set(ACCOUNTS) == set(Role)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[World]:
    """One world, in which Asha shares with QuizCo."""
    folder = tmp_path_factory.mktemp("roles")
    with serve(copy_sqlite(sqlite_template, folder), folder) as found:
        found.tokens()
        yield found


@pytest.fixture(scope="module")
def real(world: World) -> dict[str, str]:
    """What the places of an address can name that exists: a refusal that looks at it first would leave a trace."""
    ids = {"partner_id": "quizco", "client_id": world.quizco, "person_id": world.person_id()}
    with sqlite3.connect(database(world)) as connection:
        ((ids["grant_id"],),) = connection.execute("SELECT grant_id FROM consent_grant")
        ((ids["event_id"],),) = connection.execute("SELECT event_id FROM consent_event LIMIT 1")
        ((ids["notice_id"],),) = connection.execute("SELECT notice_id FROM consent_grant")
    return {**ids, "source_id": ids["event_id"], "field": "email", "purpose": "service_delivery"}


def database(world: World) -> str:
    return world.services.settings.database_url.removeprefix("sqlite:///")


def state(world: World) -> dict[str, list[Any]]:
    """Read every row of every table."""
    with sqlite3.connect(database(world)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}


class Visitor:
    """Somebody at a browser who sends any request with a token that is theirs."""

    def __init__(self, world: World, role: Role | None) -> None:
        self.world, self.role = world, role
        self.client = world.client()
        self.sign_in()

    def sign_in(self) -> None:
        if self.role is not None:
            self.client = self.world.signed_in(ACCOUNTS[self.role])._client

    def send(self, method: str, path: str) -> httpx2.Response:
        """Send a request; whom it signs out signs in again."""
        given: dict[str, Any] = {}
        if method != "GET":
            secret = next((each.value for each in self.client.cookies.jar if each.name == COOKIE), None)
            token = self.world.services.seal.signature("csrf", digest(secret).hex()) if secret else ""
            given = {"data": {**FORM, "csrf_token": token}}
        answer = self.client.request(method, path, **given)
        if COOKIE in answer.headers.get("set-cookie", ""):
            self.sign_in()
        return answer


def address(path: str, known: dict[str, str]) -> str:
    """Fill the places of an address: with what exists, or with what does not."""
    words = []
    for part in path.split("/"):
        name = part.strip("{}").partition(":")[0]
        words.append(known.get(name, "unknown") if part.startswith("{") else part)
    return "/".join(words)


def is_sent_to_log_in(answer: httpx2.Response) -> bool:
    return answer.status_code == 303 and urlsplit(answer.headers["location"]).path == "/login"


BEGIN_ANEW = (("POST", "/login/code"), ("POST", "/login/passkey"))
"""Steps of a log-in: who takes one without the step before is let in, and begins the log-in anew."""


def is_let_in(answer: httpx2.Response) -> bool:
    """Whether the route answered its visitor, if only that there is no such thing or that the form is wrong."""
    return not is_sent_to_log_in(answer) and answer.status_code not in (401, 403) and answer.status_code < 500


def may(role: Role | None, need: Need) -> bool:
    """Say who is let in. A partner's places take no notice of who is signed in: nobody is let in there."""
    if need is Entry.OPEN:
        return True
    if role is None or need is Entry.PARTNER:
        return False
    if isinstance(need, Power):
        return need in powers_of(role)
    if need is Entry.SECOND_PERSON:
        kinds = (power for rule in KINDS.values() for power in (rule.ask, rule.approve))
        return not powers_of(role).isdisjoint(kinds)
    return need is Entry.SIGNED_IN or bool(powers_of(role))


ROLES = [None, *Role]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or STRANGER)
def test_p15_who_lacks_what_a_route_needs_is_refused_and_changes_nothing(
    world: World, real: dict[str, str], role: Role | None
) -> None:
    visitor = Visitor(world, role)
    before = state(world)
    wrong = []
    for method, path in LINES:
        if may(role, NEEDS[method, path]):
            continue
        answer = visitor.send(method, address(path, real))
        if NEEDS[method, path] is Entry.PARTNER:
            is_refused = answer.status_code in (400, 401)
        elif role is None:
            is_refused = is_sent_to_log_in(answer) or answer.status_code == 403
        else:
            is_refused = answer.status_code == 403 and "Your role does not allow this." in answer.text
        after = state(world)
        if not is_refused or after != before:
            changed = [name for name in after if after[name] != before.get(name)]
            wrong.append((method, path, answer.status_code, changed))
            before = after
    assert not wrong


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or STRANGER)
def test_p15_who_has_what_a_route_needs_is_let_in(world: World, role: Role | None) -> None:
    """Up to where the thing itself is looked for, which does not exist here."""
    visitor = Visitor(world, role)
    wrong = []
    for method, path in LINES:
        if may(role, NEEDS[method, path]) and path != ITS_OWN_SCREEN:
            answer = visitor.send(method, address(path, {}) + QUERIES.get(path, ""))
            if not (is_sent_to_log_in(answer) if (method, path) in BEGIN_ANEW else is_let_in(answer)):
                wrong.append((method, path, answer.status_code))
    assert not wrong


def test_every_route_stands_in_the_table_and_every_line_has_a_route() -> None:
    """A new route needs a line: without one the server does not start, and says which."""
    served = {
        ("GET" if method == "HEAD" else method, route.path)
        for route in all_routes()
        for method in route.methods or ()
    }
    assert served == set(NEEDS)

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("x")

    with pytest.raises(LookupError, match=r"POST /admin/new is not in gateway\.web\.access"):
        admitted([*all_routes(), Route("/admin/new", answer, methods=["POST"])])
    with pytest.raises(LookupError, match=r"routes that there are not: \[\('GET', '/admin'\)"):
        admitted(each for each in all_routes() if not each.path.startswith("/admin"))


def test_no_line_stands_twice() -> None:
    with pytest.raises(ValueError, match="POST /a stands in the table twice"):
        access._flat({Entry.OPEN: ("GET POST /a",), Entry.SIGNED_IN: ("POST /a",)})


def test_an_act_takes_the_power_that_its_route_takes() -> None:
    """The acts have a table of their own, with their step-up; both say the same, or leave it to the act."""
    for route in all_routes():
        if isinstance(route, ActRoute):
            need, power = NEEDS["POST", route.path], ACTS[route.act].power
            assert need == power or (power is None and need is Entry.SECOND_PERSON), route.path


def test_every_power_opens_a_page() -> None:
    """A power that opens nothing is a mistake, or is not asked for where it should be."""
    assert {need for need in NEEDS.values() if isinstance(need, Power)} == set(Power)


def test_what_is_for_administrators_alone_is_not_open_to_who_uses_the_service() -> None:
    below = {need for (_, path), need in NEEDS.items() if path.split("/")[1] == "admin"}
    assert not below & {Entry.OPEN, Entry.PARTNER, Entry.SIGNED_IN}
