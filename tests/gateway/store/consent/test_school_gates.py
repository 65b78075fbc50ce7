"""Schools' gates, and the uses of a consent that allows only so many."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.actions.consent import school_gates
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.school_gates import NewGate, set_gates
from gateway.store.oauth.release import spend_use
from tests.gateway.store.samples import act, given, rows
from tests.world import NOW, World


def test_setting_a_gate_again_after_a_lost_commit_sets_it_once(each_world: World) -> None:
    action = AdminAction("act_gate", "per_1", "gate_deny", "partner", "quizco", NOW)
    gate = NewGate("lakeside", "quizco", "deny", action)
    each_world.store(set_gates, gate)
    each_world.store(set_gates, gate)
    assert rows(each_world, "SELECT count(*) FROM admin_action WHERE action_id = 'act_gate'") == [(1,)]
    assert rows(each_world, "SELECT decision FROM org_policy") == [("deny",)]


def test_a_partner_that_is_not_live_is_no_schools_business(each_world: World) -> None:
    """Unless the school has decided about it: then the decision stays in sight."""
    administrator: Any = SimpleNamespace(organisation_id="lakeside")

    def listed() -> set[str]:
        found = each_world.run(school_gates.see_gate, each_world.services, administrator)
        return {each.partner.partner.partner_id for each in found}

    assert listed() == {"quizco", "campuspress"}
    act(each_world, "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'")
    act(each_world, "UPDATE registry_version SET version = version + 1")
    assert listed() == {"campuspress"}


@pytest.mark.parametrize("limit", [1, 3])
def test_a_use_is_spent_once_however_often_its_hand_off_is_tried(each_world: World, limit: int) -> None:
    grant = replace(given(each_world, "1"), use_limit=limit)

    def spend(name: str) -> bool:
        return each_world.store(lambda c, _: [spend_use(c, grant, name)], None)

    assert [spend(f"hof_{number}") for number in range(limit + 1)] == [True] * limit + [False]
    assert spend("hof_0")
