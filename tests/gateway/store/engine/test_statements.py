"""Statements of one shape: the same answers on both databases, and index plans on tables that nobody analysed."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, LargeBinary, MetaData, Table, Text, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from gateway.store.accounts.logins import _LOGINS, _LOGINS_OF
from gateway.store.consent.receipts import _EVENTS, _RECEIPTS, _STORIES
from gateway.store.consent.standing import _STANDING
from gateway.store.engine.backend import open_backend
from gateway.store.engine.driver import fetch
from gateway.store.engine.statements import PreparedStatement, insert_all_once, insert_once
from gateway.store.letters import _SENT
from gateway.store.oauth.codes import _CODES, _LIVE_GRANTS, _REDEEMED
from gateway.store.oauth.release import _COMMITTED, _LOCKED_TOKENS, _TOKENS
from gateway.store.oauth.tokens import (
    _ACCESS_TOKENS,
    _FAMILIES,
    _OWN_REVOKED,
    _REFRESH_OWNERS,
    _REFRESH_TOKENS,
    _USED,
)
from gateway.store.postgres.optimistic_release import _SEEN, _WRITING
from gateway.store.postgres.optimistic_tokens import _DYING, _KEEPING, _REDEEMING, _ROTATING
from gateway.store.profiles import _PROFILES
from gateway.store.records_from_rows import _ITEMS
from gateway.store.sessions import _SESSIONS
from gateway.store.tables import (
    access_token,
    client_token,
    handoff,
    lease,
    log_pending,
    refresh_token,
)  # fmt: skip
from gateway.store.throttles import _KEPT
from tests.conftest import TEMPLATE
from tests.world import World, fill

WORD = Table("word", MetaData(), Column("key", LargeBinary, primary_key=True), Column("said", Text))
KEYS = st.binary(min_size=1, max_size=2)


def run(world: World, work: Any) -> Any:
    return world.run(world.services.store.run, lambda connection, _: [work(connection)], None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.dictionaries(KEYS, st.none() | st.sampled_from("abc"), max_size=8),
    changes=st.dictionaries(KEYS, st.sampled_from("xyz"), min_size=1, max_size=8),
    pairs=st.sets(st.tuples(KEYS, st.sampled_from("abc")), min_size=1, max_size=8),
)
def test_sets_are_handled_item_by_item(
    each_world: World, rows: dict[bytes, str | None], changes: dict[bytes, str], pairs: set[tuple[bytes, str]]
) -> None:
    """Insert, look up, change by key and find pairs, as a dictionary would."""
    first = dict(list(changes.items())[:1])

    def work(connection: Connection) -> tuple[set[bytes], set[bytes], dict[bytes, str | None]]:
        WORD.create(connection, checkfirst=True)
        connection.execute(delete(WORD))
        stored = [{"key": key, "said": said} for key, said in rows.items()]
        insert_once(connection, WORD, stored)
        insert_once(connection, WORD, [row | {"said": "again"} for row in stored])
        paired = FIND_PAIRS(
            connection, keys=[key for key, _ in sorted(pairs)], said=[said for _, said in sorted(pairs)]
        )
        found = FIND(connection, wanted=sorted(changes))
        CHANGE(connection, wanted=sorted(changes), keys=list(first), values=list(first.values()))
        after = connection.execute(select(WORD))
        return {row.key for row in found}, {row.key for row in paired}, {row.key: row.said for row in after}

    found, paired, after = run(each_world, work)
    assert found == rows.keys() & changes.keys()
    assert paired == {key for key, said in rows.items() if (key, said) in pairs}
    assert after == {key: first.get(key, said) for key, said in rows.items()}


FIND = PreparedStatement(lambda lists: select(WORD.c.key).where(lists.any_of(WORD.c.key)))
FIND_PAIRS = PreparedStatement(
    lambda lists: select(WORD.c.key).where(lists.pair_among(WORD.c.key, WORD.c.said, "keys", "said")),
    with_values=True,
)
CHANGE = PreparedStatement(
    lambda lists: (
        update(WORD)
        .where(lists.any_of(WORD.c.key))
        .values(said=lists.by_key(WORD.c.key, "keys", "values", WORD.c.said))
    ),
    with_values=True,
)


def test_rows_of_several_tables_go_in_together_and_once(each_world: World) -> None:
    rows = {log_pending: [{"grant_id": "g", "source_id": "s", "kind": "handoff"}]}
    more = {lease: [{"name": "n", "holder": "h", "expires_at": 1}]}

    def work(connection: Connection) -> list[int]:
        insert_all_once(connection, {})
        insert_all_once(connection, rows)
        insert_all_once(connection, rows | more | {handoff: []})
        counts = [select(func.count()).select_from(table) for table in (log_pending, lease)]
        return [connection.execute(count).scalar_one() for count in counts]

    before = run(each_world, lambda connection: connection.execute(select(log_pending)).all())
    assert run(each_world, work) == [len(before) + 1, 1]
    assert run(each_world, work) == [len(before) + 1, 1]


def test_what_fails_leaves_nothing_and_the_connection_goes_on(each_world: World) -> None:
    """A failure within a transaction takes back what the driver itself has written in it."""
    row = {"name": "n", "holder": "h", "expires_at": 1}

    def fail(connection: Connection) -> None:
        insert_once(connection, lease, [row])
        insert_once(connection, lease, [row | {"name": None}])

    with pytest.raises(IntegrityError):
        run(each_world, fail)
    assert run(each_world, lambda connection: connection.execute(select(lease)).all()) == []


GROWING = {
    "access_token", "authorization_code", "refresh_token", "grant_item", "person_field", "consent_grant", "person",
    "person_key", "session", "throttle", "letter", "receipt", "consent_event", "notice_served", "credential",
    "client_token", "guardian_link", "school_request", "one_time_password",
}  # fmt: skip
DIGESTS, IDS = [bytes([number]) * 32 for number in range(64)], [f"x_{number}" for number in range(64)]
WRITTEN: dict[str, Any] = {
    **{column.name: DIGESTS if column.name.endswith("digest") else IDS for column in handoff.c},
    "at": [1] * 64, "grants": IDS, "tokens": DIGESTS, "versions": [1] * 64, "registry": 1,
}  # fmt: skip


def written(table: Table, key: str, beside: Sequence[Any]) -> dict[str, Any]:
    """Make values of every column of a table."""
    columns = {f"{table.name}_{each.name}": _values(each) for each in table.c}
    return {**columns, f"{table.name}_{key}": beside}


def _values(column: Column[Any]) -> Sequence[Any]:
    kind = column.type.python_type
    return DIGESTS if kind is bytes else IDS if kind is str else [kind(1)] * 64


NEW_TOKENS = {
    key: {**written(access_token, key, DIGESTS), **written(refresh_token, key, DIGESTS)}
    for key in ("code", "used")
}
STATEMENTS: dict[str, tuple[PreparedStatement, dict[str, Any]]] = {
    "tokens": (_TOKENS, {"wanted": DIGESTS}),
    "tokens ahead": (_SEEN, {"wanted": DIGESTS}),
    "hand-offs that still hold": (_WRITING, WRITTEN),
    "tokens under lock": (_LOCKED_TOKENS, {"wanted": DIGESTS}),
    "hand-offs committed before": (_COMMITTED, {"wanted": IDS}),
    "items": (_ITEMS, {"wanted": IDS}),
    "profiles": (_PROFILES, {"wanted": IDS}),
    "codes": (_CODES, {"wanted": DIGESTS}),
    "live grants": (_LIVE_GRANTS, {"wanted": IDS}),
    "redeemed codes": (_REDEEMED, {"digests": DIGESTS, "redemptions": IDS}),
    "refresh tokens": (_REFRESH_TOKENS, {"wanted": DIGESTS}),
    "used tokens": (_USED, {"wanted": DIGESTS, "followed": DIGESTS, "successors": DIGESTS, "now": 1}),
    "families": (_FAMILIES, {"wanted": IDS}),
    "owners": (_REFRESH_OWNERS, {"wanted": DIGESTS}),
    "own tokens": (_OWN_REVOKED, {"digests": DIGESTS, "clients": IDS, "now": 1}),
    "redeemed ahead": (
        _REDEEMING,
        {"grants": IDS, "digests": DIGESTS, "redemptions": IDS, **NEW_TOKENS["code"]},
    ),
    "rotated ahead": (
        _ROTATING,
        {"wanted": DIGESTS, "followed": DIGESTS, "successors": DIGESTS, "now": 1, **NEW_TOKENS["used"]},
    ),
    "families that die": (_DYING, {"digests": DIGESTS, "clients": IDS, "versions": [1] * 64, "now": 1}),
    "partners' own tokens": (_KEEPING, written(client_token, "registry", [1] * 64)),
    "access tokens": (_ACCESS_TOKENS, {"wanted": DIGESTS}),
    "sessions": (_SESSIONS, {"wanted": DIGESTS}),
    "log-ins": (_LOGINS, {"wanted": DIGESTS}),
    "log-ins of people": (_LOGINS_OF, {"wanted": IDS}),
    "throttles": (_KEPT, {"wanted": DIGESTS, "tokens": [1] * 64, "times": [1] * 64}),
    "a standing": (_STANDING, {"person": "x", "offer": "x"}),
    "letters that were sent": (_SENT, {"wanted": IDS}),
    "receipts": (_RECEIPTS, {"wanted": IDS}),
    "what receipts tell": (_STORIES, {"wanted": IDS}),
    "events": (_EVENTS, {"wanted": IDS}),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_batch_of_64_finds_its_rows_by_index(fresh_postgres: str, name: str) -> None:
    """Where reading a table whole is forbidden, an index is there for every table that grows."""
    assert not asyncio.run(_scans(fresh_postgres, *STATEMENTS[name])) & GROWING


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_plan_for_any_values_finds_them_by_index_too(fresh_postgres: str, name: str) -> None:
    """Lanes run every statement by such a plan, made once."""
    assert not asyncio.run(_scans(fresh_postgres, *STATEMENTS[name], in_lane=True)) & GROWING


def test_only_lanes_plan_once_for_any_values(fresh_postgres: str) -> None:
    """A search whose conditions come and go, or whose page has a length, is planned for what it is."""
    names = ("plan_cache_mode", "enable_seqscan", "enable_mergejoin", "jit")
    settings = ", ".join(f"current_setting('{name}')" for name in names)
    asked = f"SELECT concat_ws(' ', {settings}) AS said"

    async def story() -> list[str]:
        backend = open_backend(fresh_postgres)
        ways = (backend.read, backend.in_lanes.read)
        found = [await way(lambda connection: fetch(connection, asked, [])[0].said) for way in ways]
        await backend.close()
        return found

    assert asyncio.run(story()) == ["auto on on off", "force_generic_plan off off off"]


@pytest.fixture
def fresh_postgres(request: pytest.FixtureRequest) -> Any:
    """A filled database whose tables nobody has analysed."""
    server = request.getfixturevalue("postgres_server")
    server.create_template(TEMPLATE, fill)
    url = server.create_database(TEMPLATE)
    yield url
    server.drop_database(url)


async def _scans(
    url: str, statement: PreparedStatement, values: dict[str, Any], *, in_lane: bool = False
) -> set[str]:
    """Name the tables that the plan reads whole."""
    backend = open_backend(url)

    def explain(connection: Connection) -> set[str]:
        # A table of a few rows is rightly read whole: the plan for it says nothing about one of a million.
        connection.exec_driver_sql("SET enable_seqscan = off")
        statement(connection, **values)
        if in_lane:
            connection.exec_driver_sql("PREPARE asked AS " + statement._text)
            nothing = ", ".join(["NULL"] * len(statement._values))
            (row,) = fetch(connection, f"EXPLAIN (FORMAT JSON) EXECUTE asked ({nothing})", [])
            # Values that stand in the plan would show that it was made for them.
            assert "$" in json.dumps(row[0])
        else:
            spelled = [values.get(name, kept) for name, kept in statement._values]
            (row,) = fetch(connection, "EXPLAIN (FORMAT JSON) " + statement._text, spelled)
        return set(_whole(row[0][0]["Plan"], in_lane))

    try:
        return await (backend.in_lanes if in_lane else backend).read(explain)
    finally:
        await backend.close()


def _whole(plan: dict[str, Any], in_lane: bool) -> Sequence[str]:
    """Name the tables that are read from end to end, in a lane also by an index that only gives the order.

    For this very batch that can be right, in a table of a few rows.
    """
    kind = plan["Node Type"]
    is_whole = kind == "Seq Scan" or (in_lane and kind.startswith("Index") and "Index Cond" not in plan)
    own = [plan["Relation Name"]] if is_whole else []
    return own + [name for below in plan.get("Plans", ()) for name in _whole(below, in_lane)]
