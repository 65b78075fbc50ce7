"""Two administrators take a manifest live, never one twice; on the pages, at the command line, and on record."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from gateway.actions.administration.waiting_kinds import (
    approve_act,
    let_run_out,
    refuse_act,
    see_act,
    see_waiting,
)
from gateway.actions.partners.moves import PartnerMove, move_partner
from gateway.actions.partners.overview import see_partner
from gateway.actions.partners.submission import submit_manifest
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.settings import Settings
from gateway.model.administration.waiting import Administrator, WaitingAct, WaitingState
from gateway.model.grants import ReasonCode
from tests.gateway.actions.partners.test_partners import NEWCOMER, approve_as
from tests.gateway.store.samples import rows
from tests.gateway.web.administration.test_pages import all_read, as_, submit
from tests.gateway.web.administration.test_waiting import open_first, staff
from tests.world import World


def with_two(world: World, approvals: int = 2) -> World:
    """Let so many administrators be needed."""
    changed = world.services.settings.model_copy(update={"go_live_approvals": approvals})
    object.__setattr__(world.services, "settings", changed)
    return world


@pytest.fixture
def two(each_world: World) -> World:
    submit(each_world, ("retention_days = 30", "retention_days = 20"))
    return with_two(each_world)


def approve(world: World, name: str, version: int = 2, partner_id: str = "quizco") -> Any:
    world.clock.pass_by(1)
    who = staff(world, name) if name != "cli" else Administrator("cli:alice")
    return approve_as(world, who, version, partner_id)


def wishes(world: World, state: WaitingState = WaitingState.WAITING) -> list[WaitingAct]:
    found = world.run(see_waiting, world.services, staff(world, "manager"))
    return [act for act in found if act.state is state]


def is_live(world: World) -> bool:
    return world.run(see_partner, world.services, "quizco").record.live_manifest == 2


def test_it_is_live_when_a_second_administrator_approves(two: World) -> None:
    """The first one sees no button any more, the second one does; both are named in the history."""
    manager, admin = as_(two, "manager"), as_(two, "admin")
    waiting = manager.open("/admin/partners/quizco")
    done = manager.submit(waiting, "/approve", all_read(waiting))
    assert "Waits for a second person" in done.text
    assert not [form for form in done.forms if form.action.endswith("/approve")]
    assert not is_live(two)
    assert two.services.registry.offers["practice-quizzes"].version == 1
    waiting = admin.open("/admin/partners/quizco")
    page = admin.submit(waiting, "/approve", all_read(waiting))
    assert is_live(two)
    for words in ("A second person was asked", "A second person agreed", "Approved: manifest 2"):
        assert words in page.text
    assert "Waits for a second person" not in page.text
    asked, agreed = (two.person_id(f"{name}@platform.example") for name in ("manager", "admin"))
    steps = rows(two, "SELECT action, actor_id FROM admin_action WHERE action LIKE '%second'")
    assert sorted(steps) == [("approve_as_second", agreed), ("ask_for_second", asked)]


def test_it_can_be_agreed_to_where_everything_waits(two: World) -> None:
    """The page of what waits says which manifest and which services, and leads to all that there is to look at."""
    approve(two, "manager")
    officer = as_(two, "officer")
    page = open_first(officer)
    for words in ("QuizCo", "Practice quizzes 2", "Everything that there is to look at"):
        assert words in page.text
    assert "/admin/partners/quizco" in page.response.text
    officer.submit(page, "/approve")
    assert is_live(two)


def test_one_administrator_alone_never_takes_it_live(two: World) -> None:
    """However often, and by the form that the page no longer shows; the command line is one, whatever its names."""
    assert [approve(two, "manager") for _ in range(3)] == [None, None, None]
    assert not is_live(two)
    assert len(wishes(two)) == 1


def test_the_command_line_is_one_of_the_two(two: World) -> None:
    assert approve(two, "cli") is None
    other = Administrator("cli:bob")
    with pytest.raises(Refusal, match="not_allowed"):
        approve_as(two, other, 2)
    assert approve(two, "admin") is not None
    assert is_live(two)


def test_a_yes_to_one_version_is_no_yes_to_the_next(two: World) -> None:
    approve(two, "manager")
    (before,) = wishes(two)
    submit(two, ("retention_days = 30", "retention_days = 25"))
    assert wishes(two) == []
    with pytest.raises(Refusal, match="stale_form"):
        two.run(approve_act, two.services, staff(two, "admin"), before.act_id, before.content_digest)
    assert approve(two, "admin", 3) is None
    assert approve(two, "manager", 3) is not None


def test_what_was_given_back_is_approved_anew(each_world: World) -> None:
    """A yes ends with the review in which it was said, and another partner's stays."""
    submit(with_two(each_world), ("retention_days = 30", "retention_days = 20"))
    approve(each_world, "manager")
    each_world.run(submit_manifest, each_world.services, NEWCOMER, "labtime.toml", {}, "cli")

    def move(kind: PartnerMove) -> None:
        each_world.clock.pass_by(1)
        each_world.run(move_partner, each_world.services, "cli", "labtime", kind, None)

    move(PartnerMove.REVIEW)
    assert approve(each_world, "manager", 1, "labtime") is None
    move(PartnerMove.RETURN)
    move(PartnerMove.REVIEW)
    assert approve(each_world, "admin", 1, "labtime") is None
    assert approve(each_world, "manager", 1, "labtime") is not None
    assert approve(each_world, "admin") is not None


