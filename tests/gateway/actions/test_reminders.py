"""Reminders: one letter in ninety days, a warning in time before an end, each once though two nodes look."""

import asyncio

import pytest

from gateway.actions.erasure import erase_person
from gateway.actions.reminders import remind_people, reminder_letters
from gateway.consent.upkeep import DIGEST, WARNING
from gateway.kit.mail import Letter
from gateway.model.grants import SUNSET
from gateway.store.due_reminders import Due, DuePage, load_due
from gateway.store.reminders import Reminding, begin_digests, remind
from tests.gateway.store.samples import act, one_after_the_other, rows
from tests.gateway.web.test_connected import detail_of
from tests.world import PERSONAL_VALUES, World

ASHA, PHONE, DAY = "asha@lakeside.example", "phone_number.appointment_reminders", 86_400


def reminded(world: World) -> list[Letter]:
    """Let a round pass; give the reminders that it led to."""
    world.letters.sent.clear()
    world.run(remind_people, world.services)
    return [each for each in world.letters.letters if each.attachment is None]


def sharing(world: World) -> None:
    """Share for 180 days, unused from now on."""
    world.tokens(PHONE)
    assert reminded(world) == []


def test_a_digest_comes_once_in_ninety_days_and_names_what_is_connected(both: World) -> None:
    sharing(both)
    both.clock.pass_by(DIGEST - 1)
    assert reminded(both) == []
    both.clock.pass_by(1)
    (letter,) = reminded(both)
    assert (letter.to, letter.subject) == (ASHA, "What you share through Lecturelight")
    assert "- Practice quizzes by QuizCo, until 17 May 2027" in letter.text
    assert "https://gateway.example/connected" in letter.text
    assert not [each for each in PERSONAL_VALUES if each in letter.text]
    assert reminded(both) == []


def test_rule_4_a_warning_comes_fourteen_days_before_the_end_and_once(both: World) -> None:
    sharing(both)
    both.clock.pass_by(180 * DAY - WARNING - 1)
    assert [each.subject for each in reminded(both)] == ["What you share through Lecturelight"]
    both.clock.pass_by(1)
    (letter,) = reminded(both)
    assert letter.subject == "Sharing ends soon"
    assert "This ends by itself:\n- Practice quizzes by QuizCo, until 17 May 2027" in letter.text
    both.clock.pass_by(DAY)
    assert reminded(both) == []


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
def test_two_nodes_that_look_at_once_send_one_letter(both: World, kind: str) -> None:
    sharing(both)
    now = both.clock() + DIGEST
    plans = [
        Reminding(
            both.person_id(),
            f"let_{number}",
            now,
            warnings=(("ending", "gra_x:1"),) if kind == "warning" else (),
            digest_before=now - DIGEST if kind == "digest" else None,
        )
        for number in range(8)
    ]

    async def race() -> list[bool]:
        return await asyncio.gather(*(both.services.store.run(remind, each) for each in plans))

    assert sorted(both.run(race)) == [False] * 7 + [True]
    assert rows(both, "SELECT count(*) FROM letter WHERE kind = 'reminder'")[0][0] == 1


def test_people_are_looked_at_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.actions.reminders.PAGE", 1)
    world.tokens(PHONE)
    world.tokens(email="aoife@northfield.example")
    assert reminded(world) == []
    world.clock.pass_by(DIGEST)
    assert {each.to for each in reminded(world)} == {ASHA, "aoife@northfield.example"}


def test_whoever_stopped_everything_is_told_again_only_after_they_shared_again(both: World) -> None:
    """And is not looked at each time: the digest of somebody who shares nothing is put off by ninety days."""
    sharing(both)
    both.clock.pass_by(DIGEST)
    act(both, "UPDATE consent_grant SET state = 'paused'")
    assert reminded(both) == []
    assert due(both, Due.DIGEST, both.clock() - DIGEST) == []
    act(both, "UPDATE consent_grant SET state = 'active', valid_until = valid_until + 40000000")
    act(both, "UPDATE consent_grant SET last_user_activity_at = :now", now=both.clock())
    both.clock.pass_by(DIGEST - 1)
    assert reminded(both) == []
    both.clock.pass_by(1)
    assert [each.subject for each in reminded(both)] == ["What you share through Lecturelight"]


def test_whoever_was_warned_is_not_looked_at_again(both: World) -> None:
    """Of thousands whose sharing ends in these two weeks, each round reads only those who do not know yet."""
    sharing(both)
    both.clock.pass_by(180 * DAY - WARNING)
    soon = both.clock() + WARNING
    assert due(both, Due.ENDING, soon) == [both.person_id()]
    assert len(reminded(both)) == 1
    assert due(both, Due.ENDING, soon) == []
    act(both, "UPDATE consent_grant SET valid_until = valid_until + 40000000")
    assert (due(both, Due.ENDING, soon), due(both, Due.UNUSED, soon - SUNSET)) == ([], [both.person_id()])
    assert len(reminded(both)) == 1
    assert due(both, Due.UNUSED, soon - SUNSET) == []


def due(world: World, why: Due, until: int) -> list[str]:
    return [each.person_id for each in world.store(load_due, DuePage(why, until, 9)).found]


def test_of_two_nodes_that_look_at_once_one_begins_the_time_until_the_first_digest(both: World) -> None:
    """And neither waits for the other, nor for a hand-off that holds the grant."""
    both.tokens(PHONE)
    ask = (both.clock(), 5)
    assert one_after_the_other(both, begin_digests, ask, ask) == (1, 0)
    assert rows(both, "SELECT kind, at FROM reminder") == [("digest", both.clock())]


def test_a_second_service_begins_no_second_time(both: World) -> None:
    sharing(both)
    both.clock.pass_by(DAY)
    act(both, "UPDATE consent_grant SET digest_begun = false")
    assert reminded(both) == []
    assert rows(both, "SELECT at FROM reminder") == [(both.clock() - DAY,)]
    assert both.store(begin_digests, (both.clock(), 5)) == 0
