"""An adversarial administrator, a child who poses as guardian, a guardian of somebody grown up (promises P9, P17)."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.people import PeopleSearch, see_people, send_invitation_again
from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import Linking
from gateway.actions.guardians.proposals import confirm_question, decline_question, list_questions
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.actions.operation.upkeep import sweep
from gateway.actions.two_people import administrator_of
from gateway.kit.errors import Refusal
from gateway.model.people import ROLES_WITH_POWERS, Session
from gateway.store.accounts.logins import load_logins_of
from tests.gateway.store.samples import act, rows
from tests.gateway.web.guardians.test_links import AOIFE, SCHOOL, STAFF, end_by_page, link_by_page, links
from tests.gateway.web.guardians.test_requests import (
    BEN,
    LAKSHMI,
    MEERA,
    THIRTEEN,
    allow,
    path_of,
    request_page,
    states,
    token,
    wish,
)
from tests.gateway.web.guardians.test_rules import LIST
from tests.world import World, answer_of

UNKNOWN = "nobody@elsewhere.example"


def listed(world: World, *lines: str) -> ImportReport:
    content = LIST + "".join(f"{line}\n" for line in lines)
    importer = Importer(world.person_id(SCHOOL), "lakeside")
    return world.run(import_people, world.services, content.encode(), importer)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    ("method", "evidence", "column", "sentence"),
    [
        ("telepathy", "", "guardian_method", "Say how the guardian was verified."),
        ("in_person", "", "guardian_evidence", "Say in one short line where the evidence is kept."),
        ("in_person", "File 1", "guardian_email", "Somebody else has to link you."),
    ],
)
def test_p9_one_uploaded_line_makes_no_administrator_a_guardian(
    each_world: World, method: str, evidence: str, column: str, sentence: str
) -> None:
    """As it was seen: she was the guardian, saw the child's name, allowed, and the partner read."""
    report = listed(each_world, f"lakeside,student,{MEERA},X,,,,{SCHOOL},{method},{evidence}")
    assert [(each.line, each.column, each.message) for each in report.faults] == [(2, column, sentence)]
    wish(each_world)
    assert len(links(each_world)) == 1
    assert "Meera" not in each_world.signed_in(SCHOOL).open("/guardian").text
    assert states(each_world) == [("waiting", "guardian_consent")]


def test_p9_an_account_elsewhere_that_may_not_answer_finds_out_itself(each_world: World) -> None:
    """The school is told the same as ever; a staff account and a child's cannot say yes, however they send it."""
    birth = "UPDATE person_field SET field = 'locale_of_old' WHERE field = 'birthdate' AND person_id = :id"
    act(each_world, birth, id=each_world.person_id(AOIFE))
    act(
        each_world, "UPDATE person SET role = 'student' WHERE person_id = :id", id=each_world.person_id(AOIFE)
    )
    for address in (STAFF, AOIFE):
        assert link_by_page(each_world, guardian=address).status == 200
        browser = each_world.signed_in(address)
        page = browser.open(browser.open("/guardian").link("/guardian/asked/pro_"))
        assert "cannot answer for a child" in page.text if address == STAFF else "is of age" in page.text
        assert "Yes, I am the guardian" not in page.text
        forged = each_world.run(
            confirm_question, each_world.services, session_of(each_world, address), path_of(page)[16:]
        )
        assert forged is not None
        assert "Your no is kept" in browser.submit(page, path_of(page), button="decline").text
    assert len(links(each_world)) == 1


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("role", sorted(ROLES_WITH_POWERS))
def test_p9_who_is_given_powers_answers_no_more(each_world: World, role: str) -> None:
    """A yes that stands stops to count with the role; the guardian's list empties."""
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    assert each_world.userinfo(access).status_code == 200
    guardian = each_world.person_id(LAKSHMI)
    act(each_world, "UPDATE person SET role = :role WHERE person_id = :id", role=role, id=guardian)
    assert each_world.userinfo(access).status_code == 403
    assert "No child is linked" in each_world.signed_in(LAKSHMI).open("/guardian").text


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize(
    "change",
    ["UPDATE person SET is_adult = FALSE WHERE person_id = :id",
     "UPDATE person SET needs_guardian = TRUE WHERE person_id = :id"],
)  # fmt: skip
def test_p9_a_child_who_poses_as_guardian_answers_for_nobody(each_world: World, change: str) -> None:
    """However the link came to be, the gate, the list, the request and its answers look again."""
    child = wish(each_world)
    browser, page = request_page(each_world)
    allow(each_world)
    access = token(each_world, child)
    act(each_world, change, id=each_world.person_id(LAKSHMI))
    assert each_world.userinfo(access).status_code == 403
    assert browser.open(path_of(page)).status == 404
    for button in ("allow", "deny"):
        assert browser.submit(page, path_of(page), {"third_party": "yes"}, button=button).status == 404
    assert "No child is linked" in browser.open("/guardian").text


