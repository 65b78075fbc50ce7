"""Two administrators take a manifest live, never one twice; on the pages, at the command line, and on record."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.actions.partners import (
    PartnerMove,
    approve_partner,
    move_partner,
    see_partner,
    submit_manifest,
)
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids
from gateway.kit.settings import Settings
from gateway.store.admin_actions import AdminAction
from gateway.store.go_live import ManifestApproval, approve_manifests
from gateway.store.partners import publish_manifests
from tests.gateway.actions.test_partners import NEWCOMER, plan
from tests.gateway.store.samples import rows
from tests.gateway.web.test_admin_pages import as_, submit
from tests.world import World


def with_two(world: World, approvals: int = 2) -> World:
    """Let so many administrators be needed."""
    changed = world.services.settings.model_copy(update={"go_live_approvals": approvals})
    object.__setattr__(world.services, "settings", changed)
    return world


@pytest.fixture
def two(both: World) -> World:
    submit(both, ("retention_days = 30", "retention_days = 20"))
    return with_two(both)


def approve(world: World, actor_id: str, version: int = 2, partner_id: str = "quizco") -> Any:
    world.clock.pass_by(1)
    return world.run(approve_partner, world.services, actor_id, partner_id, version)


def yes(
    world: World, actor_id: str, state: str = "live", version: int = 2, partner_id: str = "quizco"
) -> Any:
    """Say yes, and do no more."""
    action = AdminAction(
        random_ids(Kind.ACTION), actor_id, "say_yes_to_manifest", "partner", partner_id, world.clock()
    )
    return world.store(approve_manifests, ManifestApproval(partner_id, state, version, action))


def is_live(world: World) -> bool:
    return world.run(see_partner, world.services, "quizco").record.live_manifest == 2


def test_it_is_live_when_a_second_administrator_approves(two: World) -> None:
    """The first one sees no button any more, the second one does; both are named in the history."""
    manager, admin = as_(two, "manager"), as_(two, "admin")
    done = manager.submit(manager.open("/admin/partners/quizco"), "/approve")
    assert "It goes live when a second one has" in done.text
    assert not [form for form in done.forms if form.action.endswith("/approve")]
    assert not is_live(two)
    assert two.services.registry.offers["practice-quizzes"].version == 1
    page = admin.submit(admin.open("/admin/partners/quizco"), "/approve")
    assert is_live(two)
    assert "Approved; a second administrator has to as well" in page.text
    assert "Approved: manifest 2" in page.text
    assert "It goes live when" not in page.text
    people = {two.person_id(f"{name}@platform.example") for name in ("manager", "admin")}
    kept = "SELECT decided_by FROM approval WHERE kind = 'go_live'"
    assert {row[0] for row in rows(two, kept)} == people


def test_one_administrator_alone_never_takes_it_live(two: World) -> None:
    """However often, and by the form that the page no longer shows."""
    assert [approve(two, "per_one") for _ in range(3)] == [None, None, None]
    assert not is_live(two)
    said = "SELECT count(*) FROM admin_action WHERE action = 'say_yes_to_manifest'"
    assert rows(two, said) == [(1,)]


def test_the_store_itself_refuses_what_one_approved(two: World) -> None:
    """Not only the page asks for the second one."""
    approve(two, "per_one")
    seen = two.run(see_partner, two.services, "quizco")
    assert not two.store(publish_manifests, replace(plan(two, seen), approvals=2))
    assert not is_live(two)


def test_a_yes_to_one_version_is_no_yes_to_the_next(two: World) -> None:
    approve(two, "per_one")
    submit(two, ("retention_days = 30", "retention_days = 25"))
    assert approve(two, "per_two", 3) is None
    assert approve(two, "per_one", 3) is not None


def test_what_was_given_back_is_approved_anew(both: World) -> None:
    """A yes ends with the review in which it was said, and another partner's stays."""
    submit(with_two(both), ("retention_days = 30", "retention_days = 20"))
    approve(both, "per_one")
    both.run(submit_manifest, both.services, NEWCOMER, "labtime.toml", {}, "cli")

    def move(kind: PartnerMove) -> None:
        both.clock.pass_by(1)
        both.run(move_partner, both.services, "cli", "labtime", kind, None)

    move(PartnerMove.REVIEW)
    assert approve(both, "per_one", 1, "labtime") is None
    move(PartnerMove.RETURN)
    move(PartnerMove.REVIEW)
    assert approve(both, "per_two", 1, "labtime") is None
    assert approve(both, "per_one", 1, "labtime") is not None
    assert approve(both, "per_two") is not None


def test_an_approval_of_what_changed_meanwhile_is_not_kept(two: World) -> None:
    """Whoever looked at an older version, or at a partner that was paused meanwhile, has approved nothing."""
    assert yes(two, "per_one", version=1) is None
    assert yes(two, "per_one", "review") is None
    assert yes(two, "per_one", partner_id="nobody") is None
    assert rows(two, "SELECT count(*) FROM approval") == [(0,)]


def test_an_approval_that_comes_too_late_says_so(two: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The partner changed between the look and the yes."""
    run = two.services.store.run

    async def later(operation: Any, item: Any) -> Any:
        stale = operation is approve_manifests
        return await run(operation, replace(item, state="review") if stale else item)

    monkeypatch.setattr(two.services.store, "run", later)
    with pytest.raises(Refusal, match="changed in the meantime"):
        approve(two, "per_one")
    assert rows(two, "SELECT count(*) FROM approval") == [(0,)]


def test_after_a_node_that_died_between_the_two_anybody_goes_on(two: World) -> None:
    """Two have approved and nothing is live: the button is there again, for either of them."""
    manager = two.person_id("manager@platform.example")
    assert [yes(two, each) for each in ("per_one", manager)] == [1, 2]
    browser = as_(two, "manager")
    browser.submit(browser.open("/admin/partners/quizco"), "/approve")
    assert is_live(two)


def test_in_production_it_takes_two_and_elsewhere_one(world: World) -> None:
    settings = world.services.settings

    def needed(**changes: Any) -> int:
        found: Settings = settings.model_copy(update=changes)
        return found.approvals_needed

    assert needed(environment="production") == 2
    assert needed(environment="development") == 1
    assert needed(environment="production", go_live_approvals=1) == 1
