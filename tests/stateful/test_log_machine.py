"""A state machine over the log: rows are committed, sequencers crash, leases change hands, clocks jump.

Two nodes' sequencers, each with a clock of its own, work on one database, one after the other or at the same time; a
crash may come before every statement, before COMMIT, and after it when nobody has heard of it. After every step: the
log only grows, each row stands there once, cause before effect, and every checkpoint is one of this very tree.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, text
from sqlalchemy import event as hooks

from gateway.actions.admin_record import record_look
from gateway.actions.grant_changes import commit_change
from gateway.actions.ledger import sequencer
from gateway.actions.ledger.sequencer import LEASE_TTL, Sequencer
from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.actions.oauth.release import Reading, ReleaseGate
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end, narrow
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.model.grants import ActorKind, ReasonCode
from gateway.store.admin_actions import AdminAction, append_actions
from gateway.store.consent.grants import load_details
from gateway.store.engine.backend import Backend, Store, open_backend
from gateway.store.engine.pool import Pool
from tests.ledgers import entries, leaves, log_keys
from tests.postgres import PostgresServer
from tests.profiles import walks
from tests.world import NOW, FakeClock, World, copy_sqlite, serve

T = TypeVar("T")
PEOPLE = ("asha@lakeside.example", "ben@lakeside.example", "aoife@northfield.example")
TICKED = (
    "email.results_delivery",
    "phone_number.appointment_reminders",
    "student_status.eligibility_check",
)
JUMPS = (-(10**6), -3600, -LEASE_TTL, -1, 1, LEASE_TTL - 1, LEASE_TTL, 3600, 10**6)
STEPS = 40
"""More instructions than a turn of one batch has."""


class Crash(Exception):
    """The node is gone."""


class Lost(OSError):
    """The answer to a commit did not come; the store tries again."""


class FrailBackend:
    """A backend that fails at a step of its transactions: before each statement, before and after each commit."""

    locks_rows = False

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.fuse: tuple[int, type[Exception]] | None = None
        self._step = 0

    @property
    def in_lanes(self) -> "FrailBackend":
        return self

    @property
    def pools(self) -> Mapping[str, Pool]:
        return {}

    def light(self, at: int, fault: type[Exception]) -> None:
        self._step = 0
        self.fuse = (at, fault)

    def _pass(self, *_statement: object) -> None:
        self._step += 1
        if self.fuse is not None and self._step >= self.fuse[0]:
            _, fault = self.fuse
            self.fuse = None
            raise fault

    async def write(self, work: Callable[[Connection], T]) -> T:
        def transaction(connection: Connection) -> T:
            hooks.listen(connection, "before_cursor_execute", self._pass)
            try:
                outcome = work(connection)
            finally:
                # The connection is kept for the next transaction.
                hooks.remove(connection, "before_cursor_execute", self._pass)
            self._pass()
            return outcome

        outcome = await self._backend.write(transaction)
        self._pass()
        return outcome

    async def at_once(self, work: Callable[[Connection], T]) -> T:
        return await self.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._backend.read(work)

    async def close(self) -> None:
        await self._backend.close()


@dataclass
class Node:
    """A node: its sequencer, what may break in it, and its clock."""

    services: Services
    backend: FrailBackend
    clock: FakeClock
    sequencer: Sequencer

    def reborn(self) -> None:
        """A process that is started again has another name."""
        self.sequencer = Sequencer(self.services)


def grants_of(world: World) -> list[str]:
    return world.store(
        lambda connection, _: [
            list(connection.execute(text("SELECT grant_id FROM consent_grant")).scalars())
        ],
        None,
    )


class LogMachine(RuleBasedStateMachine):
    """Everybody acts in any order; the test sets where filled databases come from."""

    make: ClassVar[Callable[[Path], tuple[str, Callable[[], None]]]]
    tokens: ClassVar[dict[str, str]]

    @initialize(batch=st.sampled_from((1, 2, 3, 2000)))
    def begin(self, batch: int) -> None:
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        url, drop = type(self).make(folder)
        self.stack.callback(drop)
        before, sequencer.BATCH = sequencer.BATCH, batch
        self.stack.callback(setattr, sequencer, "BATCH", before)
        self.world = self.stack.enter_context(serve(url, folder))
        self.gate = ReleaseGate(self.world.services)
        self.nodes = [self.node(url) for _ in range(2)]
        self.grants = sorted(grants_of(self.world))
        self.seen: list[bytes] = []
        self.signed: list[Any] = []

    def node(self, url: str) -> Node:
        backend, clock = FrailBackend(open_backend(url)), FakeClock()
        services = replace(self.world.services, store=Store(backend), clock=clock)
        self.world.run(services.store.open)
        self.stack.callback(self.world.run, services.store.close)
        return Node(services, backend, clock, Sequencer(services))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            try:
                self.heal()
            finally:
                self.stack.close()

    def heal(self) -> None:
        """Whatever happened, a node that lives places everything once the lease is over, and all of it verifies."""
        node = self.nodes[0]
        node.backend.fuse = None
        self.world.run(node.sequencer.turn)
        node.clock.pass_by(LEASE_TTL)
        self.world.run(node.sequencer.turn)
        self.the_log_is_sound()
        assert not self.rows("SELECT * FROM log_pending")
        kinds = ("handoff", "consent_event", "admin_action")
        count = sum(self.rows(f"SELECT count(*) FROM {each}")[0][0] for each in kinds)
        assert len(self.seen) == count

        async def work() -> TreeCheck:
            # Clocks jump by days here, which leaves entries that are dated wrongly.
            return await verify_tree(self.world.services, tolerance=10**8)

        assert self.world.run(work).faults == ()

    def rows(self, query: str) -> list[Any]:
        return self.world.store(lambda connection, _: [list(connection.execute(text(query)))], None)

    # What is committed -----------------------------------------------------------------------------------------

    async def read_once(self, person: str) -> str:
        try:
            await self.gate.userinfo(Reading(self.tokens[person], False, (), "GET"))
        except Refusal:
            return "a read refused"
        return "a hand-off"

    @rule(person=st.sampled_from(PEOPLE), times=st.integers(1, 3))
    def read(self, person: str, times: int) -> None:
        """QuizCo reads."""
        for _ in range(times):
            event(self.world.run(self.read_once, person))

    @rule(jump=st.integers(-100, 100))
    def time_goes_by(self, jump: int) -> None:
        """The clock of the node that serves goes on, or is set back."""
        self.world.clock.now = min(NOW + 250, max(NOW, self.world.clock() + jump))

    @rule(which=st.integers(0, len(PEOPLE) - 1), ends=st.booleans(), luck=st.integers(0, 2))
    def change(self, which: int, ends: bool, luck: int) -> None:
        """The person narrows a grant, or an administrator ends it."""
        detail = self.world.store(load_details, self.grants[which])
        assert detail is not None
        grant, services = detail.line.grant, self.world.services
        if str(grant.state) != "active" or (ends and luck):
            return
        actor = Actor(ActorKind.ADMIN, "per_an-officer", "administration")
        now, ids, reason = self.world.clock(), services.ids, ReasonCode.USER_REQUEST
        optional = [each.item for each in grant.items if f"{each.item.field}.{each.item.purpose}" in TICKED]
        if ends:
            outcome = end(grant, actor, reason, now=now, ids=ids)
        elif optional:
            person = Actor(ActorKind.SUBJECT, grant.person_id, "connected_services")
            outcome = narrow(grant, person, optional[0].field, optional[0].purpose, now=now, ids=ids)
        else:
            return
        event(str(outcome.event.type))
        self.world.run(commit_change, services, outcome, reason)

    @rule()
    def look(self) -> None:
        """Somebody reads the log, which is a leaf too."""
        self.world.run(record_look, self.world.services, "per_an-auditor", "read_log", "log", "all")

    @rule(which=st.integers(0, 1))
    def commit_whose_answer_is_lost(self, which: int) -> None:
        """A row is committed and gets its place, nobody hears of it, and the store commits it once more."""
        services = self.world.services
        action = AdminAction(services.ids(Kind.ACTION), "cli", "read_log", "log", "all", self.world.clock())
        for _ in range(2):
            self.world.store(append_actions, action)
            self.world.run(self.nodes[which].sequencer.turn)

    # The sequencers --------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1))
    def turn(self, which: int) -> None:
        """A node takes its turn."""
        self.world.run(self.nodes[which].sequencer.turn)

    @rule(which=st.integers(0, 1), at=st.integers(1, STEPS), fault=st.sampled_from((Crash, Lost)))
    def turn_that_fails(self, which: int, at: int, fault: type[Exception]) -> None:
        """A node takes its turn and dies in it, or does not hear that its commit was done."""
        node = self.nodes[which]
        node.backend.light(at, fault)
        try:
            self.world.run(node.sequencer.turn)
        except Crash:
            node.reborn()
        event(f"{fault.__name__} {'came' if node.backend.fuse is None else 'had no place'}")
        node.backend.fuse = None

    @rule(people=st.lists(st.sampled_from(PEOPLE), max_size=4), at=st.none() | st.integers(1, STEPS))
    def all_at_once(self, people: list[str], at: int | None) -> None:
        """Both nodes take their turns while QuizCo reads, and one of them may die in it."""
        if at is not None:
            self.nodes[0].backend.light(at, Crash)

        async def work() -> None:
            turns = [node.sequencer.turn() for node in self.nodes]
            reads = [self.read_once(person) for person in people]
            for outcome in await asyncio.gather(*turns, *reads, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, Crash):
                    raise outcome

        self.world.run(work)
        self.nodes[0].backend.fuse = None

    @rule(which=st.integers(0, 1), jump=st.sampled_from(JUMPS))
    def clock_jumps(self, which: int, jump: int) -> None:
        """A node's clock is set."""
        self.nodes[which].clock.pass_by(jump)

    # What holds ------------------------------------------------------------------------------------------------

    @invariant()
    def the_log_is_sound(self) -> None:
        """It grew at its end only; each row once; cause before effect; checkpoints are of this tree."""
        if not hasattr(self, "world"):
            return
        found = leaves(self.world)
        assert [each.entry for each in found[: len(self.seen)]] == self.seen, "the log was rewritten"
        self.seen = [each.entry for each in found]
        assert [each.sequence for each in found] == list(range(len(found)))
        assert len({each.source_id for each in found}) == len(found), "a row has two places"
        self.cause_comes_before_effect()
        self.checkpoints_are_of_this_tree(found)

    def cause_comes_before_effect(self) -> None:
        latest: dict[str, str] = {}
        for each in entries(self.world):
            if each["kind"] == "consent_event":
                latest[each["grant"]] = each["id"]
            elif each["kind"] == "handoff":
                assert latest.get(each["grant"]) == each["event"], (
                    "a hand-off stands behind its consent's end"
                )

    def checkpoints_are_of_this_tree(self, found: list[Any]) -> None:
        signed = self.rows("SELECT size, root, note FROM log_checkpoint ORDER BY size")
        assert signed[: len(self.signed)] == self.signed, "a checkpoint was changed"
        self.signed = signed
        roots, frontier = {}, Frontier()
        for each in found:
            frontier.add(leaf_hash(each.entry))
            roots[frontier.size] = frontier.root()
        for size, root, note in signed:
            checkpoint = check_checkpoint(note, log_keys(self.world))
            assert (checkpoint.size, checkpoint.root) == (size, bytes(root))
            assert roots.get(size) == checkpoint.root, "a checkpoint of another tree"


