"""What takes two people: asked, agreed to by another one, refused, taken back, run out; on pages and on record."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration import waiting_kinds
from gateway.actions.administration.roles import ask_for_role
from gateway.actions.administration.waiting_kinds import (
    KINDS,
    approve_act,
    let_run_out,
    refuse_act,
    see_act,
    see_waiting,
    withdraw_act,
)
from gateway.actions.authentication.same_person import is_same_person
from gateway.actions.two_people import POWERS_REST, TwoPeople, administrator_of
from gateway.actions.waiting import Wish, ask
from gateway.cli.browser import Browser, Page
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingKind, WaitingState
from gateway.model.people import Person, Power, Role, roles_with
from gateway.store.accounts.people import find_accounts
from tests.gateway.store.samples import rows
from tests.gateway.web.administration.test_pages import as_
from tests.world import World

WEEK = 7 * DAY
BEN = "ben@lakeside.example"


def staff(world: World, name: str) -> Administrator:
    """Give one of the world's administrators."""
    found: Person | None = world.store(find_accounts, world.person_id(f"{name}@platform.example"))
    assert found is not None
    return administrator_of(found)


def asked(world: World, role: Role = Role.AUDITOR, by: str = "admin") -> WaitingAct:
    """Ask for another role of Sam of the support."""
    who = world.person_id("support@platform.example")
    return world.run(ask_for_role, world.services, staff(world, by), who, role, "moves on")


def role_of(world: World, email: str = "support@platform.example") -> str:
    person_id = world.person_id(email)
    return str(rows(world, "SELECT role FROM person WHERE person_id = :own", own=person_id)[0][0])


def deal(world: World, step: Callable[..., Any], who: Administrator, act: WaitingAct, *more: Any) -> Any:
    return world.run(step, world.services, who, act.act_id, *more)


def state_of(world: World, act: WaitingAct) -> WaitingState:
    return world.run(see_act, world.services, staff(world, "admin"), act.act_id).act.state


def acts(world: World) -> list[tuple[str, str, str]]:
    listed = rows(world, "SELECT action, actor_id, detail FROM admin_action ORDER BY action_id")
    return [(name, actor, detail) for name, actor, detail in listed if '"request"' in detail]


def test_every_kind_is_declared_once_and_somebody_can_agree_to_it() -> None:
    assert set(KINDS) == set(WaitingKind)
    for kind, rule in KINDS.items():
        assert rule.kind is kind
        assert len(roles_with(rule.approve)) > 1, f"{kind}: one role alone could never be two people"


# Over the pages


def open_first(browser: Browser) -> Page:
    listed = browser.open("/admin/waiting")
    path = re.search(r'href="(/admin/waiting/wai_[^"]+)"', listed.response.text)
    assert path is not None
    return browser.open(path[1])


def test_a_second_person_agrees_and_it_is_done(each_world: World) -> None:
    """Asked on the page of the account, found behind the door with the count, agreed to with what stands there."""
    admin, officer = as_(each_world, "admin"), as_(each_world, "officer")
    support = each_world.person_id("support@platform.example")
    page = admin.open(f"/admin/people/{support}")
    assert f"/admin/people/{support}/role" in page.response.text
    page = admin.open(f"/admin/people/{support}/role")
    shown = admin.submit(page, "/role", {"role": "auditor", "why": "moves on"})
    assert "Nothing changes until a second person has agreed" in shown.text
    assert "You asked for this yourself" in shown.text
    assert role_of(each_world) == "support"
    assert "1 waits for somebody" in officer.open("/admin").text
    found = open_first(officer)
    for words in ("Support", "Auditor", "moves on"):
        assert words in found.text
    assert "You agreed" in officer.submit(found, "/approve").text
    assert role_of(each_world) == "auditor"
    ids = {name: each_world.person_id(f"{name}@platform.example") for name in ("admin", "officer")}
    assert [(name, actor) for name, actor, _ in acts(each_world)] == [
        ("ask_for_second", ids["admin"]),
        ("change_role", ids["admin"]),
        ("approve_as_second", ids["officer"]),
    ]
    assert "Agreed and done" in officer.open("/admin/waiting").text


