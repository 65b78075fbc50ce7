"""Grants: searching page by page, seeing one, narrowing and ending."""

from dataclasses import replace

import pytest

from gateway.model.counts import Count
from gateway.model.grants import ConsentEvent, EventType, Grant, GrantState, ReasonCode
from gateway.store import grants as store_grants
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.codes import Redemption, redeem_codes
from gateway.store.consents import Verdict, commit_decisions
from gateway.store.grants import (
    Change,
    GrantQuery,
    commit_changes,
    count_all_live,
    count_live,
    load_details,
    search_grants,
)
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


def change(seen: Grant, name: str, type_: EventType, *, at: int = NOW + 1, **changes: object) -> Change:
    after = replace(seen, version=seen.version + 1, event_id=f"evt_{name}", **changes)
    reason = ReasonCode.USER_REQUEST if after.state is GrantState.ENDED else None
    event = ConsentEvent(
        after.event_id, after.grant_id, after.version, type_, "subject", after.person_id, "test",
        tuple(each.item for each in after.items), at, reason=reason,
    )  # fmt: skip
    return Change(after, event, at, reason)


def stop(seen: Grant, name: str, *, at: int = NOW + 1) -> Change:
    return change(seen, name, EventType.WITHDRAWN, at=at, state=GrantState.ENDED)


