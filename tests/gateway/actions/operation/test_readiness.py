"""Whether a node can serve: it writes, one look serves all who ask at once, and nobody waits for long."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from gateway.actions.operation import readiness as module
from gateway.actions.operation.readiness import Readiness
from gateway.store.operation.readiness import prove_writable
from tests.gateway.store.samples import rows
from tests.world import NOW, World


def ready(world: World) -> tuple[int, str]:
    world.clock.pass_by(1)
    answer = world.client().get("/ready")
    return answer.status_code, answer.json()["status"]


def test_readiness_is_one_commit_over_one_row(each_world: World) -> None:
    for _ in range(3):
        assert ready(each_world) == (200, "ready")
    assert rows(each_world, "SELECT name, holder, expires_at FROM lease") == [("ready", "", NOW + 3)]


def test_who_asks_at_once_and_within_a_second_shares_a_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []

    def counted(connection: Connection, items: list[int]) -> Any:
        looks.extend(items)
        return prove_writable(connection, items)

    monkeypatch.setattr(module, "prove_writable", counted)

    async def crowd() -> list[str]:
        return list(await asyncio.gather(*(readiness.why_not() for _ in range(20))))

    readiness = Readiness(world.services)
    assert world.run(crowd) == [""] * 20
    assert world.run(readiness.why_not) == ""
    assert looks == [NOW]
    world.clock.pass_by(-5)
    assert world.run(readiness.why_not) == ""
    assert looks == [NOW, NOW - 5]


def test_who_asks_a_database_that_hangs_is_answered_and_begins_no_second_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    answers = asyncio.Event()

    async def hang(readiness: Readiness, now: int) -> str:
        begun.append(now)
        await answers.wait()
        return ""

    monkeypatch.setattr(Readiness, "_prove", hang)
    readiness = Readiness(world.services)
    with monkeypatch.context() as hurried:
        hurried.setattr(module, "PATIENCE", 0.01)
        for _ in range(3):
            assert "in time" in world.run(readiness.why_not)
            world.clock.pass_by(1)
    assert begun == [NOW]
    world.run(asyncio.sleep, 0)
    assert world.http.portal is not None
    world.http.portal.call(answers.set)
    assert world.run(readiness.why_not) == ""


def test_a_fault_that_is_not_understood_is_not_ready_and_no_failure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: Connection, items: list[int]) -> Any:
        raise RuntimeError("asha@lakeside.example")

    monkeypatch.setattr(module, "prove_writable", fail)
    answer = world.client().get("/ready")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "why": "The database refuses."},
    )


def no_room(world: World) -> Callable[[], None]:
    """Fill the file up: not a page more than it has, and none of them free."""

    def fill(connection: Connection, most: Sequence[Any]) -> Sequence[None]:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {most[0]}")
        return [None]

    world.store(fill, "1")
    return lambda: world.store(fill, "1000000")


def no_writing(world: World) -> Callable[[], None]:
    """Let every connection only read, new ones too, as on a file system that became so."""
    backend: Any = world.services.store._backend
    writer = backend._writer

    def read_only(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA query_only = ON").close()

    event.listen(writer, "connect", read_only)
    writer.dispose()
    return lambda: event.remove(writer, "connect", read_only)


def broken_disk(world: World) -> Callable[[], None]:
    """Let the disk fail at each BEGIN."""
    backend: Any = world.services.store._backend
    writer = backend._writer

    def fail(connection: Connection) -> None:
        cause = sqlite3.OperationalError("disk I/O error")
        cause.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise OperationalError(None, None, cause)

    event.listen(writer, "begin", fail)
    return lambda: event.remove(writer, "begin", fail)


@pytest.mark.parametrize("trouble", [no_room, no_writing, broken_disk])
def test_a_file_that_cannot_be_written_is_503_and_not_ready_until_it_can(
    world: World, trouble: Callable[[World], Callable[[], None]]
) -> None:
    """A full disk, a file that can only be read, a disk that fails: nothing is lost, nothing has to be started anew."""
    tokens, browser = world.tokens(), world.signed_in()
    handoffs = len(rows(world, "SELECT * FROM handoff"))
    mend = trouble(world)
    served = 0
    for _ in range(2):
        assert ready(world) == (503, "unavailable")
        answer = world.userinfo(tokens["access_token"])
        # In a file without room, the pages that it has take a few rows more.
        while answer.status_code == 200:
            served += 1
            answer = world.userinfo(tokens["access_token"])
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"])
        assert world.refresh(tokens["refresh_token"]).status_code in (200, 503)
        assert browser.open("/connected").status in (200, 503)
    mend()
    assert ready(world) == (200, "ready")
    assert world.userinfo(tokens["access_token"]).status_code == 200
    assert world.refresh(tokens["refresh_token"]).status_code == 200
    assert len(rows(world, "SELECT * FROM handoff")) == handoffs + served + 1
