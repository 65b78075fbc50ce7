"""Grants: searching page by page, seeing one, narrowing and ending."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.model.counts import Count
from gateway.model.grants import ActorKind, ConsentEvent, EventType, Grant, GrantState, ReasonCode
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.consent import grants as store_grants
from gateway.store.consent.decisions import commit_decisions
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.consent.grants import GrantQuery, count_all_live, count_live, load_details, search_grants
from gateway.store.oauth.codes import Redemption, redeem_codes
from tests.gateway.consent.samples import EMAIL, NAME, PHONE
from tests.gateway.store.samples import (
    READERS,
    access_token,
    decision,
    given,
    handed,
    one_after_the_other,
    refresh_token,
    rows,
    run_all,
)
from tests.world import NOW, World

ASHA, AOIFE, BEN = "asha@lakeside.example", "aoife@northfield.example", "ben@lakeside.example"
MEERA = "meera@lakeside.example"


def change(seen: Grant, name: str, type_: EventType, *, at: int = NOW + 1, **changes: Any) -> GrantChange:
    after = replace(seen, version=seen.version + 1, event_id=f"evt_{name}", **changes)
    reason = ReasonCode.USER_REQUEST if after.state is GrantState.ENDED else None
    event = ConsentEvent(
        after.event_id, after.grant_id, after.version, type_, ActorKind.SUBJECT, after.person_id, "test",
        tuple(each.item for each in after.items), at, reason=reason,
    )  # fmt: skip
    return GrantChange(after, event, at, reason)


def stop(seen: Grant, name: str, *, at: int = NOW + 1) -> GrantChange:
    return change(seen, name, EventType.WITHDRAWN, at=at, state=GrantState.ENDED)


def test_grants_are_paged_newest_first_also_where_times_are_equal(each_world: World) -> None:
    people = ["asha@lakeside.example", BEN, AOIFE]
    for number, email in enumerate(people):
        given(each_world, f"q{number}", email=email, at=NOW + number // 2)
        given(each_world, f"r{number}", email=email, at=NOW + number // 2, offer=READERS)
    seen: list[str] = []
    before: tuple[int, str] | None = None
    while page := each_world.store(search_grants, GrantQuery(before=before, limit=2)):
        seen += [line.grant.grant_id for line in page]
        before = (page[-1].created_at, page[-1].grant.grant_id)
    assert seen == ["gra_r2", "gra_q2", "gra_r1", "gra_r0", "gra_q1", "gra_q0"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"1", "2", "3", "4"}),
        ({"partner_id": "campuspress"}, {"2"}),
        ({"state": "refused"}, {"4"}),
        ({"field": "phone_number"}, {"3"}),
        ({"since": NOW + 10}, {"2", "3", "4"}),
        ({"until": NOW + 10}, {"1"}),
        ({"since": NOW + 10, "until": NOW + 20}, {"2"}),
        ({"field": "address"}, set()),
        ({"person_id": "per_nobody"}, set()),
        ({"partner_id": "quizco", "state": "active", "field": "name"}, {"1", "3"}),
    ],
)
def test_a_search_finds_what_fits_every_condition(
    each_world: World, query: dict[str, Any], found: set[str]
) -> None:
    given(each_world, "1")
    given(each_world, "2", offer=READERS, at=NOW + 10)
    given(each_world, "3", email=AOIFE, items=(NAME, PHONE), at=NOW + 20)
    given(each_world, "4", email=BEN, state=GrantState.REFUSED, items=(), at=NOW + 30)
    lines = each_world.store(search_grants, GrantQuery(**query))
    assert {line.grant.grant_id.removeprefix("gra_") for line in lines} == found


def test_a_line_tells_the_last_hand_off_and_how_many_there_were(each_world: World) -> None:
    grant, silent = given(each_world, "1"), given(each_world, "2", email=AOIFE)
    for number, at in enumerate((NOW + 5, NOW + 9, NOW + 7)):
        handed(each_world, str(number), grant, at=at)
    queries = [GrantQuery(person_id=each.person_id) for each in (grant, silent)]
    first, second = run_all(each_world, search_grants, queries)
    assert (first[0].last_handoff_at, first[0].handoff_count) == (NOW + 9, Count(3))
    assert (second[0].last_handoff_at, second[0].handoff_count) == (None, Count())


def test_a_detail_holds_everything_but_values_and_secrets(each_world: World) -> None:
    plan = decision(each_world, "1", code=True)
    each_world.store(commit_decisions, plan)
    tokens = access_token("1", plan.grant), refresh_token("1", plan.grant)
    assert each_world.store(redeem_codes, Redemption(b"code 1", "gra_1", "fam_1", "red_1", *tokens, NOW))
    handed(each_world, "1", plan.grant)
    unknown, found = run_all(each_world, load_details, ["gra_unknown", "gra_1"])
    assert unknown is None
    assert found is not None
    assert found.line.grant == plan.grant
    assert [(event.type, event.seq, event.served_id) for event in found.events] == [
        (EventType.GIVEN, 1, "srv_1")
    ]
    assert [(token.kind, token.token_id) for token in found.tokens] == [
        ("access", "tok_at_1"),
        ("refresh", "tok_rt_1"),
    ]
    assert (found.organisation_id, found.role, found.notice_language) == ("lakeside", "student", "en")
    assert "QuizCo" in found.notice_text
    assert "at 1" not in repr(found)


def test_narrowing_leaves_the_tokens_and_takes_the_item(each_world: World) -> None:
    seen = given(each_world, "1", items=(NAME, EMAIL, PHONE))
    after = change(seen, "2", EventType.NARROWED, items=(NAME, PHONE))
    assert each_world.store(commit_changes, after) is CommitVerdict.DONE
    detail = each_world.store(load_details, "gra_1")
    assert detail is not None
    assert detail.line.grant.items == (NAME, PHONE)
    assert [event.type for event in detail.events] == [EventType.GIVEN, EventType.NARROWED]
    assert len(detail.events[0].items) == 3


def test_ending_kills_every_token_of_that_grant_and_of_no_other(each_world: World) -> None:
    plans = [decision(each_world, "1", code=True), decision(each_world, "2", email=AOIFE, code=True)]
    run_all(each_world, commit_decisions, plans)
    redemptions = [
        Redemption(
            f"code {name}".encode(), f"gra_{name}", f"fam_{name}", f"red_{name}", access_token(name, plan.grant),
            refresh_token(name, plan.grant), NOW,
        )
        for name, plan in zip("12", plans, strict=True)
    ]  # fmt: skip
    assert run_all(each_world, redeem_codes, redemptions) == [True, True]
    assert each_world.store(commit_changes, stop(plans[0].grant, "3")) is CommitVerdict.DONE
    for table in ("access_token", "refresh_token"):
        assert rows(each_world, f"SELECT grant_id, revoked_at FROM {table} ORDER BY grant_id") == [
            ("gra_1", NOW + 1),
            ("gra_2", None),
        ]


def test_a_change_of_what_has_changed_is_stale_and_ones_own_is_known_again(each_world: World) -> None:
    seen = given(each_world, "1")
    mine, other = stop(seen, "2"), stop(seen, "3")
    action = AdminAction("act_1", "per_9", "revoke", "grant", "gra_1", NOW, "phone_request")
    mine = replace(mine, actions=(action,))
    assert run_all(each_world, commit_changes, [mine, other, mine]) == [
        CommitVerdict.DONE,
        CommitVerdict.STALE,
        CommitVerdict.DONE,
    ]
    assert each_world.store(commit_changes, mine) is CommitVerdict.DONE
    assert rows(each_world, "SELECT event_id FROM consent_event ORDER BY seq") == [("evt_1",), ("evt_2",)]
    assert each_world.store(load_actions, ("grant", "gra_1")) == [action]
    assert run_all(each_world, commit_changes, []) == []


def test_of_two_who_stop_at_once_one_did(each_world: World) -> None:
    seen = given(each_world, "1")
    verdicts = one_after_the_other(each_world, commit_changes, stop(seen, "2"), stop(seen, "3"))
    assert verdicts == (CommitVerdict.DONE, CommitVerdict.STALE)


def test_no_hand_off_stands_after_its_grants_end(each_world: World) -> None:
    """Hand-off log §6: a release in flight may carry a later second; then the end is that second."""
    seen = given(each_world, "1")
    handed(each_world, "1", seen, at=NOW + 8)
    assert each_world.store(commit_changes, stop(seen, "2", at=NOW + 5)) is CommitVerdict.DONE
    assert rows(each_world, "SELECT ended_at FROM consent_grant") == [(NOW + 8,)]
    assert rows(each_world, "SELECT at FROM consent_event WHERE seq = 2") == [(NOW + 8,)]


def test_live_grants_are_counted_per_partner(each_world: World) -> None:
    given(each_world, "1")
    given(each_world, "2", email=AOIFE)
    given(each_world, "3", email=BEN, state=GrantState.REFUSED, items=())
    given(each_world, "4", offer=READERS)
    asked = ["campuspress", "nobody", "quizco", "quizco"]
    assert run_all(each_world, count_live, asked) == [Count(1), Count(0), Count(2), Count(2)]
    assert run_all(each_world, count_live, []) == []
    assert run_all(each_world, count_all_live, [None]) == [{"campuspress": Count(1), "quizco": Count(2)}]


def test_nobody_counts_further_than_anybody_needs_to_know(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million consents, or thousands of hand-offs, a page says only that there are more."""
    grants = [
        given(each_world, str(number), email=email)
        for number, email in enumerate((ASHA, AOIFE, BEN, MEERA), 1)
    ]
    for grant in grants[:2]:
        for read in range(int(grant.grant_id[-1]) + 1):
            handed(each_world, f"{grant.grant_id}_{read}", grant, at=NOW + read)
    monkeypatch.setattr(store_grants, "MOST_GRANTS", 3)
    monkeypatch.setattr(store_grants, "MOST_HANDOFFS", 2)
    (live,) = run_all(each_world, count_live, ["quizco"])
    assert (live, str(live)) == (Count(3, is_more=True), "more than 3")
    lines = [
        run_all(each_world, search_grants, [GrantQuery(person_id=each.person_id)])[0][0]
        for each in grants[:2]
    ]
    assert [each.handoff_count for each in lines] == [Count(2), Count(2, is_more=True)]
    assert [each.last_handoff_at for each in lines] == [NOW + 1, NOW + 2]


def test_of_two_changes_of_one_version_the_second_is_stale(each_world: World) -> None:
    """Narrowing twice from the same sight: the second saw what is no more."""
    seen = given(each_world, "1")
    assert each_world.store(commit_changes, change(seen, "n1", EventType.NARROWED)) is CommitVerdict.DONE
    assert each_world.store(commit_changes, change(seen, "n2", EventType.NARROWED)) is CommitVerdict.STALE
