"""Revoking while others read: after the revocation has committed, no hand-off commits (promise P13).

How it is proven: on PostgreSQL by the order of commits itself (``pg_xact_commit_timestamp`` of the rows' ``xmin``);
on both databases by counting rows when the revocation was answered and again when every read was.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import pytest
from sqlalchemy import Connection, text

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.person_stops import deactivate
from gateway.actions.authentication.sessions import find_session
from gateway.actions.consent.consents import stop
from gateway.actions.oauth.release import ReleaseGate
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids
from gateway.kit.secrets.digests import digest
from gateway.model.administration.waiting import Administrator
from gateway.model.grants import ReasonCode
from gateway.model.people import Session
from gateway.oauth.decision_context import DecisionContext, Plan, within_decision
from gateway.store.admin_actions import AdminAction
from gateway.store.administration.person_stops import AccountChange, deactivate_accounts
from gateway.store.consent.decisions import Decision, commit_decisions
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.oauth.release import ReleaseAsk
from gateway.store.oauth.tokens import (
    Revocation,
    Rotation,
    load_refresh_tokens,
    revoke_tokens,
    rotate_refresh_tokens,
)
from gateway.store.partners.partners import StateChange, move_partners
from gateway.store.postgres.optimistic_tokens import try_revocations
from gateway.web.pages.visit import COOKIE
from tests.gateway.store.samples import decision
from tests.patience import PATIENCE
from tests.races.crowd import CROWD, Call, Cluster, posting, reading, refreshing
from tests.world import QUIZCO_REDIRECT, World

READS = 64


def opted_in(world: World, *ticked: str) -> tuple[str, Session, str]:
    """Opt in and exchange; give the grant, the person's session and an access token."""
    browser = world.signed_in()
    code = world.share(browser, world.ask(browser), *ticked)["code"]
    secret = next(each.value for each in browser._client.cookies.jar if each.name == COOKIE)
    session = world.run(find_session, world.services, secret)
    assert session is not None
    token = world.exchange(code).json()["access_token"]
    [(grant_id,)] = Cluster((world,), "").rows("SELECT grant_id FROM consent_grant")
    return grant_id, session, token


def stopping(cluster: Cluster, world: World, session: Session, grant_id: str) -> Call[int]:
    """Stop the service as its person; give how many hand-offs there were when that was answered."""

    async def call(_: httpx2.AsyncClient) -> int:
        await asyncio.sleep(0)
        await stop(world.services, session, grant_id)
        return await world.services.store.read(count_handoffs, None)

    return call


def count_handoffs(connection: Connection, _: Sequence[None]) -> Sequence[int]:
    return [connection.execute(text("SELECT count(*) FROM handoff")).scalar_one()]


