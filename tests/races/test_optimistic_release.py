"""The release gate decides without a lock: what changes meanwhile is seen before anything is written (P13).

Each change is made at the very place where it could slip through: after the gate has read and decided, before it
writes. The counter-tests take a condition out of the statement, and the hand-off is there.
"""

import asyncio
import dataclasses
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import httpx2
import pytest
from sqlalchemy import Connection, text

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.consent.consents import pause_sharing, stop, switch_off
from gateway.actions.oauth.release import ReleaseAnswer, ReleaseGate
from gateway.kit.ids import Kind, random_ids
from gateway.kit.secrets.digests import digest
from gateway.model.people import Session
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.engine.backend import Store, VersionedOperation
from gateway.store.engine.statements import PreparedStatement
from gateway.store.oauth.release import Decided, ReleaseAsk
from gateway.store.oauth.tokens import Revocation, revoke_tokens
from gateway.store.partners.partners import StateChange, move_partners
from gateway.store.postgres import optimistic_release
from gateway.store.postgres.optimistic_release import optimistic_operation
from tests.patience import PATIENCE, until
from tests.races.crowd import Call, Cluster, reading
from tests.races.test_revocation import move, opted_in
from tests.world import World

ASHA = "asha@lakeside.example"
PHONE = "phone_number", "appointment_reminders"
READS = 32


@dataclass(frozen=True)
class Consent:
    """One consent, and who changes it on a node."""

    node: World
    grant_id: str
    session: Session
    token: str

    def narrow(self) -> None:
        self.node.run(switch_off, self.node.services, self.session, self.grant_id, *PHONE)

    def stop(self) -> None:
        self.node.run(stop, self.node.services, self.session, self.grant_id)

    def pause(self) -> None:
        self.node.run(pause_sharing, self.node.services, self.session, self.grant_id)

    def erase(self) -> None:
        self.node.run(erase_person, self.node.services, "cli", ASHA)

    def brake(self) -> None:
        move(self.node, "live", "paused")

    def revoke_token(self) -> None:
        revocation = Revocation(digest(self.token), self.node.quizco, self.node.clock())
        assert self.node.store(revoke_tokens, revocation)


CHANGES = ["narrow", "stop", "pause", "erase", "brake", "revoke_token"]
REFUSED = {"stop": 401, "pause": 403, "erase": 401, "brake": 403, "revoke_token": 401}
"""What a read is answered after a change: what is held back is not over."""


def consent(cluster: Cluster) -> Consent:
    """Opt in with one field that can be switched off; changes are made on the other node."""
    grant_id, session, token = opted_in(cluster.one, ".".join(PHONE))
    return Consent(cluster.other, grant_id, session, token)


def ask_for(world: World, token: str, **changes: Any) -> ReleaseAsk:
    return ReleaseAsk(digest(token), "userinfo", random_ids(Kind.HANDOFF), world.clock(), **changes)


def overtaken(
    gate: ReleaseGate, change: Callable[[], None]
) -> VersionedOperation[ReleaseAsk, Decided[ReleaseAnswer] | None]:
    """Make the gate's operation, with a change on another node between its decision and its writing."""

    def decide(*loaded: Any) -> Decided[ReleaseAnswer]:
        decided = gate._decide(*loaded)
        change()
        return decided

    return optimistic_operation(decide)


def read_ahead(world: World, operation: VersionedOperation[ReleaseAsk, Any], token: str) -> Any:
    return world.run(world.services.store.versioned_lane(operation).submit, ask_for(world, token))


@pytest.mark.parametrize("name", CHANGES)
def test_p13_a_change_after_the_decision_keeps_the_handoff_from_being_written(
    two_nodes: Cluster, name: str
) -> None:
    """Nothing leaves by what was decided before; the read is decided anew, by what is true now."""
    given, world = consent(two_nodes), two_nodes.one
    gate = ReleaseGate(world.services)
    assert read_ahead(world, overtaken(gate, getattr(given, name)), given.token) is None
    assert two_nodes.count("handoff") == 0
    answer = world.userinfo(given.token)
    if name == "narrow":
        assert "phone_number" not in answer.json()
    else:
        assert answer.status_code == REFUSED[name]
    assert two_nodes.count("handoff") == (name == "narrow")


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("narrow", "locked.version = asked.seen"),
        ("revoke_token", "access_token.revoked_at IS NULL"),
        ("brake", "(SELECT registry_version.version \nFROM registry_version) = $"),
    ],
)
def test_without_its_condition_the_statement_writes_what_was_overtaken(
    two_nodes: Cluster, monkeypatch: pytest.MonkeyPatch, name: str, condition: str
) -> None:
    """The tests above can fail: each condition is what holds."""
    given, world = consent(two_nodes), two_nodes.one
    # Its text is spelled at its first use.
    assert world.userinfo(given.token).status_code == 200
    weaker, own = PreparedStatement(optimistic_release._writing), optimistic_release._WRITING
    assert own._text.count(condition) == 1
    always = "0 <> $" if condition.endswith("$") else "true"
    weaker._text, weaker._values = own._text.replace(condition, always), own._values
    monkeypatch.setattr(optimistic_release, "_WRITING", weaker)
    gate = ReleaseGate(world.services)
    assert read_ahead(world, overtaken(gate, getattr(given, name)), given.token) is not None
    assert two_nodes.count("handoff") == 2


