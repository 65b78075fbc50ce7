"""Decisions: each whole or not at all, in order, and one's own commit is known again."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.actions.accounts.erasure import erase_person
from gateway.model.grants import ActorKind, ConsentEvent, EventType, Grant, GrantState, ReasonCode
from gateway.model.ledger.handoffs import Handoff
from gateway.store.consent.decisions import Decision, commit_decisions
from gateway.store.consent.grant_moves import CommitVerdict, NewGrant, forget_refusals
from gateway.store.consent.grants import load_details
from gateway.store.consent.renewals import ConsentRenewal, commit_renewals
from gateway.store.consent.served_notices import serve_notices
from gateway.store.consent.standing import StandingQuery, load_standings
from gateway.store.oauth.release import append_handoffs
from gateway.store.oauth.requests import PushedRequest, load_requests, push_requests
from gateway.store.oauth.tokens import load_access_tokens
from gateway.store.sessions import NewSession, open_sessions
from tests.gateway.consent.samples import EMAIL, NAME, PHONE
from tests.gateway.store.samples import (
    QUIZZES,
    READERS,
    access_token,
    act,
    authorization_code,
    decision,
    given,
    handed,
    one_after_the_other,
    rows,
    run_all,
    serve,
)
from tests.world import NOW, World

DONE, USED, STALE = CommitVerdict.DONE, CommitVerdict.REQUEST_USED, CommitVerdict.STALE
REQUEST = PushedRequest(b"request", "quizco-web", b"sealed", NOW, NOW + 300)


def event(grant: Grant, type_: EventType, *, reason: ReasonCode | None = None) -> ConsentEvent:
    """Make the event that a grant's next version says."""
    return ConsentEvent(
        grant.event_id, grant.grant_id, grant.version, type_, ActorKind.SUBJECT, grant.person_id, "test",
        tuple(each.item for each in grant.items), NOW + 1, reason=reason,
    )  # fmt: skip


def following(grant: Grant, name: str, **changes: Any) -> Grant:
    return replace(grant, version=grant.version + 1, event_id=f"evt_{name}", **changes)


def test_each_decision_of_a_batch_is_whole_or_not_at_all_and_the_others_stand(each_world: World) -> None:
    """A refused item between two good ones leaves nothing behind: no event, no item, no code, no used request."""
    each_world.store(push_requests, REQUEST)
    first = decision(each_world, "1", request_digest=b"request", code=True)
    reuse = decision(each_world, "2", email="aoife@northfield.example", request_digest=b"request", code=True)
    unknown = decision(
        each_world, "3", email="aoife@northfield.example", request_digest=b"unknown", code=True
    )
    second_live = decision(each_world, "4", code=True)
    good = decision(each_world, "5", offer=READERS, items=(NAME,))
    verdicts = run_all(each_world, commit_decisions, [first, reuse, unknown, second_live, good])
    assert verdicts == [DONE, USED, USED, STALE, DONE]
    assert rows(each_world, "SELECT event_id FROM consent_event ORDER BY event_id") == [
        ("evt_1",),
        ("evt_5",),
    ]
    assert rows(each_world, "SELECT grant_id FROM consent_grant ORDER BY grant_id") == [
        ("gra_1",),
        ("gra_5",),
    ]
    assert rows(each_world, "SELECT grant_id FROM authorization_code") == [("gra_1",)]
    assert rows(each_world, "SELECT grant_id, field FROM grant_item ORDER BY grant_id, field") == [
        ("gra_1", "email"),
        ("gra_1", "name"),
        ("gra_5", "name"),
    ]
    assert run_all(each_world, commit_decisions, []) == []


def test_what_a_refused_decision_had_used_up_can_still_be_used(each_world: World) -> None:
    """FAPI 2.0 §5.3.2.2: a request is used up by the authorization that it led to, not by one that failed."""
    each_world.store(push_requests, REQUEST)
    given(each_world, "1")
    assert each_world.store(commit_decisions, decision(each_world, "2", request_digest=b"request")) is STALE
    found = each_world.store(load_requests, b"request")
    assert found is not None
    assert found.used_at is None


