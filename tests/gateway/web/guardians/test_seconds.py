"""An administrator as a guardian: by every way it waits for a second administrator of another person (promise P9)."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.administration.waiting_kinds import approve_act, refuse_act, see_act
from gateway.actions.guardians.naming import ALONE, REFUSED, WAITS_FOR_SECOND, propose_guardian
from gateway.actions.guardians.pairs import LinkFault, Linking
from gateway.actions.guardians.seconds import IS_GUARDIAN
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.actions.two_people import administrator_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator, WaitingAct
from gateway.model.people import Role
from gateway.store.accounts.people import find_accounts
from tests.gateway.store.samples import act, rows
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.guardians.test_links import (
    SCHOOL,
    STAFF,
    acts,
    answer_by_page,
    end_by_page,
    link,
    link_by_page,
    links,
)
from tests.gateway.web.guardians.test_requests import BEN, LAKSHMI, MEERA, allow, states, token, wish
from tests.gateway.web.guardians.test_rules import (
    LIST,
    MUM,
    WAYS,
    Way,
    ben_administers,
    by_command,
    by_list,
    command_line,
    with_an_administrators_address,
    with_an_administrators_mailbox,
    with_an_administrators_phone,
)
from tests.world import World

__all__ = ["command_line"]
DAD = "dad@home.example"
WEEK = 7 * DAY
OFFICE = "office@lakeside.example"
ADMINISTER = pytest.mark.parametrize(
    ("before", "guardian"),
    [
        (ben_administers, BEN),
        (with_an_administrators_address, MUM),
        (with_an_administrators_mailbox, MUM),
        (with_an_administrators_phone, DAD),
    ],
)


def of(world: World, email: str) -> Administrator:
    found = world.store(find_accounts, world.person_id(email))
    assert found is not None
    return administrator_of(found)


def linking(world: World, guardian: str = BEN, *, anew: bool = True) -> Linking:
    return Linking(world.person_id(SCHOOL), "lakeside", MEERA, guardian, anew, Role.SCHOOL_ADMIN)


def name(world: World, guardian: str = BEN, *, anew: bool = True) -> Any:
    own = linking(world, guardian, anew=anew)
    return world.run(propose_guardian, world.services, own, "documents", "File 7")


def asked(world: World, guardian: str = BEN) -> WaitingAct:
    """Let the school's administrator name a guardian who is an administrator."""
    found = name(world, guardian)
    assert isinstance(found, WaitingAct)
    return found


def approve(world: World, request: WaitingAct, who: Administrator | None = None) -> None:
    who = who or of(world, STAFF)
    world.run(approve_act, world.services, who, request.act_id, request.content_digest)


def proposals(world: World) -> list[tuple[Any, ...]]:
    return rows(
        world,
        "SELECT evidence, state, is_seconded FROM guardian_proposal WHERE evidence <> 'Fixture' "
        "ORDER BY created_at, proposal_id",
    )[1:]


def seconded(world: World, guardian: str = BEN) -> list[tuple[Any, ...]]:
    query = "SELECT state, is_seconded FROM guardian_link WHERE guardian_id = :id"
    return [(state, bool(mark)) for state, mark in rows(world, query, id=world.person_id(guardian))]


def another_account(world: World, email: str, *, role: str = "guardian", **fields: str) -> None:
    known = {"alternate_email": "", "phone_number": ""} | fields
    row = f"lakeside,guardian,{email},X,,{known['alternate_email']},{known['phone_number']},,,\n"
    report = world.run(import_people, world.services, (LIST + row).encode(), Importer("cli"))
    assert len(report.created) == 1, report.faults
    change = "UPDATE person SET role = :role, state = 'active' WHERE person_id = :id"
    act(world, change, role=role, id=world.person_id(email))
    world.letters.letters.clear()


@pytest.mark.first_on_postgresql("way")
@ADMINISTER
@WAYS
def test_p9_every_way_asks_for_the_same_second_administrator(
    each_world: World, way: Way, before: Callable[[World], None], guardian: str
) -> None:
    before(each_world)
    known = len(acts(each_world))
    assert way(each_world, MEERA, guardian, "documents", "File 7") == ""
    assert len(rows(each_world, "SELECT 1 FROM guardian_proposal")) == 1, (
        "nobody is asked before somebody agreed"
    )
    [made] = acts(each_world)[known:]
    assert made.action == "ask_for_second"
    [(kind, about, state, organisation, content)] = rows(
        each_world, "SELECT kind, target_id, state, organisation_id, content FROM waiting_act"
    )
    own = (kind, about, state, organisation)
    assert own == ("link_guardian", each_world.person_id(MEERA), "waiting", "lakeside")
    assert each_world.person_id(guardian) in content
    assert guardian not in content
    assert "File 7" not in content
    told = {letter.to for letter in each_world.letters.letters}
    assert told <= {STAFF, SCHOOL}
    assert told


