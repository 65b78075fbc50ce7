"""Links of guardians, made and ended by an administrator: a yes is worth what the link is (promise P9)."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest

from gateway.actions import guardians
from gateway.actions.erasure import erase_person
from gateway.actions.guardian_links import Fault, Linking, link_guardian, unlink_guardian
from gateway.actions.people_import import Importer, import_people
from gateway.cli.browser import Page
from gateway.kit.errors import Refusal
from gateway.model.grants import Answer
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.consents import Verdict
from gateway.store.guardian_links import begin_links, end_links
from gateway.store.guardians import NewAnswer, keep_answers
from tests.gateway.store.samples import rows
from tests.gateway.web.test_guardian import BEN, LAKSHMI, MEERA, allow, request_page, states, token, wish
from tests.world import PEOPLE, World

HERE = "/admin/guardians"
SCHOOL, STAFF = "school@lakeside.example", "admin@platform.example"
AOIFE = "aoife@northfield.example"


def link_by_page(world: World, administrator: str = SCHOOL, **changes: str) -> Page:
    browser = world.signed_in(administrator)
    given = {"child": MEERA, "guardian": BEN, "method": "in_person", "evidence": "File 12"} | changes
    return browser.submit(browser.open(HERE), f"{HERE}/link", given)


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


@pytest.mark.parametrize("administrator", [SCHOOL, STAFF])
def test_a_guardian_who_was_linked_can_allow(both: World, administrator: str) -> None:
    assert "They are linked now" in link_by_page(both, administrator).text
    assert ("in_person", "File 12", "active") in links(both)
    assert [letter.to for letter in both.letters.letters] == [MEERA, BEN]
    assert "https://gateway.example/guardian" in both.letters.letters[1].text
    (act,) = acts(both)
    assert (act.action, act.actor_id) == ("link_guardian", both.person_id(administrator))
    assert act.detail == {"guardian": both.person_id(BEN), "method": "in_person"}
    child = wish(both)
    allow(both, BEN)
    assert both.userinfo(token(both, child)).status_code == 200


def test_p9_what_stood_on_a_guardians_yes_alone_ends_with_the_link(both: World) -> None:
    child = wish(both)
    allow(both)
    access = token(both, child)
    assert both.userinfo(access).status_code == 200
    before = len(both.letters.letters)
    assert "The link has ended" in end_by_page(both).text
    assert both.userinfo(access).status_code == 401
    assert states(both) == [("ended", "guardian_consent")]
    assert "No child is linked to your account" in both.signed_in(LAKSHMI).open("/guardian").text
    told = both.letters.letters[before:]
    assert {MEERA, LAKSHMI} <= {letter.to for letter in told}
    assert (acts(both)[-1].action, acts(both)[-1].detail["ended"]) == ("unlink_guardian", 1)


def test_p9_what_another_guardian_allowed_too_goes_on(both: World) -> None:
    """Of two guardians who said yes, one leaves: the other's yes carries the grant."""
    link_by_page(both)
    child = wish(both)
    allow(both)
    access = token(both, child)
    [(offer_id,)] = rows(both, "SELECT offer_id FROM consent_grant")
    yes = NewAnswer(both.person_id(MEERA), offer_id, both.person_id(BEN), Answer.ALLOW, both.clock())
    both.store(keep_answers, yes)
    end_by_page(both)
    assert both.userinfo(access).status_code == 200
    end_by_page(both, linked_guardian=BEN)
    assert both.userinfo(access).status_code == 401


def test_p9_an_old_yes_does_not_come_back_with_a_new_link(both: World) -> None:
    child = wish(both)
    allow(both)
    token(both, child)
    end_by_page(both)
    link_by_page(both, guardian=LAKSHMI, method="documents")
    assert rows(both, "SELECT decision FROM approval") == []
    assert links(both) == [("documents", "File 12", "active")]
    wish(both)
    assert states(both)[-1] == ("waiting", "guardian_consent")


def test_a_wish_waits_on_for_another_guardian(both: World) -> None:
    child = wish(both)
    end_by_page(both)
    assert states(both) == [("waiting", "guardian_consent")]
    page = child.open(child.open("/connected").link("/connected/gra_"))
    assert "Nobody can answer this" in page.text
    assert " until " not in page.text.partition("What it may read")[0]
    link_by_page(both)
    page = child.open(child.open("/connected").link("/connected/gra_"))
    assert "Nobody can answer this" not in page.text
    assert "Waits for your guardian" in page.text
    allow(both, BEN)
    assert both.userinfo(token(both, child)).status_code == 200