def test_the_same_decision_again_after_a_lost_commit_is_done_and_done_once(each_world: World) -> None:
    each_world.store(push_requests, REQUEST)
    plan = decision(each_world, "1", request_digest=b"request", code=True)
    assert run_all(each_world, commit_decisions, [plan, plan]) == [DONE, DONE]
    assert each_world.store(commit_decisions, plan) is DONE
    assert rows(each_world, "SELECT count(*) FROM consent_event") == [(1,)]


def test_of_two_who_race_for_one_offer_one_wins(each_world: World) -> None:
    """Two windows, two answers: the partial unique index lets one live grant stand."""
    plans = (decision(each_world, "1"), decision(each_world, "2"))
    assert one_after_the_other(each_world, commit_decisions, *plans) == (DONE, STALE)


def test_a_decision_on_a_grant_that_moved_on_is_stale(each_world: World) -> None:
    seen = given(each_world, "1")
    wider = following(seen, "2", items=(NAME, EMAIL, PHONE))
    other = following(seen, "3", items=(NAME,))
    plans = [Decision(None, each, event(each, EventType.WIDENED), None, None, NOW) for each in (wider, other)]
    assert run_all(each_world, commit_decisions, plans) == [DONE, STALE]
    standing = each_world.store(load_standings, StandingQuery(seen.person_id, seen.offer_id))
    assert standing.grant is not None
    assert standing.grant.granted == wider.granted
    assert standing.grant.version == 2


def test_a_decision_that_ends_a_grant_kills_its_tokens_and_keeps_what_it_was(each_world: World) -> None:
    seen = given(each_world, "1")
    plan = access_token("1", seen)
    act(
        each_world,
        "INSERT INTO access_token (token_digest, token_id, client_id, grant_id, family_id, scope, issued_at, "
        "expires_at) VALUES (:d, :i, 'quizco-web', :g, 'fam', 'openid', 1, 2)",
        d=plan.token_digest,
        i=plan.token_id,
        g=seen.grant_id,
    )
    after = following(seen, "2", state=GrantState.ENDED)
    ended = event(after, EventType.WITHDRAWN, reason=ReasonCode.USER_REQUEST)
    assert each_world.store(commit_decisions, Decision(None, after, ended, None, None, NOW + 1)) is DONE
    held = each_world.store(load_access_tokens, plan.token_digest)
    assert held is not None
    assert held.token.revoked_at == NOW + 1
    detail = each_world.store(load_details, seen.grant_id)
    assert detail is not None
    assert (detail.line.ended_at, detail.line.end_reason) == (NOW + 1, "user_request")
    assert detail.line.grant.items == seen.items
    # What has ended does not come back.
    back = following(after, "3", state=GrantState.ACTIVE)
    assert (
        each_world.store(
            commit_decisions, Decision(None, back, event(back, EventType.GIVEN), None, None, NOW)
        )
        is STALE
    )


def test_a_standing_tells_grant_refusal_country_and_guardians(each_world: World) -> None:
    asha, meera = each_world.person_id(), each_world.person_id("meera@lakeside.example")
    grant = given(each_world, "1")
    queries = [
        StandingQuery(meera, QUIZZES[1]),
        StandingQuery(asha, READERS[1]),
        StandingQuery(asha, QUIZZES[1]),
    ]
    found = run_all(each_world, load_standings, queries)
    assert [(each.guardians, each.country, each.refused_at) for each in found] == [
        (1, "IN", None),
        (0, "IN", None),
        (0, "IN", None),
    ]
    assert [each.grant for each in found] == [None, None, grant]


