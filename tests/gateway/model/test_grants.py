"""Grants move as the table says and in no other way."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.grants import (
    DPV_STATUS,
    LIVE,
    MOVES,
    EventType,
    Grant,
    GrantedItem,
    GrantState,
    IllegalMove,
    item_words,
    items_from_words,
    move,
)
from scopes import FIELDS, PURPOSES, Item

ITEMS = st.builds(
    lambda name, purpose, form: Item(name, purpose, FIELDS[name].forms[form % len(FIELDS[name].forms)]),
    st.sampled_from(sorted(FIELDS)),
    st.sampled_from(sorted(PURPOSES)),
    st.integers(0, 5),
)


@given(st.lists(st.sampled_from(EventType), max_size=12))
def test_a_grants_state_is_the_fold_of_its_events(events: list[EventType]) -> None:
    """Whatever is tried in whatever order: a grant gets live by a yes only, and never comes back from its end."""
    state: GrantState | None = None
    happened: list[EventType] = []
    for event in events:
        try:
            after = move(state, event)
        except IllegalMove:
            continue
        assert state not in (GrantState.ENDED, GrantState.REFUSED)
        happened.append(event)
        state = after
    assert state == reduce(lambda before, event: MOVES[before][event], happened, None)
    if state is GrantState.ACTIVE:
        assert EventType.GIVEN in happened


@pytest.mark.parametrize("state", GrantState)
def test_whatever_is_live_can_be_stopped_and_nothing_else_can(state: GrantState) -> None:
    """Promise P15: stopping is always possible, by the person and by everyone who may."""
    for event in (EventType.WITHDRAWN, EventType.REVOKED):
        if state in LIVE:
            assert move(state, event) is GrantState.ENDED
        else:
            with pytest.raises(IllegalMove, match=event):
                move(state, event)


def test_silence_and_time_widen_nothing() -> None:
    """Promise P5: no event but a person's yes leads to ACTIVE from where nothing was shared."""
    for before in (None, GrantState.WAITING):
        assert [event for event, after in MOVES[before].items() if after is GrantState.ACTIVE] == [
            EventType.GIVEN
        ]


def test_dpv_withdrawn_is_by_the_person_and_revoked_by_anyone_else() -> None:
    assert set(DPV_STATUS) == set(EventType)
    assert DPV_STATUS[EventType.WITHDRAWN] == "dpv:ConsentWithdrawn"
    assert DPV_STATUS[EventType.REVOKED] == "dpv:ConsentRevoked"
    assert "dpv:ConsentTerminated" not in DPV_STATUS.values()


@given(st.frozensets(ITEMS, max_size=8))
def test_items_read_back_as_they_were_spelled(items: frozenset[Item]) -> None:
    words = item_words(items)
    assert words == sorted(words)
    assert frozenset(items_from_words(words)) == items
    assert item_words(tuple(items)) == words


def test_a_grant_is_live_up_to_the_second_before_its_end() -> None:
    item = Item("name", "learning_progress", FIELDS["name"].forms[0])
    grant = Grant(
        "gra_1", "per_1", "quizco", "quizzes", 1, "not_1", GrantState.ACTIVE, 1, "evt_1", 100, 200,
        (GrantedItem(item, True, 30),),
    )  # fmt: skip
    assert grant.is_live(199)
    assert not grant.is_live(200)
    assert grant.granted == {item}