def test_whose_role_was_changed_is_signed_out(world: World) -> None:
    sam = as_(world, "support")
    deal(world, approve_act, staff(world, "officer"), act := asked(world), act.content_digest)
    assert sam.open("/admin").form("/login")


def test_to_agree_takes_a_recent_password_and_to_refuse_does_not(world: World) -> None:
    asked(world)
    officer = as_(world, "officer")
    found = open_first(officer)
    world.clock.pass_by(601)
    assert "Give your password" in officer.submit(found, "/approve").text
    assert "Give your password first" in open_first(officer).text
    assert role_of(world) == "support"
    assert "You refused" in officer.submit(found, "/refuse").text
    assert state_of(world, asked(world)) is WaitingState.WAITING


def test_to_ask_for_a_role_takes_a_recent_password(world: World) -> None:
    admin = as_(world, "admin")
    path = f"/admin/people/{world.person_id('support@platform.example')}/role"
    page = admin.open(path)
    world.clock.pass_by(601)
    assert "Give your password first" in admin.open(path).text
    assert "Give your password" in admin.submit(page, path, {"role": "auditor", "why": ""}).text
    assert world.run(see_waiting, world.services, staff(world, "admin")) == []


def test_a_role_that_there_is_not_and_an_account_that_there_is_not(world: World) -> None:
    admin = as_(world, "admin")
    path = f"/admin/people/{world.person_id('support@platform.example')}/role"
    assert admin.submit(admin.open(path), path, {"role": "emperor", "why": ""}).status == 400
    assert admin.submit(admin.open(path), path, {"role": "auditor", "why": "x" * 301}).status == 400
    assert admin.submit(admin.open(path), path, {"role": "support", "why": ""}).status == 400
    assert admin.open("/admin/people/per_nobody/role").status == 404
    assert admin.open("/admin/waiting/wai_none").status == 404


def test_who_asked_takes_it_back(world: World) -> None:
    act = asked(world)
    admin = as_(world, "admin")
    assert "taken back" in admin.submit(open_first(admin), "/withdraw").text
    assert state_of(world, act) is WaitingState.WITHDRAWN
    assert "Taken back" in open_first(admin).text


@pytest.mark.parametrize("name", ["support", "auditor"])
def test_whom_it_does_not_concern_sees_nothing(world: World, name: str) -> None:
    act = asked(world)
    browser = as_(world, name)
    assert "/admin/waiting" not in browser.open("/admin").response.text
    assert browser.open("/admin/waiting").status == 403
    assert browser.open(f"/admin/waiting/{act.act_id}").status == 403
    support = world.person_id("support@platform.example")
    assert browser.open(f"/admin/people/{support}/role").status == 403


def test_whoever_deals_with_other_kinds_does_not_see_this_one(world: World) -> None:
    act = asked(world)
    manager = as_(world, "manager")
    assert "Nothing waits" in manager.open("/admin/waiting").text
    assert manager.open(f"/admin/waiting/{act.act_id}").status == 404


def test_a_schools_own_administrator_sees_nothing_of_others(world: World) -> None:
    act, browser = asked(world), as_(world, "school")
    assert act.act_id not in browser.open("/admin/waiting").response.text
    assert browser.open(f"/admin/waiting/{act.act_id}").status == 404


# Who is another person


def refused(world: World, who: Administrator, act: WaitingAct, step: Callable[..., Any] = approve_act) -> str:
    more = (act.content_digest,) if step is approve_act else ()
    with pytest.raises(Refusal) as caught:
        deal(world, step, who, act, *more)
    return str(caught.value.code)