def test_p12_a_no_is_remembered_per_offer_and_can_be_forgotten(each_world: World) -> None:
    """The newest no counts; what the person let go is not held against anybody, and stays in the history."""
    refused = [
        given(each_world, f"{number}", state=GrantState.REFUSED, items=(), at=NOW + number)
        for number in range(2)
    ]
    query = StandingQuery(refused[0].person_id, QUIZZES[1])
    assert each_world.store(load_standings, query).refused_at == NOW + 1
    assert each_world.store(load_standings, StandingQuery(query.person_id, READERS[1])).refused_at is None
    marks = [("gra_1", NOW + 9), ("gra_unknown", NOW + 9)]
    assert run_all(each_world, forget_refusals, marks) == [True, False]
    assert each_world.store(load_standings, query).refused_at == NOW
    each_world.store(forget_refusals, ("gra_0", NOW + 9))
    assert each_world.store(load_standings, query).refused_at is None
    assert rows(each_world, "SELECT type FROM consent_event WHERE grant_id = 'gra_0'") == [("refused",)]


def test_forgetting_never_touches_a_live_grant(each_world: World) -> None:
    grant = given(each_world, "1")
    each_world.store(forget_refusals, (grant.grant_id, NOW))
    assert rows(each_world, "SELECT state, ended_at FROM consent_grant") == [("active", None)]


def test_a_settled_request_gets_its_code_only_while_the_grant_is_as_it_was_seen(each_world: World) -> None:
    each_world.store(push_requests, REQUEST)
    grant = given(each_world, "1")
    good = ConsentRenewal(grant, authorization_code("a", grant), b"request", NOW + 7)
    another = replace(grant, person_id=each_world.person_id("ben@lakeside.example"))
    used = ConsentRenewal(another, authorization_code("b", grant), b"request", NOW + 7)
    again = ConsentRenewal(grant, authorization_code("d", grant), b"request", NOW + 8)
    moved = ConsentRenewal(replace(grant, version=2), authorization_code("c", grant), None, NOW + 7)
    assert run_all(each_world, commit_renewals, [moved, good, used, good]) == [STALE, DONE, USED, DONE]
    assert rows(each_world, "SELECT code_digest FROM authorization_code") == [(b"code a",)]
    assert rows(each_world, "SELECT last_user_activity_at FROM consent_grant") == [(NOW + 7,)]
    # A second window of the same person arrives too; the request stays used up since its first answer.
    assert run_all(each_world, commit_renewals, [again, used]) == [DONE, USED]
    assert rows(each_world, "SELECT used_at FROM pushed_request") == [(NOW + 7,)]


def test_a_code_whose_session_has_ended_is_used_up_from_the_beginning(each_world: World) -> None:
    """And one whose session goes on under another secret is not (decision 71)."""
    grant = given(each_world, "1")
    asha = grant.person_id
    opened = [NewSession(name, asha, None, NOW, NOW, sid=name.decode()) for name in (b"ended", b"open")]
    ended, running = run_all(each_world, open_sessions, opened)
    act(each_world, "UPDATE session SET ended_at = 1 WHERE sid = 'ended'")
    assert ended
    assert running
    for name, made_in in {
        "late": ended,
        "good": running,
        "goes on": replace(running, session_digest=b"before"),
        "of old": replace(ended, sid=None),
        "device": None,
    }.items():
        code = authorization_code(name, grant)
        assert each_world.store(commit_renewals, ConsentRenewal(grant, code, None, NOW, made_in)) is DONE
    dead = "SELECT code_digest FROM authorization_code WHERE redemption_id IS NOT NULL"
    assert rows(each_world, dead) == [(b"code late",)]


def test_what_was_served_is_recorded_once_and_before_the_decision(each_world: World) -> None:
    """Promise P4: an event names a record of serving that stands there; each record carries one decision."""
    serve(each_world, "srv_x", each_world.person_id())
    serve(each_world, "srv_x", each_world.person_id(), at=NOW + 5)
    assert rows(each_world, "SELECT served_at FROM notice_served WHERE served_id = 'srv_x'") == [(NOW,)]
    assert run_all(each_world, serve_notices, []) == []


