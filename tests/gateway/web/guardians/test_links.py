"""Links of guardians, made and ended by an administrator: a yes is worth what the link is (promise P9)."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.grant_changes import commit_change
from gateway.actions.guardians import requests as guardians
from gateway.actions.guardians.naming import propose_guardian
from gateway.actions.guardians.pairs import LinkFault, Linking
from gateway.actions.guardians.unlinking import unlink_guardian
from gateway.cli.browser import Page
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import GuardianAnswer
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.approvals import NewGuardianAnswer, keep_answers
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.guardians.links import end_links
from gateway.store.guardians.proposals import propose_guardians
from tests.gateway.store.samples import rows
from tests.gateway.web.guardians.test_requests import (
    BEN,
    LAKSHMI,
    MEERA,
    allow,
    request_page,
    states,
    token,
    wish,
)
from tests.world import PEOPLE, World

HERE = "/admin/guardians"
SCHOOL, STAFF = "school@lakeside.example", "admin@platform.example"
AOIFE = "aoife@northfield.example"
ASHA, DEEPA = "asha@lakeside.example", "deepa@lakeside.example"


def link_by_page(world: World, administrator: str = SCHOOL, **changes: str) -> Page:
    browser = world.signed_in(administrator)
    given = {"child": MEERA, "guardian": BEN, "method": "in_person", "evidence": "File 12"} | changes
    return browser.submit(browser.open(HERE), f"{HERE}/link", given)


def answer_by_page(world: World, guardian: str = BEN, answer: str = "confirm") -> Page:
    """Answer the newest question that waits for somebody, from their own log-in."""
    browser = world.signed_in(guardian)
    page = browser.open(browser.open("/guardian").link("/guardian/asked/pro_"))
    return browser.submit(page, urlsplit(page.url).path, button=answer)


def link(world: World, guardian: str = BEN, **changes: str) -> None:
    """Name a guardian and let them confirm it."""
    assert "The link begins when" in link_by_page(world, guardian=guardian, **changes).text
    assert "You are the guardian" in answer_by_page(world, guardian).text


def end_by_page(world: World, administrator: str = SCHOOL, **changes: str) -> Page:
    browser = world.signed_in(administrator)
    given = {"linked_child": MEERA, "linked_guardian": LAKSHMI} | changes
    return browser.submit(browser.open(HERE), f"{HERE}/end", given)


def linking(world: World, guardian: str = LAKSHMI) -> Linking:
    return Linking("cli", None, MEERA, guardian)


def links(world: World) -> list[tuple[Any, ...]]:
    return rows(world, "SELECT method, evidence, state FROM guardian_link ORDER BY created_at, guardian_id")


def acts(world: World) -> list[AdminAction]:
    found = world.run(world.services.store.read, load_actions, ("person", world.person_id(MEERA)))
    return list(found)


@pytest.mark.first_on_postgresql
@pytest.mark.parametrize("administrator", [SCHOOL, STAFF])
def test_p9_a_link_gives_nothing_until_the_guardian_confirmed_it(
    each_world: World, administrator: str
) -> None:
    """The school names; whoever it named says yes from their own log-in; each is an act, and told by letter."""
    before = len(acts(each_world))
    assert "until then it gives nothing" in link_by_page(each_world, administrator).text
    assert len(links(each_world)) == 1
    assert [letter.to for letter in each_world.letters.letters] == [MEERA, BEN]
    [path] = re.findall(
        r"https://gateway\.example(/guardian/asked/pro_\S+)", each_world.letters.letters[1].text
    )
    child = wish(each_world)
    listed = each_world.signed_in(BEN).open("/guardian")
    assert "Lakeside College asks whether you are a pupil's guardian" in listed.text
    assert "Meera" not in listed.text
    browser = each_world.signed_in(BEN)
    page = browser.open(path)
    assert "Lakeside College says that you are the guardian of a pupil with the initials M. I." in page.text
    assert "Meera" not in page.text
    assert "Meera Iyer" in browser.submit(page, path, button="confirm").text
    assert ("in_person", "File 12", "active") in links(each_world)
    named, confirmed = acts(each_world)[before:]
    assert (named.action, named.actor_id) == ("propose_guardian", each_world.person_id(administrator))
    assert named.detail == {"guardian": each_world.person_id(BEN), "method": "in_person"}
    assert (confirmed.action, confirmed.actor_id) == ("confirm_guardian", each_world.person_id(BEN))
    assert [each.to for each in each_world.letters.letters if "A guardian confirmed" in each.text] == [MEERA]
    allow(each_world, BEN)
    assert each_world.userinfo(token(each_world, child)).status_code == 200


def test_whoever_is_no_guardian_declines_and_the_school_sees_it(each_world: World) -> None:
    """A mistyped address: the stranger learns initials, and the school that it was the wrong one."""
    link_by_page(each_world)
    assert "Waits for the guardian" in each_world.signed_in(SCHOOL).open(HERE).text
    assert "Your no is kept" in answer_by_page(each_world, answer="decline").text
    assert len(links(each_world)) == 1
    assert "Declined" in each_world.signed_in(SCHOOL).open(HERE).text
    assert [letter.to for letter in each_world.letters.letters] == [MEERA, BEN, MEERA]
    assert acts(each_world)[-1].action == "decline_guardian"
    link(each_world)


def test_a_question_is_answered_once_and_by_nobody_else(each_world: World) -> None:
    link_by_page(each_world)
    browser = each_world.signed_in(BEN)
    page = browser.open(browser.open("/guardian").link("/guardian/asked/pro_"))
    path = urlsplit(page.url).path
    for stranger in (LAKSHMI, MEERA, SCHOOL):
        assert each_world.signed_in(stranger).open(path).status == 404
    assert browser.submit(page, path).url.endswith(path), "neither yes nor no"
    assert browser.submit(page, path, button="confirm").status == 200
    for answer in ("confirm", "decline"):
        assert browser.submit(page, path, button=answer).status == 409
    assert "waits no more" in browser.open(path).text
    assert browser.open(f"{path}x").status == 404


def test_a_question_runs_out(each_world: World) -> None:
    link_by_page(each_world)
    browser = each_world.signed_in(BEN)
    page = browser.open(browser.open("/guardian").link("/guardian/asked/pro_"))
    each_world.clock.pass_by(30 * DAY)
    browser = each_world.signed_in(BEN)
    assert "asks whether" not in browser.open("/guardian").text
    page.form(urlsplit(page.url).path)
    assert "Nobody answered" in each_world.signed_in(SCHOOL).open(HERE).text
    link(each_world)


def test_a_yes_takes_a_recent_password_and_a_no_does_not(world: World) -> None:
    link_by_page(world)
    browser = world.signed_in(BEN)
    page = browser.open(browser.open("/guardian").link("/guardian/asked/pro_"))
    path = urlsplit(page.url).path
    world.clock.pass_by(601)
    assert urlsplit(browser.submit(page, path, button="confirm").url).path == "/reauthenticate"
    assert len(links(world)) == 1
    assert "Your no is kept" in browser.submit(page, path, button="decline").text


def test_what_nobody_answered_is_withdrawn(each_world: World) -> None:
    link_by_page(each_world)
    assert "It has ended" in end_by_page(each_world, linked_guardian=BEN).text
    assert "Withdrawn" in each_world.signed_in(SCHOOL).open(HERE).text
    assert "asks whether" not in each_world.signed_in(BEN).open("/guardian").text
    assert acts(each_world)[-1].action == "withdraw_guardian"
    assert end_by_page(each_world, linked_guardian=BEN).status == 422


def test_p9_what_stood_on_a_guardians_yes_alone_ends_with_the_link(each_world: World) -> None:
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    assert each_world.userinfo(access).status_code == 200
    before = len(each_world.letters.letters)
    assert "It has ended" in end_by_page(each_world).text
    assert each_world.userinfo(access).status_code == 401
    assert states(each_world) == [("ended", "guardian_consent")]
    assert "No child is linked to your account" in each_world.signed_in(LAKSHMI).open("/guardian").text
    told = each_world.letters.letters[before:]
    assert {MEERA, LAKSHMI} <= {letter.to for letter in told}
    assert (acts(each_world)[-1].action, acts(each_world)[-1].detail["ended"]) == ("unlink_guardian", 1)


def test_p9_what_another_guardian_allowed_too_goes_on(each_world: World) -> None:
    """Of two guardians who said yes, one leaves: the other's yes carries the grant."""
    link(each_world)
    child = wish(each_world)
    allow(each_world)
    access = token(each_world, child)
    [(offer_id,)] = rows(each_world, "SELECT offer_id FROM consent_grant")
    yes = NewGuardianAnswer(
        each_world.person_id(MEERA),
        offer_id,
        each_world.person_id(BEN),
        GuardianAnswer.ALLOW,
        each_world.clock(),
    )
    each_world.store(keep_answers, yes)
    end_by_page(each_world)
    assert each_world.userinfo(access).status_code == 200
    end_by_page(each_world, linked_guardian=BEN)
    assert each_world.userinfo(access).status_code == 401


