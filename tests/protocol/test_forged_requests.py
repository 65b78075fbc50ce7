"""Who forges what a request says about itself: the host, the proxy, the method, or a ticket of another place."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.actions.consent.receipts import stop_path
from gateway.cli.browser import Browser, Page
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.gateway.web.guardians.test_requests import LAKSHMI, request_page, wish
from tests.world import World

EVIL = "evil.example"
FORGED = (
    {"Host": EVIL},
    {"X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": f"//{EVIL}"},
    {"Forwarded": f"host={EVIL};proto=http;for={EVIL}"},
    {"X-Original-URL": "/admin", "X-Rewrite-URL": f"https://{EVIL}/"},
    {"X-HTTP-Method-Override": "POST", "X-Forwarded-For": EVIL},
)
PLACES = (
    "/",
    "/login",
    "/login/",
    "/connected",
    "/connected/",
    "/profile",
    "/privacy",
    "/nowhere",
    f"//{EVIL}/",
    f"/%2F{EVIL}",
    "/userinfo",
    "/jwks.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/log/checkpoint",
)


@pytest.mark.parametrize("forged", FORGED, ids=lambda each: next(iter(each)))
def test_only_the_settings_say_where_we_are(world: World, forged: dict[str, str]) -> None:
    """A header that anybody can send changes neither an address of ours, nor where somebody is sent, nor a cookie."""
    asking = world.authorization()
    places = (*PLACES, f"/authorize?{urlencode(asking)}", "/authorize?client_id=nobody")
    browser = world.signed_in()
    for client in (world.client(), browser._client):
        for place in places:
            plain, changed = client.get(place), client.get(place, headers=forged)
            told = f"{place}: {changed.headers} {changed.text}"
            assert EVIL not in told.replace(place, ""), told
            assert changed.status_code == plain.status_code
            assert _without_tickets(changed.headers.get("location")) == _without_tickets(
                plain.headers.get("location")
            )
            assert all("Secure" in each for each in changed.headers.get_list("set-cookie"))


def _without_tickets(address: str | None) -> str:
    """Leave out what is sealed anew each time."""
    return (address or "").partition("ticket=")[0]


def tickets_of(page: Page) -> Iterator[tuple[str, str]]:
    """Name every ticket that a page carries, by the form that it belongs to."""
    for form in page.forms:
        for name, value in form.fields:
            if len(value) > 60 and name != "csrf_token":
                yield f"{form.action} {name}", value


def pages_with_tickets(world: World) -> Iterator[tuple[Browser, Page]]:
    """Open whatever seals something into a page: screens, log-ins, a guardian's page, second factors, a search."""
    stranger = world.browser()
    yield stranger, world.ask(stranger)
    asha = world.signed_in()
    yield asha, world.ask(asha)
    yield asha, asha.open("/reauthenticate")
    yield asha, asha.open("/security/code")
    wish(world)
    yield request_page(world, LAKSHMI)
    admin = world.signed_in("admin@platform.example")
    yield admin, admin.open("/admin/grants?email=asha@lakeside.example")


def test_a_ticket_opens_nothing_but_its_own_place(each_world: World) -> None:
    """Each ticket in each form of each other place, and in somebody else's session: refused, and nothing changes."""
    places = list(pages_with_tickets(each_world))
    tickets = {name: value for _, page in places for name, value in tickets_of(page)}
    assert len(tickets) >= 5, tickets
    before = state_of(each_world)
    tried = 0
    for browser, page in places:
        for form in page.forms:
            own = [name for name, _ in tickets_of(page) if name.startswith(f"{form.action} ")]
            for field in {name.partition(" ")[2] for name in own}:
                for name, value in tickets.items():
                    if name in own:
                        continue
                    answers = {
                        "decision": "share",
                        "answer": "allow",
                        "third_party": "yes",
                        "password": "x",
                        "code": "1",
                    }
                    data = {**dict(form.fields), **answers, field: value}
                    answer = browser._client.post(form.action, data=data)
                    tried += 1
                    assert answer.status_code in (302, 303, 400, 401, 403, 409, 422), (form.action, name)
                    assert "code=" not in answer.headers.get("location", "")
    assert tried >= 20
    assert state_of(each_world) == before


def state_of(world: World) -> list[Any]:
    """Tell what stands: grants, codes, tokens, sessions, seconds factors."""
    tables = ("consent_grant", "consent_event", "authorization_code", "access_token", "one_time_password")
    return [rows(world, f"SELECT count(*) FROM {table}") for table in tables]


def test_a_screen_of_somebody_else_decides_nothing(each_world: World) -> None:
    """The whole form of one person's screen, sent in another's session with that one's own CSRF token."""
    asha, ben = each_world.signed_in(), each_world.signed_in("ben@lakeside.example")
    screen, own = each_world.ask(asha), each_world.ask(ben)
    form, mine = screen.form("/consent"), dict(own.form("/consent").fields)
    before = state_of(each_world)
    data = {**dict(form.fields), "csrf_token": mine["csrf_token"], "decision": "share"}
    answer = ben._client.post("/consent", data=data)
    assert answer.status_code == 403
    assert state_of(each_world) == before
    assert "code" in each_world.share(asha, screen), "its own person can still answer"


def test_a_stop_link_of_one_grant_stops_no_other(each_world: World) -> None:
    """The proof is made for one grant, and a wrong one looks like an unknown grant."""
    first = each_world.tokens()["grant_id"]
    second = each_world.tokens(email="aoife@northfield.example")["grant_id"]
    proof = stop_path(each_world.services, first).rpartition("/")[2]
    stranger = each_world.browser()
    wrong = stranger.open(f"/stop/{second}/{proof}")
    unknown = stranger.open(f"/stop/gra_unknown/{proof}")
    assert (wrong.status, unknown.status) == (404, 404)
    assert detail_of(each_world.signed_in("aoife@northfield.example")).form("/stop")
