"""The release in two statements, item by item: what is settled ahead, and what is left to the transaction."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.util import await_only

from gateway.actions.oauth.release import ReleaseGate
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.store.engine import driver
from gateway.store.oauth.proofs import ProofUse
from gateway.store.oauth.release import ReleaseAsk
from gateway.store.postgres.optimistic_release import optimistic_operation
from tests.gateway.store.samples import rows
from tests.world import NOW, World

Ahead = Callable[..., Sequence[Any]]
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def ahead(each_world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ahead]:
    """Run the operation over the driver in a loop of the test's own: greenlets hide from the coverage."""
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(each_world.services.settings.database_url))
    here, in_greenlet = threading.get_ident(), await_only

    def wait(answer: Any) -> Any:
        return (loop.run_until_complete if threading.get_ident() == here else in_greenlet)(answer)

    monkeypatch.setattr(driver, "await_only", wait)
    gate = ReleaseGate(each_world.services)
    held: Any = SimpleNamespace(connection=SimpleNamespace(driver_connection=connection), dialect=dialect())

    def run(*asks: ReleaseAsk, meanwhile: Callable[[], object] = lambda: None) -> Sequence[Any]:
        def decide(*loaded: Any) -> Any:
            decided = gate._decide(*loaded)
            meanwhile()
            return decided

        versions: list[int] = []
        outcomes = optimistic_operation(decide)(held, asks, versions.append)
        assert versions == [each_world.services.registry.version]
        return outcomes

    yield run
    loop.run_until_complete(connection.close())
    loop.close()


def ask(token: str, handoff_id: str = "hof_1", proof: ProofUse | None = None) -> ReleaseAsk:
    return ReleaseAsk(digest(token), "userinfo", handoff_id, NOW, proof=proof)


def change(world: World, statement: str) -> None:
    def work(connection: Connection, _: Sequence[None]) -> Sequence[None]:
        connection.execute(text(statement))
        return [None]

    world.store(work, None)


def written(world: World) -> list[str]:
    return [each for (each,) in rows(world, "SELECT handoff_id FROM handoff ORDER BY handoff_id")]


def test_items_are_settled_one_by_one(each_world: World, ahead: Ahead) -> None:
    """A token twice and an unknown one: two hand-offs, each of which waits for its place in the log."""
    token = each_world.tokens()["access_token"]
    first, unknown, third = ahead(ask(token), ask("unknown", "hof_2"), ask(token, "hof_3"))
    assert first.answer["name"] == third.answer["name"] == "Asha Rao"
    assert isinstance(unknown.answer, Refusal)
    assert written(each_world) == ["hof_1", "hof_3"]
    places = rows(each_world, "SELECT source_id FROM log_pending WHERE kind = 'handoff' ORDER BY source_id")
    assert places == [("hof_1",), ("hof_3",)]


def test_a_batch_without_a_known_token_still_sees_the_registry(each_world: World, ahead: Ahead) -> None:
    (unknown,) = ahead(ask("unknown"))
    assert isinstance(unknown.answer, Refusal)


def test_what_spends_something_is_left_to_the_transaction(each_world: World, ahead: Ahead) -> None:
    """A proof and a use are spent in the transaction that reads."""
    token = each_world.tokens()["access_token"]
    proof = ProofUse(b"p", "use_1", NOW + 60, NOW)
    assert ahead(ask(token, proof=proof)) == [None]
    change(each_world, "UPDATE consent_grant SET use_limit = 1")
    assert ahead(ask(token)) == [None]
    assert written(each_world) == []


def test_the_same_handoff_again_is_left_to_the_transaction(each_world: World, ahead: Ahead) -> None:
    """A statement whose answer was lost is run again: its row is there already, and the transaction tells."""
    token = each_world.tokens()["access_token"]
    assert ahead(ask(token)) != [None]
    assert ahead(ask(token)) == [None]
    assert written(each_world) == ["hof_1"]


def test_a_person_without_values_shares_none(each_world: World, ahead: Ahead) -> None:
    token = each_world.tokens()["access_token"]
    change(each_world, "DELETE FROM person_field")
    (found,) = ahead(ask(token))
    assert "name" not in found.answer
    change(each_world, "DELETE FROM person_key")
    (erased,) = ahead(ask(token, "hof_2"))
    assert isinstance(erased.answer, Refusal)


def test_a_grant_that_changed_meanwhile_is_left_to_the_transaction(each_world: World, ahead: Ahead) -> None:
    token = each_world.tokens()["access_token"]
    bump = "UPDATE consent_grant SET version = version + 1"
    assert ahead(ask(token), meanwhile=lambda: change(each_world, bump)) == [None]
    assert written(each_world) == []