def test_p9_an_administrator_is_a_guardian_once_a_second_one_agreed(each_world: World) -> None:
    """Named on a page, agreed to on another, confirmed from the guardian's own log-in; then it is released."""
    ben_administers(each_world)
    shown = link_by_page(each_world)
    assert "Nothing changes until a second person has agreed" in shown.text
    assert "You asked for this yourself" in shown.text
    assert "No child is linked" in each_world.signed_in(BEN).open("/guardian").text
    each_world.letters.letters.clear()
    admin = as_(each_world, "admin")
    listed = admin.open("/admin/waiting")
    path = re.search(r'href="(/admin/waiting/wai_[^"]+)"', listed.response.text)
    assert path is not None
    page = admin.open(path[1])
    for words in (
        "An administrator as the guardian of a child",
        "File 12",
        "In person",
        "b***@lakeside.example",
    ):
        assert words in page.text
    assert BEN not in page.text
    assert "You agreed" in admin.submit(page, "/approve").text
    assert {letter.to for letter in each_world.letters.letters} == {MEERA, BEN, SCHOOL}
    proposed = [each for each in acts(each_world) if each.action == "propose_guardian"][-1]
    assert proposed.actor_id == each_world.person_id(SCHOOL)
    assert set(proposed.detail) == {"guardian", "method", "request"}
    assert seconded(each_world) == []
    assert "You are the guardian" in answer_by_page(each_world).text
    assert seconded(each_world) == [("active", True)]
    assert "File 12" not in admin.open(path[1]).text, "what was under seal is gone when it is over"
    child = wish(each_world)
    allow(each_world, BEN)
    assert states(each_world) == [("active", "guardian_consent")]
    access_token = token(each_world, child)
    assert each_world.userinfo(access_token).status_code == 200
    act(each_world, "UPDATE guardian_link SET is_seconded = FALSE")
    assert each_world.userinfo(access_token).status_code != 200


def test_p9_an_account_with_an_administrators_address_can_say_yes_once_it_was_agreed(
    each_world: World,
) -> None:
    """The role says nothing here: only the yes itself looks at whom the address belongs to."""
    with_an_administrators_phone(each_world)
    act(
        each_world, "UPDATE person SET role = 'professor' WHERE person_id = :id", id=each_world.person_id(BEN)
    )
    act(each_world, "UPDATE person SET state = 'active' WHERE person_id = :id", id=each_world.person_id(DAD))
    request = asked(each_world, DAD)
    approve(each_world, request)
    [(waits,)] = rows(each_world, "SELECT is_seconded FROM guardian_proposal WHERE state = 'open'")
    assert waits


# Who may agree


def the_asker(world: World) -> Administrator:
    return of(world, SCHOOL)


def the_guardian(world: World) -> Administrator:
    return of(world, BEN)


