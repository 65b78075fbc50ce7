"""Administrators and consents: exact search, a look on record, revocation at once, on both databases."""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from gateway.actions.administration.consents import (
    FoundGrants,
    GrantSearch,
    SeenGrant,
    find_grants,
    revoke_grant,
    see_grant,
)
from gateway.kit.errors import Refusal
from gateway.model.grants import ActorKind, EventType, Grant, GrantState, ReasonCode
from gateway.model.people import Power
from gateway.store.admin_actions import AdminAction, load_actions
from gateway.store.consent.grants import GrantQuery
from gateway.store.ledger.handoffs import HandoffQuery, search_handoffs
from gateway.store.oauth.release import append_handoffs
from tests.world import NOW, World

SUPPORT = "per_somebody-in-support"


def find(world: World, **conditions: Any) -> FoundGrants:
    return world.run(find_grants, world.services, SUPPORT, GrantSearch(**conditions))


def only(world: World, **conditions: Any) -> Grant:
    (line,) = find(world, **conditions).lines
    return line.grant


def see(world: World, grant_id: str) -> SeenGrant:
    return world.run(see_grant, world.services, SUPPORT, grant_id)


def acts(world: World, kind: str, target: str) -> list[AdminAction]:
    return world.run(world.services.store.read, load_actions, (kind, target))


def revoke(world: World, grant_id: str, reason: ReasonCode = ReasonCode.PHONE_REQUEST) -> Grant:
    return world.run(revoke_grant, world.services, SUPPORT, grant_id, reason)


def test_a_person_is_found_by_the_exact_address_alone(each_world: World) -> None:
    each_world.tokens()
    assert only(each_world, email="asha@lakeside.example").person_id == each_world.person_id()
    assert only(each_world, email=" ASHA@Lakeside.example ").person_id == each_world.person_id()
    nobody = find(each_world, email="ash@lakeside.example")
    assert nobody == find(each_world, email="no address") == find(each_world, email="ben@lakeside.example")
    assert nobody.lines == ()


def test_every_condition_narrows(each_world: World) -> None:
    each_world.tokens("phone_number.appointment_reminders")
    each_world.clock.pass_by(100)
    each_world.tokens(email="aoife@northfield.example")
    each_world.clock.pass_by(100)
    assert len(find(each_world).lines) == 2
    assert len(find(each_world, partner_id="quizco").lines) == 2
    assert find(each_world, partner_id="campuspress").lines == ()
    assert only(each_world, field="phone_number").person_id == each_world.person_id()
    assert only(each_world, since=NOW + 50).person_id == each_world.person_id("aoife@northfield.example")
    assert only(each_world, until=NOW + 50).person_id == each_world.person_id()
    assert find(each_world, state=GrantState.ENDED).lines == ()
    revoke(each_world, only(each_world, field="phone_number").grant_id)
    assert only(each_world, state=GrantState.ENDED).person_id == each_world.person_id()


def test_pages_follow_each_other_without_gap_or_overlap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.actions.administration.consents.PAGE", 1)
    world.tokens()
    world.tokens(email="aoife@northfield.example")
    first = find(world)
    assert first.older is not None
    second = find(world, before=first.older)
    assert second.older is None
    found = [line.grant.person_id for line in (*first.lines, *second.lines)]
    assert sorted(found) == sorted([world.person_id(), world.person_id("aoife@northfield.example")])


