"""Complaints reach somebody, who answers them from a closed list; the person sees the answer (promise P17)."""

import pytest

from gateway.cli.browser import Browser, Page
from gateway.consent.complaints import ComplaintKind
from gateway.model.complaints import ComplaintAnswer
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.complaints import NewComplaintAnswer, answer_complaints
from gateway.web.administration import complaints as admin_complaints
from gateway.web.pages.complaint_words import ANSWER_WORDS, COMPLAINT_WORDS
from tests.gateway.store.samples import rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.world import PERSONAL_VALUES, World

HERE = "/admin/complaints"


def as_(world: World, role: str) -> Browser:
    return world.signed_in(f"{role}@platform.example")


def complain(world: World, kind: str, name: str = "asha") -> Browser:
    world.clock.pass_by(1)
    browser = world.signed_in(f"{name}@lakeside.example")
    browser.submit(detail_of(browser), "/complain", {"kind": kind})
    return browser


@pytest.fixture
def complained(each_world: World) -> World:
    """A world where Asha and Ben share with QuizCo, which read, and Asha complained."""
    each_world.clock.pass_by(1)
    for email in ("asha@lakeside.example", "ben@lakeside.example"):
        each_world.userinfo(each_world.tokens(email=email)["access_token"])
    complain(each_world, "too_much")
    return each_world


def reference(world: World) -> str:
    found: str = rows(world, "SELECT complaint_id FROM complaint ORDER BY opened_at LIMIT 1")[0][0]
    return found


def say(world: World, given: str, role: str = "officer") -> Page:
    browser = as_(world, role)
    return browser.submit(browser.open(HERE), f"/{reference(world)}", {"answer": given})


def test_p17_an_answer_closes_the_complaint_is_on_record_and_the_person_sees_it(complained: World) -> None:
    assert "They ask for too much" in as_(complained, "officer").open(HERE).text
    looking = say(complained, "looking")
    assert "The answer is kept" in looking.text
    assert "We are looking into it" in detail_of(complained.signed_in()).text
    done = say(complained, "partner_told", role="admin")
    assert "Closed" in done.text
    assert f"/{reference(complained)}" not in {form.action for form in done.forms}
    own = detail_of(complained.signed_in())
    assert f"{reference(complained)} · We told the partner to put it right" in own.text
    acts = rows(
        complained,
        "SELECT target_id, detail FROM admin_action WHERE action = 'answer_complaint' ORDER BY detail",
    )
    assert acts == [
        (reference(complained), '{"answer": "looking"}'),
        (reference(complained), '{"answer": "partner_told"}'),
    ]


def test_of_two_administrators_who_close_it_one_wins(complained: World) -> None:
    """An answer that the person has read is not replaced by another."""
    first, second = as_(complained, "officer"), as_(complained, "admin")
    pages = first.open(HERE), second.open(HERE)
    assert first.submit(pages[0], f"/{reference(complained)}", {"answer": "settled"}).status == 200
    assert second.submit(pages[1], f"/{reference(complained)}", {"answer": "no_breach"}).status == 409
    assert rows(complained, "SELECT answer FROM complaint") == [("settled",)]


def test_who_may_only_look_is_offered_no_answer_and_has_none(complained: World) -> None:
    for role in ("support", "auditor"):
        browser = as_(complained, role)
        page = browser.open(HERE)
        with pytest.raises(LookupError):
            page.form(f"/{reference(complained)}")
        token = dict(page.form("/logout").fields)
        answered = browser._client.post(
            f"{HERE}/{reference(complained)}", data={**token, "answer": "settled"}
        )
        assert answered.status_code == 403
    assert rows(complained, "SELECT answer FROM complaint") == [(None,)]


def test_the_list_is_filtered_and_names_nobody(complained: World) -> None:
    complain(complained, "advertising")
    complain(complained, "advertising", "ben")
    browser = as_(complained, "officer")
    page = browser.open(HERE)

    assert page.link("/admin/partners/quizco")
    assert "Paused" in page.text
    assert not [value for value in PERSONAL_VALUES if value in page.response.text]
    assert "3 wait for somebody" in browser.open("/admin").text
    say(complained, "no_breach")
    counted = {
        query: browser.open(f"{HERE}?{query}").response.text.count('class="card service"')
        for query in (
            "state=open",
            "state=closed",
            "kind=advertising",
            "partner=campuspress",
            "partner=quizco&kind=too_much&state=closed",
        )
    }
    assert list(counted.values()) == [2, 1, 2, 0, 1]
    found = browser.submit(browser.open(HERE), HERE, {"kind": "too_much"})
    assert found.url.endswith(f"{HERE}?kind=too_much")
    assert browser.open(f"{HERE}?kind=loud").status == 400


def test_pages_of_complaints_are_linked(complained: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin_complaints, "PAGE", 1)
    complain(complained, "other")
    browser = as_(complained, "officer")
    first = browser.open(HERE)
    older = browser.open(first.link(f"{HERE}?before="))
    assert ("Something else" in first.text, "cmp_" in older.text) == (True, True)
    assert reference(complained) not in first.text
    assert reference(complained) in older.text


def test_what_was_not_offered_is_refused(complained: World) -> None:
    browser = as_(complained, "officer")
    page = browser.open(HERE)
    assert browser.submit(page, f"/{reference(complained)}", {"answer": "loud"}).status == 400
    token = dict(page.form("/logout").fields)
    gone = browser._client.post(f"{HERE}/cmp_unknown", data={**token, "answer": "settled"})
    assert gone.status_code == 404


def test_a_commit_whose_outcome_was_lost_is_repeated_without_a_second_act(complained: World) -> None:
    act = AdminAction("act_1", "per_1", "answer_complaint", "complaint", reference(complained), 1)
    new = NewComplaintAnswer(reference(complained), "settled", act)
    assert [complained.store(answer_complaints, new) for _ in range(2)] == [True, True]
    assert rows(complained, "SELECT count(*) FROM admin_action WHERE action_id = 'act_1'") == [(1,)]


def test_every_kind_and_every_answer_has_words() -> None:
    assert set(COMPLAINT_WORDS) == set(ComplaintKind)
    assert set(ANSWER_WORDS) == set(ComplaintAnswer)