class SlowStore:
    """A store whose changes of grants do not commit before somebody waits for them."""

    def __init__(self, store: Store) -> None:
        self.read = store.read
        self._store = store
        self.holds = threading.Event()

    async def run(self, operation: Any, change: GrantChange) -> Any:
        assert operation is commit_changes
        return await self._store.run(self._slowly, change)

    def _slowly(self, connection: Connection, changes: Sequence[GrantChange]) -> Sequence[Any]:
        verdicts = commit_changes(connection, changes)
        self.holds.set()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        until(lambda: connection.execute(waiting).scalar_one(), "nobody waits")
        return verdicts


def test_p13_a_handoff_waits_for_the_change_in_flight_and_is_not_written(two_nodes: Cluster) -> None:
    """A withdrawal holds the grant, and commits only when the hand-off that read before it waits to be written."""
    given = consent(two_nodes)
    slow = SlowStore(given.node.services.store)
    services = dataclasses.replace(given.node.services, store=cast(Store, slow))

    async def read(client: httpx2.AsyncClient) -> Any:
        await asyncio.to_thread(slow.holds.wait, PATIENCE)
        return await reading(given.token)(client)

    answer, _ = two_nodes.at_once([read, lambda _: stop(services, given.session, given.grant_id)])
    assert answer.status_code == 401
    assert two_nodes.count("handoff") == 0


@pytest.mark.parametrize("name", ["narrow", "pause", "erase", "brake"])
def test_p13_what_changes_amid_reads_holds_for_every_later_read(cluster: Cluster, name: str) -> None:
    """32 reads and one change: what was handed off by the older consent was committed before the newer one."""
    given = consent(cluster)
    nodes = itertools.cycle(cluster.nodes)
    calls: list[Call[Any]] = [reading(given.token)] * READS
    node = [next(nodes) for _ in range(READS + 1)][READS // 2]
    calls.insert(READS // 2, changing(node, given, name))
    answers = cluster.at_once(calls)
    answers.pop(READS // 2)
    assert {answer.status_code for answer in answers} <= {200, REFUSED.get(name, 200)}
    assert cluster.count("handoff") == sum(answer.status_code == 200 for answer in answers)
    later = [node.userinfo(given.token) for node in cluster.nodes]
    if name == "narrow":
        assert all("phone_number" not in answer.json() for answer in later)
    else:
        assert {answer.status_code for answer in later} == {REFUSED[name]}
    if cluster.database == "postgresql" and name != "brake":
        [(changed,)] = cluster.rows(
            "SELECT pg_xact_commit_timestamp(xmin) FROM consent_event ORDER BY seq DESC LIMIT 1"
        )
        older = cluster.rows(
            "SELECT pg_xact_commit_timestamp(h.xmin) FROM handoff h "
            "JOIN consent_event e USING (event_id) WHERE e.seq = 1"
        )
        assert all(at < changed for (at,) in older)


def changing(node: World, given: Consent, name: str) -> Call[Any]:
    """Change a consent as a node's own call."""
    services = node.services
    action = AdminAction(random_ids(Kind.ACTION), "cli", "pause_partner", "partner", "quizco", node.clock())
    paused = StateChange("quizco", "live", "paused", node.clock(), action)
    work: dict[str, Callable[[], Any]] = {
        "narrow": lambda: switch_off(services, given.session, given.grant_id, *PHONE),
        "pause": lambda: pause_sharing(services, given.session, given.grant_id),
        "erase": lambda: erase_person(services, "cli", ASHA),
        "brake": lambda: services.store.run(move_partners, paused),
    }
    return lambda _: work[name]()
