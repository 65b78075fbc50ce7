"""The same effect by page, command and list: the same refusals, the same act on record, the same letters (P9)."""

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.guardians.fitness import OWN, TOO_YOUNG
from gateway.cli import commands
from tests.gateway.store.samples import act, rows
from tests.gateway.web.guardians.test_links import ASHA, DEEPA, SCHOOL, acts, link, link_by_page, links
from tests.gateway.web.guardians.test_requests import BEN, LAKSHMI, MEERA
from tests.world import World

Way = Callable[..., str]
"""Names a guardian for a child with a method and evidence; gives what the administrator reads, empty if it is done."""
LIST = (
    "organisation,role,email,name,birthdate,alternate_email,phone_number,"
    "guardian_email,guardian_method,guardian_evidence\n"
)
MUM = "mum@home.example"


@pytest.fixture(autouse=True)
def command_line(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands act in the world that the test looks at."""
    monkeypatch.setattr(commands, "configure_logs", lambda: None)
    monkeypatch.setattr(
        "gateway.cli.accounts.people.with_services", lambda work: each_world.run(work, each_world.services)
    )


def by_page(world: World, child: str, guardian: str, method: str, evidence: str) -> str:
    page = link_by_page(world, SCHOOL, child=child, guardian=guardian, method=method, evidence=evidence)
    return "" if page.status == 200 else page.text


def by_command(world: World, child: str, guardian: str, method: str, evidence: str) -> str:
    words = ("people", "link-guardian", child, guardian, "--method", method, "--evidence", evidence)
    done = CliRunner().invoke(commands.app, words)
    return "" if done.exit_code == 0 else " ".join(done.output.split())


def by_list(world: World, child: str, guardian: str, method: str, evidence: str) -> str:
    importer = Importer(world.person_id(SCHOOL), "lakeside")
    row = f"lakeside,student,{child},X,,,,{guardian},{method},{evidence}\n"
    report = world.run(import_people, world.services, (LIST + row).encode(), importer)
    assert report.created == []
    return " ".join(each.message for each in report.faults)


WAYS = pytest.mark.parametrize("way", [by_page, by_command, by_list])


def nothing(world: World) -> None:
    """Leave the world as it is."""


def a_person(world: World, **fields: str) -> None:
    """Make an account with the log-in `MUM`."""
    known = {"role": "guardian", "birthdate": "", "alternate_email": "", "phone_number": ""} | fields
    row = "lakeside,{role},mum@home.example,Mum,{birthdate},{alternate_email},{phone_number},,,\n"
    report = world.run(import_people, world.services, (LIST + row.format(**known)).encode(), Importer("cli"))
    assert len(report.created) == 1, report.faults
    world.letters.letters.clear()


def a_child_called_guardian(world: World) -> None:
    a_person(world, birthdate="2014-01-01")


def one_day_too_young(world: World) -> None:
    a_person(world, birthdate="2008-11-19")


def with_an_administrators_address(world: World) -> None:
    a_person(world, alternate_email=SCHOOL)


def with_an_administrators_mailbox(world: World) -> None:
    a_person(world, alternate_email="School+mum@lakeside.example")


def sent_to_the_child(world: World) -> None:
    a_person(world, alternate_email="Meera+mum@lakeside.example")


def with_an_administrators_phone(world: World) -> None:
    a_person(world, role="professor", phone_number="+919000000199")
    act(world, "UPDATE person SET role = 'school_admin' WHERE person_id = :id", id=world.person_id(MUM))
    row = "lakeside,guardian,dad@home.example,Dad,,,+919000000199,,,\n"
    world.run(import_people, world.services, (LIST + row).encode(), Importer("cli"))
    world.letters.letters.clear()


def ben_administers(world: World) -> None:
    act(world, "UPDATE person SET role = 'school_admin' WHERE person_id = :id", id=world.person_id(BEN))
    act(
        world,
        "UPDATE person SET factor_grace_from = :now WHERE person_id = :id",
        now=world.clock(),
        id=world.person_id(BEN),
    )


def grown_up(world: World) -> None:
    world.clock.now = 1_967_068_800  # 2032-05-02, Meera's eighteenth birthday


REFUSED = [
    (nothing, {"method": "telepathy"}, "Say how the guardian was verified."),
    (nothing, {"method": ""}, "Say how the guardian was verified."),
    (nothing, {"evidence": ""}, "Say in one short line where the evidence is kept."),
    (nothing, {"evidence": "x" * 201}, "Say in one short line where the evidence is kept."),
    (nothing, {"child": ASHA}, "Only somebody under age has a guardian."),
    (grown_up, {}, "Only somebody under age has a guardian."),
    (nothing, {"child": BEN, "guardian": LAKSHMI}, "A guardian is linked to a student."),
    (nothing, {"child": SCHOOL, "guardian": LAKSHMI}, "A guardian is linked to a student."),
    (nothing, {"guardian": MEERA}, OWN),
    (nothing, {"guardian": "Meera+mum@lakeside.example"}, OWN),
    (sent_to_the_child, {"guardian": MUM}, OWN),
    (nothing, {"guardian": DEEPA}, TOO_YOUNG),
    (a_child_called_guardian, {"guardian": MUM}, TOO_YOUNG),
    (one_day_too_young, {"guardian": MUM}, TOO_YOUNG),
]


@pytest.mark.first_on_postgresql("way")
@WAYS
@pytest.mark.parametrize(("before", "changes", "sentence"), REFUSED)
def test_p9_every_rule_holds_by_every_way(
    each_world: World, way: Way, before: Callable[[World], None], changes: dict[str, str], sentence: str
) -> None:
    before(each_world)
    given = {"child": MEERA, "guardian": BEN, "method": "documents", "evidence": "File 7"} | changes
    child = each_world.person_id(given["child"])
    known = acts_on(each_world, child)
    assert sentence in way(each_world, **given)
    assert rows(each_world, "SELECT count(*) FROM guardian_proposal") == [(1,)]
    assert acts_on(each_world, child) == known
    assert [each for each in each_world.letters.letters if "/guardian/asked/" in each.text] == []


def acts_on(world: World, person_id: str) -> list[tuple[Any, ...]]:
    return rows(
        world,
        "SELECT action, detail FROM admin_action WHERE target_id = :id ORDER BY action_id",
        id=person_id,
    )


@WAYS
def test_p9_every_way_has_the_same_act_and_the_same_letters(each_world: World, way: Way) -> None:
    assert way(each_world, MEERA, BEN, "documents", "File 7") == ""
    made = acts(each_world)[-1]
    assert (made.action, made.detail) == (
        "propose_guardian",
        {"guardian": each_world.person_id(BEN), "method": "documents"},
    )
    assert [letter.to for letter in each_world.letters.letters] == [MEERA, BEN]
    assert "Your school has named a guardian" in each_world.letters.letters[0].text
    assert "/guardian/asked/pro_" in each_world.letters.letters[1].text
    proposed = "SELECT method, evidence FROM guardian_proposal WHERE state = 'open'"
    assert rows(each_world, proposed) == [("documents", "File 7")]
    assert len(links(each_world)) == 1, "nobody has confirmed it"


@WAYS
def test_what_stands_is_not_begun_again(each_world: World, way: Way) -> None:
    """A page and a command say so; to a list that comes every night it is no fault."""
    link(each_world)
    known = len(acts(each_world))
    said = way(each_world, MEERA, BEN, "documents", "File 7")
    assert said == "" if way is by_list else "They are linked already." in said
    assert len(acts(each_world)) == known