def test_a_second_person_can_refuse(two: World) -> None:
    approve(two, "manager")
    (wish,) = wishes(two)
    two.run(refuse_act, two.services, staff(two, "admin"), wish.act_id)
    assert approve(two, "admin") is None
    assert not is_live(two)


def test_what_was_paused_or_changed_meanwhile_does_not_go_live(two: World) -> None:
    """The second person's yes is to what was frozen: the state and the text of the manifest are looked at again."""
    approve(two, "manager")
    (wish,) = wishes(two)
    two.run(move_partner, two.services, "cli", "quizco", PartnerMove.PAUSE, ReasonCode.LEGAL_ORDER)
    officer = staff(two, "officer")
    with pytest.raises(Refusal, match="stale_form"):
        two.run(approve_act, two.services, officer, wish.act_id, wish.content_digest)
    assert two.run(see_act, two.services, officer, wish.act_id).act.state is WaitingState.WAITING
    two.run(move_partner, two.services, "cli", "quizco", PartnerMove.RESUME, None)
    other = replace(wish, content=wish.content.replace('"sha256":"', '"sha256":"0'))
    two.store(rewrite, (other.act_id, other.content))
    with pytest.raises(Refusal, match="cannot go live"):
        two.run(approve_act, two.services, officer, wish.act_id, wish.content_digest)
    assert not is_live(two)


def rewrite(connection: Any, pairs: Any) -> list[None]:
    for act_id, content in pairs:
        changed = text("UPDATE waiting_act SET content = :content WHERE act_id = :own")
        connection.execute(changed, {"content": content, "own": act_id})
    return [None] * len(pairs)


def test_a_request_that_ran_out_is_asked_for_anew(two: World) -> None:
    approve(two, "manager")
    two.clock.pass_by(7 * DAY)
    two.run(let_run_out, two.services)
    assert approve(two, "admin") is None
    page = as_(two, "officer").open("/admin/waiting")
    assert page.text.count("Waits for a second person") == 1


def test_in_production_it_takes_two_and_elsewhere_one(world: World) -> None:
    settings = world.services.settings

    def needed(**changes: Any) -> int:
        found: Settings = settings.model_copy(update=changes)
        return found.approvals_needed

    assert needed(environment="production") == 2
    assert needed(environment="development") == 1
    assert needed(environment="production", go_live_approvals=1) == 1


def test_a_reason_is_kept_with_the_request(two: World) -> None:
    who = Administrator("cli:alice")
    approve_as(two, who, 2, reason=ReasonCode.ADMIN_CORRECTION)
    assert wishes(two)[0].parts["reason"] == "admin_correction"
