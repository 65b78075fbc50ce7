"""Rows for tests of store operations, and ways to look at what an operation left behind."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from gateway.model.grants import ActorKind, ConsentEvent, EventType, Grant, GrantedItem, GrantState
from gateway.model.ledger.handoffs import HandedItem, Handoff
from gateway.model.tokens import AccessToken, AuthorizationCode, RefreshToken
from gateway.store.consent.decisions import Decision, commit_decisions
from gateway.store.consent.grant_moves import CommitVerdict, NewGrant
from gateway.store.consent.served_notices import Served, serve_notices
from gateway.store.engine.backend import Operation
from gateway.store.oauth.release import append_handoffs
from tests.gateway.consent.samples import EMAIL, NAME
from tests.patience import PATIENCE
from tests.world import NOW, World

T = TypeVar("T")
QUIZZES, READERS = ("quizco", "practice-quizzes"), ("campuspress", "course-readers")


def run_all(world: World, operation: Operation[Any, T], items: Sequence[Any]) -> Sequence[T]:
    """Run an operation over a set in one transaction."""
    return world.run(world.services.store.run_all, operation, items)


def rows(world: World, sql: str, **values: object) -> list[tuple[Any, ...]]:
    """Look at the database."""

    def look(connection: Connection, _: Sequence[None]) -> list[list[tuple[Any, ...]]]:
        return [[tuple(row) for row in connection.execute(text(sql), values)]]

    return world.store(look, None)


def act(world: World, sql: str, **values: object) -> None:
    """Change the database behind the gateway's back."""

    def work(connection: Connection, _: Sequence[None]) -> list[None]:
        connection.execute(text(sql), values)
        return [None]

    world.store(work, None)


def slowly(operation: Operation[Any, T], begun: threading.Event) -> Operation[Any, T]:
    """Run an operation, say that it has run, and keep its transaction open for a while."""

    def work(connection: Connection, items: Sequence[Any]) -> Sequence[T]:
        outcomes = operation(connection, items)
        begun.set()
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_sleep(0.3)"))
        else:
            time.sleep(0.3)
        return outcomes

    return work


def one_after_the_other(world: World, operation: Operation[Any, T], first: Any, second: Any) -> tuple[T, T]:
    """Begin the second while the first one's transaction is still open."""
    store = world.services.store

    async def race() -> tuple[T, T]:
        begun = threading.Event()
        earlier = asyncio.create_task(store.run(slowly(operation, begun), first))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        later = await store.run(operation, second)
        return await earlier, later

    return world.run(race)


def notice_id(world: World, offer_id: str = QUIZZES[1]) -> str:
    """Name an offer's live notice."""
    return world.services.registry.offers[offer_id].notices["en"].notice_id


def serve(world: World, served_id: str, person_id: str, *, offer_id: str = QUIZZES[1], at: int = NOW) -> None:
    """Record that a notice was served."""
    served = Served(
        served_id, person_id, notice_id(world, offer_id), "client", "consent_screen", "en", b"d" * 32, at
    )
    world.store(serve_notices, served)


def decision(
    world: World,
    name: str,
    *,
    email: str = "asha@lakeside.example",
    offer: tuple[str, str] = QUIZZES,
    at: int = NOW,
    items: tuple[GrantedItem, ...] = (NAME, EMAIL),
    state: GrantState = GrantState.ACTIVE,
    request_digest: bytes | None = None,
    code: bool = False,
) -> Decision:
    """Plan a first decision, with its notice served."""
    person_id = world.person_id(email)
    serve(world, f"srv_{name}", person_id, offer_id=offer[1], at=at)
    # The store gives items in the order of their fields.
    items = tuple(sorted(items, key=lambda each: each.item.field))
    grant = Grant(
        f"gra_{name}", person_id, *offer, 1, notice_id(world, offer[1]), state, 1, f"evt_{name}", at, at + 9000,
        items, used_at=at, decided_version=1,
    )  # fmt: skip
    type_ = EventType.REFUSED if state is GrantState.REFUSED else EventType.GIVEN
    event = ConsentEvent(
        grant.event_id, grant.grant_id, 1, type_, ActorKind.SUBJECT, person_id, "consent_screen",
        tuple(each.item for each in items), at, served_id=f"srv_{name}", language="en",
    )  # fmt: skip
    return Decision(
        NewGrant(grant, "IN"), grant, event, authorization_code(name, grant) if code else None,
        request_digest, at,
    )  # fmt: skip


def given(world: World, name: str, **changes: Any) -> Grant:
    """Have a grant given."""
    plan = decision(world, name, **changes)
    assert world.store(commit_decisions, plan) is CommitVerdict.DONE
    return plan.grant


def authorization_code(name: str, grant: Grant) -> AuthorizationCode:
    """Make a code."""
    return AuthorizationCode(
        code_digest=f"code {name}".encode(), client_id="quizco-web", grant_id=grant.grant_id,
        person_id=grant.person_id, redirect_uri="http://localhost:8100/", scope="openid", asked_scope="openid",
        code_challenge="c", nonce=None, auth_time=NOW, acr="pwd", family_id=f"fam_{name}", issued_at=NOW,
        expires_at=NOW + 60,
    )  # fmt: skip


def access_token(name: str, grant: Grant, *, family: str = "") -> AccessToken:
    """Make an access token."""
    return AccessToken(
        f"at {name}".encode(), f"tok_at_{name}", "quizco-web", grant.grant_id, family or f"fam_{name}",
        "openid", NOW, NOW + 300,
    )  # fmt: skip


def refresh_token(name: str, grant: Grant, *, family: str = "") -> RefreshToken:
    """Make a refresh token."""
    return RefreshToken(
        f"rt {name}".encode(), f"tok_rt_{name}", "quizco-web", grant.grant_id, family or f"fam_{name}",
        "openid", "openid", NOW, NOW, NOW + 9000,
    )  # fmt: skip


def handed(world: World, name: str, grant: Grant, *, at: int = NOW, endpoint: str = "userinfo") -> Handoff:
    """Have something handed off."""
    row = Handoff(
        f"hof_{name}", grant.grant_id, grant.event_id, grant.person_id, grant.partner_id, "quizco-web",
        b"t" * 32, endpoint, tuple(HandedItem(each.item, "c") for each in grant.items), at, b"e" * 32,
    )  # fmt: skip

    def append(connection: Connection, items: Sequence[Handoff]) -> list[None]:
        append_handoffs(connection, items)
        return [None] * len(items)

    world.store(append, row)
    return row