def test_p4_a_screen_that_was_answered_is_not_answered_once_more(each_world: World) -> None:
    """A no, and then a yes from the same screen: a grant without an event would stand on nothing."""
    no = decision(each_world, "1", state=GrantState.REFUSED, items=())
    yes = decision(each_world, "2", code=True)
    yes = replace(yes, event=replace(yes.event, served_id=no.event.served_id))
    assert run_all(each_world, commit_decisions, [no, yes]) == [DONE, STALE]
    assert rows(each_world, "SELECT grant_id FROM consent_grant") == [("gra_1",)]


def test_a_fresh_grant_takes_the_place_of_the_one_that_was_seen(each_world: World) -> None:
    """Both or neither: where the old one moved on, nothing is created (Grant Management §5.1)."""
    seen = given(each_world, "1")
    after = following(seen, "2", state=GrantState.ENDED)
    ended = event(after, EventType.WITHDRAWN, reason=ReasonCode.USER_REQUEST)
    fresh, late = (replace(decision(each_world, name), superseded=(after, ended)) for name in ("3", "4"))
    assert run_all(each_world, commit_decisions, [fresh, late]) == [DONE, STALE]
    found = each_world.store(load_standings, StandingQuery(seen.person_id, seen.offer_id))
    assert found.grant is not None
    assert found.grant.grant_id == "gra_3"
    assert rows(each_world, "SELECT event_id FROM consent_event WHERE grant_id = 'gra_4'") == []


def test_an_end_is_no_earlier_than_the_last_hand_off(each_world: World) -> None:
    """A release in flight may carry a later second than the decision that waited for it."""
    seen = given(each_world, "1")
    row = handed(each_world, "1", seen, at=NOW + 7)

    def append(connection: Connection, items: Sequence[Handoff]) -> Sequence[None]:
        append_handoffs(connection, items)
        return [None]

    each_world.store(append, row)
    after = following(seen, "2", state=GrantState.ENDED)
    ended = event(after, EventType.WITHDRAWN, reason=ReasonCode.USER_REQUEST)
    assert each_world.store(commit_decisions, Decision(None, after, ended, None, None, NOW)) is DONE
    detail = each_world.store(load_details, seen.grant_id)
    assert detail is not None
    assert (detail.line.ended_at, detail.events[-1].at) == (NOW + 7, NOW + 7)


def test_whoever_was_erased_since_the_screen_gets_no_grant(each_world: World) -> None:
    """Issue of the protocol: the decision finds the account closed, and leaves nothing behind."""
    each_world.store(push_requests, REQUEST)
    late = decision(each_world, "late", request_digest=b"request", code=True)
    each_world.run(erase_person, each_world.services, "cli", "asha@lakeside.example")
    assert each_world.store(commit_decisions, late) is STALE
    assert each_world.store(load_details, late.grant.grant_id) is None
    pushed = each_world.store(load_requests, b"request")
    assert pushed is not None
    assert pushed.used_at is None


@pytest.mark.parametrize("last", [ActorKind.SUBJECT, ActorKind.GUARDIAN])
def test_of_two_noes_in_one_second_the_id_says_which_came_last(each_world: World, last: ActorKind) -> None:
    """A second is no order: whether a guardian's no stands is not left to the database."""
    first = ActorKind.GUARDIAN if last is ActorKind.SUBJECT else ActorKind.SUBJECT
    for name, who in (("2", first), ("1", last)):
        plan = decision(each_world, name, state=GrantState.REFUSED, items=())
        grant = replace(plan.grant, event_id=f"evt_{3 - int(name)}")
        said = replace(plan.event, event_id=grant.event_id, actor_kind=who)
        refused = replace(plan, created=NewGrant(grant, "IN"), grant=grant, event=said)
        assert each_world.store(commit_decisions, refused) is DONE
    standing = each_world.store(load_standings, StandingQuery(each_world.person_id(), QUIZZES[1]))
    assert standing.is_guardians_no is (last is ActorKind.GUARDIAN)