def test_nobody_agrees_to_what_they_asked_for_or_what_is_about_them(each_world: World) -> None:
    act = asked(each_world)
    assert refused(each_world, staff(each_world, "admin"), act) == "not_allowed"
    assert refused(each_world, staff(each_world, "admin"), act, refuse_act) == "not_allowed"
    assert refused(each_world, staff(each_world, "officer"), act, withdraw_act) == "not_allowed"
    officer = each_world.person_id("officer@platform.example")
    about = each_world.run(
        ask_for_role, each_world.services, staff(each_world, "admin"), officer, Role.SUPPORT, ""
    )
    assert refused(each_world, staff(each_world, "officer"), about) == "not_allowed"


def test_two_accounts_with_one_address_are_one_person(world: World) -> None:
    """The alternate address of one is the log-in of the other: whatever was verified, they are no two people."""
    officer = world.signed_in("officer@platform.example")
    page = officer.open("/profile/edit")
    officer.submit(page, "/profile/edit", {"alternate_email": "Admin@Platform.example"})
    two = [world.person_id(f"{name}@platform.example") for name in ("admin", "officer")]
    assert world.run(is_same_person, world.services, *two)
    assert not world.run(is_same_person, world.services, two[0], world.person_id(BEN))
    assert refused(world, staff(world, "officer"), asked(world)) == "not_allowed"


def test_one_mailbox_under_two_names_is_one_person(world: World) -> None:
    """What follows a plus sign only sorts the mail of one mailbox (RFC 5233)."""
    officer = world.signed_in("officer@platform.example")
    page = officer.open("/profile/edit")
    officer.submit(page, "/profile/edit", {"alternate_email": "admin+second@platform.example"})
    assert refused(world, staff(world, "officer"), asked(world)) == "not_allowed"


def test_the_command_line_is_one_person_whatever_names_stand_behind_it(world: World) -> None:
    alice, bob = Administrator("cli:alice"), Administrator("cli:bob")
    who = world.person_id("support@platform.example")
    act = world.run(ask_for_role, world.services, alice, who, Role.AUDITOR, "")
    assert refused(world, bob, act) == "not_allowed"
    assert refused(world, alice, act) == "not_allowed"
    deal(world, approve_act, staff(world, "admin"), act, act.content_digest)
    assert role_of(world) == "auditor"


def test_what_was_asked_on_a_page_can_be_agreed_to_at_the_command_line(each_world: World) -> None:
    act = asked(each_world)
    deal(each_world, approve_act, Administrator("cli:alice"), act, act.content_digest)
    assert ("approve_as_second", "cli:alice") in [(name, actor) for name, actor, _ in acts(each_world)]


def test_new_powers_rest_for_a_day(each_world: World) -> None:
    """Whoever was just given powers approves nothing until the next day, and the account was signed out."""
    act = asked(each_world, Role.PRIVACY_OFFICER)
    deal(each_world, approve_act, staff(each_world, "officer"), act, act.content_digest)
    ben = each_world.person_id(BEN)
    second = each_world.run(
        ask_for_role, each_world.services, staff(each_world, "admin"), ben, Role.AUDITOR, ""
    )
    each_world.clock.pass_by(POWERS_REST - 1)
    assert refused(each_world, staff(each_world, "support"), second) == "not_allowed"
    each_world.clock.pass_by(1)
    deal(each_world, approve_act, staff(each_world, "support"), second, second.content_digest)
    assert role_of(each_world, BEN) == "auditor"


def test_an_account_that_was_closed_or_lost_its_role_approves_nothing(each_world: World) -> None:
    """The account is looked at in the transaction, and not only when the page was opened."""
    act, officer = asked(each_world), staff(each_world, "officer")
    away = each_world.run(
        ask_for_role,
        each_world.services,
        staff(each_world, "admin"),
        officer.actor_id,
        Role.SUPPORT,
        "leaves",
    )
    deal(each_world, approve_act, Administrator("cli:alice"), away, away.content_digest)
    assert refused(each_world, officer, act) == "not_allowed"
    assert role_of(each_world) == "support"


