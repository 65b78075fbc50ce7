"""The last factor stays, and of two first factors one is kept, whoever asks at the same moment on whichever node."""

from collections.abc import Callable
from typing import Any

import httpx2

from gateway.store.authentication.second_factors import (
    NewAuthenticator,
    Passkey,
    Removal,
    add_authenticators,
    add_passkeys,
    remove_authenticators,
    remove_passkeys,
)
from tests.races.crowd import Cluster
from tests.world import NOW, World

ADMIN = "admin@platform.example"
Step = Callable[[World], Any]


def race(cluster: Cluster, *steps: Step) -> list[Any]:
    def taking(node: World, step: Step) -> Callable[[httpx2.AsyncClient], Any]:
        async def take(_: httpx2.AsyncClient) -> Any:
            return await step(node)

        return take

    nodes = cluster.nodes
    return cluster.at_once([taking(nodes[n % len(nodes)], step) for n, step in enumerate(steps)])


def passkey(person_id: str, number: int, *, is_first: bool = False) -> Passkey:
    return Passkey(b"passkey %d" % number, person_id, b"key", 0, NOW, is_first=is_first)


def app(person_id: str, *, is_first: bool = False) -> NewAuthenticator:
    return NewAuthenticator(person_id, b"sealed", 0, NOW, (b"digest",), is_first)


def test_of_all_factors_that_are_removed_at_once_the_last_one_stays(cluster: Cluster) -> None:
    person_id = cluster.one.person_id(ADMIN)
    for number in range(7):
        assert cluster.one.store(add_passkeys, passkey(person_id, number))
    assert cluster.one.store(add_authenticators, app(person_id))

    def removing(number: int) -> Step:
        return lambda node: node.services.store.run(remove_passkeys, (person_id, b"passkey %d" % number))

    outcomes = race(
        cluster,
        *(removing(number) for number in range(7)),
        lambda node: node.services.store.run(remove_authenticators, person_id),
    )
    assert sorted(each.name for each in outcomes) == ["DONE"] * 7 + ["LAST"]
    assert cluster.count("passkey") + cluster.count("one_time_password") == 1
    assert Removal.LAST in outcomes


def test_of_first_factors_that_come_at_once_one_is_kept(cluster: Cluster) -> None:
    """Whoever begins with a stolen password at the same moment does not end beside the owner."""
    person_id = cluster.one.person_id(ADMIN)

    def adding(number: int) -> Step:
        return lambda node: node.services.store.run(add_passkeys, passkey(person_id, number, is_first=True))

    outcomes = race(
        cluster,
        *(adding(number) for number in range(7)),
        lambda node: node.services.store.run(add_authenticators, app(person_id, is_first=True)),
    )
    assert sum(outcomes) == 1
    assert cluster.count("passkey") + cluster.count("one_time_password") == 1
    assert cluster.count("person", "factor_grace_from IS NULL AND role = 'platform_admin'") == 1