def test_p9_an_old_yes_does_not_come_back_with_a_new_link(each_world: World) -> None:
    child = wish(each_world)
    allow(each_world)
    token(each_world, child)
    end_by_page(each_world)
    link(each_world, LAKSHMI, method="documents")
    assert rows(each_world, "SELECT decision FROM approval") == []
    assert links(each_world) == [("documents", "File 12", "active")]
    wish(each_world)
    assert states(each_world)[-1] == ("waiting", "guardian_consent")


def test_a_wish_waits_on_for_another_guardian(each_world: World) -> None:
    child = wish(each_world)
    end_by_page(each_world)
    assert states(each_world) == [("waiting", "guardian_consent")]
    page = child.open(child.open("/connected").link("/connected/gra_"))
    assert "Nobody can answer this" in page.text
    assert " until " not in page.text.partition("What they asked for")[0]
    link_by_page(each_world)
    page = child.open(child.open("/connected").link("/connected/gra_"))
    assert "Nobody can answer this" in page.text, "not before it is confirmed"
    answer_by_page(each_world)
    page = child.open(child.open("/connected").link("/connected/gra_"))
    assert "Nobody can answer this" not in page.text
    assert "Your guardian has not answered yet." in page.text
    allow(each_world, BEN)
    assert each_world.userinfo(token(each_world, child)).status_code == 200


