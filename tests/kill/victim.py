"""A gateway that is served as `consent-gateway serve` does, and kills itself where it is told to."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Connection, event

from gateway.app import build_services, make_app
from gateway.kit.logs import configure_logs
from gateway.store.engine.backend import OnVersion, Operation, Store, VersionedOperation, Ways
from tests.kill.points import Trap
from tests.world import FakeClock, fixed_ring, settings_for


@dataclass(frozen=True)
class Life:
    """One life of the process: its database, its hour, and where it ends.

    Attributes:
        is_careless: whether values are sent before their entry is committed, as a gateway of another make might do.
    """

    url: str
    folder: Path
    now: int
    trap: Trap
    is_careless: bool = False
    sequencer_interval: float = 0.05


class Armed:
    """A trap that does nothing until it is armed, and then kills the process: no clean-up, no last word."""

    def __init__(self, trap: Trap) -> None:
        self.trap = trap
        self.is_armed = False
        self._passed = 0

    def reach(self, place: str, moment: str, nth: int = 0) -> None:
        trap = self.trap
        if not self.is_armed or (trap.place, trap.moment, trap.nth) != (place, moment, nth):
            return
        self._passed += 1
        if self._passed > trap.skip:
            os.kill(os.getpid(), signal.SIGKILL)


WRITES_ALONE = {"redeem_codes", "serve_notices", "try_revocations"}
"""Operations of one statement that writes; others read in a statement before it."""


def watch_store(armed: Armed) -> None:
    """Pass the trap before, within and after every transaction."""
    write_all = Store._write_all

    async def watched(
        store: Store, ways: Ways, operation: Operation[Any, Any], items: Sequence[Any]
    ) -> Sequence[Any]:
        place = operation.__name__
        armed.reach(place, "before")
        outcome = await write_all(store, ways, _within(armed, operation, place), items)
        armed.reach(place, "committed")
        return outcome

    Store._write_all = watched  # type: ignore[method-assign, assignment]  # it traps
    tell_all = Store._tell_all

    async def watched_optimistic(
        store: Store, operation: VersionedOperation[Any, Any], items: Sequence[Any]
    ) -> Sequence[Any]:
        place = operation.__name__
        armed.reach(place, "before")

        def pass_the_last_moments() -> None:
            """What it writes it commits by the same statement: these are the last moments before it."""
            for number in range(1, armed.trap.nth + 1):
                armed.reach(place, "statement", number)
            armed.reach(place, "uncommitted")

        def within(connection: Connection, given: Sequence[Any], know: OnVersion) -> Sequence[Any]:
            def know_later(version: int) -> None:
                know(version)
                pass_the_last_moments()

            if place in WRITES_ALONE:
                pass_the_last_moments()
                return operation(connection, given, know)
            return operation(connection, given, know_later)

        outcome = await tell_all(store, within, items)
        armed.reach(place, "committed")
        return outcome

    Store._tell_all = watched_optimistic  # type: ignore[method-assign, assignment]  # it traps


class Undone(Exception):
    """Carries an outcome out of a transaction that is rolled back."""


def be_careless() -> None:
    """Let releases answer before they commit: what the campaign has to find out."""
    write_all, tell_all, later = Store._write_all, Store._tell_all, set()

    async def careless(
        store: Store, ways: Ways, operation: Operation[Any, Any], items: Sequence[Any]
    ) -> Sequence[Any]:
        if operation.__name__ != "release":
            return await write_all(store, ways, operation, items)

        def undone(connection: Connection, given: Sequence[Any]) -> Sequence[Any]:
            raise Undone(operation(connection, given))

        async def commit() -> None:
            await asyncio.sleep(0.05)
            await write_all(store, ways, operation, items)

        try:
            await write_all(store, ways, undone, items)
        except Undone as outcome:
            later.add(asyncio.create_task(commit()))
            return outcome.args[0]
        raise AssertionError

    async def settle_nothing(
        store: Store, operation: VersionedOperation[Any, Any], items: Sequence[Any]
    ) -> Sequence[Any]:
        if operation.__name__ != "release":
            return await tell_all(store, operation, items)
        return [None] * len(items)

    Store._write_all = careless  # type: ignore[method-assign, assignment]  # a fault
    Store._tell_all = settle_nothing  # type: ignore[method-assign, assignment]  # a fault


def _within(armed: Armed, operation: Operation[Any, Any], place: str) -> Operation[Any, Any]:
    def within(connection: Connection, items: Sequence[Any]) -> Sequence[Any]:
        done = 0

        def count(*_: object) -> None:
            nonlocal done
            done += 1
            armed.reach(place, "statement", done)

        event.listen(connection, "after_cursor_execute", count)
        try:
            outcome = operation(connection, items)
        finally:
            # The connection is kept for the next transaction.
            event.remove(connection, "after_cursor_execute", count)
        # A transaction of few statements has no sixth one: the end of it stands for all that are missing.
        for missing in range(done + 1, armed.trap.nth + 1):
            armed.reach(place, "statement", missing)
        armed.reach(place, "uncommitted")
        return outcome

    return within


class WatchedApp:
    """Pass the trap when a request comes in, before its answer and after it."""

    def __init__(self, app: Any, armed: Armed) -> None:
        self._app = app
        self._armed = armed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        place = scope["path"]
        self._armed.reach(place, "asked")

        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._armed.reach(place, "answered")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._armed.reach(place, "sent")

        await self._app(scope, receive, watched)


def live(life: Life, pipe: Pipe) -> None:
    """Serve until killed; say the port, and arm the trap when something comes down the pipe."""
    with (life.folder / "victim.log").open("a", buffering=1) as stream:
        configure_logs(stream)
        armed = Armed(life.trap)
        watch_store(armed)
        if life.is_careless:
            be_careless()
        settings = settings_for(
            life.url,
            life.folder,
            sequencer_interval=life.sequencer_interval,
            login_attempts=100,
            address_attempts=10_000,
        )
        services = build_services(settings, ring=fixed_ring(), clock=FakeClock(life.now))
        config = uvicorn.Config(
            WatchedApp(make_app(services), armed),
            http="httptools",
            loop="uvloop",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            pipe.send(listener.getsockname()[1])
            threading.Thread(target=_arm, args=(armed, pipe), daemon=True).start()
            uvicorn.Server(config).run(sockets=[listener])


def _arm(armed: Armed, pipe: Pipe) -> None:
    pipe.recv()
    armed.is_armed = True
    pipe.send(None)
