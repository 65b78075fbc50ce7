"""The hand-off log as it is read: by every condition, page by page, and oldest first for checking."""

from typing import Any

import pytest

from gateway.model.grants import GrantState
from gateway.store.consent.grant_changes import commit_changes
from gateway.store.ledger.handoffs import (
    HandoffQuery,
    SliceQuery,
    StoryQuery,
    count_log,
    read_slices,
    read_stories,
    search_handoffs,
)
from tests.gateway.consent.samples import EMAIL, NAME
from tests.gateway.store.consent.test_grants import stop
from tests.gateway.store.samples import READERS, given, handed, run_all
from tests.world import NOW, World

AOIFE = "aoife@northfield.example"


@pytest.fixture
def log(each_world: World) -> World:
    """Six hand-offs of two grants; three of them in one second."""
    first = given(each_world, "1", items=(NAME, EMAIL))
    second = given(each_world, "2", email=AOIFE, offer=READERS, items=(NAME,))
    for number, (grant, at) in enumerate(
        [(first, NOW), (second, NOW), (first, NOW), (first, NOW + 5), (second, NOW + 6), (first, NOW + 7)]
    ):
        handed(each_world, str(number), grant, at=at, endpoint="release" if number == 5 else "userinfo")
    return each_world


def test_the_log_is_paged_newest_first_also_where_times_are_equal(log: World) -> None:
    seen: list[str] = []
    before: tuple[int, str] | None = None
    while page := log.store(search_handoffs, HandoffQuery(before=before, limit=2)):
        seen += [each.handoff_id for each in page]
        before = (page[-1].at, page[-1].handoff_id)
    assert seen == [f"hof_{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"grant_id": "gra_2"}, [4, 1]),
        ({"partner_id": "quizco"}, [5, 3, 2, 0]),
        ({"endpoint": "release"}, [5]),
        ({"field": "email"}, [5, 3, 2, 0]),
        ({"field": "e_ail"}, []),
        ({"field": "full"}, []),
        ({"since": NOW + 5}, [5, 4, 3]),
        ({"until": NOW + 5}, [2, 1, 0]),
        ({"person_id": "per_nobody"}, []),
        ({"grant_id": "gra_1", "since": NOW + 1, "until": NOW + 7}, [3]),
    ],
)
def test_a_search_finds_what_fits_every_condition(
    log: World, query: dict[str, Any], found: list[int]
) -> None:
    lines = log.store(search_handoffs, HandoffQuery(**query))
    assert [each.handoff_id for each in lines] == [f"hof_{number}" for number in found]


def test_a_line_reads_back_as_it_was_written(log: World) -> None:
    grant = given(log, "3", email="ben@lakeside.example")
    row = handed(log, "9", grant, at=NOW + 9)
    assert log.store(search_handoffs, HandoffQuery(limit=1)) == [row]


def test_the_whole_log_is_read_oldest_first_with_what_checking_needs(log: World) -> None:
    first = given(log, "3", email="ben@lakeside.example")
    handed(log, "9", first, at=NOW + 9)
    log.store(commit_changes, stop(first, "end", at=NOW + 10))
    seen: list[str] = []
    ended: dict[str, int] = {}
    query = SliceQuery(limit=3)
    while (part := log.store(read_slices, query)).handoffs:
        seen += [each.handoff_id for each in part.handoffs]
        assert {each.event_id for each in part.handoffs} == set(part.events)
        ended |= part.ended_at
        query = SliceQuery((part.handoffs[-1].at, part.handoffs[-1].handoff_id), limit=3)
    assert seen == [f"hof_{number}" for number in (0, 1, 2, 3, 4, 5, 9)]
    assert ended == {"gra_3": NOW + 10}
    assert log.store(count_log, None) == (7, 3)


def test_every_grant_tells_its_story(log: World) -> None:
    first, *rest = log.store(read_stories, StoryQuery(limit=1)) + log.store(read_stories, StoryQuery("gra_1"))
    assert (first.grant_id, first.state, first.version, first.event_id) == (
        "gra_1",
        GrantState.ACTIVE,
        1,
        "evt_1",
    )
    assert [event.event_id for event in first.events] == ["evt_1"]
    assert [each.grant_id for each in rest] == ["gra_2"]
    assert run_all(log, read_stories, [StoryQuery("gra_2")]) == [[]]
