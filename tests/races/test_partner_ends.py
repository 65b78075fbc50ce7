"""An announced end at its second: several nodes execute it once, and whoever calls it off has or has not."""

from typing import Any

from gateway.actions.partners.ends import call_off_end, end_partner, execute_due_ends
from gateway.kit.clock import DAY
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from tests.races.crowd import Cluster
from tests.races.test_waiting import race
from tests.world import World


def announced(cluster: Cluster) -> None:
    one = cluster.one
    one.tokens()
    who, reason = Administrator("cli:alice"), ReasonCode.PARTNER_BREACH
    assert one.run(end_partner, one.services, who, "quizco", reason) is None


def state(cluster: Cluster) -> str:
    return str(cluster.rows("SELECT state FROM partner WHERE partner_id = 'quizco'")[0][0])


def test_several_nodes_execute_it_once(cluster: Cluster) -> None:
    announced(cluster)
    for node in {id(node): node for node in cluster.nodes}.values():
        node.clock.pass_by(DAY)
    outcomes = race(cluster, *[lambda node: execute_due_ends(node.services)] * 6)
    assert outcomes.count(1) == 1
    assert state(cluster) == "ended"
    assert cluster.count("admin_action", "action = 'end_partner'") == 1
    assert cluster.count("consent_event", "type = 'revoked'") == 1


def test_called_off_at_the_last_second_or_over(cluster: Cluster) -> None:
    """One node's clock says that the day is over, the other one's not yet: exactly one of the two happens."""
    announced(cluster)
    cluster.other.clock.pass_by(DAY)

    def calling_off(node: World) -> Any:
        return call_off_end(node.services, "cli:bob", "quizco")

    race(cluster, *[calling_off, lambda node: execute_due_ends(node.services)] * 3)
    done = cluster.count("admin_action", "action = 'end_partner'")
    undone = cluster.count("admin_action", "action = 'call_off_end'")
    assert done + undone == 1
    assert state(cluster) == ("ended" if done else "live")
    assert cluster.count("consent_grant", "state = 'active'") == undone