def test_p9_a_guardian_of_somebody_grown_up_sees_and_stops_nothing(each_world: World) -> None:
    """From the first second of the birthday on, with no sweep in between; then the links end, and all are told."""
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    each_world.clock.now = THIRTEEN - 60
    browser, page = request_page(each_world)
    before = len(each_world.letters.letters)
    each_world.clock.now = THIRTEEN
    assert each_world.userinfo(access).status_code == 401
    assert browser.submit(page, f"{path_of(page)}/stop").status == 404
    assert browser.open(path_of(page)).status == 404
    listed_page = browser.open("/guardian")
    assert "Meera" not in listed_page.text
    assert states(each_world) == [("active", "guardian_consent")], "nobody stopped it"
    assert [row[2] for row in links(each_world)] == ["ended"]
    told = each_world.letters.letters[before:]
    assert {each.to for each in told} == {MEERA, LAKSHMI}
    assert "Meera" not in "".join(each.text for each in told)
    each_world.run(sweep, each_world.services)
    assert "Ended" in each_world.signed_in(SCHOOL).open("/admin/guardians").text


def test_p9_coming_of_age_is_seen_by_the_sweep_where_nothing_is_shared(each_world: World) -> None:
    """A child without any consent grows up too: links end, what was proposed is withdrawn, and all are told once."""
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    each_world.clock.now = THIRTEEN - 60
    link_by_page(each_world)
    before = len(each_world.letters.letters)
    each_world.clock.now = THIRTEEN
    for last in (None, THIRTEEN - 90):
        each_world.run(sweep, each_world.services, last)
    assert [row[2] for row in links(each_world)] == ["ended"]
    assert "asks whether" not in each_world.signed_in(BEN).open("/guardian").text
    assert sorted(each.to for each in each_world.letters.letters[before:]) == [LAKSHMI, MEERA]


def test_p9_an_older_guardian_is_known_to_be_of_age_after_a_sweep(each_world: World) -> None:
    """An account from before the mark: whose date of birth is on file is looked at when the gateway starts."""
    child = wish(each_world)
    allow(each_world)
    act(each_world, "UPDATE person SET is_adult = FALSE")
    each_world.run(sweep, each_world.services)
    assert each_world.userinfo(token(each_world, child)).status_code == 200
    act(each_world, "UPDATE person SET is_adult = FALSE")
    act(
        each_world,
        "UPDATE person SET role = 'student' WHERE person_id = :id",
        id=each_world.person_id(LAKSHMI),
    )
    each_world.run(sweep, each_world.services)
    assert rows(each_world, "SELECT count(*) FROM person WHERE is_adult") == [(0,)]


# One answer, whether another organisation knows an address


SAID = re.compile(
    r"Asked\. Both|This was asked|It has ended|They are not linked|There is no account|of age|ended, or"
)


def told_as_guardian(world: World, address: str) -> list[object]:
    """Name an address as a guardian and end that, and give everything that is to be seen of it."""
    pages = [
        link_by_page(world, guardian=address, evidence="as guardian"),
        link_by_page(world, guardian=address, evidence="again"),
        end_by_page(world, linked_guardian=address),
        end_by_page(world, linked_guardian=address),
    ]
    return [(each.status, SAID.findall(each.text)) for each in pages]