def test_what_somebody_asked_for_ends_with_the_account(each_world: World) -> None:
    act = asked(each_world)
    each_world.run(erase_person, each_world.services, "cli:alice", "admin@platform.example")
    assert refused(each_world, staff(each_world, "officer"), act) == "stale_form"
    each_world.clock.pass_by(WEEK)
    each_world.letters.letters.clear()
    assert each_world.run(let_run_out, each_world.services) == 1
    assert each_world.letters.letters == []


def test_what_somebody_asked_for_ends_with_the_role(each_world: World) -> None:
    act, admin = asked(each_world), staff(each_world, "admin")
    away = each_world.run(
        ask_for_role,
        each_world.services,
        staff(each_world, "officer"),
        admin.actor_id,
        Role.PARTNER_MANAGER,
        "leaves",
    )
    deal(each_world, approve_act, Administrator("cli:alice"), away, away.content_digest)
    assert refused(each_world, staff(each_world, "officer"), act) == "stale_form"
    assert role_of(each_world) == "support"


# What exactly, once


def test_only_what_was_looked_at_is_agreed_to(each_world: World) -> None:
    act = asked(each_world)
    with pytest.raises(Refusal, match="stale_form"):
        deal(each_world, approve_act, staff(each_world, "officer"), act, "0" * 64)
    assert role_of(each_world) == "support"
    assert state_of(each_world, act) is WaitingState.WAITING


def test_it_is_executed_once(each_world: World) -> None:
    act = asked(each_world)
    deal(each_world, approve_act, staff(each_world, "officer"), act, act.content_digest)
    for step in (approve_act, refuse_act):
        assert refused(each_world, Administrator("cli:alice"), act, step) == "stale_form"
    assert refused(each_world, staff(each_world, "admin"), act, withdraw_act) == "stale_form"
    assert [name for name, *_ in acts(each_world)].count("change_role") == 1


def test_what_the_world_has_outrun_is_refused_and_goes_on_waiting(each_world: World) -> None:
    """The account has another role by now: what was frozen fits no more, and nothing half-done is kept."""
    act = asked(each_world)
    each_world.store(
        lambda connection, _: (
            [connection.exec_driver_sql("UPDATE person SET role = 'auditor' WHERE role = 'support'")]
            and [None]
        ),
        None,
    )
    with pytest.raises(Refusal, match="changed"):
        deal(each_world, approve_act, staff(each_world, "officer"), act, act.content_digest)
    assert state_of(each_world, act) is WaitingState.WAITING
    assert [name for name, *_ in acts(each_world)] == ["ask_for_second"]


def test_one_request_about_the_same_at_a_time(each_world: World) -> None:
    act = asked(each_world)
    with pytest.raises(Refusal, match="waits already"):
        asked(each_world, Role.PRIVACY_OFFICER)
    deal(each_world, refuse_act, staff(each_world, "officer"), act)
    assert asked(each_world, Role.PRIVACY_OFFICER).act_id != act.act_id


def test_nobody_agrees_in_time(each_world: World) -> None:
    """From that second on nobody can agree; the sweep puts it on record once, and tells who asked."""
    act = asked(each_world)
    each_world.clock.pass_by(WEEK - 1)
    assert each_world.run(let_run_out, each_world.services) == 0
    each_world.clock.pass_by(1)
    assert refused(each_world, Administrator("cli:alice"), act) == "stale_form"
    assert "Ran out" in as_(each_world, "admin").open("/admin/waiting").text
    each_world.letters.letters.clear()
    assert [each_world.run(let_run_out, each_world.services) for _ in range(2)] == [1, 0]
    assert acts(each_world)[-1][:2] == ("request_ran_out", "system")
    (letter,) = each_world.letters.letters
    assert letter.to == "admin@platform.example"
    assert "Nobody agreed in time" in letter.text


