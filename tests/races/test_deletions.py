"""Requests to delete: several nodes look, one delivers; many answers, one entry."""

from collections.abc import Callable
from typing import Any

import httpx2

from gateway.actions.partners.deletions import DeletionCourier
from tests.gateway.web.consent.test_deletions import Site, stopped
from tests.races.crowd import Cluster
from tests.world import QUIZCO_SECRET, World


def test_a_request_is_one_nodes_at_a_time(cluster: Cluster) -> None:
    site = Site(cluster.one)
    object.__setattr__(cluster.other.services, "outbound", site)
    stopped(site)

    def looking(world: World) -> Callable[[httpx2.AsyncClient], Any]:
        return lambda _: DeletionCourier(world.services).deliver()

    looks = [looking(cluster.nodes[number % len(cluster.nodes)]) for number in range(16)]
    assert sum(cluster.at_once(looks)) == 1
    assert len(site.came) == 1


def test_many_answers_are_one_entry(cluster: Cluster) -> None:
    stopped(Site(cluster.one))
    known = cluster.rows("SELECT request_id FROM deletion_request")[0][0]
    client_id = cluster.one.quizco

    async def confirm(client: httpx2.AsyncClient) -> int:
        form = {"deletion": known, "outcome": "done"}
        answer = await client.post("/deletions", data=form, auth=(client_id, QUIZCO_SECRET))
        return answer.status_code

    assert set(cluster.at_once([confirm] * 16)) == {200}
    assert cluster.count("admin_action", "action = 'deletion_done'") == 1