def test_grants_are_paged_newest_first_also_where_times_are_equal(both: World) -> None:
    people = ["asha@lakeside.example", BEN, AOIFE]
    for number, email in enumerate(people):
        given(both, f"q{number}", email=email, at=NOW + number // 2)
        given(both, f"r{number}", email=email, at=NOW + number // 2, offer=READERS)
    seen: list[str] = []
    before: tuple[int, str] | None = None
    while page := both.store(search_grants, GrantQuery(before=before, limit=2)):
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
    both: World, query: dict[str, object], found: set[str]
) -> None:
    given(both, "1")
    given(both, "2", offer=READERS, at=NOW + 10)
    given(both, "3", email=AOIFE, items=(NAME, PHONE), at=NOW + 20)
    given(both, "4", email=BEN, state=GrantState.REFUSED, items=(), at=NOW + 30)
    lines = both.store(search_grants, GrantQuery(**query))
    assert {line.grant.grant_id.removeprefix("gra_") for line in lines} == found


def test_a_line_tells_the_last_hand_off_and_how_many_there_were(both: World) -> None:
    grant, silent = given(both, "1"), given(both, "2", email=AOIFE)
    for number, at in enumerate((NOW + 5, NOW + 9, NOW + 7)):
        handed(both, str(number), grant, at=at)
    queries = [GrantQuery(person_id=each.person_id) for each in (grant, silent)]
    first, second = run_all(both, search_grants, queries)
    assert (first[0].last_handoff_at, first[0].handoff_count) == (NOW + 9, Count(3))
    assert (second[0].last_handoff_at, second[0].handoff_count) == (None, Count())


def test_a_detail_holds_everything_but_values_and_secrets(both: World) -> None:
    plan = decision(both, "1", code=True)
    both.store(commit_decisions, plan)
    tokens = access_token("1", plan.grant), refresh_token("1", plan.grant)
    assert both.store(redeem_codes, Redemption(b"code 1", "gra_1", "fam_1", "red_1", *tokens, NOW))
    handed(both, "1", plan.grant)
    unknown, found = run_all(both, load_details, ["gra_unknown", "gra_1"])
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


def test_narrowing_leaves_the_tokens_and_takes_the_item(both: World) -> None:
    seen = given(both, "1", items=(NAME, EMAIL, PHONE))
    after = change(seen, "2", EventType.NARROWED, items=(NAME, PHONE))
    assert both.store(commit_changes, after) is Verdict.DONE
    detail = both.store(load_details, "gra_1")
    assert detail is not None
    assert detail.line.grant.items == (NAME, PHONE)
    assert [event.type for event in detail.events] == [EventType.GIVEN, EventType.NARROWED]
    assert len(detail.events[0].items) == 3


def test_ending_kills_every_token_of_that_grant_and_of_no_other(both: World) -> None:
    plans = [decision(both, "1", code=True), decision(both, "2", email=AOIFE, code=True)]
    run_all(both, commit_decisions, plans)
    redemptions = [
        Redemption(
            f"code {name}".encode(), f"gra_{name}", f"fam_{name}", f"red_{name}", access_token(name, plan.grant),
            refresh_token(name, plan.grant), NOW,
        )
        for name, plan in zip("12", plans, strict=True)
    ]  # fmt: skip
    assert run_all(both, redeem_codes, redemptions) == [True, True]
    assert both.store(commit_changes, stop(plans[0].grant, "3")) is Verdict.DONE
    for table in ("access_token", "refresh_token"):
        assert rows(both, f"SELECT grant_id, revoked_at FROM {table} ORDER BY grant_id") == [
            ("gra_1", NOW + 1),
            ("gra_2", None),
        ]


def test_a_change_of_what_has_changed_is_stale_and_ones_own_is_known_again(both: World) -> None:
    seen = given(both, "1")
    mine, other = stop(seen, "2"), stop(seen, "3")
    action = AdminAction("act_1", "per_9", "revoke", "grant", "gra_1", NOW, "phone_request")
    mine = replace(mine, actions=(action,))
    assert run_all(both, commit_changes, [mine, other, mine]) == [Verdict.DONE, Verdict.STALE, Verdict.DONE]
    assert both.store(commit_changes, mine) is Verdict.DONE
    assert rows(both, "SELECT event_id FROM consent_event ORDER BY seq") == [("evt_1",), ("evt_2",)]
    assert both.store(load_actions, ("grant", "gra_1")) == [action]
    assert run_all(both, commit_changes, []) == []


def test_of_two_who_stop_at_once_one_did(both: World) -> None:
    seen = given(both, "1")
    verdicts = one_after_the_other(both, commit_changes, stop(seen, "2"), stop(seen, "3"))
    assert verdicts == (Verdict.DONE, Verdict.STALE)


def test_no_hand_off_stands_after_its_grants_end(both: World) -> None:
    """Hand-off log §6: a release in flight may carry a later second; then the end is that second."""
    seen = given(both, "1")
    handed(both, "1", seen, at=NOW + 8)
    assert both.store(commit_changes, stop(seen, "2", at=NOW + 5)) is Verdict.DONE
    assert rows(both, "SELECT ended_at FROM consent_grant") == [(NOW + 8,)]
    assert rows(both, "SELECT at FROM consent_event WHERE seq = 2") == [(NOW + 8,)]


def test_live_grants_are_counted_per_partner(both: World) -> None:
    given(both, "1")
    given(both, "2", email=AOIFE)
    given(both, "3", email=BEN, state=GrantState.REFUSED, items=())
    given(both, "4", offer=READERS)
    asked = ["campuspress", "nobody", "quizco", "quizco"]
    assert run_all(both, count_live, asked) == [Count(1), Count(0), Count(2), Count(2)]
    assert run_all(both, count_live, []) == []
    assert run_all(both, count_all_live, [None]) == [{"campuspress": Count(1), "quizco": Count(2)}]


def test_nobody_counts_further_than_anybody_needs_to_know(
    both: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a million consents, or thousands of hand-offs, a page says only that there are more."""
    grants = [
        given(both, str(number), email=email) for number, email in enumerate((ASHA, AOIFE, BEN, MEERA), 1)
    ]
    for grant in grants[:2]:
        for read in range(int(grant.grant_id[-1]) + 1):
            handed(both, f"{grant.grant_id}_{read}", grant, at=NOW + read)
    monkeypatch.setattr(store_grants, "MOST_GRANTS", 3)
    monkeypatch.setattr(store_grants, "MOST_HANDOFFS", 2)
    (live,) = run_all(both, count_live, ["quizco"])
    assert (live, str(live)) == (Count(3, is_more=True), "more than 3")
    lines = [
        run_all(both, search_grants, [GrantQuery(person_id=each.person_id)])[0][0] for each in grants[:2]
    ]
    assert [each.handoff_count for each in lines] == [Count(2), Count(2, is_more=True)]
    assert [each.last_handoff_at for each in lines] == [NOW + 1, NOW + 2]


def test_of_two_changes_of_one_version_the_second_is_stale(both: World) -> None:
    """Narrowing twice from the same sight: the second saw what is no more."""
    seen = given(both, "1")
    assert both.store(commit_changes, change(seen, "n1", EventType.NARROWED)) is Verdict.DONE
    assert both.store(commit_changes, change(seen, "n2", EventType.NARROWED)) is Verdict.STALE
