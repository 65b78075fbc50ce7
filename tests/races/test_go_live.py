"""Two administrators approve at the same moment: it goes live once, and one of them alone changes nothing."""

from collections.abc import Callable
from typing import Any

import httpx2

from gateway.actions.partners import approve_partner
from gateway.kit.errors import Refusal
from tests.gateway.web.test_admin_pages import submit
from tests.gateway.web.test_go_live import is_live, with_two
from tests.races.crowd import Cluster
from tests.world import World


def race(cluster: Cluster, *actors: str) -> list[Any]:
    submit(cluster.one, ("retention_days = 30", "retention_days = 20"))
    for node in cluster.nodes:
        with_two(node)

    def approving(node: World, actor_id: str) -> Callable[[httpx2.AsyncClient], Any]:
        async def approve(_: httpx2.AsyncClient) -> Any:
            try:
                return await approve_partner(node.services, actor_id, "quizco", 2)
            except Refusal as refusal:
                return refusal.code

        return approve

    pairs = [(cluster.nodes[number % len(cluster.nodes)], each) for number, each in enumerate(actors)]
    return cluster.at_once([approving(*pair) for pair in pairs])


def test_two_at_once_take_it_live_once(cluster: Cluster) -> None:
    race(cluster, *["per_one", "per_two"] * 4)
    assert is_live(cluster.one)
    assert cluster.count("admin_action", "action = 'approve_partner'") == 1
    assert cluster.count("admin_action", "action = 'say_yes_to_manifest'") == 2


def test_one_of_them_eight_times_does_not(cluster: Cluster) -> None:
    assert set(race(cluster, *["per_one"] * 8)) == {None}
    assert not is_live(cluster.one)
