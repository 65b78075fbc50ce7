"""The schema: up, down and up again on both databases; what is append-only stays as it was written."""

import asyncio
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.kit.clock import DAY
from gateway.store import migrations
from gateway.store.engine.backend import open_backend
from gateway.store.engine.revision import newest_revision, schema_state
from gateway.store.engine.schema import downgrade, migrate, schema_differences
from gateway.store.tables import APPEND_ONLY, metadata
from tests.gateway.store.samples import QUIZZES, act, given, handed, notice_id, rows
from tests.ledgers import sequence
from tests.world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgres_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


def test_migrations_go_up_and_down_and_up_again_and_agree_with_the_tables(empty_url: str) -> None:
    async def story() -> None:
        backend = open_backend(empty_url)
        assert (await schema_state(backend))[0] is None
        for _ in range(2):
            await migrate(backend)
            present, newest = await schema_state(backend)
            assert present == newest != ""
            assert await schema_differences(backend) == []
            assert await backend.read(tables) >= {table.name for table in metadata.sorted_tables}
            await downgrade(backend)
            assert await backend.read(tables) <= {"alembic_version"}
            assert await backend.read(functions) == 0
        await migrate(backend)
        await migrate(backend)
        assert await schema_differences(backend) == []
        await backend.close()

    asyncio.run(story())


def test_the_newest_file_is_the_newest_migration() -> None:
    """A start tells by the names of the files which schema it needs."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert newest_revision() == ScriptDirectory.from_config(config).get_current_head()


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def functions(connection: Connection) -> int:
    """Count what a migration down could forget: functions and triggers of ours."""
    if connection.dialect.name == "sqlite":
        count = connection.execute(text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"))
    else:
        count = connection.execute(text("SELECT count(*) FROM pg_proc WHERE proname LIKE 'refuse_%'"))
    found: int = count.scalar_one()
    return found


def test_a_difference_between_database_and_tables_is_told(empty_url: str) -> None:
    async def story() -> None:
        backend = open_backend(empty_url)
        await migrate(backend)
        await backend.write(lambda connection: connection.execute(text("DROP TABLE approval")))
        assert "approval" in str(await schema_differences(backend))
        await backend.close()

    asyncio.run(story())


def with_a_look(world: World) -> None:
    """Make a live contact, at which one of the two has looked."""
    ids = {"asha": world.person_id(), "ben": world.person_id("ben@lakeside.example")}
    digest = "x'00'" if "sqlite" in world.services.settings.database else "decode('00', 'hex')"
    act(
        world,
        f"INSERT INTO contact VALUES ('con_1', :asha, :ben, NULL, NULL, {digest}, {digest}, 'live', 1, 'evt_c', "
        "1, 2, 1, '[]', '[]', 'a|b')",
        **ids,
    )
    event = "('evt_c', 'con_1', 1, 'asked', 'asker', '[]', FALSE, 'en', 'pwd', 1, 2, 1)"
    act(world, f"INSERT INTO contact_event VALUES {event}")
    act(
        world,
        f"INSERT INTO contact_view VALUES ('view_1', 'con_1', 'evt_c', 'asker', :asha, :ben, '[]', 1, {digest})",
        **ids,
    )


@pytest.fixture
def with_rows(each_world: World) -> World:
    """A world with at least one row in every append-only table."""
    handed(each_world, "1", given(each_world, "1"))
    act(each_world, "INSERT INTO grant_use VALUES ('gra_1', 1, 'hof_1')")
    act(each_world, "INSERT INTO receipt VALUES ('evt_1', 'gra_1', '1', 'a.b.c', 1)")
    with_a_look(each_world)
    sequence(each_world)
    digest = (
        "zeroblob(32)"
        if "sqlite" in each_world.services.settings.database
        else "decode(repeat('00', 32), 'hex')"
    )
    act(each_world, f"INSERT INTO log_archive VALUES (1000, 1001, 1, {digest}, 1)")
    for table in APPEND_ONLY:
        assert rows(each_world, f"SELECT count(*) FROM {table.name}")[0][0] > 0, table.name
    return each_world


def test_p4_p13_what_is_append_only_cannot_be_changed_or_deleted(with_rows: World) -> None:
    """Not by this gateway, and not by somebody with the gateway's own rights on the database."""
    is_postgres = "postgresql" in with_rows.services.settings.database
    for table in APPEND_ONLY:
        name, key = table.name, next(iter(table.primary_key)).name
        before = rows(with_rows, f"SELECT count(*) FROM {name}")
        statements = [
            f"UPDATE {name} SET {key} = {key}",
            f"DELETE FROM {name}",
            f"TRUNCATE {name} CASCADE"
            if is_postgres
            else f"INSERT OR REPLACE INTO {name} SELECT * FROM {name}",
        ]
        for statement in statements:
            with pytest.raises(DBAPIError, match="append-only"):
                act(with_rows, statement)
        assert rows(with_rows, f"SELECT count(*) FROM {name}") == before


