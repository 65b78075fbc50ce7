"""Accounts with powers take two people, from wherever they are asked for; the first of all come with a list."""

import json
import re
from typing import Any

import pytest

from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.administration.roles import ask_for_role
from gateway.actions.administration.waiting_kinds import approve_act, refuse_act, see_act, see_waiting
from gateway.actions.authentication.sessions import login_index
from gateway.actions.two_people import POWERS_REST
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingState
from gateway.model.people import Role, powers_of
from gateway.store.accounts.logins import find_people
from tests.gateway.store.samples import rows
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.administration.test_waiting import staff
from tests.world import PASSWORD, World

HEADING = "organisation,role,email,name\n"
EVE = "eve@evil.example"
POWERFUL = [role for role in Role if powers_of(role)]


def line(role: Role, email: str = EVE) -> str:
    return f"platform,{role},{email},Eve Newcomer\n"


def imported(world: World, content: str, importer: Importer) -> ImportReport:
    return world.run(import_people, world.services, (HEADING + content).encode(), importer)


def by_page(world: World, content: str, name: str = "admin") -> ImportReport:
    who = staff(world, name)
    return imported(world, content, Importer(who.actor_id, None, who.role))


def waiting(world: World) -> list[WaitingAct]:
    found = world.run(see_waiting, world.services, staff(world, "admin"))
    return [act for act in found if act.state is WaitingState.WAITING]


def is_there(world: World, email: str = EVE) -> bool:
    return world.store(find_people, login_index(world.services, email)) is not None


def agree(world: World, name: str, act: WaitingAct) -> None:
    world.run(approve_act, world.services, staff(world, name), act.act_id, act.content_digest)


@pytest.mark.parametrize("role", POWERFUL)
@pytest.mark.parametrize("by", ["page", "command"])
def test_an_account_with_powers_waits_wherever_it_is_asked_for(world: World, role: Role, by: str) -> None:
    """No row of a person, no invitation, no letter to the address, until another person agreed."""
    world.letters.letters.clear()
    plain = "lakeside,professor,new@lakeside.example,New Person\n"
    importer = Importer("cli:alice")
    found = (
        by_page(world, line(role) + plain) if by == "page" else imported(world, line(role) + plain, importer)
    )
    assert ([each.email for each in found.waiting], len(found.created)) == ([EVE], 1)
    assert not is_there(world)
    assert EVE not in [letter.to for letter in world.letters.letters]
    (act,) = waiting(world)
    agree(world, "officer", act)
    assert is_there(world)
    (letter,) = [each for each in world.letters.letters if each.to == EVE]
    assert "/invitation/cg_in_" in letter.text
    assert rows(world, "SELECT role, state FROM person WHERE approves_from > 0") == [(str(role), "invited")]


def test_the_second_person_sees_whom_it_is_for_and_the_database_does_not(each_world: World) -> None:
    by_page(each_world, line(Role.AUDITOR))
    (act,) = waiting(each_world)
    facts: dict[str, str] = dict(
        each_world.run(see_act, each_world.services, staff(each_world, "officer"), act.act_id).facts
    )
    assert facts["E-mail address"] == "e***@evil.example"
    assert facts["Role"] == "Auditor"
    kept = rows(each_world, "SELECT content, why, target_id FROM waiting_act")
    assert "eve" not in json.dumps(kept).lower()
    agree(each_world, "officer", act)
    after = each_world.run(see_act, each_world.services, staff(each_world, "officer"), act.act_id)
    assert "E-mail address" not in dict(after.facts)


def test_refused_it_never_was(each_world: World) -> None:
    by_page(each_world, line(Role.PLATFORM_ADMIN))
    (act,) = waiting(each_world)
    each_world.run(refuse_act, each_world.services, staff(each_world, "officer"), act.act_id)
    assert not is_there(each_world)
    assert rows(each_world, "SELECT sealed, subject FROM waiting_act") == [(None, None)]


def test_the_same_row_again_waits_once_and_whoever_is_known_stays(each_world: World) -> None:
    by_page(each_world, line(Role.AUDITOR))
    again = by_page(each_world, line(Role.AUDITOR) + line(Role.PLATFORM_ADMIN, "support@platform.example"))
    assert (len(again.waiting), len(again.known)) == (1, 1)
    assert len(waiting(each_world)) == 1
    assert rows(each_world, "SELECT count(*) FROM person WHERE role = 'support'") == [(1,)]


