"""Crypto-shredding: an erased person's log verifies as before, and nothing in it can be linked or read."""

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, select, text

from gateway.actions.accounts.erasure import erase_person
from gateway.actions.administration.people_import import Importer, import_people
from gateway.actions.ledger.search import check_log
from gateway.actions.ledger.verification import verify_tree
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind, random_ids, random_key
from gateway.kit.secrets.digests import base64url
from gateway.ledger.entries import Commitments
from gateway.ledger.marks import mark
from gateway.model.ledger.handoffs import HandedItem
from gateway.store.accounts.erasure import Erasure, erase_operation, hanging_on_people
from gateway.store.admin_actions import AdminAction
from gateway.store.ledger.handoffs import HandoffQuery, search_handoffs
from gateway.store.profiles import load_profiles
from gateway.store.tables import (
    credential,
    guardian_link,
    invitation,
    person,
    person_field,
    person_key,
    session,
)
from tests.ledgers import entries, leaves, sequence
from tests.world import NOW, PASSWORD, PERSONAL_VALUES, World

ASHA = "asha@lakeside.example"
GONE = (person_key, person_field, credential, session, invitation)


def shared(world: World) -> str:
    """Opt in, be read, be logged; give the access token."""
    token: str = world.tokens()["access_token"]
    assert world.userinfo(token).status_code == 200
    sequence(world)
    return token


def key_of(world: World, person_id: str) -> bytes:
    profile = world.store(load_profiles, person_id)
    assert profile.wrapped is not None
    return world.services.seal.person_key(person_id, profile.wrapped)


def handed(world: World, person_id: str) -> tuple[str, list[HandedItem]]:
    found = world.store(search_handoffs, HandoffQuery(person_id=person_id))
    return found[0].grant_id, [item for each in found for item in each.items]


def rows_of(world: World, table: Table, person_id: str) -> int:
    def look(connection: Connection, _: object) -> list[int]:
        return [len(connection.execute(select(table).where(table.c.person_id == person_id)).all())]

    return world.store(look, None)


def assert_sound(world: World) -> None:
    assert world.run(verify_tree, world.services).faults == ()
    assert world.run(check_log, world.services).faults == ()


def test_an_erased_persons_log_verifies_and_can_neither_be_linked_nor_read(each_world: World) -> None:
    """Issue of the log, 6: before, its owner can open a commitment; after, nobody can."""
    token, person_id = shared(each_world), each_world.person_id()
    before = [each.entry for each in leaves(each_world)]
    key = key_of(each_world, person_id)
    grant_id, items = handed(each_world, person_id)
    name = next(each for each in items if each.item.field == "name")
    assert Commitments(key, grant_id).to(name.item, "Asha Rao") == name.commitment

    assert each_world.run(erase_person, each_world.services, "cli", ASHA) == person_id
    assert each_world.userinfo(token).status_code == 401
    sequence(each_world)
    assert [each.entry for each in leaves(each_world)][: len(before)] == before
    assert_sound(each_world)
    told = [each.get("type", each["kind"]) for each in entries(each_world) if each.get("grant") == grant_id]
    assert told == ["given", "handoff", "revoked"]
    act = next(each for each in entries(each_world) if each.get("action") == "erase_person")
    assert act["target"] == mark(act["id"], person_id)

    for table in GONE:
        assert rows_of(each_world, table, person_id) == 0, table.name
    ring = each_world.services.seal.ring
    left = [*ring.masters.values(), ring.index, ring.pairwise, ring.transient, ring.successor, ring.signing]
    for each in left:
        assert Commitments(each, grant_id).to(name.item, "Asha Rao") != name.commitment
    whole = b"".join(each.entry for each in leaves(each_world))
    for value in (person_id, base64url(key), *PERSONAL_VALUES):
        assert value.encode() not in whole


