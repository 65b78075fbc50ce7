"""News by mail and statistics: off or on by one press, with or without log-in, at once (promises P10, P11)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.accounts.news import post_news
from gateway.actions.accounts.preferences import unsubscribe_path
from gateway.actions.operation.postman import Postman
from gateway.cli.browser import Page
from gateway.kit.mail import Letter
from gateway.model.preferences import Preference
from gateway.store.accounts.preferences import NewChoice, keep_choices, load_counted_people
from gateway.store.admin_actions import AdminAction, load_actions
from tests.gateway.store.samples import act, rows
from tests.world import ISSUER, NOW, World

ASHA = "asha@lakeside.example"
MEERA = "meera@lakeside.example"
HERE = "/preferences"


def switch(world: World, preference: str, wish: str, email: str = ASHA) -> Page:
    browser = world.signed_in(email)
    return browser.submit(browser.open(HERE), HERE, {"preference": preference, "wish": wish})


def send_news(world: World, email: str = ASHA) -> Sequence[Letter]:
    """Give the letters that leave when news are posted to somebody."""
    before = len(world.letters.letters)
    world.run(post_news, world.services, world.person_id(email), "A new course", "It begins in May.")
    world.run(Postman(world.services).turn)
    return world.letters.letters[before:]


def link(world: World, email: str = ASHA) -> str:
    return unsubscribe_path(world.services, world.person_id(email))


def one_click(world: World, path: str) -> httpx2.Response:
    """Post as a mail program does: no session, no page seen before (RFC 8058 §3.2)."""
    return world.client().post(path, data={"List-Unsubscribe": "One-Click"})


def counted(world: World) -> list[str]:
    return world.store(load_counted_people, "lakeside")


def events(world: World, email: str = ASHA) -> list[AdminAction]:
    found = world.store(load_actions, ("person", world.person_id(email)))
    return [each for each in found if each.actor_id == world.person_id(email)]


def test_nobody_gets_news_who_has_not_chosen_them(each_world: World) -> None:
    assert send_news(each_world) == []
    assert "Off. You get no news by mail." in each_world.signed_in().open(HERE).text


def test_news_come_with_a_way_out_and_end_by_one_click_without_log_in(each_world: World) -> None:
    assert "On. You get news" in switch(each_world, "promotional_mail", "on").text
    (letter,) = send_news(each_world)
    assert letter.to == ASHA
    assert letter.unsubscribe == ISSUER + link(each_world)
    assert letter.unsubscribe in letter.text
    assert one_click(each_world, link(each_world)).status_code == 200
    assert send_news(each_world) == []
    assert [(each.action, each.detail) for each in events(each_world)] == [
        ("promotional_mail_on", {}),
        ("promotional_mail_off", {"conditions": "link"}),
    ]


def test_a_no_reaches_the_news_that_wait_already(each_world: World) -> None:
    switch(each_world, "promotional_mail", "on")
    before = list(each_world.letters.letters)
    each_world.run(
        post_news, each_world.services, each_world.person_id(), "A new course", "It begins in May."
    )
    one_click(each_world, link(each_world))
    each_world.run(Postman(each_world.services).turn)
    assert each_world.letters.letters == before


def test_opening_the_link_changes_nothing(world: World) -> None:
    switch(world, "promotional_mail", "on")
    browser = world.browser()
    page = browser.open(link(world))
    assert "Stop news by mail?" in page.text
    assert ASHA not in page.text
    assert len(send_news(world)) == 1
    assert "News by mail has stopped" in browser.submit(page, link(world)).text
    assert send_news(world) == []


def test_a_mail_program_may_post_any_form_from_anywhere(world: World) -> None:
    """RFC 8058 §3.2: it may be multipart, and a web mail's page is another origin."""
    switch(world, "promotional_mail", "on")
    headers = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    form = {"List-Unsubscribe": (None, "One-Click")}
    answer = world.client().post(link(world), files=form, headers=headers)
    assert answer.status_code == 200
    assert send_news(world) == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_is_not_ours_stops_nothing(world: World, method: str) -> None:
    switch(world, "promotional_mail", "on")
    theirs = link(world, MEERA).rpartition("/")[2]
    forged = f"{link(world).rpartition('/')[0]}/{theirs}"
    for path in (forged, "/unsubscribe/per_nobody/x", "/unsubscribe/per_nobody/%C3%A9"):
        assert world.client().request(method, path).status_code == 404
    assert len(send_news(world)) == 1


