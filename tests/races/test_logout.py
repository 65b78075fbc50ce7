"""Notices of signing out: several nodes look, one delivers."""

from collections.abc import Callable
from typing import Any

import httpx2

from gateway.actions.logout import Courier
from tests.protocol.test_backchannel_logout import Site
from tests.races.crowd import Cluster
from tests.world import World


def test_a_notice_is_one_nodes_at_a_time(cluster: Cluster) -> None:
    """However many look at once, it goes out once."""
    site = Site(cluster.one)
    object.__setattr__(cluster.other.services, "outbound", site)
    site.sign_out()

    def looking(world: World) -> Callable[[httpx2.AsyncClient], Any]:
        return lambda _: Courier(world.services).deliver()

    looks = [looking(cluster.nodes[number % len(cluster.nodes)]) for number in range(32)]
    assert sum(cluster.at_once(looks)) == 1
    assert len(site.came) == 1