def told_about(world: World, address: str, role: str) -> list[object]:
    """Do with an address whatever a school's administrator can."""
    line = f"lakeside,{role},{address},Nia,2014-05-02,,,,,"
    world.clock.pass_by(1)
    before = told_as_guardian(world, address)
    reports = [listed(world, line) for _ in range(2)]
    administrator = world.store(load_logins_of, world.person_id(SCHOOL)).person
    [newest, *_] = world.run(
        see_people, world.services, administrator_of(administrator), PeopleSearch()
    ).lines
    world.run(send_invitation_again, world.services, administrator, newest.person.person_id)
    pages = [
        link_by_page(world, child=address, guardian=BEN, evidence="as child"),
        link_by_page(world, child=address, guardian=BEN, evidence="again"),
        end_by_page(world, linked_child=address, linked_guardian=BEN),
    ]
    return [
        *((len(each.created), len(each.known), each.faults, each.invitations) for each in reports),
        (newest.person.role, newest.person.state, (newest.invited_until or 0) - newest.created_at),
        *((each.status, SAID.findall(each.text)) for each in pages),
        *before,
        *told_as_guardian(world, address),
    ]


@pytest.mark.first_on_postgresql("address")
@pytest.mark.parametrize("role", ["student", "guardian", "professor"])
@pytest.mark.parametrize("address", [AOIFE, STAFF])
def test_b17_a_school_reads_the_same_whether_another_organisation_knows_an_address(
    each_world: World, address: str, role: str
) -> None:
    """Report and counts, the list of accounts, inviting again, naming as child and as guardian, and ending that."""
    known = told_about(each_world, address, role)
    letters = [each.text for each in each_world.letters.letters if each.to == address]
    assert told_about(each_world, UNKNOWN, role) == known
    assert (known[0], known[1]) == ((1, 0, [], {}), (0, 1, [], {}))
    assert sum("A school has put this address on its list" in each for each in letters) == 2
    assert not any("/invitation/" in each for each in letters)
    to_nobody = [each.text for each in each_world.letters.letters if each.to == UNKNOWN]
    assert sum("/invitation/" in each for each in to_nobody) == 2


def test_b17_an_account_elsewhere_stays_as_it_is(each_world: World) -> None:
    """What stands in for it can be logged in to by nobody, and goes when the person is erased."""
    before = rows(each_world, "SELECT * FROM person WHERE person_id = :id", id=each_world.person_id(AOIFE))
    listed(each_world, f"lakeside,professor,{AOIFE},Somebody Else,,,,,,")
    assert (
        rows(each_world, "SELECT * FROM person WHERE person_id = :id", id=each_world.person_id(AOIFE))
        == before
    )
    assert each_world.signed_in(AOIFE).open("/connected").status == 200
    each_world.run(erase_person, each_world.services, "cli", AOIFE)
    assert rows(each_world, "SELECT count(*) FROM person WHERE state = 'invited'") == [(0,)]
    assert len(listed(each_world, f"lakeside,student,{AOIFE},Aoife,2007-01-09,,,,,").created) == 1
    assert each_world.person_id(AOIFE) != before[0][0]


def test_b17_the_services_own_staff_is_told(each_world: World) -> None:
    row = f"lakeside,student,{AOIFE},Nia,2014-05-02,,,{BEN},documents,File 1\n"
    report = each_world.run(import_people, each_world.services, (LIST + row).encode(), Importer("cli"))
    assert [(each.column, each.message) for each in report.faults] == [
        ("email", "Another organisation has an account with this address.")
    ]
    assert (report.created, report.asked) == ([], [])