def test_a_person_has_at_most_one_live_grant_for_an_offer(with_rows: World) -> None:
    """The partial unique index holds whatever the code above does; ended grants do not count."""
    person_id = with_rows.person_id()
    insert = (
        "INSERT INTO consent_grant (grant_id, person_id, partner_id, offer_id, offer_version, notice_id, state, "
        "legal_basis, jurisdiction, version, event_id, created_at, valid_from, valid_until, "
        "last_user_activity_at) VALUES (:id, :person, 'quizco', :offer, 1, :notice, :state, 'consent', 'IN', 1, "
        "'evt', 1, 1, 1, 1)"
    )
    values = {"person": person_id, "offer": QUIZZES[1], "notice": notice_id(with_rows)}
    for state in ("active", "waiting", "paused"):
        with pytest.raises(IntegrityError):
            act(with_rows, insert, id=f"gra_{state}", state=state, **values)
    for state in ("ended", "refused"):
        act(with_rows, insert, id=f"gra_{state}", state=state, **values)
    with pytest.raises(IntegrityError):
        act(with_rows, insert, id="gra_x", state="granted", **values)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO guardian_link (child_id, guardian_id, method, evidence, state, created_at) "
        "VALUES (:person, :person, 'm', 'e', 'active', 1)",
        "UPDATE person SET state = 'gone' WHERE person_id = :person",
        "UPDATE registry_version SET id = 2 WHERE :person <> ''",
        "INSERT INTO session (session_digest, person_id, created_at, auth_time, last_seen_at, acr)"
        " VALUES (:digest, 'per_nobody', 1, 1, 1, 'pwd')",
    ],
)
def test_the_database_refuses_what_must_never_stand_there(each_world: World, statement: str) -> None:
    values: dict[str, object] = (
        {"person": each_world.person_id()} if ":person" in statement else {"digest": b"d"}
    )
    with pytest.raises(IntegrityError):
        act(each_world, statement, **values)


BEFORE_VERSIONS = (
    "INSERT INTO organisation VALUES ('org', 'Org', 'IN', 1)",
    "INSERT INTO person (person_id, organisation_id, role, state, language, login_index, created_at) "
    "VALUES ('per', 'org', 'student', 'active', 'en', 'x', 1)",
    "INSERT INTO person_field VALUES ('per', 'alternate_email', 'x', 'self', NULL, 100)",
    "INSERT INTO throttle VALUES ('x', 0, 100)",
    *(
        "INSERT INTO mail_link (link_digest, person_id, kind, created_at, expires_at, changed_at) "
        f"VALUES ('{name}', 'per', '{kind}', {created_at}, 1900, {changed_at})"
        for name, kind, created_at, changed_at in (
            ("recovery", "recovery", 100, "NULL"),
            ("of another address", "verification", 95, 90),
            ("of that second", "verification", 100, 100),
            ("of that address", "verification", 101, 100),
        )
    ),
)


def test_links_of_before_there_were_versions_stay_where_they_can_be_told_apart(empty_url: str) -> None:
    """A link that was made in the second in which its address was set could be an earlier one's of that second."""
    (file,) = Path(migrations.__file__).parent.glob("versions/*_versions.py")
    found = importlib.import_module(f"gateway.store.migrations.versions.{file.stem}")

    def fill(connection: Connection) -> None:
        for statement in BEFORE_VERSIONS:
            connection.execute(text(statement))

    def read(connection: Connection) -> tuple[set[str], list[tuple[object, ...]]]:
        links = connection.execute(text("SELECT link_digest FROM mail_link")).scalars()
        counted = connection.execute(text("SELECT taken, ends_at FROM throttle"))
        named = {each if isinstance(each, str) else bytes(each).decode() for each in links}
        return named, [tuple(row) for row in counted]

    async def story() -> None:
        backend = open_backend(empty_url)
        await migrate(backend, found.down_revision)
        await backend.write(fill)
        await migrate(backend, found.revision)
        assert await backend.read(read) == ({"recovery", "of that address"}, [(0, 100 + DAY)])
        await downgrade(backend, found.down_revision)
        await backend.close()

    asyncio.run(story())
