"""Complaints of the same second: one brake, one act and one letter, however many come at once."""

import httpx2

from gateway.actions.consent.complaints import complain
from gateway.consent.complaints import ComplaintKind
from tests.races.crowd import Call, Cluster
from tests.races.test_contacts import ASHA, BEN, session
from tests.world import World


def served(cluster: Cluster, email: str) -> str:
    """Let somebody share, and the partner read; give the grant."""
    tokens = cluster.one.tokens(email=email)
    assert cluster.one.userinfo(tokens["access_token"]).status_code == 200
    grant_id: str = tokens["grant_id"]
    return grant_id


def complaining(world: World, email: str, grant_id: str) -> Call[str]:
    who = session(world, email)

    async def call(_: httpx2.AsyncClient) -> str:
        return await complain(world.services, who, grant_id, ComplaintKind.ADVERTISING)

    return call


def test_two_who_complain_at_once_pull_the_brake_once(cluster: Cluster) -> None:
    """Neither is missed by the other, on whichever node they are, and nobody is told twice."""
    cluster.one.clock.pass_by(1)
    grants = {email: served(cluster, email) for email in (ASHA, BEN)}
    nodes = cluster.nodes
    calls = [
        complaining(nodes[number % len(nodes)], email, grants[email])
        for number, email in enumerate([ASHA, BEN] * 4)
    ]
    assert len(set(cluster.at_once(calls))) == 8
    assert cluster.count("partner", "partner_id = 'quizco' AND state = 'paused'") == 1
    assert cluster.count("admin_action", "action = 'pause_for_complaints'") == 1
    assert cluster.count("letter", "kind = 'braked'") == 1


def test_one_who_complains_eight_times_at_once_pulls_nothing(cluster: Cluster) -> None:
    cluster.one.clock.pass_by(1)
    grant_id = served(cluster, ASHA)
    nodes = [cluster.nodes[number % len(cluster.nodes)] for number in range(8)]
    cluster.at_once([complaining(node, ASHA, grant_id) for node in nodes])
    assert cluster.count("partner", "partner_id = 'quizco' AND state = 'live'") == 1
    assert cluster.count("complaint", "brakes") == 8