def test_b17_of_two_schools_that_list_an_address_at_once_one_has_the_account(each_world: World) -> None:
    act(
        each_world,
        "UPDATE person SET role = 'school_admin' WHERE person_id = :id",
        id=each_world.person_id(AOIFE),
    )

    async def race() -> list[ImportReport]:
        lists = [
            import_people(
                each_world.services,
                (LIST + f"{school},student,{UNKNOWN},Nia,2014-05-02,,,,,\n").encode(),
                Importer("cli", school),
            )
            for school in ("lakeside", "northfield") * 3
        ]
        return list(await asyncio.gather(*lists))

    reports = each_world.run(race)
    assert [len(each.faults) for each in reports] == [0] * 6
    assert sum(len(each.created) for each in reports) == 2, "one of them stands in"
    assert len([each for each in each_world.letters.letters if "/invitation/" in each.text]) == 1


# Races


async def at_once(*works: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*works, return_exceptions=True))


def session_of(world: World, email: str) -> Session:
    now = world.clock()
    person = world.store(load_logins_of, world.person_id(email)).person
    return Session(b"s", person, created_at=now, auth_time=now, last_seen_at=now)


def named(world: World) -> tuple[Session, str]:
    """Name Ben as Meera's guardian; give his session and the question's id."""
    link_by_page(world)
    session = session_of(world, BEN)
    [question] = world.run(list_questions, world.services, session)
    return session, question.proposal_id


def test_of_many_answers_at_once_one_counts(each_world: World) -> None:
    session, proposal_id = named(each_world)
    yes, no = confirm_question, decline_question

    async def race() -> list[Any]:
        return await at_once(
            *(say(each_world.services, session, proposal_id) for say in (yes, no, yes, no, yes, no))
        )

    done = each_world.run(race)
    assert sum(each is None for each in done) == 1
    assert {str(each) for each in done if each is not None} <= {"stale_form"} or all(
        isinstance(each, Refusal) for each in done if each is not None
    )
    [(state,)] = rows(each_world, "SELECT state FROM guardian_proposal WHERE evidence = 'File 12'")
    linked = ("in_person", "File 12", "active") in links(each_world)
    assert (state == "confirmed") == linked


def test_a_yes_and_the_end_of_the_link_at_once_leave_no_link(each_world: World) -> None:
    session, proposal_id = named(each_world)
    ending = Linking("cli", None, MEERA, BEN)

    async def race() -> list[Any]:
        confirming = confirm_question(each_world.services, session, proposal_id)
        return await at_once(confirming, unlink_guardian(each_world.services, ending))

    _, ended = each_world.run(race)
    assert ended is None
    assert ("in_person", "File 12", "active") not in links(each_world)


def test_a_birthday_and_a_new_link_at_once_leave_no_link(each_world: World) -> None:
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    each_world.clock.now = THIRTEEN - 60
    session, proposal_id = named(each_world)

    async def race() -> list[Any]:
        confirming = confirm_question(each_world.services, session, proposal_id)
        proposing = propose_guardian(
            each_world.services, Linking("cli", None, MEERA, LAKSHMI), "documents", "File 13"
        )
        each_world.clock.now = THIRTEEN
        return await at_once(sweep(each_world.services), confirming, proposing, sweep(each_world.services))

    each_world.run(race)
    assert {row[2] for row in links(each_world)} <= {"ended"}
    assert rows(each_world, "SELECT count(*) FROM guardian_proposal WHERE state = 'open'") == [(0,)]


def test_p9_a_guardians_yes_and_the_birthday_at_once_release_nothing(each_world: World) -> None:
    act(
        each_world,
        "UPDATE organisation SET country = 'US', timezone = 'UTC' WHERE organisation_id = 'lakeside'",
    )
    each_world.clock.now = THIRTEEN - 60
    child = wish(each_world)
    browser, page = request_page(each_world)

    async def race() -> list[Any]:
        each_world.clock.now = THIRTEEN
        pressing = asyncio.to_thread(
            browser.submit, page, path_of(page), {"third_party": "yes"}, button="allow"
        )
        return await at_once(sweep(each_world.services), pressing, sweep(each_world.services))

    each_world.run(race)
    assert [row[2] for row in links(each_world)] == ["ended"]
    assert not answer_of(each_world.ask(child)).get("code")
    assert rows(each_world, "SELECT count(*) FROM handoff") == [(0,)]
