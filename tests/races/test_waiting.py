"""Two people at the same moment: a request ends once, and what it asks for happens once or not at all."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from gateway.actions.administration.roles import ask_for_role
from gateway.actions.administration.waiting_kinds import approve_act, let_run_out, refuse_act, withdraw_act
from gateway.actions.two_people import administrator_of
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.model.administration.waiting import Administrator, WaitingAct
from gateway.model.people import Role
from gateway.store.accounts.people import find_accounts
from tests.races.crowd import Cluster
from tests.world import World

WEEK = 7 * DAY
Step = Callable[[World, WaitingAct], Any]


def of(world: World, name: str) -> Administrator:
    found = world.store(find_accounts, world.person_id(f"{name}@platform.example"))
    assert found is not None
    return administrator_of(found)


def race(cluster: Cluster, *steps: Callable[[World], Any]) -> list[Any]:
    def taking(node: World, step: Callable[[World], Any]) -> Callable[[httpx2.AsyncClient], Any]:
        async def take(_: httpx2.AsyncClient) -> Any:
            try:
                return await step(node)
            except Refusal as refusal:
                return refusal.code

        return take

    nodes = cluster.nodes
    return cluster.at_once([taking(nodes[n % len(nodes)], step) for n, step in enumerate(steps)])


def asked(cluster: Cluster) -> WaitingAct:
    one = cluster.one
    who = one.person_id("support@platform.example")
    return one.run(ask_for_role, one.services, of(one, "admin"), who, Role.AUDITOR, "")


def effects(cluster: Cluster) -> int:
    return cluster.count("admin_action", "action = 'change_role'")


def is_executed(cluster: Cluster) -> bool:
    return cluster.count("person", "role = 'auditor'") == 2


ENDS = "action IN ('approve_as_second', 'refuse_as_second', 'withdraw_request', 'request_ran_out')"


def approving(act: WaitingAct, who: Administrator) -> Callable[[World], Any]:
    return lambda node: approve_act(node.services, who, act.act_id, act.content_digest)


def test_two_approve_at_once_and_it_is_done_once(cluster: Cluster) -> None:
    act = asked(cluster)
    pair = [approving(act, of(cluster.one, "officer")), approving(act, Administrator("cli:alice"))]
    answers = race(cluster, *pair * 4)
    assert answers.count("stale_form") == 7
    assert effects(cluster) == 1
    assert is_executed(cluster)


@pytest.mark.parametrize("other", ["refuse", "withdraw", "expire"])
def test_an_approval_against_every_other_end(cluster: Cluster, other: str) -> None:
    """Whoever is first decides: either it is approved and done, or it ended otherwise and nothing was changed."""
    act = asked(cluster)
    admin, officer = of(cluster.one, "admin"), of(cluster.one, "officer")
    if other == "expire":
        # The approver's clock is behind that of the node that sweeps.
        cluster.other.clock.pass_by(WEEK if cluster.other is not cluster.one else WEEK - 1)
    ends: dict[str, Callable[[World], Any]] = {
        "refuse": lambda node: refuse_act(node.services, Administrator("cli:alice"), act.act_id),
        "withdraw": lambda node: withdraw_act(node.services, admin, act.act_id),
        "expire": lambda node: let_run_out(node.services),
    }
    race(cluster, *[approving(act, officer), ends[other]] * 3)
    assert cluster.count("admin_action", ENDS) == 1
    done = cluster.count("waiting_act", "state = 'approved'") == 1
    assert effects(cluster) == done
    assert is_executed(cluster) == done


def test_asked_twice_at_once_waits_once(cluster: Cluster) -> None:
    admin = of(cluster.one, "admin")
    who = cluster.one.person_id("support@platform.example")
    answers = race(
        cluster,
        *[lambda node: ask_for_role(node.services, admin, who, Role.AUDITOR, "") for _ in range(6)],
    )
    assert answers.count("stale_form") == 5
    assert cluster.count("waiting_act") == 1
