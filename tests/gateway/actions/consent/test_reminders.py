"""Reminders: one letter in ninety days, a warning in time before an end, each once though two nodes look."""

import asyncio

import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.consent.reminders import remind_people, reminder_letters
from gateway.consent.upkeep import DIGEST, WARNING
from gateway.kit.clock import DAY
from gateway.kit.mail import Letter
from gateway.model.grants import SUNSET
from gateway.store.consent.due_reminders import Due, DuePage, load_due
from gateway.store.consent.reminders import Reminding, begin_digests, remind
from tests.gateway.store.samples import act, one_after_the_other, rows
from tests.gateway.web.consent.test_consents import detail_of
from tests.world import PERSONAL_VALUES, World

ASHA, PHONE = "asha@lakeside.example", "phone_number.appointment_reminders"


def reminded(world: World) -> list[Letter]:
    """Let a round pass; give the reminders that it led to."""
    world.letters.sent.clear()
    world.run(remind_people, world.services)
    return [each for each in world.letters.letters if each.attachment is None]


def sharing(world: World) -> None:
    """Share for 180 days, unused from now on."""
    world.tokens(PHONE)
    assert reminded(world) == []


def test_a_digest_comes_once_in_ninety_days_and_names_what_is_connected(each_world: World) -> None:
    sharing(each_world)
    each_world.clock.pass_by(DIGEST - 1)
    assert reminded(each_world) == []
    each_world.clock.pass_by(1)
    (letter,) = reminded(each_world)
    assert (letter.to, letter.subject) == (ASHA, "What you share through Lecturelight")
    assert "- Practice quizzes by QuizCo, until 17 May 2027" in letter.text
    assert "https://gateway.example/connected" in letter.text
    assert not [each for each in PERSONAL_VALUES if each in letter.text]
    assert reminded(each_world) == []


def test_rule_4_a_warning_comes_fourteen_days_before_the_end_and_once(each_world: World) -> None:
    sharing(each_world)
    each_world.clock.pass_by(180 * DAY - WARNING - 1)
    assert [each.subject for each in reminded(each_world)] == ["What you share through Lecturelight"]
    each_world.clock.pass_by(1)
    (letter,) = reminded(each_world)
    assert letter.subject == "Sharing ends soon"
    assert "This ends by itself:\n- Practice quizzes by QuizCo, until 17 May 2027" in letter.text
    each_world.clock.pass_by(DAY)
    assert reminded(each_world) == []


def test_digest_and_warning_of_one_round_are_one_letter(world: World) -> None:
    sharing(world)
    world.clock.pass_by(180 * DAY - WARNING)
    (letter,) = reminded(world)
    assert letter.subject == "What you share through Lecturelight"
    assert "This ends by itself:" in letter.text


def test_disuse_is_warned_of_and_after_a_use_of_the_next_disuse(world: World) -> None:
    sharing(world)
    act(world, "UPDATE consent_grant SET valid_until = valid_until + 40000000")
    world.clock.pass_by(180 * DAY - WARNING)
    assert len(reminded(world)) == 1
    act(world, "UPDATE consent_grant SET last_user_activity_at = :now", now=world.clock())
    assert reminded(world) == []
    world.clock.pass_by(180 * DAY - WARNING)
    (letter,) = reminded(world)
    assert "This ends by itself:" in letter.text
    kinds = rows(world, "SELECT kind FROM reminder ORDER BY kind")
    assert [each[0] for each in kinds] == ["digest", "unused", "unused"]


def test_a_short_term_is_not_warned_of(world: World) -> None:
    world.tokens(PHONE)
    act(world, "UPDATE consent_grant SET valid_until = valid_from + :days", days=2 * WARNING - 1)
    world.clock.pass_by(WARNING + DAY)
    assert reminded(world) == []


def test_nothing_is_said_of_what_ended_or_moved_before_the_letter_left(world: World) -> None:
    sharing(world)
    world.clock.pass_by(180 * DAY - WARNING)
    world.run(remind_people, world.services)
    browser = world.signed_in()
    page = detail_of(browser)
    browser.submit(page, next(each.action for each in page.forms if each.action.endswith("/stop")))
    world.letters.sent.clear()
    assert [each for each in world.letters.letters if each.attachment is None] == []


