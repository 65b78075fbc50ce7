"""Writing tokens in one statement: each decision is held against what stands, item by item (PostgreSQL)."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.util import await_only

from gateway.model.tokens import ClientToken
from gateway.store.consent.decisions import commit_decisions
from gateway.store.consent.grant_changes import commit_changes
from gateway.store.engine import driver
from gateway.store.oauth.client_tokens import load_client_tokens
from gateway.store.oauth.codes import redeem_codes
from gateway.store.oauth.tokens import Revocation, load_refresh_tokens, revoke_families
from gateway.store.postgres import optimistic_tokens
from tests.gateway.store.consent.test_grants import stop
from tests.gateway.store.oauth.test_codes_and_tokens import AOIFE, grant_of, redemption, rotation
from tests.gateway.store.samples import decision, rows, run_all
from tests.world import NOW, World

Ahead = Callable[..., Sequence[Any]]
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SOMEBODY_WAITS = """DO $$ BEGIN
  WHILE NOT EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
  ) LOOP
    PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
  END LOOP;
END $$"""


@pytest.fixture
def told() -> list[int]:
    """The registry's versions that were told."""
    return []


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    own_loop = asyncio.new_event_loop()
    yield own_loop
    own_loop.close()


@pytest.fixture
def ahead(
    each_world: World, told: list[int], loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ahead]:
    """Run an operation over the driver in a loop of the test's own: greenlets hide from the coverage."""
    plans = [decision(each_world, "1", code=True), decision(each_world, "2", email=AOIFE, code=True)]
    run_all(each_world, commit_decisions, plans)
    connection = loop.run_until_complete(asyncpg.connect(each_world.services.settings.database_url))
    here, in_greenlet = threading.get_ident(), await_only

    def wait(answer: Any) -> Any:
        return (loop.run_until_complete if threading.get_ident() == here else in_greenlet)(answer)

    monkeypatch.setattr(driver, "await_only", wait)
    held: Any = SimpleNamespace(connection=SimpleNamespace(driver_connection=connection), dialect=dialect())
    yield lambda operation, *items: operation(held, items, told.append)
    loop.run_until_complete(connection.close())


def tokens(world: World) -> list[bytes]:
    both_kinds = "SELECT token_digest FROM access_token UNION ALL SELECT token_digest FROM refresh_token"
    return [bytes(token) for (token,) in rows(world, f"{both_kinds} ORDER BY token_digest")]


def test_rfc6749_4_1_2_a_code_works_once_in_a_batch_and_after_it(each_world: World, ahead: Ahead) -> None:
    first, second, other = (
        redemption(each_world, *each[:1], number=each[1]) for each in (("1", 1), ("1", 2), ("2", 1))
    )
    assert ahead(optimistic_tokens.redeem_codes, first, other, second) == [True, True, False]
    assert ahead(optimistic_tokens.redeem_codes, second) == [False]
    assert tokens(each_world) == [b"at 11", b"at 21", b"rt 11", b"rt 21"]
    # The transaction takes it from there: a replay kills what the code brought.
    assert each_world.store(redeem_codes, second) is False
    assert rows(each_world, "SELECT count(*) FROM access_token WHERE revoked_at IS NOT NULL") == [(1,)]


def test_repeating_ones_own_redemption_wins_again_and_writes_nothing_twice(
    each_world: World, ahead: Ahead
) -> None:
    mine = replace(redemption(each_world, "1"), refresh_token=None)
    assert ahead(optimistic_tokens.redeem_codes, mine) == [True]
    assert ahead(optimistic_tokens.redeem_codes, mine) == [True]
    assert each_world.store(redeem_codes, mine) is True
    assert tokens(each_world) == [b"at 11"]


def test_a_code_whose_grant_ended_is_not_even_used_up(each_world: World, ahead: Ahead) -> None:
    plan = redemption(each_world, "1")
    each_world.store(commit_changes, stop(grant_of(each_world, "1"), "end"))
    assert ahead(optimistic_tokens.redeem_codes, plan, redemption(each_world, "2")) == [False, True]
    assert tokens(each_world) == [b"at 21", b"rt 21"]
    assert rows(each_world, "SELECT redemption_id FROM authorization_code WHERE grant_id = 'gra_1'") == [
        (None,)
    ]


def test_rfc9700_4_14_2_who_rotates_within_the_grace_names_one_successor(
    each_world: World, ahead: Ahead
) -> None:
    ahead(optimistic_tokens.redeem_codes, redemption(each_world, "1"), redemption(each_world, "2"))
    plan = rotation(each_world, "11", "next")
    assert ahead(optimistic_tokens.rotate_refresh_tokens, plan, plan) == [True, True]
    assert ahead(optimistic_tokens.rotate_refresh_tokens, replace(plan, at=NOW + 9)) == [True]
    used = each_world.store(load_refresh_tokens, b"rt 11")
    assert used is not None
    assert (used.token.used_at, used.token.successor_digest) == (NOW + 5, b"rt next")
    assert tokens(each_world) == [b"at 11", b"at 21", b"at next", b"rt 11", b"rt 21", b"rt next"]


