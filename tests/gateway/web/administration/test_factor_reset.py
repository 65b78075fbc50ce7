"""A lost second factor: two administrators take it away, never one, never the person; then a new one is set up."""

import re

import pytest

from gateway.actions.administration.factor_reset import ask_for_reset
from gateway.actions.administration.roles import ask_for_role
from gateway.actions.administration.waiting_kinds import approve_act
from gateway.actions.two_people import administrator_of
from gateway.cli.browser import Browser, Page
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator
from gateway.model.people import Role
from gateway.store.accounts.people import find_accounts
from gateway.store.administration.administrators import have_factors
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.authentication.test_factor_rule import (
    FIRST,
    GRACE,
    SCHOOL,
    STEP_UP,
    enrol_code,
    path_of,
    with_code,
)
from tests.gateway.web.authentication.test_security import give_password, switch_codes_on
from tests.world import PASSWORD, World

SAM = "support@platform.example"
ASHA = "asha@lakeside.example"


def of(world: World, email: str) -> Administrator:
    found = world.store(find_accounts, world.person_id(email))
    assert found is not None
    return administrator_of(found)


def ask(world: World, browser: Browser, email: str = SAM) -> Page:
    page = browser.open(f"/admin/people/{world.person_id(email)}/factor")
    return browser.submit(page, "/factor", {"why": "seen in person, the telephone is lost"})


def agree(world: World, browser: Browser) -> Page:
    listed = browser.open("/admin/waiting")
    path = re.search(r'href="(/admin/waiting/wai_[^"]+)"', listed.response.text)
    assert path is not None
    return browser.submit(browser.open(path[1]), "/approve")


def test_two_administrators_take_a_lost_factor_away_and_a_new_one_is_set_up(each_world: World) -> None:
    lost, _, codes = with_code(each_world, SAM)
    admin, officer = as_(each_world, "admin"), as_(each_world, "officer")
    page = admin.open(f"/admin/people/{each_world.person_id(SAM)}")
    assert f"/admin/people/{each_world.person_id(SAM)}/factor" in page.response.text
    shown = ask(each_world, admin)
    assert "You asked for this yourself" in shown.text
    assert each_world.store(have_factors, each_world.person_id(SAM))
    assert path_of(lost.open("/admin")) == "/admin"
    assert "You agreed" in agree(each_world, officer).text
    assert not each_world.store(have_factors, each_world.person_id(SAM))
    assert rows(each_world, "SELECT count(*) FROM recovery_code") == [(0,)]
    assert path_of(lost.open("/admin")) == "/login"
    steps = rows(
        each_world,
        "SELECT action, actor_id FROM admin_action WHERE detail LIKE '%request%' ORDER BY action_id",
    )
    assert [name for name, _ in steps] == ["ask_for_second", "reset_second_factor", "approve_as_second"]
    assert steps[1][1] == each_world.person_id("admin@platform.example") != steps[2][1]
    told = [letter for letter in each_world.letters.letters if "took your second factor away" in letter.text]
    assert [letter.to for letter in told] == [SAM]
    # The password alone acts no more, and sets nothing up by itself: the letter's link does.
    thief = each_world.browser()
    assert "First a link by mail" in give_password(thief, SAM).text
    assert path_of(thief.open("/admin")) == FIRST
    link = re.search(r"https://gateway\.example(/second-factor\?proof=\S+)", told[0].text)
    assert link
    sam = each_world.browser()
    page = sam.submit(sam.open(link[1]), "/login", {"email": SAM, "password": PASSWORD})
    _, fresh, onward = enrol_code(each_world, sam, page)
    assert path_of(onward) == "/admin"
    assert not set(fresh) & set(codes)


def test_every_address_of_the_person_is_told(world: World) -> None:
    with_code(world, SAM)
    admin, officer = of(world, "admin@platform.example"), of(world, "officer@platform.example")
    person_id = world.person_id(SAM)
    act(
        world,
        "UPDATE person_field SET verified_at = 1 WHERE person_id = :p AND field = 'alternate_email'",
        p=world.person_id(),
    )
    asha = world.signed_in()
    switch_codes_on(world, asha)
    for who in (world.person_id(), person_id):
        found = world.run(ask_for_reset, world.services, admin, who, "lost")
        world.run(approve_act, world.services, officer, found.act_id, found.content_digest)
    told = [each for each in world.letters.letters if "took your second factor away" in each.text]
    assert {each.to for each in told} == {SAM, ASHA, "asha@home.example"}


