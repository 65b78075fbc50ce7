"""Schools' gates, and the uses of a consent that allows only so many."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.actions import school_gate
from gateway.store.admin_actions import AdminAction
from gateway.store.release import spend_use
from gateway.store.school_gates import NewGate, set_gates
from tests.gateway.store.samples import act, given, rows
from tests.world import NOW, World


def test_setting_a_gate_again_after_a_lost_commit_sets_it_once(both: World) -> None:
    action = AdminAction("act_gate", "per_1", "gate_deny", "partner", "quizco", NOW)
    gate = NewGate("lakeside", "quizco", "deny", action)
    both.store(set_gates, gate)
    both.store(set_gates, gate)
    assert rows(both, "SELECT count(*) FROM admin_action WHERE action_id = 'act_gate'") == [(1,)]
    assert rows(both, "SELECT decision FROM org_policy") == [("deny",)]


def test_a_partner_that_is_not_live_is_no_schools_business(both: World) -> None:
    """Unless the school has decided about it: then the decision stays in sight."""
    administrator: Any = SimpleNamespace(organisation_id="lakeside")

    def listed() -> set[str]:
        found = both.run(school_gate.see_gate, both.services, administrator)
        return {each.partner.partner.partner_id for each in found}

    assert listed() == {"quizco", "campuspress"}
    act(both, "UPDATE partner SET state = 'paused' WHERE partner_id = 'quizco'")
    act(both, "UPDATE registry_version SET version = version + 1")
    assert listed() == {"campuspress"}


@pytest.mark.parametrize("limit", [1, 3])
def test_a_use_is_spent_once_however_often_its_hand_off_is_tried(both: World, limit: int) -> None:
    grant = replace(given(both, "1"), use_limit=limit)

    def spend(name: str) -> bool:
        return both.store(lambda c, _: [spend_use(c, grant, name)], None)

    assert [spend(f"hof_{number}") for number in range(limit + 1)] == [True] * limit + [False]
    assert spend("hof_0")
