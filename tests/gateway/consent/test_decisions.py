"""Decisions: pure functions from the grant that was seen to the grant and event that follow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent.decisions import (
    DecisionOutcome,
    allow,
    ask_guardian,
    deny,
    end,
    give,
    keep_terms,
    narrow,
    pause,
    refuse,
    resume,
    shorten,
)
from gateway.consent.receipts import _durations
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.grants import WISH, EventType, Grant, GrantedItem, GrantState, IllegalMove, ReasonCode
from tests.gateway.consent.samples import BASIS, EMAIL, NAME, NOW, PERSON, PHONE, SUPPORT, counting_ids, grant


def say_yes(seen: Grant | None, *items: GrantedItem, duration: int = 500) -> DecisionOutcome:
    return give(seen, PERSON, BASIS, items, duration, now=NOW, ids=counting_ids())


def test_a_first_yes_makes_a_grant_and_the_event_that_proves_it() -> None:
    outcome = say_yes(None, NAME, EMAIL)
    made, event = outcome.grant, outcome.event
    assert (made.state, made.version, made.valid_from, made.valid_until) == (
        GrantState.ACTIVE,
        1,
        NOW,
        NOW + 500,
    )
    assert (event.type, event.seq, event.grant_id, event.event_id) == (
        EventType.GIVEN,
        1,
        made.grant_id,
        made.event_id,
    )
    assert event.items == (NAME.item, EMAIL.item)
    # Bound to what was served, in the language in which it was served (promise P4).
    assert (event.served_id, event.language) == (BASIS.served_id, BASIS.language)
    assert (event.actor_id, event.method, event.auth_time, event.acr) == (
        "per_1",
        "consent_screen",
        NOW - 5,
        "pwd",
    )
    assert (made.offer_version, made.notice_id) == (3, "not_3")


@pytest.mark.parametrize(
    ("before", "after", "type_"),
    [
        ((NAME,), (NAME,), EventType.RENEWED),
        ((NAME, EMAIL), (NAME,), EventType.RENEWED),
        ((NAME,), (NAME, EMAIL), EventType.WIDENED),
        (
            (NAME, EMAIL),
            (NAME, EMAIL._replace(item=EMAIL.item._replace(form=PHONE.item.form))),
            EventType.WIDENED,
        ),
    ],
)
def test_a_further_yes_keeps_the_grant_and_moves_it_to_the_served_notice(
    before: tuple[GrantedItem, ...], after: tuple[GrantedItem, ...], type_: EventType
) -> None:
    """The same field in a more revealing form is more than was given: widened."""
    seen = grant(*before)
    outcome = say_yes(seen, *after)
    assert outcome.event.type is type_
    assert (outcome.grant.grant_id, outcome.grant.version) == (seen.grant_id, seen.version + 1)
    assert (outcome.grant.offer_version, outcome.grant.notice_id) == (3, "not_3")
    assert (outcome.grant.items, outcome.grant.valid_until) == (after, NOW + 500)


def test_a_no_without_a_grant_is_remembered_and_holds_nothing() -> None:
    outcome = refuse(None, PERSON, BASIS, now=NOW, ids=counting_ids())
    assert outcome.grant.state is GrantState.REFUSED
    assert (outcome.grant.items, outcome.event.items) == ((), ())
    assert not outcome.grant.is_live(NOW)
    assert outcome.event.served_id == BASIS.served_id


def test_keeping_old_terms_leaves_everything_as_it_stood() -> None:
    """Promise P5: the old terms stay, and so does their notice."""
    seen = grant(NAME, EMAIL)
    after = keep_terms(seen, PERSON, BASIS, now=NOW, ids=counting_ids()).grant
    assert after == replace(
        seen, version=5, event_id=after.event_id, used_at=NOW, decided_version=BASIS.offer_version
    )


def test_a_no_to_something_else_is_no_answer_to_new_terms() -> None:
    """Promise P5: what new terms had stopped stays stopped."""
    seen = grant(NAME, EMAIL)
    after = refuse(seen, PERSON, BASIS, now=NOW, ids=counting_ids()).grant
    assert after == replace(seen, version=5, event_id=after.event_id, used_at=NOW)


def test_one_item_is_switched_off_alone() -> None:
    seen = grant(NAME, EMAIL, PHONE)
    outcome = narrow(seen, PERSON, "email", "results_delivery", now=NOW, ids=counting_ids())
    assert outcome.grant.items == (NAME, PHONE)
    assert outcome.event.type is EventType.NARROWED
    assert outcome.event.items == (NAME.item, PHONE.item)
    assert outcome.grant.valid_until == seen.valid_until


@pytest.mark.parametrize(
    ("field", "purpose", "code"),
    [
        ("email", "appointment_reminders", "stale_form"),
        ("address", "delivery_of_goods", "stale_form"),
        ("name", "learning_progress", "bad_form"),
    ],
)
def test_what_is_not_held_or_needed_cannot_be_switched_off(field: str, purpose: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        narrow(grant(NAME, EMAIL), PERSON, field, purpose, now=NOW, ids=counting_ids())
    assert caught.value.code == code


@pytest.mark.parametrize("state", [GrantState.WAITING, GrantState.ACTIVE, GrantState.PAUSED])
def test_dpv_a_stop_is_withdrawn_by_the_person_and_revoked_by_anyone_else(state: GrantState) -> None:
    seen = grant(NAME, state=state)
    own = end(seen, PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=counting_ids())
    other = end(seen, SUPPORT, ReasonCode.PHONE_REQUEST, now=NOW, ids=counting_ids())
    assert (own.event.type, own.event.reason) == (EventType.WITHDRAWN, ReasonCode.USER_REQUEST)
    assert (other.event.type, other.event.reason) == (EventType.REVOKED, ReasonCode.PHONE_REQUEST)
    assert own.grant.state is other.grant.state is GrantState.ENDED


@pytest.mark.parametrize("state", [GrantState.ENDED, GrantState.REFUSED])
def test_what_is_over_can_neither_be_stopped_nor_narrowed_nor_given_again(state: GrantState) -> None:
    seen = grant(NAME, EMAIL, state=state)
    for decide in (
        lambda: end(seen, PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=counting_ids()),
        lambda: narrow(seen, PERSON, "email", "results_delivery", now=NOW, ids=counting_ids()),
    ):
        with pytest.raises(Refusal) as caught:
            decide()
        assert caught.value.code == "stale_form"
    with pytest.raises(IllegalMove):
        say_yes(seen, NAME)


@given(st.lists(st.sampled_from(["renew", "widen", "refuse", "narrow", "end"]), max_size=8))
def test_however_decisions_follow_each_other_versions_count_events_and_the_end_is_the_end(
    steps: list[str],
) -> None:
    ids = counting_ids()
    outcome = say_yes(None, NAME, EMAIL)
    events = [outcome.event]
    for step in steps:
        seen = outcome.grant
        try:
            if step == "renew":
                outcome = give(seen, PERSON, BASIS, seen.items, 9, now=NOW, ids=ids)
            elif step == "widen":
                outcome = give(seen, PERSON, BASIS, (NAME, EMAIL, PHONE), 9, now=NOW, ids=ids)
            elif step == "refuse":
                outcome = refuse(seen, PERSON, BASIS, now=NOW, ids=ids)
            elif step == "narrow":
                outcome = narrow(seen, PERSON, "email", "results_delivery", now=NOW, ids=ids)
            else:
                outcome = end(seen, PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=ids)
        except (Refusal, IllegalMove):
            continue
        assert seen.state is not GrantState.ENDED
        events.append(outcome.event)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert outcome.grant.version == len(events)
    assert (outcome.grant.state is GrantState.ENDED) == (events[-1].type is EventType.WITHDRAWN)


def test_p9_a_guardian_answers_only_what_waits_and_a_child_waits_once() -> None:
    waiting = grant(NAME, state=GrantState.WAITING)
    ids = counting_ids()
    with pytest.raises(Refusal):
        ask_guardian(waiting, PERSON, BASIS, (NAME,), 500, now=NOW, ids=ids)
    with pytest.raises(Refusal):
        allow(grant(NAME), PERSON, "srv_1", "en", now=NOW, ids=ids)
    assert deny(waiting, PERSON, now=NOW, ids=ids).grant.state is GrantState.REFUSED
    assert deny(grant(NAME), PERSON, now=NOW, ids=ids).event.reason is ReasonCode.GUARDIAN_REQUEST


def test_a_pause_is_made_once_and_ended_once_and_keeps_what_was_chosen() -> None:
    ids = counting_ids()
    paused = pause(grant(NAME), PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=ids).grant
    assert not paused.is_live(NOW)
    with pytest.raises(Refusal):
        pause(paused, PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=ids)
    resumed = resume(paused, PERSON, now=NOW, ids=ids).grant
    assert (resumed.is_live(NOW), resumed.items, resumed.paused_for) == (True, (NAME,), None)
    with pytest.raises(Refusal):
        resume(resumed, PERSON, now=NOW, ids=ids)


def test_p5_keeping_the_old_terms_lets_a_grant_go_on_that_paused_for_them() -> None:
    ids = counting_ids()
    paused = pause(grant(NAME), PERSON, ReasonCode.NOTICE_CHANGED, now=NOW, ids=ids).grant
    kept = keep_terms(paused, PERSON, BASIS, now=NOW, ids=ids)
    assert kept.grant.is_live(NOW)
    assert (kept.grant.offer_version, kept.grant.terms_version) == (2, BASIS.offer_version)
    assert kept.event.served_id == BASIS.served_id


def test_a_guardian_leaves_out_neither_everything_nor_what_was_not_asked() -> None:
    seen = grant(EMAIL, PHONE, state=GrantState.WAITING)
    email, phone = (("email", "results_delivery"), ("phone_number", "appointment_reminders"))
    for without in ({email, phone}, {("name", "learning_progress")}):
        with pytest.raises(Refusal) as caught:
            allow(seen, PERSON, "srv_1", "en", now=NOW, ids=counting_ids(), without=frozenset(without))
        assert caught.value.code == "bad_form"
    outcome = allow(seen, PERSON, "srv_1", "en", now=NOW, ids=counting_ids(), without=frozenset({phone}))
    assert outcome.event.items == (EMAIL.item,)


def test_a_chosen_day_stays_when_the_guardian_answers_later() -> None:
    """A length of time begins with the guardian's yes; a day is a day."""
    day = (NOW // DAY + 30) * DAY - 1
    seen = grant(NAME, state=GrantState.WAITING)
    for until, expected in ((day, day), (seen.valid_from + 500, NOW + 500)):
        asked = replace(seen, valid_until=until)
        outcome = allow(asked, PERSON, "srv_1", "en", now=NOW, ids=counting_ids())
        assert outcome.grant.valid_until == expected


@pytest.mark.parametrize("lasts", [1, 199, 0, -1, 200, 201])
def test_p9_a_guardian_allows_a_shorter_time_and_never_a_longer_one(lasts: int) -> None:
    seen = grant(NAME, state=GrantState.WAITING)
    later = NOW + 50
    if 0 < lasts < 200:
        outcome = allow(seen, PERSON, "srv_1", "en", now=later, ids=counting_ids(), lasts=lasts)
        assert outcome.grant.valid_until == outcome.event.valid_until == later + lasts
        return
    with pytest.raises(Refusal) as caught:
        allow(seen, PERSON, "srv_1", "en", now=later, ids=counting_ids(), lasts=lasts)
    assert caught.value.code == "bad_form"


def test_a_wish_waits_a_month_at_least_and_to_a_day_no_longer() -> None:
    """However short the time is that it asks for: that begins with the guardian's yes."""
    asked = replace(grant(NAME, state=GrantState.WAITING), valid_until=NOW + 100)
    assert asked.ends_at == asked.valid_from + WISH
    assert asked.end_if_allowed(NOW + DAY) == NOW + DAY + 200
    assert replace(asked, valid_until=asked.valid_from + 2 * WISH).ends_at == asked.valid_from + 2 * WISH
    day = (NOW // DAY + 3) * DAY - 1
    assert replace(asked, valid_until=day).ends_at == day
    assert replace(asked, state=GrantState.ACTIVE).ends_at == NOW + 100


@pytest.mark.parametrize("until", [NOW, NOW - 1, NOW + 100, NOW + 200])
def test_what_is_over_or_no_sooner_is_no_shorter_term(until: int) -> None:
    with pytest.raises(Refusal):
        shorten(grant(NAME), PERSON, until, now=NOW, ids=counting_ids())


def test_a_receipt_of_a_decision_without_an_end_names_no_duration() -> None:
    event = end(grant(NAME), PERSON, ReasonCode.USER_REQUEST, now=NOW, ids=counting_ids()).event
    assert [each["@type"] for each in _durations(event)] == ["dpv:UntilTimeDuration"]
    assert list(_durations(replace(event, valid_until=None))) == []