LIMITS = settings(
    stateful_step_count=30,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)


def opt_in(url: str, folder: Path) -> dict[str, str]:
    """Have everybody opt in, with all that is optional; give their tokens."""
    with serve(url, folder) as world:
        return {each: world.tokens(*TICKED, email=each)["access_token"] for each in PEOPLE}


def test_on_sqlite(sqlite_template: Path, tmp_path: Path) -> None:
    template = tmp_path / "opted-in.db"
    url = copy_sqlite(sqlite_template, tmp_path)
    LogMachine.tokens = opt_in(url, tmp_path)
    shutil.copyfile(url.removeprefix("sqlite:///"), template)
    LogMachine.make = lambda folder: (copy_sqlite(template, folder), lambda: None)
    run_state_machine_as_test(LogMachine, settings=settings(LIMITS, max_examples=walks(25)))


def test_on_postgresql(postgres_server: PostgresServer, tmp_path: Path) -> None:
    tokens: dict[str, str] = {}

    def fill_and_opt_in(url: str) -> None:
        from tests.world import fill

        fill(url)
        tokens.update(opt_in(url, tmp_path))

    def make(_: Path) -> tuple[str, Callable[[], None]]:
        url = postgres_server.create_database("log_machine")
        return url, lambda: postgres_server.drop_database(url)

    postgres_server.create_template("log_machine", fill_and_opt_in)
    LogMachine.tokens, LogMachine.make = tokens, make
    run_state_machine_as_test(LogMachine, settings=settings(LIMITS, max_examples=walks(12)))