def test_somebody_without_powers_gets_in_with_the_password_again(world: World) -> None:
    """Without it, whoever lost the app and the recovery codes would be shut out for ever."""
    switch_codes_on(world, world.signed_in())
    assert path_of(give_password(world.browser())) == "/login"
    school, officer = as_(world, "school"), as_(world, "officer")
    ask(world, school, ASHA)
    agree(world, officer)
    assert path_of(give_password(world.browser())) == "/"
    assert any("your password alone lets you in" in each.text for each in world.letters.letters)


def test_nobody_asks_for_their_own_factor_and_one_alone_never_does_it(world: World) -> None:
    with_code(world, "admin@platform.example")
    admin, officer = of(world, "admin@platform.example"), of(world, "officer@platform.example")
    own = world.person_id("admin@platform.example")
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(ask_for_reset, world.services, admin, own, "mine")
    with_code(world, SAM)
    found = world.run(ask_for_reset, world.services, admin, world.person_id(SAM), "lost")
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(approve_act, world.services, admin, found.act_id, found.content_digest)
    # Nor does the person agree to it, whose role could.
    with_code(world, "officer@platform.example")
    mine = world.run(ask_for_reset, world.services, admin, officer.actor_id, "lost")
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(approve_act, world.services, officer, mine.act_id, mine.content_digest)
    assert world.store(have_factors, world.person_id(SAM))


def test_a_schools_administrator_asks_for_the_schools_own_people_and_agrees_to_nothing(world: World) -> None:
    school, admin = of(world, SCHOOL), of(world, "admin@platform.example")
    switch_codes_on(world, world.signed_in("aoife@northfield.example"))
    with pytest.raises(Refusal, match="not_found"):
        world.run(ask_for_reset, world.services, school, world.person_id("aoife@northfield.example"), "")
    switch_codes_on(world, world.signed_in())
    found = world.run(ask_for_reset, world.services, admin, world.person_id(), "")
    with pytest.raises(Refusal, match="not_allowed"):
        world.run(approve_act, world.services, school, found.act_id, found.content_digest)
    assert (
        as_(world, "school").open(f"/admin/people/{world.person_id('ben@lakeside.example')}/factor").status
        == 200
    )
    assert as_(world, "auditor").open(f"/admin/people/{world.person_id()}/factor").status == 403


def test_who_has_no_factor_has_nothing_to_take_away(world: World) -> None:
    assert ask(world, as_(world, "admin")).status == 409
    with_code(world, SAM)
    admin, officer = of(world, "admin@platform.example"), of(world, "officer@platform.example")
    found = world.run(ask_for_reset, world.services, admin, world.person_id(SAM), "")
    act(world, "DELETE FROM one_time_password")
    with pytest.raises(Refusal, match="stale_form"):
        world.run(approve_act, world.services, officer, found.act_id, found.content_digest)


def test_to_ask_takes_a_recent_step_up(world: World) -> None:
    with_code(world, SAM)
    admin = as_(world, "admin")
    path = f"/admin/people/{world.person_id(SAM)}/factor"
    page = admin.open(path)
    world.clock.pass_by(601)
    assert "Give your password first" in admin.open(path).text
    assert path_of(admin.submit(page, path, {"why": ""})) == STEP_UP
    assert rows(world, "SELECT count(*) FROM waiting_act") == [(0,)]


def test_a_role_with_powers_begins_the_grace_when_it_is_given(world: World) -> None:
    admin, officer = of(world, "admin@platform.example"), of(world, "officer@platform.example")
    ben = world.person_id("ben@lakeside.example")
    for role in (Role.SUPPORT, Role.AUDITOR):
        world.clock.pass_by(1000)
        found = world.run(ask_for_role, world.services, admin, ben, role, "")
        world.run(approve_act, world.services, officer, found.act_id, found.content_digest)
    begun = rows(world, "SELECT factor_grace_from FROM person WHERE person_id = :p", p=ben)
    assert begun == [(world.clock() - 1000,)]
    browser = world.browser()
    page = give_password(browser, "ben@lakeside.example")
    assert path_of(page) == FIRST
    assert path_of(browser.open("/admin")) == "/admin"
    world.clock.pass_by(GRACE - 1000)
    give_password(browser, "ben@lakeside.example")
    assert path_of(browser.open("/admin")) == FIRST
