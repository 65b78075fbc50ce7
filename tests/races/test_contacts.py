"""Contacts under a crowd: nothing is seen after an end, and of decisions that exclude each other one is made (P2)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.authentication.sessions import login_index
from gateway.actions.contacts.overview import see_contacts
from gateway.actions.contacts.steps import accept_contact, change_contact, end_contact
from gateway.actions.contacts.views import view_contact
from gateway.actions.contacts.wishes import ask_contact
from gateway.kit.errors import Refusal
from gateway.model.contacts import GivenItem
from gateway.model.people import Session
from gateway.store.accounts.logins import load_logins
from scopes import Form
from tests.races.crowd import CROWD, Call, Cluster
from tests.world import World

ASHA, BEN = "asha@lakeside.example", "ben@lakeside.example"
EMAIL, MASKED = GivenItem("email", Form.FULL), GivenItem("email", Form.MASKED)


def session(world: World, email: str) -> Session:
    login = world.store(load_logins, login_index(world.services, email))
    assert login is not None
    now = world.clock()
    return Session(b"s", login.person, now, now, now)


def wish(world: World, by: str, to: str) -> str:
    """Ask; give the contact's id."""
    assert world.run(ask_contact, world.services, session(world, by), to, (EMAIL,), "en") is None
    listed = world.run(see_contacts, world.services, session(world, to))
    return next(line.contact_id for line in listed.to_answer)


def doing(
    cluster: Cluster, email: str, action: Callable[..., Awaitable[Any]], *words: Any
) -> list[Call[str]]:
    """Make the same call for every node in turn: its answer is "done" or the refusal's code."""

    def on(world: World) -> Call[str]:
        who = session(world, email)

        async def call(_: httpx2.AsyncClient) -> str:
            await asyncio.sleep(0)
            try:
                await action(world.services, who, *words)
            except Refusal as refusal:
                return refusal.code
            return "done"

        return call

    return [on(world) for world in cluster.nodes]


def crowd(calls: list[Call[str]], size: int = CROWD) -> list[Call[str]]:
    return [calls[place % len(calls)] for place in range(size)]


@pytest.mark.parametrize("ending", ["end", "erase", "give nothing"])
def test_p2_nothing_is_seen_after_an_end(cluster: Cluster, ending: str) -> None:
    """Thirty-two looks and one end: each look was before it, with its row, or shows nothing."""
    contact_id = wish(cluster.one, ASHA, BEN)
    cluster.one.run(
        accept_contact, cluster.one.services, session(cluster.one, BEN), contact_id, (EMAIL,), "en"
    )
    stop = {
        "end": lambda: doing(cluster, BEN, end_contact, contact_id, "en"),
        "erase": lambda: erasing(cluster),
        "give nothing": lambda: doing(cluster, BEN, change_contact, contact_id, (), "en"),
    }[ending]()
    # A call's place says which node makes it.
    calls = crowd(doing(cluster, ASHA, view_contact, contact_id), CROWD + 1)
    calls[CROWD // 2] = stop[CROWD // 2 % len(stop)]
    answers = cluster.at_once(calls)
    assert answers.pop(CROWD // 2) == "done"
    assert set(answers) <= {"done", "stale_form"}
    assert cluster.count("contact_view") == answers.count("done")
    late = """
        SELECT count(*) FROM contact_view v JOIN contact_event e ON e.event_id = v.event_id
        JOIN contact_event stop ON stop.contact_id = v.contact_id AND stop.seq = 3
        WHERE v.items <> '[]' AND e.seq >= 3
    """
    assert cluster.rows(late) == [(0,)]
    if ending != "give nothing":
        assert doing_once(cluster, ASHA, view_contact, contact_id) == "stale_form"


def erasing(cluster: Cluster) -> list[Call[str]]:
    async def call(_: httpx2.AsyncClient) -> str:
        await erase_person(cluster.one.services, "cli", BEN)
        return "done"

    async def other(_: httpx2.AsyncClient) -> str:
        await erase_person(cluster.other.services, "cli", BEN)
        return "done"

    calls: list[Call[str]] = [call, other]
    return calls[: len(cluster.nodes)]


def doing_once(cluster: Cluster, email: str, action: Callable[..., Awaitable[Any]], *words: Any) -> str:
    return cluster.at_once(doing(cluster, email, action, *words))[0]


def test_a_wish_is_answered_once(cluster: Cluster) -> None:
    """Accepted sixteen times and taken back sixteen times at once: one decision is made."""
    contact_id = wish(cluster.one, ASHA, BEN)
    accepts = crowd(doing(cluster, BEN, accept_contact, contact_id, (MASKED,), "en"), CROWD // 2)
    answers = cluster.at_once(
        accepts + crowd(doing(cluster, ASHA, end_contact, contact_id, "en"), CROWD // 2)
    )
    assert set(answers) <= {"done", "stale_form"}
    assert answers[: CROWD // 2].count("done") <= 1
    assert cluster.count("contact_event", "type = 'accepted'") == answers[: CROWD // 2].count("done")
    assert cluster.count("contact_event", "type = 'ended'") == 1
    assert cluster.rows("SELECT version, pair FROM contact") == [(cluster.count("contact_event"), None)]


def test_two_who_ask_each_other_at_once_have_one_question(cluster: Cluster) -> None:
    """Whoever comes second is told that the other has asked; so no two questions are answered into two contacts."""
    calls = doing(cluster, ASHA, ask_contact, BEN, (EMAIL,), "en")
    calls += doing(cluster, BEN, ask_contact, ASHA, (EMAIL,), "en")
    assert set(cluster.at_once(crowd(calls, 8))) == {"done"}
    assert cluster.count("contact") == 1


def test_the_same_wish_of_many_at_once_is_one(cluster: Cluster) -> None:
    calls = doing(cluster, ASHA, ask_contact, BEN, (EMAIL,), "en")
    assert set(cluster.at_once(crowd(calls, 8))) == {"done"}
    assert cluster.count("contact") == 1
