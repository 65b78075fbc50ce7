"""Two administrators approve at the same moment: it goes live once, and one of them alone changes nothing."""

from typing import Any

from gateway.actions.partners.go_live import approve_partner
from gateway.model.administration.waiting import Administrator
from tests.gateway.actions.partners.test_partners import texts_read
from tests.gateway.web.administration.test_pages import submit
from tests.gateway.web.partners.test_go_live import is_live, with_two
from tests.races.crowd import Cluster
from tests.races.test_waiting import of
from tests.races.test_waiting import race as at_once
from tests.world import World


def race(cluster: Cluster, *actors: Administrator) -> list[Any]:
    submit(cluster.one, ("retention_days = 30", "retention_days = 20"))
    for node in cluster.nodes:
        with_two(node)
    read = texts_read(cluster.one)

    def approving(who: Administrator) -> Any:
        async def approve(node: World) -> Any:
            return await approve_partner(node.services, who, "quizco", 2, read=read)

        return approve

    return at_once(cluster, *map(approving, actors))


def test_two_at_once_take_it_live_once(cluster: Cluster) -> None:
    """Who comes too late to ask is told to look again; whoever looks again agrees."""
    pair = [of(cluster.one, "admin"), of(cluster.one, "manager")]
    race(cluster, *pair * 4)
    read = texts_read(cluster.one)
    race_again = [] if is_live(cluster.one) else pair * 2
    if race_again:
        at_once(
            cluster,
            *(
                lambda node, who=who: approve_partner(node.services, who, "quizco", 2, read=read)
                for who in race_again
            ),
        )
    assert is_live(cluster.one)
    for act in ("approve_partner", "ask_for_second", "approve_as_second"):
        assert cluster.count("admin_action", f"action = '{act}'") == 1


def test_one_of_them_eight_times_does_not(cluster: Cluster) -> None:
    assert set(race(cluster, *[of(cluster.one, "admin")] * 8)) <= {None, "stale_form"}
    assert not is_live(cluster.one)
