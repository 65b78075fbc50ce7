"""Every table: who can make it grow, and what makes it shrink again."""

import pytest

from gateway.kit.clock import DAY
from gateway.store.operation.sweep import OVER, sweep_over
from gateway.store.tables import metadata
from tests.gateway.store.samples import rows
from tests.protocol.campuspress import campuspress_tokens
from tests.world import World

STRANGERS, CLIENTS, PEOPLE, STAFF, GATEWAY = "strangers", "clients", "people", "administrators", "the gateway"
SWEPT = "the sweep"
PERSON = "the erasure of its person"
RECORD = "nothing: it is the record, or what the record stands on"
FEW = "nothing: it is as large as what it names"

GROWTH = {
    # Whoever can reach us, without an account or a secret.
    "throttle": (STRANGERS, SWEPT),
    "mail_link": (STRANGERS, SWEPT),
    "letter": (STRANGERS, "sending it; the sweep, where it was given up"),
    # Whoever has a client's credentials, or a token.
    "dpop_proof": (CLIENTS, SWEPT),
    "client_assertion": (CLIENTS, SWEPT),
    "pushed_request": (CLIENTS, SWEPT),
    "device_authorization": (CLIENTS, SWEPT),
    "client_token": (CLIENTS, SWEPT),
    "authorization_code": (PEOPLE, RECORD),
    "access_token": (CLIENTS, RECORD),
    "refresh_token": (CLIENTS, RECORD),
    "handoff": (CLIENTS, "the archive of the log"),
    "grant_use": (CLIENTS, RECORD),
    "registration_token": (STAFF, "the client's leaving"),
    # Whoever is signed in, or proves to be a person.
    "session": (PEOPLE, SWEPT),
    "spent_challenge": (PEOPLE, SWEPT),
    "credential": (PEOPLE, PERSON),
    "passkey": (PEOPLE, PERSON),
    "one_time_password": (PEOPLE, PERSON),
    "recovery_code": (PEOPLE, PERSON),
    "person_field": (PEOPLE, PERSON),
    "preference": (PEOPLE, PERSON),
    "approval": (PEOPLE, "nothing: one of each person about each question"),
    "school_request": (PEOPLE, "the school's answer, or the erasure of its person"),
    "notice_served": (PEOPLE, RECORD),
    "consent_grant": (PEOPLE, RECORD),
    "grant_item": (PEOPLE, RECORD),
    "consent_event": (PEOPLE, RECORD),
    "receipt": (PEOPLE, RECORD),
    "complaint": (PEOPLE, PERSON),
    "relay_address": (PEOPLE, PERSON),
    "contact": (PEOPLE, RECORD),
    "contact_event": (PEOPLE, RECORD),
    "contact_view": (PEOPLE, RECORD),
    "logout_delivery": (PEOPLE, RECORD),
    "deletion_request": (PEOPLE, RECORD),
    # Administrators, on record.
    "organisation": (STAFF, FEW),
    "person": (STAFF, RECORD),
    "person_key": (STAFF, PERSON),
    "invitation": (STAFF, PERSON),
    "guardian_link": (STAFF, PERSON),
    "guardian_proposal": (STAFF, PERSON),
    "org_policy": (STAFF, FEW),
    "partner": (STAFF, FEW),
    "manifest_version": (STAFF, RECORD),
    "client": (STAFF, FEW),
    "offer": (STAFF, FEW),
    "offer_version": (STAFF, RECORD),
    "notice_version": (STAFF, RECORD),
    "admin_action": (STAFF, RECORD),
    "waiting_act": (STAFF, RECORD),
    # The gateway itself.
    "registry_version": (GATEWAY, "nothing: it is one row"),
    "signing_key": (GATEWAY, FEW),
    "reminder": (GATEWAY, PERSON),
    "log_pending": (GATEWAY, "the sequencer"),
    "log_leaf": (GATEWAY, "the archive of the log"),
    "log_tile": (GATEWAY, RECORD),
    "log_checkpoint": (GATEWAY, RECORD),
    "log_cosignature": (GATEWAY, RECORD),
    "log_origin": (GATEWAY, RECORD),
    "log_archive": (GATEWAY, RECORD),
    "lease": (GATEWAY, FEW),
    "node": (GATEWAY, "the nodes themselves: a row of each that has not been heard of for long goes"),
}


def test_every_table_says_who_makes_it_grow_and_what_makes_it_shrink() -> None:
    """A new table fails here, by its name, until somebody has thought about that."""
    undeclared = sorted(metadata.tables.keys() - GROWTH.keys())
    assert undeclared == [], f"say in GROWTH who can make these grow, and what sweeps them: {undeclared}"
    assert sorted(GROWTH.keys() - metadata.tables.keys()) == []


def test_what_strangers_and_clients_can_grow_is_swept_or_stands_on_a_consent() -> None:
    swept = {table.name for table in OVER}
    assert {name for name, (_, what) in GROWTH.items() if "the sweep" in what} == swept
    assert {name for name, (who, _) in GROWTH.items() if who is STRANGERS} <= swept
    on_consents = {"authorization_code", "access_token", "refresh_token", "handoff", "grant_use"}
    assert {name for name, (who, _) in GROWTH.items() if who is CLIENTS} <= swept | on_consents


def test_the_sweep_finds_its_rows_by_an_index() -> None:
    for table, over in OVER.items():
        names = {index.columns.keys()[-1] for index in table.indexes}
        assert over.since.key in names, f"{table.name}.{over.since.key}"


def count(world: World, name: str) -> int:
    return int(rows(world, f"SELECT count(*) FROM {name}")[0][0])


def test_the_sweep_takes_what_is_over_and_nothing_else(each_world: World) -> None:
    each_world.signed_in()
    campuspress_tokens(each_world)
    for _ in range(2):
        each_world.client().post("/login", data={"email": "nobody@x.example", "password": "wrong"})
        each_world.client().post("/recover", data={"email": "asha@lakeside.example"})
    assert each_world.letters.letters
    full = {
        name: count(each_world, name)
        for name in ("throttle", "mail_link", "dpop_proof", "client_assertion", "pushed_request", "session")
    }
    assert all(full.values()), full
    assert each_world.store(sweep_over, each_world.clock()) is False
    assert {name: count(each_world, name) for name in full} == full
    each_world.clock.pass_by(100 * DAY)
    assert each_world.store(sweep_over, each_world.clock()) is False
    assert {name: count(each_world, name) for name in full} == dict.fromkeys(full, 0)


def test_a_sweep_of_very_many_rows_is_many_small_ones(
    each_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.operation.sweep.BATCH", 2)
    for number in range(5):
        each_world.client().post("/login", data={"email": f"p{number}@x.example", "password": "wrong"})
    each_world.clock.pass_by(100 * DAY)
    assert [each_world.store(sweep_over, each_world.clock()) for _ in range(4)] == [True, True, True, False]
    assert count(each_world, "throttle") == 0


def test_a_proof_for_a_token_that_nobody_has_is_not_written_down(each_world: World) -> None:
    """Anybody can make a key and sign proofs all day."""
    nobodys = "cg_at_" + "n" * 43
    for method, path in (("GET", "/userinfo"), ("POST", "/release"), ("GET", "/grants/gra_x")):
        headers = {"Authorization": f"DPoP {nobodys}", "DPoP": each_world.proof(path, method, token=nobodys)}
        answer = each_world.client().request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert count(each_world, "dpop_proof") == 0
