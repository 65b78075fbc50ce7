"""End for good: two people, a day in which it can be called off, then every consent, once."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.actions.administration.waiting_kinds import approve_act, see_act
from gateway.actions.partners.ends import call_off_end, end_partner, execute_due_ends
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.overview import SeenPartner, see_partner
from gateway.actions.partners.submission import submit_manifest
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator, WaitingAct
from gateway.model.counts import Count
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.ends import announce_ends, count_people
from gateway.store.partners.partners import StateChange, move_partners
from partners import ManifestError, PartnerState
from tests.gateway.actions.partners.test_partners import NEWCOMER, edited, submit
from tests.gateway.store.samples import rows
from tests.gateway.web.administration.test_pages import as_
from tests.gateway.web.administration.test_waiting import open_first, staff
from tests.gateway.web.partners.test_go_live import with_two
from tests.world import NOW, World

LONE = Administrator("cli:alice")
REASON = ReasonCode.PARTNER_BREACH


def see(world: World, partner_id: str = "quizco") -> SeenPartner:
    return world.run(see_partner, world.services, partner_id)


def end(world: World, who: Administrator = LONE, partner_id: str = "quizco") -> WaitingAct | None:
    return world.run(end_partner, world.services, who, partner_id, REASON)


def call_off(world: World, partner_id: str = "quizco") -> None:
    world.run(call_off_end, world.services, "cli:bob", partner_id)


def execute(world: World) -> int:
    return world.run(execute_due_ends, world.services)


def refused(call: Any, *arguments: Any) -> str:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    return str(caught.value.code)


def test_b7_it_takes_two_a_day_and_can_be_called_off(each_world: World) -> None:
    """One press ended a partner and every consent. Now it asks, brakes when it is agreed to, and waits for a day."""
    with_two(each_world)
    token = each_world.tokens()["access_token"]
    each_world.tokens(email="aoife@northfield.example")
    admin, officer = as_(each_world, "admin"), as_(each_world, "officer")
    page = admin.open("/admin/partners/quizco")
    assert "2 consents end." in page.text
    assert "It concerns 2 people." in page.text
    without = admin.submit(page, "/end", {"known": "yes"})
    assert (without.status, "Choose a reason." in without.text) == (400, True)
    unknown = admin.submit(page, "/end", {"reason": "partner_breach"})
    assert (unknown.status, "Tick that you know what ends." in unknown.text) == (400, True)
    asked = admin.submit(page, "/end", {"reason": "partner_breach", "known": "yes", "why": "It sells lists"})
    assert "Nothing changes until a second person has agreed" in asked.text
    assert each_world.userinfo(token).status_code == 200
    assert "A partner ends for good" in admin.open("/admin/partners/quizco").text
    found = open_first(officer)
    for words in ("QuizCo", "It sells lists", "The partner broke its terms", "which cannot be undone"):
        assert words in found.text
    assert officer.submit(found, "/approve").status == 200
    assert each_world.userinfo(token).status_code == 403
    shown = admin.open("/admin/partners/quizco")
    assert "Until then it can read nothing, and its end can be called off" in shown.text
    assert not [form for form in shown.forms if form.action.endswith(("/resume", "/end", "/pause"))]
    assert "The end is called off" in admin.submit(shown, "/call-off").text
    assert each_world.userinfo(token).status_code == 200
    assert (see(each_world).state, see(each_world).live_grants) == (PartnerState.LIVE, Count(2))


def test_when_its_day_has_come_every_consent_ends_once(each_world: World) -> None:
    tokens = each_world.tokens()
    other = each_world.tokens(email="aoife@northfield.example")
    assert end(each_world) is None
    each_world.clock.pass_by(DAY - 1)
    assert execute(each_world) == 0
    assert (see(each_world).state, see(each_world).live_grants) == (PartnerState.PAUSED, Count(2))
    each_world.clock.pass_by(1)
    assert refused(call_off, each_world) == "stale_form"
    assert [execute(each_world), execute(each_world)] == [1, 0]
    for each in (tokens, other):
        assert each_world.userinfo(each["access_token"]).status_code == 401
        assert each_world.refresh(each["refresh_token"]).json()["error"] in (
            "invalid_client",
            "invalid_grant",
        )
    seen = see(each_world)
    assert (seen.state, seen.live_grants, seen.moves, seen.can_end) == (
        PartnerState.ENDED,
        Count(),
        (),
        False,
    )
    acts = [(each.action, each.actor_id, each.reason) for each in seen.actions][-2:]
    assert acts == [("announce_end", "cli:alice", str(REASON)), ("end_partner", "system", str(REASON))]
    ended = rows(each_world, "SELECT DISTINCT actor_id, reason FROM consent_event WHERE type = 'revoked'")
    assert ended == [("cli:alice", "partner_ended")]
    assert "Ended" in each_world.signed_in().open("/connected").text
    with pytest.raises(ManifestError, match="has ended"):
        submit(each_world, edited(("retention_days = 30", "retention_days = 20")))
    assert refused(end, each_world) == "stale_form"


@pytest.mark.parametrize("state", ["draft", "review", "live", "paused"])
def test_calling_it_off_restores_the_state_before(each_world: World, state: str) -> None:
    """What was paused stays paused, a draft is a draft again; nothing but the end or that moves it meanwhile."""
    partner_id = "labtime" if state in ("draft", "review") else "quizco"
    each_world.run(submit_manifest, each_world.services, NEWCOMER, "labtime.toml", {}, "cli")
    if state == "review":
        each_world.run(move_partner, each_world.services, "cli", "labtime", PartnerMove.REVIEW, None)
    if state == "paused":
        each_world.run(move_partner, each_world.services, "cli", "quizco", PartnerMove.PAUSE, REASON)
    end(each_world, partner_id=partner_id)
    assert see(each_world, partner_id).moves == ()
    assert not see(each_world, partner_id).is_approvable
    for move in PartnerMove:
        arguments = (each_world.services, "cli", partner_id, move, REASON)
        assert refused(each_world.run, move_partner, *arguments) == "stale_form"
    action = AdminAction("act_1", "cli", "resume_partner", "partner", partner_id, NOW)
    now = str(see(each_world, partner_id).state)
    assert not each_world.store(move_partners, StateChange(partner_id, now, "live", NOW, action))
    assert refused(end, each_world, LONE, partner_id) == "stale_form"
    call_off(each_world, partner_id)
    assert str(see(each_world, partner_id).state) == state
    assert refused(call_off, each_world, partner_id) == "stale_form"
    each_world.clock.pass_by(2 * DAY)
    assert execute(each_world) == 0


def test_what_was_agreed_to_too_late_changes_nothing(each_world: World) -> None:
    """Asked for, and meanwhile announced by the command line where one is enough: it is not announced twice."""
    with_two(each_world)
    wish = end(each_world, staff(each_world, "admin"))
    assert wish is not None
    with_two(each_world, 1)
    end(each_world)
    with_two(each_world)
    arguments = (staff(each_world, "officer"), wish.act_id, wish.content_digest)
    assert refused(each_world.run, approve_act, each_world.services, *arguments) == "stale_form"
    seen = each_world.run(see_act, each_world.services, staff(each_world, "officer"), wish.act_id)
    facts: dict[str, str] = dict(seen.facts)
    assert facts["Live consents that end"] == "0"


def test_those_who_could_call_it_off_and_the_partner_are_told(world: World) -> None:
    world.letters.letters.clear()
    end(world)
    subjects = {(each.to, each.subject) for each in world.letters.letters}
    contact = see(world).partner.contact
    staff_of = {f"{name}@platform.example" for name in ("admin", "officer", "manager")}
    assert {to for to, _ in subjects} == {contact, *staff_of}
    assert {subject for _, subject in subjects} == {"QuizCo ends for good"}
    world.letters.letters.clear()
    call_off(world)
    assert "Everything is as it was before." in world.letters.letters[0].text
    end(world)
    world.clock.pass_by(DAY)
    world.letters.letters.clear()
    execute(world)
    assert {each.subject for each in world.letters.letters} == {"QuizCo has ended"}


def test_ending_goes_on_where_it_was_interrupted(each_world: World) -> None:
    """The state changed and then the lights went out: the next look, of whichever node, ends the rest."""
    each_world.tokens()
    action = AdminAction("act_1", "cli:alice", "end_partner", "partner", "quizco", NOW)
    assert each_world.store(move_partners, StateChange("quizco", "live", "ended", NOW, action))
    assert see(each_world).live_grants == Count(1)
    assert execute(each_world) == 0
    assert see(each_world).live_grants == Count()


def test_an_end_by_whoever_lost_the_race_says_so(each_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state was another one by the time of the write."""
    run = each_world.services.store.run

    async def later(operation: Any, item: Any) -> Any:
        return await run(operation, replace(item, before="review") if operation is announce_ends else item)

    monkeypatch.setattr(each_world.services.store, "run", later)
    assert refused(end, each_world) == "stale_form"
    assert see(each_world).record.ends_at is None


def test_people_are_counted_once_and_not_without_end(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    each_world.tokens()
    each_world.tokens(email="aoife@northfield.example")
    assert each_world.store(count_people, "quizco") == Count(2)
    monkeypatch.setattr("gateway.store.partners.ends.MOST_PEOPLE", 1)
    assert each_world.store(count_people, "quizco") == Count(1, is_more=True)


def test_whoever_may_only_look_sees_the_end_and_no_button(world: World) -> None:
    end(world)
    page = as_(world, "auditor").open("/admin/partners/quizco")
    assert "its end can be called off" in page.text
    assert not [form for form in page.forms if form.action.endswith("/call-off")]
    call_off(world)
    assert "End for good" not in as_(world, "auditor").open("/admin/partners/quizco").text
