"""One device code, 32 callers: one gets tokens, and keeps them."""

from tests.protocol.screen import Television
from tests.races.crowd import CROWD, Cluster, posting, reading


def test_a_device_code_is_redeemed_once(cluster: Cluster) -> None:
    """The others are told to wait or that it is spent, and nobody's tokens die of it."""
    tv = Television(cluster.one)
    tv.begin()
    tv.decide()
    asks = [posting(cluster.one, "/token", tv.form()) for _ in range(CROWD)]
    answers = cluster.at_once(asks)
    won = [each for each in answers if each.status_code == 200]
    assert len(won) == 1
    lost = {each.json()["error"] for each in answers if each.status_code != 200}
    assert lost <= {"invalid_grant", "slow_down"}
    [read] = cluster.at_once([reading(won[0].json()["access_token"])])
    assert read.status_code == 200