def test_what_no_index_finds_is_looked_for_a_bit_at_a_time(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where few consents have it, or none, all of them would be read: so many, and the key to go on with."""
    each_world.tokens("phone_number.appointment_reminders")
    each_world.clock.pass_by(100)
    each_world.tokens(email="aoife@northfield.example")
    monkeypatch.setattr("gateway.actions.administration.consents.GrantQuery", partial(GrantQuery, depth=1))
    for conditions in ({"field": "phone_number"}, {"field": "phone_number", "partner_id": "quizco"}):
        first = find(each_world, **conditions)
        assert (first.lines, first.looked_through) == ((), 1)
        (line,) = find(each_world, **conditions, before=first.older).lines
        assert line.grant.person_id == each_world.person_id()
    assert find(each_world, state=GrantState.ENDED).looked_through == 1
    assert find(each_world, state=GrantState.ENDED, partner_id="quizco") == FoundGrants((), None)
    assert find(each_world, partner_id="quizco").looked_through is None


def test_looking_is_on_record_without_the_address(each_world: World) -> None:
    each_world.tokens()
    find(each_world, email="asha@lakeside.example", partner_id="quizco")
    grant = only(each_world)
    see(each_world, grant.grant_id)
    searches = acts(each_world, "grant", "all")
    assert sorted(str(each.detail.get("conditions", "")) for each in searches) == ["", "email,partner_id"]
    assert {each.actor_id for each in searches} == {SUPPORT}
    assert [each.action for each in acts(each_world, "grant", grant.grant_id)] == ["see_grant"]


def test_a_look_shows_the_history_and_no_value(each_world: World) -> None:
    tokens = each_world.tokens("phone_number.appointment_reminders")
    each_world.userinfo(tokens["access_token"])
    seen = see(each_world, only(each_world).grant_id)
    assert [event.type for event in seen.detail.events] == [EventType.GIVEN]
    assert len(seen.handoffs) == 1
    assert seen.organisation == "Lakeside College"
    assert {token.kind for token in seen.detail.tokens} == {"access", "refresh"}
    for value in ("Asha", "+919000000101", "90000 00101", tokens["access_token"], tokens["refresh_token"]):
        assert value not in repr(seen)


def test_an_unknown_consent_is_not_found(world: World) -> None:
    for call in (lambda: see(world, "gra_none"), lambda: revoke(world, "gra_none")):
        with pytest.raises(Refusal) as refused:
            call()
        assert refused.value.code == "not_found"


def test_a_revocation_acts_at_once_and_says_who_and_why(each_world: World) -> None:
    """Tokens die, the event is *revoked* and not *withdrawn*, the act is recorded in the same transaction."""
    tokens = each_world.tokens()
    assert each_world.userinfo(tokens["access_token"]).status_code == 200
    grant = only(each_world)
    each_world.clock.pass_by(5)
    revoke(each_world, grant.grant_id, ReasonCode.MARKETING_COMPLAINT)
    assert each_world.userinfo(tokens["access_token"]).status_code == 401
    assert each_world.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    seen = see(each_world, grant.grant_id)
    last = seen.detail.events[-1]
    assert (last.type, last.actor_kind, last.actor_id) == (EventType.REVOKED, ActorKind.ADMIN, SUPPORT)
    assert (last.reason, last.at) == (ReasonCode.MARKETING_COMPLAINT, NOW + 5)
    assert (seen.detail.line.ended_at, seen.detail.line.end_reason) == (NOW + 5, "marketing_complaint")
    recorded = [(each.action, each.reason) for each in acts(each_world, "grant", grant.grant_id)]
    assert ("revoke_grant", "marketing_complaint") in recorded
    assert "It was stopped for you" in each_world.signed_in().open(f"/connected/{grant.grant_id}").text


def test_what_has_ended_cannot_be_revoked_again(each_world: World) -> None:
    each_world.tokens()
    grant = only(each_world)
    revoke(each_world, grant.grant_id)
    with pytest.raises(Refusal) as refused:
        revoke(each_world, grant.grant_id)
    assert refused.value.code == "stale_form"
    assert [each.action for each in acts(each_world, "grant", grant.grant_id)].count("revoke_grant") == 1


def test_one_of_many_revocations_wins(each_world: World) -> None:
    each_world.tokens()
    grant = only(each_world)

    async def race() -> list[Any]:
        calls = (
            revoke_grant(each_world.services, SUPPORT, grant.grant_id, ReasonCode.DATA_ERROR)
            for _ in range(8)
        )
        return list(await asyncio.gather(*calls, return_exceptions=True))

    outcomes = each_world.run(race)
    assert sum(isinstance(each, Grant) for each in outcomes) == 1
    assert {each.code for each in outcomes if isinstance(each, Refusal)} == {"stale_form"}
    assert [each.action for each in acts(each_world, "grant", grant.grant_id)].count("revoke_grant") == 1


def test_an_end_is_never_earlier_than_the_last_hand_off(each_world: World) -> None:
    """A release in flight may carry a later second than the press on the button that waits for it."""
    each_world.userinfo(each_world.tokens()["access_token"])
    grant = only(each_world)
    (handoff,) = each_world.run(
        each_world.services.store.read, search_handoffs, HandoffQuery(grant_id=grant.grant_id)
    )
    later = replace(handoff, handoff_id="hof_later", at=handoff.at + 1)

    def append(connection: Any, handoffs: Any) -> list[None]:
        append_handoffs(connection, handoffs)
        return [None]

    each_world.store(append, later)
    revoke(each_world, grant.grant_id)
    seen = see(each_world, grant.grant_id)
    assert seen.detail.line.ended_at == seen.detail.events[-1].at == later.at == NOW + 1


def test_no_administrator_has_a_power_to_give() -> None:
    """P17: the list of what administrators can do holds no consent."""
    assert not any(word in power for power in Power for word in ("consent", "approve_for"))
    # Powers of administrators, which take two people; nobody's consent.
    assert {power for power in Power if "give" in power} == {Power.GIVE_POWERS}
    assert {power.value for power in Power if "grant" in power} == {"see_grants", "revoke_grant"}