def test_whoever_was_erased_is_not_reminded(world: World) -> None:
    sharing(world)
    world.clock.pass_by(DIGEST)
    world.run(remind_people, world.services)
    (letter_id,) = rows(world, "SELECT letter_id FROM reminder")[0]
    world.run(erase_person, world.services, "cli", ASHA)
    assert world.run(reminder_letters, world.services, letter_id) == []
    assert reminded(world) == []


@pytest.mark.parametrize("kind", ["digest", "warning"])
def test_two_nodes_that_look_at_once_send_one_letter(each_world: World, kind: str) -> None:
    sharing(each_world)
    now = each_world.clock() + DIGEST
    plans = [
        Reminding(
            each_world.person_id(),
            f"let_{number}",
            now,
            warnings=(("ending", "gra_x:1"),) if kind == "warning" else (),
            digest_before=now - DIGEST if kind == "digest" else None,
        )
        for number in range(8)
    ]

    async def race() -> list[bool]:
        return await asyncio.gather(*(each_world.services.store.run(remind, each) for each in plans))

    assert sorted(each_world.run(race)) == [False] * 7 + [True]
    assert rows(each_world, "SELECT count(*) FROM letter WHERE kind = 'reminder'")[0][0] == 1


def test_people_are_looked_at_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.actions.consent.reminders.PAGE", 1)
    world.tokens(PHONE)
    world.tokens(email="aoife@northfield.example")
    assert reminded(world) == []
    world.clock.pass_by(DIGEST)
    assert {each.to for each in reminded(world)} == {ASHA, "aoife@northfield.example"}


def test_whoever_stopped_everything_is_told_again_only_after_they_shared_again(each_world: World) -> None:
    """And is not looked at each time: the digest of somebody who shares nothing is put off by ninety days."""
    sharing(each_world)
    each_world.clock.pass_by(DIGEST)
    act(each_world, "UPDATE consent_grant SET state = 'paused'")
    assert reminded(each_world) == []
    assert due(each_world, Due.DIGEST, each_world.clock() - DIGEST) == []
    act(each_world, "UPDATE consent_grant SET state = 'active', valid_until = valid_until + 40000000")
    act(each_world, "UPDATE consent_grant SET last_user_activity_at = :now", now=each_world.clock())
    each_world.clock.pass_by(DIGEST - 1)
    assert reminded(each_world) == []
    each_world.clock.pass_by(1)
    assert [each.subject for each in reminded(each_world)] == ["What you share through Lecturelight"]


def test_whoever_was_warned_is_not_looked_at_again(each_world: World) -> None:
    """Of thousands whose sharing ends in these two weeks, each round reads only those who do not know yet."""
    sharing(each_world)
    each_world.clock.pass_by(180 * DAY - WARNING)
    soon = each_world.clock() + WARNING
    assert due(each_world, Due.ENDING, soon) == [each_world.person_id()]
    assert len(reminded(each_world)) == 1
    assert due(each_world, Due.ENDING, soon) == []
    act(each_world, "UPDATE consent_grant SET valid_until = valid_until + 40000000")
    assert (due(each_world, Due.ENDING, soon), due(each_world, Due.UNUSED, soon - SUNSET)) == (
        [],
        [each_world.person_id()],
    )
    assert len(reminded(each_world)) == 1
    assert due(each_world, Due.UNUSED, soon - SUNSET) == []


def due(world: World, why: Due, until: int) -> list[str]:
    return [each.person_id for each in world.store(load_due, DuePage(why, until, 9)).found]


def test_of_two_nodes_that_look_at_once_one_begins_the_time_until_the_first_digest(each_world: World) -> None:
    """And neither waits for the other, nor for a hand-off that holds the grant."""
    each_world.tokens(PHONE)
    ask = (each_world.clock(), 5)
    assert one_after_the_other(each_world, begin_digests, ask, ask) == (1, 0)
    assert rows(each_world, "SELECT kind, at FROM reminder") == [("digest", each_world.clock())]


def test_a_second_service_begins_no_second_time(each_world: World) -> None:
    sharing(each_world)
    each_world.clock.pass_by(DAY)
    act(each_world, "UPDATE consent_grant SET digest_begun = false")
    assert reminded(each_world) == []
    assert rows(each_world, "SELECT at FROM reminder") == [(each_world.clock() - DAY,)]
    assert each_world.store(begin_digests, (each_world.clock(), 5)) == 0