def test_an_import_does_not_bring_an_ended_link_back(each_world: World) -> None:
    """The school's list of every night still names the guardian."""
    end_by_page(each_world)
    report = each_world.run(import_people, each_world.services, PEOPLE.encode(), Importer("cli"))
    assert [(each.line, each.column) for each in report.faults] == [(5, "guardian_email")]
    assert [row[2] for row in links(each_world)] == ["ended"]
    assert "asks whether" not in each_world.signed_in(LAKSHMI).open("/guardian").text


def test_p9_a_guardian_who_left_meanwhile_answers_no_more(each_world: World) -> None:
    """The page with the wish is open still when the link ends."""
    wish(each_world)
    browser, page = request_page(each_world)
    end_by_page(each_world)
    answer = browser.submit(page, urlsplit(page.url).path, {"third_party": "yes"}, button="allow")
    assert answer.status == 404
    assert states(each_world) == [("waiting", "guardian_consent")]
    [(offer_id,)] = rows(each_world, "SELECT offer_id FROM consent_grant")
    late = NewGuardianAnswer(
        each_world.person_id(MEERA),
        offer_id,
        each_world.person_id(LAKSHMI),
        GuardianAnswer.ALLOW,
        each_world.clock(),
    )
    each_world.store(keep_answers, late)
    assert rows(each_world, "SELECT decision FROM approval") == []