def test_under_age_there_are_no_news_even_if_they_were_chosen_before(each_world: World) -> None:
    assert "while a guardian decides with you" in each_world.signed_in(MEERA).open(HERE).text
    assert switch_directly(each_world, MEERA) == 403
    assert send_news(each_world, MEERA) == []
    switch(each_world, "promotional_mail", "on")
    act(
        each_world, "UPDATE person SET needs_guardian = TRUE WHERE person_id = :id", id=each_world.person_id()
    )
    assert send_news(each_world) == []
    assert "On. You get news" not in each_world.signed_in().open(HERE).text


def test_a_choice_that_crosses_the_guardians_coming_is_not_kept(each_world: World) -> None:
    """The session was found before: the store looks again, in the transaction that would keep the choice."""
    asha = each_world.person_id()
    act(each_world, "UPDATE person SET needs_guardian = TRUE WHERE person_id = :id", id=asha)
    action = AdminAction("act_late", asha, "promotional_mail_on", "person", asha, NOW)
    assert not each_world.store(keep_choices, NewChoice(asha, Preference.PROMOTIONAL_MAIL, True, action))
    assert rows(each_world, "SELECT count(*) FROM preference") == [(0,)]
    assert events(each_world) == []


def switch_directly(world: World, email: str, preference: str = "promotional_mail", wish: str = "on") -> int:
    """Send the form although the page has no such button."""
    browser = world.signed_in(email)
    page = browser.open(HERE)
    return browser.submit(page, HERE, {"preference": preference, "wish": wish}).status


@pytest.mark.parametrize(("preference", "wish"), [("receipts", "off"), ("statistics", "perhaps")])
def test_there_are_two_choices_and_two_answers(world: World, preference: str, wish: str) -> None:
    assert switch_directly(world, ASHA, preference, wish) == 400
    assert events(world) == []


def test_who_is_left_out_of_statistics_is_gone_before_anything_is_counted(each_world: World) -> None:
    asha = each_world.person_id()
    assert asha in counted(each_world)
    everybody = len(counted(each_world))
    assert "Off. You are left out" in switch(each_world, "statistics", "off").text
    assert asha not in counted(each_world)
    assert len(counted(each_world)) == everybody - 1
    switch(each_world, "statistics", "on")
    assert asha in counted(each_world)
    assert [each.action for each in events(each_world)] == ["statistics_off", "statistics_on"]


def test_a_choice_has_its_time_and_its_place_in_the_log(each_world: World) -> None:
    switch(each_world, "statistics", "off")
    at = each_world.services.clock()
    asha = each_world.person_id()
    kept = rows(each_world, "SELECT name, is_on, changed_at FROM preference WHERE person_id = :id", id=asha)
    assert [(name, bool(is_on), changed_at) for name, is_on, changed_at in kept] == [
        ("statistics", False, at)
    ]
    (event,) = events(each_world)
    assert event.at == at
    waiting = rows(each_world, "SELECT kind FROM log_pending WHERE source_id = :id", id=event.action_id)
    placed = rows(each_world, "SELECT kind FROM log_leaf WHERE source_id = :id", id=event.action_id)
    assert waiting + placed == [("admin_action",)]


def test_however_often_and_at_once_one_choice_is_one_event(each_world: World) -> None:
    switch(each_world, "promotional_mail", "on")
    path = link(each_world)
    with ThreadPoolExecutor(8) as crowd:
        answers = list(crowd.map(lambda _: one_click(each_world, path).status_code, range(8)))
    assert answers == [200] * 8
    assert [each.action for each in events(each_world)] == ["promotional_mail_on", "promotional_mail_off"]


def test_who_was_erased_has_no_choices_left_and_gets_none(each_world: World) -> None:
    switch(each_world, "promotional_mail", "on")
    asha, path = each_world.person_id(), link(each_world)
    each_world.run(erase_person, each_world.services, "system", ASHA)
    assert one_click(each_world, path).status_code == 200
    assert rows(each_world, "SELECT count(*) FROM preference") == [(0,)]
    assert asha not in counted(each_world)
    before = len(each_world.letters.letters)
    each_world.run(post_news, each_world.services, asha, "A new course", "It begins in May.")
    each_world.run(Postman(each_world.services).turn)
    assert len(each_world.letters.letters) == before