def test_a_token_that_does_not_rotate_keeps_no_successor(each_world: World, ahead: Ahead) -> None:
    ahead(optimistic_tokens.redeem_codes, redemption(each_world, "1"))
    still, turned = (
        rotation(each_world, "11", "x", rotates=False),
        rotation(each_world, "11", "y", rotates=False),
    )
    assert ahead(optimistic_tokens.rotate_refresh_tokens, still, turned) == [True, True]
    assert tokens(each_world) == [b"at 11", b"at x", b"at y", b"rt 11"]
    assert rows(each_world, "SELECT successor_digest FROM refresh_token") == [(None,)]


def test_a_refresh_token_that_died_brings_nothing(each_world: World, ahead: Ahead) -> None:
    ahead(optimistic_tokens.redeem_codes, redemption(each_world, "1"))

    def revoke(connection: Connection, _: Sequence[None]) -> Sequence[None]:
        revoke_families(connection, {"fam_1": NOW})
        return [None]

    each_world.store(revoke, None)
    assert ahead(optimistic_tokens.rotate_refresh_tokens, rotation(each_world, "11", "x")) == [False]
    assert tokens(each_world) == [b"at 11", b"rt 11"]


def test_rfc7009_2_1_a_family_dies_whole_and_an_access_token_alone(each_world: World, ahead: Ahead) -> None:
    ahead(optimistic_tokens.redeem_codes, redemption(each_world, "1"), redemption(each_world, "2"))
    ahead(optimistic_tokens.rotate_refresh_tokens, rotation(each_world, "11", "next"))
    version = each_world.services.registry.version

    def revoke(name: bytes, client_id: str = "quizco-web", at: int = NOW + 1, known: int = version) -> bool:
        (was_revoked,) = ahead(optimistic_tokens.try_revocations, (Revocation(name, client_id, at), known))
        return was_revoked

    assert not revoke(b"rt 11", "campuspress-web")
    assert not revoke(b"rt 11", known=version - 1)
    assert not revoke(b"at 11", "campuspress-web")
    assert not revoke(b"at 11", known=version - 1)
    assert not revoke(b"rt none")
    for table in ("access_token", "refresh_token"):
        assert rows(each_world, f"SELECT 1 FROM {table} WHERE revoked_at IS NOT NULL") == []
    assert revoke(b"at 21", at=NOW + 3)
    assert revoke(b"at 21", at=NOW + 4)
    assert revoke(b"rt 11")
    assert revoke(b"rt next", at=NOW + 9)
    living = "SELECT token_digest, revoked_at FROM {} ORDER BY token_digest"
    for kind in ("at", "rt"):
        table = "access_token" if kind == "at" else "refresh_token"
        found = {bytes(token).decode(): at for token, at in rows(each_world, living.format(table))}
        alone = NOW + 3 if kind == "at" else None
        assert found == {f"{kind} 11": NOW + 1, f"{kind} next": NOW + 1, f"{kind} 21": alone}


async def refresh_in_flight(url: str, is_held: asyncio.Event) -> None:
    """Use a refresh token, and commit it with its successor only when somebody waits for its row."""
    connection, watch = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        async with connection.transaction():
            used = "UPDATE refresh_token SET used_at = 1 WHERE token_digest = 'rt 11' RETURNING *"
            successor = dict(await connection.fetchrow(used), token_digest=b"rt next", token_id="tok_rt_next")
            places = ", ".join(f"${number}" for number in range(1, len(successor) + 1))
            into = f"INSERT INTO refresh_token ({', '.join(successor)}) VALUES ({places})"
            await connection.execute(into, *successor.values())
            is_held.set()
            await watch.execute(SOMEBODY_WAITS)
    finally:
        await connection.close()
        await watch.close()


def test_rfc7009_2_1_what_a_refresh_in_flight_brings_dies_too(
    each_world: World, ahead: Ahead, loop: asyncio.AbstractEventLoop
) -> None:
    """It is newer than the statement that waits for it: so the statement runs again."""
    ahead(optimistic_tokens.redeem_codes, redemption(each_world, "1"))
    is_held = asyncio.Event()
    refreshing = loop.create_task(refresh_in_flight(each_world.services.settings.database_url, is_held))
    holding = loop.create_task(is_held.wait())
    loop.run_until_complete(asyncio.wait([refreshing, holding], return_when=asyncio.FIRST_COMPLETED))
    ask = Revocation(b"rt 11", "quizco-web", NOW), each_world.services.registry.version
    assert ahead(optimistic_tokens.try_revocations, ask) == [True]
    loop.run_until_complete(refreshing)
    assert tokens(each_world) == [b"at 11", b"rt 11", b"rt next"]
    assert rows(each_world, "SELECT 1 FROM refresh_token WHERE revoked_at IS NULL") == []


def own(name: str) -> ClientToken:
    return ClientToken(name.encode(), f"tok_{name}", "quizco-web", "events", NOW, NOW + 60)


def test_a_partners_own_token_is_kept_by_the_true_registry_only(
    each_world: World, ahead: Ahead, told: list[int]
) -> None:
    version = each_world.services.registry.version
    assert ahead(optimistic_tokens.keep_client_tokens, (own("1"), version)) == [True]
    assert told == []
    plans = (own("2"), version - 1), (own("3"), version)
    assert ahead(optimistic_tokens.keep_client_tokens, *plans) == [False, True]
    assert told == [version]
    found = run_all(each_world, load_client_tokens, [b"1", b"2", b"3"])
    assert [each is not None for each in found] == [True, False, True]