def test_p9_an_answer_that_races_the_end_of_the_link_allows_nothing(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link ends after the answer looked and before it is committed."""
    wish(each_world)
    browser, page = request_page(each_world)
    commit = commit_change

    async def late(*given: Any, **named: Any) -> Any:
        assert await unlink_guardian(each_world.services, linking(each_world)) is None
        return await commit(*given, **named)

    monkeypatch.setattr(guardians, "commit_change", late)
    answer = browser.submit(page, urlsplit(page.url).path, {"third_party": "yes"}, button="allow")
    assert answer.status == 409
    assert states(each_world) == [("waiting", "guardian_consent")]
    assert rows(each_world, "SELECT decision FROM approval") == []


def test_p9_a_yes_that_comes_between_ends_with_the_link(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guardian says yes after the end was planned: it is planned anew, and the yes ends too."""
    wish(each_world)
    load = each_world.services.store.read
    said: list[Any] = []

    async def read(operation: Any, *given: Any) -> Any:
        found = await load(operation, *given)
        if operation.__name__ == "load_links" and not said:
            said.append(await asyncio.to_thread(allow, each_world))
        return found

    monkeypatch.setattr(each_world.services.store, "read", read)
    assert each_world.run(unlink_guardian, each_world.services, linking(each_world)) is None
    assert len(said) == 1
    assert states(each_world) == [("ended", "guardian_consent")]


def test_an_end_that_cannot_be_planned_says_so(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = each_world.services.store.run

    async def stale(operation: Any, *given: Any) -> Any:
        return CommitVerdict.STALE if operation is end_links else await run(operation, *given)

    monkeypatch.setattr(each_world.services.store, "run", stale)
    with pytest.raises(Refusal, match="temporarily_unavailable"):
        each_world.run(unlink_guardian, each_world.services, linking(each_world))


def test_of_many_administrators_one_names_and_one_ends(each_world: World) -> None:
    async def race(act: Any) -> list[Any]:
        return list(await asyncio.gather(*(act() for _ in range(6))))

    def begin() -> Any:
        return propose_guardian(each_world.services, linking(each_world, BEN), "documents", "File 1")

    def end() -> Any:
        return unlink_guardian(each_world.services, linking(each_world, BEN))

    before = len(acts(each_world))
    for act in (begin, end, begin):
        outcomes = each_world.run(race, act)
        assert outcomes.count(None) == 1
        assert {each.field for each in outcomes if isinstance(each, LinkFault)} == {"guardian"}
    assert len(acts(each_world)) == before + 3
    assert [each.to for each in each_world.letters.letters] == [MEERA, BEN, MEERA, MEERA, BEN]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"child": "nobody@lakeside.example"}, "child", "There is no account with this address."),
        ({"child": AOIFE}, "child", "There is no account with this address."),
        ({"child": BEN}, "child", "A guardian is linked to a student."),
        ({"child": ASHA}, "child", "Only somebody under age has a guardian."),
        ({"guardian": "nobody"}, "guardian", "This is not an e-mail address."),
        ({"guardian": DEEPA}, "guardian", "A guardian is of age."),
        ({"guardian": MEERA}, "guardian", "Nobody is their own guardian."),
        ({"guardian": SCHOOL}, "guardian", "Somebody else has to link you."),
        ({"guardian": LAKSHMI}, "guardian", "They are linked already."),
        ({"method": ""}, "method", "Say how the guardian was verified."),
        ({"evidence": " "}, "evidence", "Say in one short line where the evidence is kept."),
        ({"evidence": "x" * 201}, "evidence", "Say in one short line where the evidence is kept."),
    ],
)
def test_a_link_that_cannot_be_is_explained(
    world: World, changes: dict[str, str], field: str, sentence: str
) -> None:
    """Another school's child looks like nobody."""
    before = len(acts(world))
    page = link_by_page(world, **changes)
    assert page.status == 422
    assert sentence in page.text
    assert f'href="#field-{field}"' in page.response.text
    assert len(links(world)) == 1
    assert len(acts(world)) == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"linked_guardian": BEN}, "They are not linked."),
        ({"linked_child": AOIFE}, "There is no account with this address."),
    ],
)
def test_an_end_that_cannot_be_is_explained(world: World, changes: dict[str, str], sentence: str) -> None:
    page = end_by_page(world, **changes)
    assert (page.status, sentence in page.text) == (422, True)


def test_a_child_whose_account_was_closed_gets_no_guardian(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed between the look and the commit, and before the next look."""
    plans: list[Any] = []
    run = each_world.services.store.run

    async def first_erase(operation: Any, *given: Any) -> Any:
        if operation is propose_guardians and not plans:
            plans.append(given)
            await erase_person(each_world.services, "cli", MEERA)
        return await run(operation, *given)

    monkeypatch.setattr(each_world.services.store, "run", first_erase)
    for _ in range(2):
        fault = each_world.run(
            propose_guardian, each_world.services, linking(each_world, BEN), "documents", "File 1"
        )
        assert isinstance(fault, LinkFault)
        assert (fault.field, fault.words) == ("child", "There is no account with this address.")
    assert len(plans) == 1
    assert rows(each_world, "SELECT count(*) FROM guardian_proposal") == [(0,)]


def test_what_was_proposed_to_an_address_goes_with_its_account(each_world: World) -> None:
    """Whoever has the address next is somebody else."""
    link_by_page(each_world)
    each_world.run(erase_person, each_world.services, "cli", BEN)
    assert rows(each_world, "SELECT count(*) FROM guardian_proposal WHERE state = 'open'") == [(0,)]


def test_linking_takes_a_recent_password(world: World) -> None:
    browser = world.signed_in(SCHOOL)
    page = browser.open(HERE)
    world.clock.pass_by(601)
    assert urlsplit(browser.open(HERE).url).path == "/reauthenticate"
    new = {"child": MEERA, "guardian": BEN, "method": "documents", "evidence": "File"}
    old = {"linked_child": MEERA, "linked_guardian": LAKSHMI}
    for path, given in (("link", new), ("end", old)):
        away = browser.submit(page, f"{HERE}/{path}", given)
        assert urlsplit(away.url).path == "/reauthenticate"
    assert [row[2] for row in links(world)] == ["active"]


@pytest.mark.parametrize("email", [LAKSHMI, MEERA, "officer@platform.example"])
def test_nobody_else_links(world: World, email: str) -> None:
    assert world.signed_in(email).open(HERE).status in (403, 404)