def test_an_import_does_not_bring_an_ended_link_back(both: World) -> None:
    """The school's list of every night still names the guardian."""
    end_by_page(both)
    both.run(import_people, both.services, PEOPLE.encode(), Importer("cli"))
    assert [row[2] for row in links(both)] == ["ended"]


def test_p9_a_guardian_who_left_meanwhile_answers_no_more(both: World) -> None:
    """The page with the wish is open still when the link ends."""
    wish(both)
    browser, page = request_page(both)
    end_by_page(both)
    answer = browser.submit(page, urlsplit(page.url).path, {"third_party": "yes"}, button="allow")
    assert answer.status == 404
    assert states(both) == [("waiting", "guardian_consent")]
    [(offer_id,)] = rows(both, "SELECT offer_id FROM consent_grant")
    late = NewAnswer(both.person_id(MEERA), offer_id, both.person_id(LAKSHMI), Answer.ALLOW, both.clock())
    both.store(keep_answers, late)
    assert rows(both, "SELECT decision FROM approval") == []


def test_p9_an_answer_that_races_the_end_of_the_link_allows_nothing(
    both: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link ends after the answer looked and before it is committed."""
    wish(both)
    browser, page = request_page(both)
    commit = guardians.commit_change

    async def late(*given: Any, **named: Any) -> Any:
        assert await unlink_guardian(both.services, linking(both)) is None
        return await commit(*given, **named)

    monkeypatch.setattr(guardians, "commit_change", late)
    answer = browser.submit(page, urlsplit(page.url).path, {"third_party": "yes"}, button="allow")
    assert answer.status == 409
    assert states(both) == [("waiting", "guardian_consent")]
    assert rows(both, "SELECT decision FROM approval") == []


def test_p9_a_yes_that_comes_between_ends_with_the_link(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guardian says yes after the end was planned: it is planned anew, and the yes ends too."""
    wish(both)
    load, said = both.services.store.read, []

    async def read(operation: Any, *given: Any) -> Any:
        found = await load(operation, *given)
        if operation.__name__ == "load_links" and not said:
            said.append(await asyncio.to_thread(allow, both))
        return found

    monkeypatch.setattr(both.services.store, "read", read)
    assert both.run(unlink_guardian, both.services, linking(both)) is None
    assert len(said) == 1
    assert states(both) == [("ended", "guardian_consent")]


def test_an_end_that_cannot_be_planned_says_so(both: World, monkeypatch: pytest.MonkeyPatch) -> None:
    run = both.services.store.run

    async def stale(operation: Any, *given: Any) -> Any:
        return Verdict.STALE if operation is end_links else await run(operation, *given)

    monkeypatch.setattr(both.services.store, "run", stale)
    with pytest.raises(Refusal, match="temporarily_unavailable"):
        both.run(unlink_guardian, both.services, linking(both))


def test_of_many_administrators_one_links_and_one_ends(both: World) -> None:
    async def race(act: Any) -> list[Any]:
        return list(await asyncio.gather(*(act() for _ in range(6))))

    def begin() -> Any:
        return link_guardian(both.services, linking(both, BEN), "documents", "File 1")

    def end() -> Any:
        return unlink_guardian(both.services, linking(both, BEN))

    for act in (begin, end, begin):
        outcomes = both.run(race, act)
        assert outcomes.count(None) == 1
        assert {each.field for each in outcomes if isinstance(each, Fault)} == {"guardian"}
    assert len(acts(both)) == 3
    assert len(both.letters.letters) == 6


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"child": "nobody@lakeside.example"}, "child", "There is no account with this address."),
        ({"child": AOIFE}, "child", "There is no account with this address."),
        ({"child": BEN}, "child", "A guardian is linked to a student."),
        ({"guardian": "nobody@lakeside.example"}, "guardian", "There is no account with this address."),
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
    page = link_by_page(world, **changes)
    assert page.status == 422
    assert sentence in page.text
    assert f'href="#field-{field}"' in page.response.text
    assert len(links(world)) == 1
    assert acts(world) == []


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


@pytest.mark.parametrize("email", [MEERA, BEN])
def test_an_account_that_was_closed_is_linked_to_nobody(
    both: World, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed between the look and the commit, and before the next look."""
    plans: list[Any] = []
    run = both.services.store.run

    async def first_erase(operation: Any, *given: Any) -> Any:
        if operation is begin_links and not plans:
            plans.append(given)
            await erase_person(both.services, "cli", email)
        return await run(operation, *given)

    monkeypatch.setattr(both.services.store, "run", first_erase)
    for _ in range(2):
        fault = both.run(link_guardian, both.services, linking(both, BEN), "documents", "File 1")
        assert isinstance(fault, Fault)
    assert len(plans) == 1
    assert ("documents", "File 1", "active") not in links(both)


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
