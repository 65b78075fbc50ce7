"""The table of administrators' acts, held against the routes: what gives power steps up, what stops never does."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.model.administration.acts import ACTS, AdminAct
from gateway.model.people import Power, Role, powers_of
from gateway.web.pages.admin_acts import ActRoute
from gateway.web.routes import all_routes
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.administration.test_waiting import asked
from tests.world import World

STALE = 601
WITHIN = {AdminAct.OPEN_GATE: AdminAct.CLOSE_GATE}
"""Acts that share the route of another one: which it is stands in the form."""
STOPS = {
    AdminAct.REVOKE_GRANT,
    AdminAct.END_SESSIONS,
    AdminAct.CLOSE_GATE,
    AdminAct.PAUSE_PARTNER,
    AdminAct.RETIRE_CLIENT,
    AdminAct.DEMAND_PKCE,
    AdminAct.REFUSE,
    AdminAct.WITHDRAW,
    AdminAct.REJECT_MANIFEST,
    AdminAct.RETURN_PARTNER,
}
GIVES = {
    AdminAct.IMPORT_PEOPLE,
    AdminAct.INVITE_AGAIN,
    AdminAct.DEACTIVATE,
    AdminAct.REACTIVATE,
    AdminAct.LINK_GUARDIAN,
    AdminAct.ASK_FOR_ROLE,
    AdminAct.ASK_FOR_RESET,
    AdminAct.OPEN_GATE,
    AdminAct.APPROVE_MANIFEST,
    AdminAct.RESUME_PARTNER,
    AdminAct.END_PARTNER,
    AdminAct.NEW_CLIENT_SECRET,
    AdminAct.ALLOW_NONCE,
    AdminAct.AGREE,
}
PLACES = {
    "partner_id": "quizco",
    "client_id": "quizco-web",
    "grant_id": "gra_1",
    "complaint_id": "cmp_1",
    "person_id": "per_1",
}


def posts() -> list[Any]:
    return [
        each for each in all_routes() if each.path.startswith("/admin") and "POST" in (each.methods or ())
    ]


def test_every_form_of_an_administrator_is_an_act_of_the_table() -> None:
    """Whoever adds a route has to say what it takes."""
    assert set(ACTS) == set(AdminAct)
    assert [each.path for each in posts() if not isinstance(each, ActRoute)] == []
    assert {each.act for each in posts()} | set(WITHIN) == set(AdminAct)
    assert STOPS.isdisjoint(GIVES)
    assert not any(ACTS[act].steps_up for act in STOPS)
    assert all(ACTS[act].steps_up for act in GIVES)


def role_for(route: ActRoute) -> str:
    power = ACTS[route.act].power
    return "school" if power is Power.GATE_PARTNERS else "admin"


@pytest.mark.parametrize("route", posts(), ids=lambda route: str(getattr(route, "act", route.path)))
def test_a_stale_session_is_asked_for_the_password_where_the_table_says_so(
    world: World, route: ActRoute
) -> None:
    """Whatever is posted: an act that steps up leads to the password before anything of the form is read."""
    browser = as_(world, role_for(route))
    page = browser.open("/admin")
    token = page.response.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    act_id = asked(world, by="officer").act_id
    world.clock.pass_by(STALE)
    path = route.path.format(**PLACES, act_id=act_id)
    answer = browser._client.post(path, data={"csrf_token": token})
    asked_for = urlsplit(answer.headers.get("location", "")).path == "/reauthenticate"
    assert asked_for == ACTS[route.act].steps_up, (answer.status_code, answer.headers.get("location"))


def test_who_lacks_the_power_is_refused_before_a_password_is_asked_for(world: World) -> None:
    browser = as_(world, "support")
    world.clock.pass_by(STALE)
    for route in posts():
        power = ACTS[route.act].power
        if power is not None and power not in powers_of(Role.SUPPORT):
            path = route.path.format(**PLACES, act_id="wai_1")
            assert browser._client.post(path, data={}).status_code == 403, path


def test_a_gate_is_opened_with_a_recent_password_and_closed_at_any_time(world: World) -> None:
    school = as_(world, "school")
    world.clock.pass_by(STALE)

    def decide(gate: str) -> str:
        page = school.open("/admin/school")
        form = page.form("/admin/school/quizco")
        answer = school._client.post("/admin/school/quizco", data={**dict(form.fields), "gate": gate})
        return str(answer.headers["location"])

    assert decide("deny").endswith("done=moved")
    assert decide("ask").endswith("done=moved")
    assert decide("allow").startswith("/reauthenticate")
    assert "Give your password first" in school.open("/admin/school").text


def test_pages_say_beforehand_that_a_password_is_needed(world: World) -> None:
    admin = as_(world, "admin")
    assert admin.open("/admin/people").form("/admin/people/import")
    world.clock.pass_by(STALE)
    page = admin.open("/admin/people")
    assert "Give your password first" in page.text
    assert not [form for form in page.forms if "/import" in form.action or "/invite" in form.action]