def test_a_child_keeps_the_guardian(each_world: World) -> None:
    """Another role takes nobody's guardian away, and a new student's is looked at by the date of birth."""
    meera = each_world.person_id("meera@lakeside.example")
    with pytest.raises(Refusal, match="guardian"):
        each_world.run(
            ask_for_role, each_world.services, staff(each_world, "admin"), meera, Role.PROFESSOR, ""
        )
    ben = each_world.person_id(BEN)
    act = each_world.run(ask_for_role, each_world.services, staff(each_world, "admin"), ben, Role.STUDENT, "")
    deal(each_world, approve_act, staff(each_world, "officer"), act, act.content_digest)
    assert rows(each_world, "SELECT needs_guardian FROM person WHERE person_id = :own", own=ben)[0][0]


# Letters and words


def test_those_who_may_agree_and_who_asked_are_told(world: World) -> None:
    world.letters.letters.clear()
    act = asked(world)
    (call,) = world.letters.letters
    assert call.to == "officer@platform.example"
    assert f"/admin/waiting/{act.act_id}" in call.text
    world.letters.letters.clear()
    deal(world, approve_act, staff(world, "officer"), act, act.content_digest)
    (news,) = world.letters.letters
    assert news.to == "admin@platform.example"
    assert "A second person agreed" in news.text
    world.letters.letters.clear()
    second = world.run(ask_for_role, world.services, staff(world, "admin"), act.target_id, Role.SUPPORT, "")
    world.letters.letters.clear()
    deal(world, refuse_act, staff(world, "officer"), second)
    assert "A second person refused" in world.letters.letters[0].text


def test_a_role_without_the_power_cannot_ask(world: World) -> None:
    with pytest.raises(Refusal, match="not_allowed"):
        asked(world, by="auditor")


def test_a_school_deals_with_its_own_and_personal_values_are_sealed(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine itself: a kind that a school's administrators may ask for, with values that end with it."""
    rule: TwoPeople = replace(
        KINDS[WaitingKind.CHANGE_ROLE], ask=Power.GATE_PARTNERS, approve=Power.PROVISION_PEOPLE
    )
    monkeypatch.setattr(waiting_kinds, "KINDS", {WaitingKind.CHANGE_ROLE: rule})
    found: Person | None = each_world.store(find_accounts, each_world.person_id("school@lakeside.example"))
    assert found is not None
    school = administrator_of(found)
    ben = each_world.person_id(BEN)
    parts = {"person": ben, "from": "professor", "to": "guardian"}
    with pytest.raises(Refusal, match="not_allowed"):
        each_world.run(
            ask, each_world.services, rule, school, Wish(("person", ben), parts, organisation_id="northfield")
        )
    wish = Wish(("person", ben), parts, personal=b"a value", organisation_id="lakeside")
    act = each_world.run(ask, each_world.services, rule, school, wish)
    assert each_world.services.seal.opened_request(act.act_id, act.sealed or b"") == b"a value"
    assert "sealed" in act.parts
    assert [each.act_id for each in each_world.run(see_waiting, each_world.services, school)] == [act.act_id]
    deal(each_world, approve_act, staff(each_world, "admin"), act, act.content_digest)
    assert rows(each_world, "SELECT count(*) FROM waiting_act WHERE sealed IS NULL AND subject IS NULL") == [
        (1,)
    ]
    other = each_world.run(
        ask, each_world.services, rule, Administrator("cli:alice"), Wish(("person", ben), parts)
    )
    assert each_world.run(see_waiting, each_world.services, school) == [replace(act, **ends(each_world, act))]
    with pytest.raises(Refusal, match="not_found"):
        deal(each_world, approve_act, school, other, other.content_digest)


def ends(world: World, act: WaitingAct) -> dict[str, Any]:
    admin = world.person_id("admin@platform.example")
    done = {"state": WaitingState.APPROVED, "decided_by": admin, "decided_at": world.clock()}
    return {"sealed": None, **done}


def test_nobody_breaks_the_glass_on_a_page(world: World) -> None:
    act = asked(world)
    with pytest.raises(Refusal, match="not_allowed"):
        deal(world, waiting_kinds.break_glass, staff(world, "admin"), act, act.content_digest)