def test_p13_no_handoff_commits_after_its_revocation(cluster: Cluster) -> None:
    """The person stops amid 64 reads: every read was either answered and logged before, or is refused."""
    grant_id, session, token = opted_in(cluster.one)
    calls: list[Call[Any]] = [reading(token)] * READS
    calls.insert(READS // 2, stopping(cluster, cluster.one, session, grant_id))
    answers = cluster.at_once(calls)
    at_revocation = answers.pop(READS // 2)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 401}
    assert cluster.count("handoff") == at_revocation == statuses.count(200)
    assert cluster.other.userinfo(token).status_code == 401
    assert cluster.count("handoff") == at_revocation
    if cluster.database == "postgresql":
        assert commit_order_is_right(cluster)


def deactivating(world: World) -> Call[int]:
    """Deactivate Asha's account; give how many hand-offs there were when that was answered."""

    async def call(_: httpx2.AsyncClient) -> int:
        await asyncio.sleep(0)
        who = Administrator("cli:alice")
        await deactivate(world.services, who, asha, ReasonCode.SECURITY_INCIDENT)
        return await world.services.store.read(count_handoffs, None)

    asha = world.person_id()
    return call


def test_p13_no_handoff_commits_after_an_account_is_deactivated(cluster: Cluster) -> None:
    """Amid 64 reads: each was either answered and logged before, or is told that the consent is paused."""
    _, _, token = opted_in(cluster.one)
    calls: list[Call[Any]] = [reading(token)] * READS
    calls.insert(READS // 2, deactivating(cluster.one))
    answers = cluster.at_once(calls)
    at_deactivation = answers.pop(READS // 2)
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 403}
    assert cluster.count("handoff") == at_deactivation == statuses.count(200)
    assert cluster.other.userinfo(token).json()["error"] == "consent_paused"


def test_p13_a_deactivation_waits_for_the_release_in_flight(two_nodes: Cluster) -> None:
    """And a release that waits for the deactivation finds the grant held: the row is read again after the lock."""
    world, other = two_nodes.nodes
    _, _, token = opted_in(world)
    held = threading.Event()
    record = AdminAction(
        random_ids(Kind.ACTION), "cli:alice", "deactivate_person", "person", world.person_id(), world.clock()
    )

    def slow(connection: Connection, changes: Sequence[AccountChange]) -> Sequence[bool]:
        outcomes = deactivate_accounts(connection, changes)
        held.set()
        connection.execute(text("SELECT pg_sleep(0.5)"))
        return outcomes

    async def deactivate_slowly(_: httpx2.AsyncClient) -> Any:
        return await world.services.store.run(slow, AccountChange(record.target_id, record))

    def read_meanwhile(take_lane: bool) -> Call[Any]:
        gate = ReleaseGate(other.services)

        async def call(_: httpx2.AsyncClient) -> Any:
            assert await asyncio.to_thread(held.wait, PATIENCE)
            ask = ReleaseAsk(digest(token), "userinfo", random_ids(Kind.HANDOFF), other.clock())
            if take_lane:
                return await other.services.store.lane(gate._operation).submit(ask)
            found = await other.services.store.versioned_lane(gate._optimistic).submit(ask)
            return found and found.answer

        return call

    done, locked, _, optimistic = two_nodes.at_once(
        [deactivate_slowly, read_meanwhile(True), deactivate_nothing, read_meanwhile(False)]
    )
    assert done is True
    assert isinstance(locked, Refusal)
    assert locked.code == "consent_paused"
    # Decided ahead of the lock, it wrote nothing, and is decided again under it.
    assert optimistic is None
    assert two_nodes.count("handoff") == 0


async def deactivate_nothing(_: httpx2.AsyncClient) -> None:
    """Keep the hands of the two nodes apart."""


def commit_order_is_right(cluster: Cluster) -> bool:
    """Whether the withdrawal was committed after every hand-off."""
    [(withdrawn,)] = cluster.rows(
        "SELECT pg_xact_commit_timestamp(xmin) FROM consent_event WHERE type = 'withdrawn'"
    )
    handed = cluster.rows("SELECT pg_xact_commit_timestamp(xmin) FROM handoff")
    return all(at < withdrawn for (at,) in handed)


def test_p13_a_revocation_waits_for_the_release_in_flight(two_nodes: Cluster) -> None:
    """A release that holds its grant and is slow to commit is still committed before the revocation."""
    world, other = two_nodes.nodes
    grant_id, session, token = opted_in(world)
    release = ReleaseGate(world.services)._operation
    released = threading.Event()
    ask = ReleaseAsk(digest(token), "userinfo", random_ids(Kind.HANDOFF), world.clock())

    def slow(connection: Connection, asks: Sequence[ReleaseAsk]) -> Sequence[object]:
        answers = release(connection, asks)
        released.set()
        connection.execute(text("SELECT pg_sleep(0.5)"))
        return answers

    async def release_slowly(_: httpx2.AsyncClient) -> Any:
        return await world.services.store.run(slow, ask)

    async def revoke_meanwhile(_: httpx2.AsyncClient) -> Any:
        assert await asyncio.to_thread(released.wait, PATIENCE)
        return await stop(other.services, session, grant_id)

    claims, _ = two_nodes.at_once([release_slowly, revoke_meanwhile])
    assert claims["name"] == "Asha Rao"
    assert two_nodes.count("handoff") == 1
    assert commit_order_is_right(two_nodes)


@pytest.mark.parametrize("is_ahead", [False, True])
def test_rfc7009_2_1_a_refresh_in_flight_does_not_outlive_its_family(
    two_nodes: Cluster, *, is_ahead: bool
) -> None:
    """A family that is revoked while one of its tokens is being refreshed has no survivor, on any node."""
    world, other = two_nodes.nodes
    tokens = world.tokens()
    used = digest(tokens["refresh_token"])
    rotated = threading.Event()

    def slow(connection: Connection, rotations: Sequence[Rotation]) -> Sequence[bool]:
        outcomes = rotate_refresh_tokens(connection, rotations)
        rotated.set()
        connection.execute(text("SELECT pg_sleep(0.5)"))
        return outcomes

    async def refresh_slowly(_: httpx2.AsyncClient) -> object:
        plan = await plan_of_refresh(world, tokens["refresh_token"])
        held = await world.services.store.read(load_refresh_tokens, used)
        assert held is not None
        rotation = Rotation(used, held.token.family_id, plan.refresh_token, plan.access_token, world.clock())
        return await world.services.store.run(slow, rotation)

    async def revoke_meanwhile(_: httpx2.AsyncClient) -> Any:
        assert await asyncio.to_thread(rotated.wait, PATIENCE)
        store = other.services.store
        if not is_ahead:
            return await store.run(revoke_tokens, Revocation(used, other.quizco, other.clock()))
        ask = Revocation(used, other.quizco, other.clock()), other.services.registry.version
        return await store.versioned_lane(try_revocations).submit(ask)

    assert two_nodes.at_once([refresh_slowly, revoke_meanwhile]) == [True, True]
    assert two_nodes.count("refresh_token") == 2
    assert two_nodes.count("refresh_token", "revoked_at IS NULL") == 0
    assert two_nodes.count("access_token", "revoked_at IS NULL") == 0


async def plan_of_refresh(world: World, token: str) -> Plan:
    """Decide a refresh without committing it."""
    services = world.services
    held = await services.store.read(load_refresh_tokens, digest(token))
    client = services.registry.clients[world.quizco]
    context = DecisionContext(services.terms(), client, refresh_token=held)
    with within_decision(context):
        services.protocol.decide_token({"grant_type": "refresh_token", "refresh_token": token})
    return context.plan


def test_rfc7009_2_1_a_token_given_back_amid_its_refreshes_leaves_nothing_that_works(
    cluster: Cluster,
) -> None:
    """32 refreshes and one revocation: whatever was issued opens nothing once the revocation is answered."""
    world = cluster.one
    tokens = world.tokens()
    give_back = posting(world, "/revoke", {"token": tokens["refresh_token"]})
    calls: list[Call[httpx2.Response]] = [refreshing(world, tokens["refresh_token"])] * CROWD
    calls.insert(CROWD // 2, give_back)
    answers = cluster.at_once(calls)
    assert answers.pop(CROWD // 2).status_code == 200
    assert {answer.status_code for answer in answers} <= {200, 400}
    for each in [tokens, *(answer.json() for answer in answers if answer.status_code == 200)]:
        assert cluster.other.userinfo(each["access_token"]).status_code == 401
        assert cluster.other.refresh(each["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_refresh_racing_with_the_stop_leaves_nothing_that_works(cluster: Cluster) -> None:
    """32 refreshes and one stop: whatever was issued opens nothing once the stop is answered."""
    world = cluster.one
    browser = world.signed_in()
    code = world.share(browser, world.ask(browser))["code"]
    secret = next(each.value for each in browser._client.cookies.jar if each.name == COOKIE)
    session = world.run(find_session, world.services, secret)
    assert session is not None
    tokens = world.exchange(code).json()
    [(grant_id,)] = cluster.rows("SELECT grant_id FROM consent_grant")
    calls: list[Call[object]] = [refreshing(world, tokens["refresh_token"])] * CROWD
    calls.insert(CROWD // 2, stopping(cluster, world, session, grant_id))
    answers = [answer for answer in cluster.at_once(calls) if isinstance(answer, httpx2.Response)]
    assert {answer.status_code for answer in answers} <= {200, 400}
    issued = [answer.json() for answer in answers if answer.status_code == 200]
    for each in [tokens, *issued]:
        assert cluster.other.userinfo(each["access_token"]).status_code == 401
    for secret in {each["refresh_token"] for each in [tokens, *issued]}:
        assert cluster.other.refresh(secret).json()["error"] == "invalid_grant"
    assert cluster.count("handoff") == 0


def move(world: World, before: str, after: str) -> None:
    """Move QuizCo from one state to another, as an administrator's press does."""
    act = "pause_partner" if after == "paused" else "resume_partner"
    action = AdminAction(random_ids(Kind.ACTION), "cli", act, "partner", "quizco", world.clock())
    assert world.store(move_partners, StateChange("quizco", before, after, world.clock(), action))


@pytest.mark.parametrize("shape", [("sqlite", 1), ("postgresql", 2)])
def test_a_brake_on_one_node_acts_on_the_next_request_of_the_other(
    make_cluster: Callable[..., Cluster], shape: tuple[str, int]
) -> None:
    """Pausing a partner stops reads and new requests at once; its tokens live, and resuming lets them read again."""
    cluster = make_cluster(*shape)
    here, there = cluster.one, cluster.other
    tokens = here.tokens()
    code = here.approve(email="aoife@northfield.example")
    assert there.userinfo(tokens["access_token"]).status_code == 200
    browser = there.signed_in()
    move(here, "live", "paused")
    assert there.userinfo(tokens["access_token"]).json()["error"] == "consent_paused"
    described = there.post("/introspect", {"token": tokens["access_token"]}).json()
    assert (described["active"], described["grant_state"]) == (True, "paused")
    refreshed = there.refresh(tokens["refresh_token"]).json()["access_token"]
    exchanged = there.exchange(code).json()["access_token"]
    for each in (refreshed, exchanged):
        assert there.userinfo(each).json()["error"] == "consent_paused"
    refused = there.ask(browser)
    assert refused.status == 400
    assert not refused.url.startswith(QUIZCO_REDIRECT)
    assert cluster.count("handoff") == 1
    move(here, "paused", "live")
    for each in (tokens["access_token"], refreshed, exchanged):
        assert there.userinfo(each).status_code == 200


def test_an_erasure_among_decisions_leaves_no_live_grant(cluster: Cluster) -> None:
    """Whoever decides while being erased has a grant that the erasure ends, or none at all."""
    world = cluster.one
    decisions = [decision(world, str(number), code=True) for number in range(8)]
    person_id = decisions[0].grant.person_id

    def calling(node: World, plan: Decision | None) -> Call[object]:
        if plan is None:
            return lambda _: erase_person(node.services, "cli", "asha@lakeside.example")
        return lambda _: node.services.store.run(commit_decisions, plan)

    # The crowd is dealt out to the nodes in turn: each call has to be its own node's.
    plans: list[Decision | None] = [*decisions[:4], None, *decisions[4:]]
    nodes = itertools.cycle(cluster.nodes)
    calls = [calling(node, plan) for node, plan in zip(nodes, plans, strict=False)]
    verdicts = cluster.at_once(calls)
    verdicts.pop(plans.index(None))
    assert sum(each is CommitVerdict.DONE for each in verdicts) <= 1
    assert cluster.count("consent_grant", "state <> 'ended'") == 0
    assert cluster.rows("SELECT state FROM person WHERE person_id = :id", id=person_id) == [("closed",)]
