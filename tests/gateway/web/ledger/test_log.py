"""The Merkle log over HTTP: hashes for everybody, entries for auditors, proofs for the person they are about."""

import hashlib
import json

import pytest

from gateway.ledger.checkpoints import Checkpoint, check_checkpoint, sign_checkpoint
from gateway.ledger.log_keys import current_log_key
from gateway.ledger.notes import parse_key
from gateway.ledger.tiles import leaf_tile, unbundle
from tests.ledgers import entries, sequence
from tests.world import World


def filled(world: World) -> str:
    """Opt in and be read; give the grant."""
    world.userinfo(world.tokens()["access_token"])
    sequence(world)
    return next(each["grant"] for each in entries(world) if each["kind"] == "handoff")


def test_anybody_reads_checkpoint_keys_and_tiles(world: World) -> None:
    """C2SP tlog-tiles: types, caching, partial tiles."""
    assert world.client().get("/log/checkpoint").status_code == 404
    filled(world)
    answer = world.client().get("/log/checkpoint")
    (key,) = [parse_key(each) for each in world.client().get("/log/keys").text.splitlines()]
    checkpoint = check_checkpoint(answer.text, [key])
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    tile = world.client().get(f"/log/tile/0/000.p/{checkpoint.size}")
    assert tile.headers["Content-Type"] == "application/octet-stream"
    assert "immutable" in tile.headers["Cache-Control"]
    assert len(tile.content) == 32 * checkpoint.size
    assert world.client().get("/log/tile/0/000.p/1").content == tile.content[:32]


@pytest.mark.parametrize(
    "path", ["0/000", "0/001.p/1", "1/000.p/1", "0/0", "x", "0/000.p/255", "63/000.p/1", "%00"]
)
def test_a_tile_that_no_checkpoint_covers_is_not_there(world: World, path: str) -> None:
    filled(world)
    assert world.client().get(f"/log/tile/{path}").status_code == 404


def test_entries_are_for_those_who_may_read_the_log_and_reading_them_is_on_record(world: World) -> None:
    filled(world)
    size = sequence(world).size
    path = f"/log/tile/entries/000.p/{size}"
    assert world.client().get(path).status_code == 403
    assert world.signed_in().open(path).status == 403
    auditor = world.signed_in("auditor@platform.example")
    answer = auditor._client.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    hashes = world.client().get(f"/log/tile/0/000.p/{size}").content
    assert leaf_tile(unbundle(answer.content)) == hashes
    sequence(world)
    assert entries(world)[-1]["action"] == "read_entries"
    assert entries(world)[-1]["target"] == f"0-{size - 1}"


def test_consistency_proofs_are_for_everybody(world: World) -> None:
    filled(world)
    size = sequence(world).size
    found = world.client().get("/log/proof/consistency", params={"from": 2, "to": size}).json()
    assert (found["from"], found["to"]) == (2, size)
    assert all(len(each) == 64 for each in found["proof"])
    for old, new in (
        ("0", "2"),
        ("3", "2"),
        ("1", str(size + 1)),
        ("x", "2"),
        ("", "2"),
        ("1", "9" * 30),
        ("1", "٢"),
    ):
        answer = world.client().get("/log/proof/consistency", params={"from": old, "to": new})
        assert answer.status_code == 404, (old, new)


def test_a_person_checks_their_own_entries_and_nobody_elses(world: World) -> None:
    grant_id = filled(world)
    browser = world.signed_in()
    own = next(each["id"] for each in entries(world) if each["kind"] == "handoff")
    page = browser.open(f"/connected/{grant_id}")
    assert f"/connected/{grant_id}/check/{own}" in page.links
    page = browser.open(f"/connected/{grant_id}/check/{own}")
    assert "It stands in the log" in page.text
    record = json.loads(browser.open(f"/log/proof/inclusion?grant={grant_id}&entry={own}").text)
    assert hashlib.sha256(b"\x00" + record["entry"].encode()).hexdigest() in page.text
    other = world.signed_in("ben@lakeside.example")
    for path in (
        f"/connected/{grant_id}/check/{own}",
        f"/connected/{grant_id}/check/{own}/proof.json",
        f"/log/proof/inclusion?grant={grant_id}&entry={own}",
    ):
        assert other.open(path).status == 404, path
    assert other.open("/log/proof/inclusion").status == 403
    act = next((each["id"] for each in entries(world) if each["kind"] == "admin_action"), "act_x")
    assert browser.open(f"/connected/{grant_id}/check/{act}").status == 404


def test_an_auditor_checks_any_entry_and_that_is_on_record(world: World) -> None:
    grant_id = filled(world)
    own = next(each["id"] for each in entries(world) if each["kind"] == "handoff")
    auditor = world.signed_in("auditor@platform.example")
    assert f"/admin/log/check/{own}" in auditor.open("/admin/log").links
    page = auditor.open(f"/admin/log/check/{own}")
    assert "It stands in the log" in page.text
    assert grant_id in page.text
    for path in (f"/admin/log/check/{own}/proof.json", f"/log/proof/inclusion?entry={own}"):
        assert json.loads(auditor.open(path).text)["entry"].count(grant_id) == 1
    sequence(world)
    looks = [each["target"] for each in entries(world) if each.get("action") == "check_entry"]
    assert looks == [own] * 3
    assert "waits for its place" in auditor.open("/admin/log/check/hof_none").text
    assert auditor.open("/admin/log/check/hof_none/proof.json").status == 404
    assert world.signed_in().open(f"/admin/log/check/{own}").status == 403
    assert world.signed_in().open(f"/log/proof/inclusion?entry={own}").status == 403


def compared(world: World, kept: str) -> str:
    browser = world.browser()
    return browser.submit(browser.open("/log"), "/log", {"checkpoint": kept}).text


def test_anybody_compares_a_checkpoint_that_they_kept_step_by_step(world: World) -> None:
    """Consistency, in the page: continued, cut off, rewritten, or none of ours; no session is needed."""
    assert "Nothing was signed yet" in world.browser().open("/log").text
    filled(world)
    kept = sequence(world)
    world.userinfo(world.tokens(email="aoife@northfield.example")["access_token"])
    newest = sequence(world)
    page = world.browser().open("/log")
    assert newest.note.splitlines()[2] in page.text
    said = compared(world, kept.note.replace("\n", "\r\n"))
    assert "continues the one of" in said
    assert kept.root.hex() in said
    assert said.count(newest.root.hex()) >= 2
    assert "continues the one of" in compared(world, newest.note)
    key = current_log_key(world.services.seal.ring.signing, world.services.registry.log_keys)
    for size, root, expected in (
        (newest.size + 1, kept.root, "it was cut off or put back"),
        (kept.size, b"f" * 32, "the log was rewritten"),
    ):
        forged = sign_checkpoint(Checkpoint("gateway.example/log", size, root), key)
        assert expected in compared(world, forged)
    for text in ("", "nonsense", kept.note.replace("\n", "\n1", 1)):
        assert "not a checkpoint that this log has signed" in compared(world, text)


def test_what_has_no_place_yet_says_so(world: World) -> None:
    browser = world.signed_in()
    grant_id = filled(world)
    assert "waits for its place" in browser.open(f"/connected/{grant_id}/check/hof_new").text
    assert browser.open(f"/connected/{grant_id}/check/hof_new/proof.json").status == 404
