"""Trouble underneath: a crowded lane, one item that fails, a database that is gone for a while."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from tests.races.cable import Cable, cabled
from tests.races.crowd import CROWD, Call, Cluster, posting, reading
from tests.world import World, serve


def test_a_full_lane_says_when_to_come_again(make_cluster: Callable[..., Cluster]) -> None:
    """Beyond the lane's depth: 503 `temporarily_unavailable` with Retry-After, the others are served."""
    cluster = make_cluster("postgresql", width=1, lane_depth=4)
    token = cluster.one.tokens()["access_token"]
    answers = cluster.at_once([reading(token)] * CROWD, patiently=False)
    full = [answer for answer in answers if answer.status_code == 503]
    assert full
    for answer in full:
        assert answer.json()["error"] == "temporarily_unavailable"
        assert int(answer.headers["Retry-After"]) >= 1
    served = [answer for answer in answers if answer.status_code == 200]
    assert len(served) == CROWD - len(full) >= 4
    assert cluster.count("handoff") == len(served)
    assert cluster.one.userinfo(token).status_code == 200


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_poisoned_item_does_not_fail_its_neighbours(
    make_cluster: Callable[..., Cluster], database: str
) -> None:
    """One person's damaged record fails that person's reads alone, whoever shares the transaction."""
    cluster = make_cluster(database, width=256)
    world = cluster.one
    good = world.tokens()["access_token"]
    bad = world.tokens(email="aoife@northfield.example")["access_token"]
    person_id = world.person_id("aoife@northfield.example")

    def damage(connection, ids):
        statement = text("UPDATE person_key SET wrapped = :broken WHERE person_id = :person_id")
        connection.execute(statement, {"broken": b"damaged", "person_id": ids[0]})
        return ids

    world.store(damage, person_id)
    calls: list[Call[httpx2.Response]] = [reading(good)] * CROWD
    calls[CROWD // 2] = reading(bad)
    statuses = [answer.status_code for answer in cluster.at_once(calls)]
    assert statuses[CROWD // 2] == 500
    assert statuses.count(200) == CROWD - 1
    assert cluster.count("handoff") == CROWD - 1


@pytest.fixture
def plugged(durable_url: str, tmp_path: Path) -> Iterator[tuple[Cable, World]]:
    """A gateway whose database can be cut off."""
    with cabled(durable_url) as (cable, url), serve(url, tmp_path) as world:
        yield cable, world


def test_a_database_that_is_gone_is_answered_503_and_nothing_is_lost(plugged: tuple[Cable, World]) -> None:
    """JSON for partners, a page for people, both with Retry-After; afterwards everything works as before."""
    cable, world = plugged
    cluster = Cluster((world,), "postgresql")
    browser = world.signed_in()
    tokens = world.tokens(email="aoife@northfield.example")
    cable.cut()
    calls = [reading(tokens["access_token"])] * 3 + [posting(world, "/introspect", {"token": "x"})] * 3
    answers = cluster.at_once(calls, patiently=False)
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["error"] for answer in answers} == {"temporarily_unavailable"}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers)
    page = browser.open("/connected")
    assert page.status == 503
    assert page.response.headers["Retry-After"]
    assert page.response.headers["Content-Type"].startswith("text/html")
    assert world.client().get("/health").status_code == 200
    cable.plug_in()
    assert world.userinfo(tokens["access_token"]).status_code == 200
    assert browser.open("/connected").status == 200
    assert world.refresh(tokens["refresh_token"]).status_code == 200
    assert cluster.count("handoff") == 1


def test_a_connection_lost_between_requests_is_not_noticed(plugged: tuple[Cable, World]) -> None:
    """The database restarts while nobody asks: the next request is served, without an error."""
    cable, world = plugged
    token = world.tokens()["access_token"]
    cable.cut()
    cable.plug_in()
    answer = world.userinfo(token)
    assert answer.status_code == 200, answer.text
    assert Cluster((world,), "postgresql").count("handoff") == 1