def test_whoever_was_erased_is_nobody_and_the_address_is_free(each_world: World) -> None:
    browser, person_id = each_world.signed_in(), each_world.person_id()
    each_world.run(erase_person, each_world.services, "cli", ASHA)
    assert browser.open("/connected").url.endswith("/login?next=/connected")
    page = each_world.browser().open("/login")
    assert each_world.browser().submit(page, "/login", {"email": ASHA, "password": PASSWORD}).status != 200
    with pytest.raises(Refusal, match="no account"):
        each_world.run(erase_person, each_world.services, "cli", ASHA)
    line = f"organisation,role,email,name\nlakeside,student,{ASHA},Another Asha\n"
    report = each_world.run(import_people, each_world.services, line.encode(), Importer("cli"))
    assert len(report.created) == 1
    assert each_world.person_id() != person_id


def test_whatever_refers_to_a_person_goes_or_is_known_to_stay() -> None:
    """A table that somebody adds later is either emptied too, or stands among what stays."""
    emptied = {(column.table.name, column.name) for column in hanging_on_people()}
    assert {("guardian_link", "child_id"), ("guardian_link", "guardian_id")} < emptied
    assert {(table.name, "person_id") for table in GONE} < emptied
    assert not {table for table, _ in emptied} & {"consent_grant", "notice_served", "handoff", "person"}


def test_a_childs_link_and_its_evidence_go_too(each_world: World) -> None:
    child = each_world.person_id("meera@lakeside.example")
    each_world.run(erase_person, each_world.services, "cli", "meera@lakeside.example")

    def links(connection: Connection, _: object) -> list[int]:
        own = select(guardian_link).where(guardian_link.c.child_id == child)
        return [len(connection.execute(own).all())]

    assert each_world.store(links, None) == 0


def test_an_erasure_whose_answer_was_lost_happens_once(each_world: World) -> None:
    """The store runs the transaction again: one act, one end, and the answer is yes."""
    person_id = each_world.person_id("ben@lakeside.example")
    act = AdminAction(random_ids_act(), "cli", "erase_person", "person", person_id, NOW)
    plan = Erasure(person_id, random_key(), act)
    operation = erase_operation(
        lambda grant: pytest.fail("there is no grant"), lambda *_: pytest.fail("there is no contact")
    )
    assert each_world.store(operation, plan)
    assert each_world.store(operation, plan)
    other = dataclasses.replace(plan, action=dataclasses.replace(act, action_id=random_ids_act()))
    assert not each_world.store(operation, other)
    sequence(each_world)
    assert [each.get("action") for each in entries(each_world)].count("erase_person") == 1


def random_ids_act() -> str:
    return random_ids(Kind.ACTION)


def test_two_who_erase_at_once_do_not_both_say_so(world: World) -> None:
    person_id = world.person_id()

    def closed(connection: Connection, _: object) -> list[None]:
        connection.execute(
            text("UPDATE person SET state = 'closed' WHERE person_id = :id"), {"id": person_id}
        )
        return [None]

    world.store(closed, None)
    with pytest.raises(Refusal, match="meantime"):
        world.run(erase_person, world.services, "cli", ASHA)


def test_nothing_of_the_key_is_left_in_the_embedded_databases_file(world: World, tmp_path: Path) -> None:
    """Deleting a row leaves its bytes on a free page unless SQLite is told otherwise."""
    person_id = world.person_id()

    def look(connection: Connection, _: object) -> list[list[bytes]]:
        sealed = [
            *connection.execute(
                select(person_key.c.wrapped).where(person_key.c.person_id == person_id)
            ).scalars(),
            *connection.execute(
                select(person_field.c.sealed).where(person_field.c.person_id == person_id)
            ).scalars(),
        ]
        return [sealed]

    sealed = world.store(look, None)
    file = Path(world.services.settings.database.removeprefix("sqlite:///"))

    def written() -> bytes:
        async def checkpoint() -> None:
            await world.services.store._backend.read(
                lambda connection: connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
            )

        world.run(checkpoint)
        return file.read_bytes()

    assert all(each in written() for each in sealed)
    world.run(erase_person, world.services, "cli", ASHA)
    assert not any(each in written() for each in sealed)
    assert rows_of(world, person, person_id) == 1