def test_an_address_that_got_an_account_meanwhile_is_not_made_twice(each_world: World) -> None:
    by_page(each_world, line(Role.AUDITOR))
    (act,) = waiting(each_world)
    imported(each_world, f"lakeside,professor,{EVE},Eve Newcomer\n", Importer("cli:alice"))
    with pytest.raises(Refusal, match="changed"):
        agree(each_world, "officer", act)
    assert [each.act_id for each in waiting(each_world)] == [act.act_id]


def test_a_role_without_the_power_cannot_even_ask(world: World) -> None:
    """Only who may give powers asks for an account with some; the school's own list is refused row by row."""
    who = world.person_id("school@lakeside.example")
    report = imported(
        world, "lakeside,school_admin,x@lakeside.example,X\n", Importer(who, "lakeside", Role.SCHOOL_ADMIN)
    )
    assert (len(report.faults), report.waiting) == (1, [])
    with pytest.raises(Refusal, match="not_allowed"):
        imported(world, line(Role.AUDITOR), Importer(staff(world, "auditor").actor_id, None, Role.AUDITOR))


def test_an_installation_begins_at_the_command_line(world: World) -> None:
    """While there are not two who could agree, its list makes administrators at once, and the record says so."""
    assert rows(world, "SELECT count(*) FROM admin_action WHERE action = 'first_administrators'") == [(1,)]
    assert rows(world, "SELECT count(*) FROM person WHERE approves_from > 0") == [(0,)]


def test_b5_one_stale_session_takes_no_partner_live(world: World) -> None:
    """The attack as it was seen: a session left open imports two administrators, who take a partner live.

    It fails at every one of its steps: the import takes the password, the accounts take a second person, and even
    two accounts that a tired colleague agreed to approve nothing until the next day.
    """
    left_open = as_(world, "admin")
    page = left_open.open("/admin/people")
    world.clock.pass_by(601)
    evil = (
        HEADING
        + line(Role.PLATFORM_ADMIN, "one@evil.example")
        + line(Role.PLATFORM_ADMIN, "two@evil.example")
    )
    form = dict(page.form("/admin/people/import").fields)
    answer = left_open._client.post(
        "/admin/people/import", data=form, files={"file": ("list.csv", evil.encode(), "text/csv")}
    )
    assert answer.headers["location"].startswith("/reauthenticate")
    assert not is_there(world, "one@evil.example")
    # Even with the password: nothing is there until somebody else agrees.
    assert len(by_page(world, evil.removeprefix(HEADING)).waiting) == 2
    assert not is_there(world, "one@evil.example")
    for act in waiting(world):
        agree(world, "officer", act)
    made = [take_up(world, letter.text) for letter in world.letters.letters if "evil" in letter.to]
    assert made == [200, 200]
    # Both are administrators now, and are nobody's second person yet.
    one, two = (
        Administrator(world.person_id(f"{name}@evil.example"), Role.PLATFORM_ADMIN, "platform")
        for name in ("one", "two")
    )
    wish = world.run(
        ask_for_role, world.services, one, world.person_id("ben@lakeside.example"), Role.AUDITOR, ""
    )
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(approve_act, world.services, two, wish.act_id, wish.content_digest)
    world.clock.pass_by(POWERS_REST)
    world.run(approve_act, world.services, two, wish.act_id, wish.content_digest)


def take_up(world: World, letter: str) -> int:
    found = re.search(r"(/invitation/\S+)", letter)
    assert found is not None
    browser = world.browser()
    return int(browser.submit(browser.open(found[1]), found[1], {"new_password": PASSWORD}).status)


def test_the_report_says_who_waits(world: World) -> None:
    admin = as_(world, "admin")
    page = admin.open("/admin/people")
    form: dict[str, Any] = dict(page.form("/admin/people/import").fields)
    content = (HEADING + line(Role.AUDITOR)).encode()
    answer = admin._client.post(
        "/admin/people/import", data=form, files={"file": ("list.csv", content, "text/csv")}
    )
    assert "1 account with powers waits for a second administrator." in answer.text
