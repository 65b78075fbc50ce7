"""The last factor stays, and of two first factors one is kept, whoever asks at the same moment on whichever node."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx2

from gateway.accounts.one_time_passwords import STEP, code_at
from gateway.store.authentication.second_factors import (
    NewAuthenticator,
    Passkey,
    Removal,
    add_authenticators,
    add_passkeys,
    remove_authenticators,
    remove_passkeys,
)
from tests.gateway.web.authentication.test_security import give_password, switch_codes_on
from tests.races.crowd import Call, Cluster, cookies_of
from tests.world import ISSUER, NOW, PASSWORD, World

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


def test_rfc6238_5_2_one_code_sent_many_times_at_once_opens_one_session(cluster: Cluster) -> None:
    """A double click comes in, by whichever press; another log-in with the same code does not (decision 71)."""
    secret, _ = switch_codes_on(cluster.one, cluster.one.signed_in())
    for node in {id(node): node for node in cluster.nodes}.values():
        node.clock.pass_by(STEP)
    code = code_at(secret, cluster.one.clock())
    before = cluster.count("session", "ended_at IS NULL")
    pages = [give_password(cluster.one.browser()).form("/login/code") for _ in range(2)]
    own, other = (urlencode(page.filled({"code": code})) for page in pages)

    def pressing(form: str) -> Call[httpx2.Response]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": ISSUER}
        return lambda client: client.post("/login/code", content=form, headers=headers)

    answers = cluster.at_once([pressing(own)] * 4)
    assert [each.status_code for each in answers] == [303] * 4
    assert len({each.headers["set-cookie"].partition(";")[0] for each in answers}) == 1
    assert cluster.count("session", "ended_at IS NULL") == before + 1
    assert {each.status_code for each in cluster.at_once([pressing(other)] * 2)} == {400}


def test_one_step_up_sent_many_times_at_once_goes_on_in_one_session(cluster: Cluster) -> None:
    """The session that it replaces ends once, and nobody ends at 403."""
    browser = cluster.one.signed_in()
    before = cluster.count("session", "ended_at IS NULL")
    page = browser.open("/reauthenticate?next=/profile").form("/reauthenticate")
    form = urlencode(page.filled({"password": PASSWORD}))
    headers = {
        **cookies_of(browser),
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": ISSUER,
    }

    def pressing(client: httpx2.AsyncClient) -> Any:
        return client.post("/reauthenticate", content=form, headers=headers)

    answers = cluster.at_once([pressing] * 4)
    assert [(each.status_code, each.headers["location"]) for each in answers] == [(303, "/profile")] * 4
    given = {each.headers["set-cookie"].partition(";")[0] for each in answers if "set-cookie" in each.headers}
    assert len(given) == 1
    assert cluster.count("session", "ended_at IS NULL") == before