def an_address_of_the_guardians(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin", alternate_email=BEN)
    return of(world, OFFICE)


def a_phone_of_the_guardians(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin", phone_number="+919000000177")
    return of(world, OFFICE)


def an_address_of_the_askers(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin", alternate_email=SCHOOL)
    return of(world, OFFICE)


def an_address_of_the_childs(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin", alternate_email=MEERA)
    return of(world, OFFICE)


def just_given_powers(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin")
    later = {"at": world.clock() + 60, "id": world.person_id(OFFICE)}
    act(world, "UPDATE person SET approves_from = :at WHERE person_id = :id", **later)
    return of(world, OFFICE)


def without_the_power(world: World) -> Administrator:
    return of(world, "officer@platform.example")


def of_another_school(world: World) -> Administrator:
    return Administrator("per_other", Role.SCHOOL_ADMIN, "northfield")


def a_second_of_the_school(world: World) -> Administrator:
    another_account(world, OFFICE, role="school_admin")
    return of(world, OFFICE)


def the_platforms(world: World) -> Administrator:
    return of(world, STAFF)


def the_command_line(_: World) -> Administrator:
    return Administrator("cli:alice")


APPROVERS: list[tuple[Callable[[World], Administrator], str]] = [
    (the_asker, "not_allowed"),
    (the_guardian, "not_allowed"),
    (an_address_of_the_guardians, "not_allowed"),
    (a_phone_of_the_guardians, "not_allowed"),
    (an_address_of_the_askers, "not_allowed"),
    (an_address_of_the_childs, "not_allowed"),
    (just_given_powers, "not_allowed"),
    (without_the_power, "not_found"),
    (of_another_school, "not_found"),
    (a_second_of_the_school, ""),
    (the_platforms, ""),
    (the_command_line, ""),
]


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(("who", "refusal"), APPROVERS)
def test_p9_who_may_agree(each_world: World, who: Callable[[World], Administrator], refusal: str) -> None:
    another_account(each_world, DAD, role="school_admin", phone_number="+919000000177")
    guardian = DAD if who is a_phone_of_the_guardians else BEN
    ben_administers(each_world)
    second = who(each_world)
    request = asked(each_world, guardian)
    if refusal:
        with pytest.raises(Refusal, match=refusal):
            approve(each_world, request, second)
    else:
        approve(each_world, request, second)
    opened = rows(each_world, "SELECT count(*) FROM guardian_proposal WHERE is_seconded AND state = 'open'")
    assert opened == [(0 if refusal else 1,)]


def test_the_guardian_reads_why_somebody_else_has_to_agree(each_world: World) -> None:
    ben_administers(each_world)
    request = asked(each_world)
    assert (
        each_world.run(see_act, each_world.services, of(each_world, BEN), request.act_id).in_the_way
        == IS_GUARDIAN
    )


def test_p9_a_stand_in_hides_nobody_who_could_agree_for_themselves(each_world: World) -> None:
    """The school knows a stand-in; whoever has the address elsewhere would be asked, and is no second person."""
    row = f"lakeside,guardian,{STAFF},X,,{SCHOOL},,,,\n"
    importer = Importer(each_world.person_id(SCHOOL), "lakeside", Role.SCHOOL_ADMIN)
    each_world.run(import_people, each_world.services, (LIST + row).encode(), importer)
    request = asked(each_world, STAFF)
    with pytest.raises(Refusal, match="not_allowed"):
        approve(each_world, request)
    approve(each_world, request, Administrator("cli:alice"))


def test_nobody_names_themselves(each_world: World) -> None:
    """A school's one administrator who is a parent: the platform's names them, and another one agrees."""
    assert "Somebody else has to link you" in link_by_page(each_world, guardian=SCHOOL).text
    shown = link_by_page(each_world, STAFF, guardian=SCHOOL)
    assert "Nothing changes until a second person has agreed" in shown.text
    [(request_id, digest)] = rows(each_world, "SELECT act_id, content_digest FROM waiting_act")
    for who in (of(each_world, STAFF), of(each_world, SCHOOL)):
        with pytest.raises(Refusal, match="not_allowed"):
            each_world.run(approve_act, each_world.services, who, request_id, digest)
    each_world.run(approve_act, each_world.services, Administrator("cli:alice"), request_id, digest)
    answer_by_page(each_world, SCHOOL)
    assert seconded(each_world, SCHOOL) == [("active", True)]


# What has changed since


def grown_up(world: World) -> None:
    world.clock.now = 1_967_068_800
    act(world, "UPDATE waiting_act SET expires_at = :at", at=world.clock() + WEEK)


def another_holder(world: World) -> None:
    index = rows(world, "SELECT login_index FROM person WHERE person_id = :id", id=world.person_id(BEN))[0][0]
    lakshmi = world.person_id(LAKSHMI)
    act(
        world, "UPDATE person SET login_index = :own WHERE person_id = :id", own=b"x", id=world.person_id(BEN)
    )
    act(world, "UPDATE person SET login_index = :index WHERE person_id = :id", index=index, id=lakshmi)


def nobodys_address(world: World) -> None:
    act(
        world, "UPDATE person SET login_index = :own WHERE person_id = :id", own=b"x", id=world.person_id(BEN)
    )


def a_closed_child(world: World) -> None:
    act(world, "UPDATE person SET state = 'closed' WHERE person_id = :id", id=world.person_id(MEERA))


def named_otherwise(world: World) -> None:
    """The role went, and somebody named them the ordinary way."""
    act(world, "UPDATE person SET role = 'professor' WHERE person_id = :id", id=world.person_id(BEN))
    assert name(world) is None


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    "change", [grown_up, another_holder, nobodys_address, a_closed_child, named_otherwise]
)
def test_what_cannot_be_done_any_more_is_not_agreed_to(
    each_world: World, change: Callable[[World], None]
) -> None:
    ben_administers(each_world)
    request = asked(each_world)
    change(each_world)
    with pytest.raises(Refusal, match="stale_form"):
        approve(each_world, request)
    assert rows(each_world, "SELECT count(*) FROM guardian_proposal WHERE is_seconded") == [(0,)]
    assert rows(each_world, "SELECT state FROM waiting_act") == [("waiting",)]


@pytest.mark.parametrize("who", [BEN, MEERA])
def test_an_erasure_takes_what_waits_about_somebody(each_world: World, who: str) -> None:
    ben_administers(each_world)
    request = asked(each_world)
    each_world.run(erase_person, each_world.services, "cli", who)
    assert rows(each_world, "SELECT state, sealed, subject FROM waiting_act") == [("expired", None, None)]
    with pytest.raises(Refusal, match="stale_form"):
        approve(each_world, request)


# What stands, what waits, what was refused


def test_what_waits_is_not_asked_for_twice(each_world: World) -> None:
    ben_administers(each_world)
    asked(each_world)
    assert name(each_world) == LinkFault("guardian", WAITS_FOR_SECOND, stands=True)
    assert by_list(each_world, MEERA, BEN, "documents", "File 7") == ""
    ending = each_world.run(unlink_guardian, each_world.services, linking(each_world))
    assert ending
    assert "waits for a second administrator" in ending.words
    unknown = each_world.run(unlink_guardian, each_world.services, linking(each_world, "x@y.example"))
    assert unknown
    assert "They are not linked" in unknown.words


@pytest.mark.parametrize("how", ["refused", "expired"])
def test_a_list_begins_nothing_anew_that_nobody_agreed_to(each_world: World, how: str) -> None:
    ben_administers(each_world)
    request = asked(each_world)
    if how == "refused":
        each_world.run(refuse_act, each_world.services, of(each_world, STAFF), request.act_id)
    else:
        act(each_world, "UPDATE waiting_act SET state = 'expired', subject = NULL, sealed = NULL")
    assert name(each_world, anew=False) == LinkFault("guardian", REFUSED)
    assert isinstance(name(each_world), WaitingAct), "a page begins it anew"


def test_p9_who_becomes_an_administrator_answers_for_nothing_until_seconded(each_world: World) -> None:
    """The link stands and gives nothing; ending it and naming them anew is the way, and the page says so."""
    link(each_world)
    ben_administers(each_world)
    assert "No child is linked" in each_world.signed_in(BEN).open("/guardian").text
    assert name(each_world) == LinkFault("guardian", ALONE, stands=True)
    assert "name the guardian anew" in link_by_page(each_world).text
    end_by_page(each_world, linked_guardian=BEN)
    approve(each_world, asked(each_world))
    page = answer_by_page(each_world)
    assert seconded(each_world) == [("active", True)], page.text
    assert "They are linked already" in link_by_page(each_world).text


def test_p9_a_question_from_before_is_asked_anew(each_world: World) -> None:
    link_by_page(each_world)
    ben_administers(each_world)
    assert name(each_world) == LinkFault("guardian", ALONE, stands=True)
    page = each_world.signed_in(BEN)
    assert (
        "until a second administrator has agreed"
        in page.open(page.open("/guardian").link("/guardian/asked/pro_")).text
    )
    end_by_page(each_world, linked_guardian=BEN)
    approve(each_world, asked(each_world))
    assert "waits for the guardian's answer" in name(each_world).words


def test_p9_a_yes_seconds_nothing_that_ended_and_was_begun_anew_alone(each_world: World) -> None:
    """The mark belongs to one proposal: the next one of an ordinary guardian does not inherit it."""
    ben_administers(each_world)
    approve(each_world, asked(each_world))
    answer_by_page(each_world)
    end_by_page(each_world, linked_guardian=BEN)
    act(
        each_world, "UPDATE person SET role = 'professor' WHERE person_id = :id", id=each_world.person_id(BEN)
    )
    link(each_world)
    assert seconded(each_world) == [("active", False)]


def test_the_report_of_a_list_counts_who_waits(each_world: World) -> None:
    ben_administers(each_world)
    row = f"lakeside,student,{MEERA},X,,,,{BEN},documents,File 7\n"
    importer = Importer(each_world.person_id(SCHOOL), "lakeside", Role.SCHOOL_ADMIN)
    report = each_world.run(import_people, each_world.services, (LIST + row).encode(), importer)
    assert [each.email for each in report.to_second] == [MEERA]
    assert (report.asked, report.faults) == ([], [])


def test_a_role_without_the_power_asks_for_nothing(each_world: World) -> None:
    ben_administers(each_world)
    own = replace(linking(each_world), role=Role.SUPPORT)
    with pytest.raises(Refusal, match="not_allowed"):
        each_world.run(propose_guardian, each_world.services, own, "documents", "File 7")


def test_the_command_says_what_waits(each_world: World) -> None:
    ben_administers(each_world)
    assert by_command(each_world, MEERA, BEN, "documents", "File 7") == ""
    assert "waits for a second administrator" in by_command(each_world, MEERA, BEN, "documents", "File 7")
    assert len(links(each_world)) == 1
