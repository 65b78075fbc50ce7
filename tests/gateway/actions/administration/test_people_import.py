"""Importing people and inviting them again: by organisation, by role, never a value shown (promise P7)."""

import re

import pytest

from gateway.actions.administration.organisations import add_organisation
from gateway.actions.administration.people import (
    FoundPeople,
    PeopleSearch,
    import_list,
    see_people,
    send_invitation_again,
)
from gateway.actions.administration.people_import import Importer, ImportReport, import_people
from gateway.actions.authentication.sessions import find_session
from gateway.actions.two_people import administrator_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.people import Person, PersonState
from gateway.store.admin_actions import load_actions
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import rows
from tests.world import NOW, World

HEADING = "organisation,role,email,name,guardian_email,guardian_method,guardian_evidence,locale\n"
ADDRESS = re.compile(r"https://gateway\.example(/invitation/cg_in_[A-Za-z0-9_-]+)")


def staff(world: World, email: str = "admin@platform.example") -> Person:
    """Sign somebody in and give who that is."""
    browser = world.signed_in(email)
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    assert session is not None
    return session.person


def school(world: World) -> Person:
    return staff(world, "school@lakeside.example")


def imported(world: World, administrator: Person, rows: str) -> ImportReport:
    return world.run(import_list, world.services, administrator, (HEADING + rows).encode())


def people(world: World, administrator: Person, before: tuple[int, str] | None = None) -> FoundPeople:
    return world.run(see_people, world.services, administrator_of(administrator), PeopleSearch(before=before))


def one_faults(report: ImportReport) -> list[tuple[int, str]]:
    return [(fault.line, fault.column) for fault in report.faults]


def test_each_new_person_gets_a_letter_that_works_once(each_world: World) -> None:
    """The administrator never learns the password; the link sets the first one and nothing else."""
    report = imported(
        each_world, staff(each_world), "northfield,student,nia@northfield.example,Nia Shah,,,,hi-IN\n"
    )
    assert [each.email for each in report.created] == ["nia@northfield.example"]
    (letter,) = each_world.letters.letters
    assert letter.to == "nia@northfield.example"
    found = ADDRESS.search(letter.text)
    assert found is not None
    browser = each_world.browser()
    page = browser.open(found[1])
    done = browser.submit(page, found[1], {"new_password": "eleven paper boats"})
    assert done.status == 200
    assert each_world.browser().open(found[1]).status == 404


def test_people_are_taken_once_however_often_the_list_comes(each_world: World) -> None:
    rows = "lakeside,student,nia@lakeside.example,Nia Shah,,,,\n"
    first, second = (imported(each_world, school(each_world), rows) for _ in range(2))
    assert (len(first.created), len(first.known)) == (1, 0)
    assert (len(second.created), len(second.known)) == (0, 1)
    assert len(each_world.letters.letters) == 1


def test_a_row_with_a_fault_is_left_out_and_named_by_line_and_column(each_world: World) -> None:
    report = imported(
        each_world,
        staff(each_world),
        "lakeside,student,good@lakeside.example,Good One,,,,\nlakeside,student,no address,Bad Two,,,,\n"
        "nowhere,student,c@lakeside.example,C,,,,\nlakeside,wizard,d@lakeside.example,D,,,,\n"
        "lakeside,student,e@lakeside.example,E,ghost@x.example,telepathy,DL-2,\n",
    )
    assert [each.line for each in report.created] == [2, 6]
    assert one_faults(report) == [(3, "email"), (4, "organisation"), (5, "role"), (6, "guardian_method")]
    assert not any(
        value in fault.message for fault in report.faults for value in ("no address", "ghost", "Bad Two")
    )


def test_a_school_imports_its_own_people_in_its_own_roles_alone(each_world: World) -> None:
    """P7: another organisation, and a role over others, are refused row by row."""
    rows = (
        "lakeside,student,own@lakeside.example,Own,,,,\nnorthfield,student,other@northfield.example,Other,,,,\n"
        "lakeside,platform_admin,root@lakeside.example,Root,,,,\nlakeside,school_admin,peer@lakeside.example,P,,,,\n"
    )
    report = imported(each_world, school(each_world), rows)
    assert [each.email for each in report.created] == ["own@lakeside.example"]
    assert sorted(one_faults(report)) == [(3, "organisation"), (4, "role"), (5, "role")]
    by_staff = imported(each_world, staff(each_world), rows)
    assert (len(by_staff.created), len(by_staff.waiting)) == (1, 2), "powers take two people"


def test_a_guardian_is_named_once_however_often_the_list_comes(each_world: World) -> None:
    row = "lakeside,student,kid@lakeside.example,Kid,lakshmi@lakeside.example,digital_locker,DL-3,\n"
    first, again = (imported(each_world, school(each_world), row) for _ in range(2))
    assert ([each.line for each in first.asked], first.faults) == ([2], [])
    assert (again.asked, again.faults) == ([], []), "what waits already is no fault"
    assert rows(each_world, "SELECT count(*) FROM guardian_link") == [(1,)], "nobody has confirmed it"


