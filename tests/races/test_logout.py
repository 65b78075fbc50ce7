"""Notices of signing out: several nodes look, one delivers."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from gateway.actions.authentication.sessions import find_session
from gateway.actions.logouts import Courier, log_out, tell_of_ends
from gateway.actions.services import Services
from gateway.cli.browser import Browser, Page
from gateway.model.people import Session
from gateway.web.pages.visit import COOKIE
from tests.protocol.test_backchannel_logout import Site
from tests.races.crowd import Call, Cluster, cookies_of, exchanging
from tests.world import ISSUER, World, answer_of


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


def test_an_end_is_told_once_whoever_notices_it(cluster: Cluster) -> None:
    """The session runs out while its person signs out and every node looks: one notice is owed."""
    world = cluster.one
    site = Site(world)
    browser = world.signed_in()
    world.exchange(world.share(browser, world.ask(browser))["code"])
    session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
    assert session is not None
    for node in cluster.nodes:
        node.clock.pass_by(node.services.settings.session_idle_ttl)
    nodes = len(cluster.nodes)

    def ending(number: int) -> Callable[[httpx2.AsyncClient], Any]:
        # The crowd is dealt out to the nodes in turn: each call has to be its own node's.
        services = cluster.nodes[number % nodes].services
        is_log_out = number // nodes % 2
        return lambda _: log_out(services, session) if is_log_out else tell_of_ends(services)

    cluster.at_once([ending(number) for number in range(32)])
    assert cluster.count("logout_delivery") == 1
    assert site.deliver() == 1


@pytest.mark.parametrize("end_at", [0, 1])
def test_whoever_exchanges_a_code_while_its_session_ends_is_told_or_gets_nothing(
    cluster: Cluster, end_at: int
) -> None:
    """There is no third: tokens in a session that is over, of whose end nobody tells their client."""
    world, told = cluster.one, 0
    site = Site(world)
    browser = world.signed_in()
    world.exchange(world.share(browser, world.ask(browser))["code"])
    node = cluster.nodes[end_at % len(cluster.nodes)]
    for _ in range(6):
        browser = world.signed_in()
        code = answer_of(world.ask(browser))["code"]
        session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
        assert session is not None
        calls: list[Call[Any]] = [exchanging(world, code)]
        calls.insert(end_at, ending(node.services, session))
        answer = cluster.at_once(calls)[1 - end_at]
        told += answer.status_code == 200
        assert cluster.count("logout_delivery") == told
        assert world.exchange(code).status_code == 400
    assert site.deliver() == told


def ending(services: Services, session: Session) -> Call[None]:
    return lambda _: log_out(services, session)


@pytest.mark.parametrize("is_new", [False, True])
def test_whoever_answers_while_the_session_ends_gets_a_code_that_dies_with_it(
    cluster: Cluster, *, is_new: bool
) -> None:
    """By a yes, and by a consent that stands: whichever comes first, the code buys nothing afterwards."""
    world = cluster.one
    browser = world.signed_in()
    world.share(browser, world.ask(browser))
    for number in range(6):
        action = {"grant_management_action": "create"} if is_new else {}
        browser = world.signed_in()
        page = world.ask(browser, **action) if is_new else None
        session = world.run(find_session, world.services, browser._client.cookies[COOKIE])
        assert session is not None
        node = cluster.nodes[number % 2 % len(cluster.nodes)]
        calls: list[Call[Any]] = [answering(world, browser, page)]
        calls.insert(number % 2, ending(node.services, session))
        answer = cluster.at_once(calls)[1 - number % 2]
        back = parse_qs(urlsplit(answer.headers.get("location", "")).query)
        for code in back.get("code", []):
            assert world.exchange(code).status_code == 400


def answering(world: World, browser: Browser, page: Page | None) -> Call[httpx2.Response]:
    """Say yes, or ask again silently."""
    headers = {**cookies_of(browser), "Origin": ISSUER, "Content-Type": "application/x-www-form-urlencoded"}
    if page is None:
        path = f"/authorize?{urlencode(world.authorization(prompt='none'))}"
        return lambda client: client.get(path, headers=headers)
    form = urlencode(page.form("/consent").filled({}, "share"))
    return lambda client: client.post("/consent", content=form, headers=headers)