def test_an_import_is_on_record_by_numbers(each_world: World) -> None:
    administrator = school(each_world)
    each_world.clock.pass_by(1)
    imported(
        each_world,
        administrator,
        "lakeside,student,nia@lakeside.example,Nia,,,,\nlakeside,wizard,zed@lakeside.example,Zed,,,,\n",
    )
    added, begun, act = each_world.run(
        each_world.services.store.read, load_actions, ("organisation", "lakeside")
    )
    assert added.action == "add_organisation"
    assert (begun.action, begun.detail) == ("begin_import", {"rows": 1})
    assert (act.action, act.actor_id) == ("import_people", administrator.person_id)
    assert act.detail == {"created": 1, "known": 0, "waiting": 0, "faults": 1}


def test_an_import_that_was_cut_off_is_on_record(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has many transactions; some of its people may be there already."""

    async def dies(*_: object, **__: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("gateway.actions.administration.people_import._import_batch", dies)
    with pytest.raises(RuntimeError, match="gone"):
        imported(each_world, school(each_world), "lakeside,student,nia@lakeside.example,Nia,,,,\n")
    acts = each_world.run(each_world.services.store.read, load_actions, ("organisation", "lakeside"))
    assert [each.action for each in acts] == ["add_organisation", "begin_import"]


def test_a_file_that_is_no_list_changes_nothing(world: World) -> None:
    for content in (b"", b"\xff\xfe", b"name,email\n", b"a\x00b", b'organisation,role,email,name\n"open'):
        report = world.run(import_list, world.services, staff(world), content)
        assert report.faults, content
        assert not report.created
    assert world.letters.letters == []


def test_invitations_may_be_kept_back_and_progress_is_told(world: World) -> None:
    """What the demo does: nothing is sent, the addresses come back, batch after batch."""
    rows = "".join(f"lakeside,student,p{n}@lakeside.example,P{n},,,,\n" for n in range(130))
    done: list[tuple[int, int]] = []

    async def run() -> ImportReport:
        content = (HEADING + rows).encode()
        return await import_people(
            world.services, content, Importer("cli"), send=False, progress=lambda *each: done.append(each)
        )

    report = world.run(run)
    assert done == [(100, 130), (130, 130)]
    assert world.letters.letters == []
    assert ADDRESS.fullmatch(report.invitations["p129@lakeside.example"])


def test_an_organisation_is_added_once(each_world: World) -> None:
    assert each_world.run(add_organisation, each_world.services, "hillside", "Hillside", "US")
    with pytest.raises(Refusal, match="bad_form"):
        each_world.run(add_organisation, each_world.services, "valley", "Valley", "US", "America/Nowhere")
    assert not each_world.run(add_organisation, each_world.services, "hillside", "Another", "GB")


# The list, and inviting again


def test_the_list_shows_nobody_by_name(each_world: World) -> None:
    administrator = staff(each_world)
    found = people(each_world, administrator)
    everybody = dict(rows(each_world, "SELECT person_id, organisation_id FROM person"))
    assert {line.person.person_id for line in found.lines} == everybody.keys()
    assert found.organisations["lakeside"] == "Lakeside College"
    assert not any(word in repr(found) for word in ("Asha", "asha@", "Hegde", "@lakeside"))
    own = people(each_world, school(each_world))
    theirs = {person_id for person_id, organisation in everybody.items() if organisation == "lakeside"}
    assert {line.person.person_id for line in own.lines} == theirs


def test_the_list_comes_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.actions.administration.people.PAGE", 5)
    administrator, seen, before = staff(world), [], None
    while True:
        found = people(world, administrator, before)
        seen += [line.person.person_id for line in found.lines]
        before = found.older
        if before is None:
            break
    assert sorted(seen) == [
        person_id for (person_id,) in rows(world, "SELECT person_id FROM person ORDER BY 1")
    ]


def invited(world: World, administrator: Person) -> str:
    """Import somebody and give the id."""
    imported(world, administrator, f"{administrator.organisation_id},student,nia@x.example,Nia,,,,\n")
    (line,) = [
        each for each in people(world, administrator).lines if each.person.state is PersonState.INVITED
    ]
    assert line.invited_until == NOW + 7 * DAY
    return line.person.person_id


def test_inviting_again_makes_the_older_letter_worthless(each_world: World) -> None:
    administrator = school(each_world)
    person_id = invited(each_world, administrator)
    each_world.clock.pass_by(DAY)
    each_world.run(send_invitation_again, each_world.services, school(each_world), person_id)
    old, new = (ADDRESS.search(letter.text) for letter in each_world.letters.letters)
    assert old is not None
    assert new is not None
    assert each_world.letters.letters[1].to == "nia@x.example"
    assert each_world.browser().open(old[1]).status == 404
    assert each_world.browser().open(new[1]).status == 200
    (act,) = each_world.run(each_world.services.store.read, load_actions, ("person", person_id))
    assert (act.action, act.actor_id) == ("invite_again", administrator.person_id)


def test_only_who_waits_is_invited_again_and_only_by_the_own_school(each_world: World) -> None:
    """A second invitation would be a way around the password of an account that has one."""
    platform, lakeside = staff(each_world), school(each_world)
    stranger = invited(each_world, platform)
    for administrator, person_id in (
        (lakeside, stranger),
        (platform, each_world.person_id()),
        (lakeside, each_world.person_id()),
        (platform, "per_unknown"),
    ):
        with pytest.raises(Refusal) as refused:
            each_world.run(send_invitation_again, each_world.services, administrator, person_id)
        assert refused.value.code == "stale_form"
    assert len(each_world.letters.letters) == 1
    each_world.run(send_invitation_again, each_world.services, platform, stranger)
    assert len(each_world.letters.letters) == 2
