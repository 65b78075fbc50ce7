"""Retention: archived leaves verify without the database, pruned ones with it, and nothing else can go."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, update
from sqlalchemy.exc import DBAPIError

from gateway.actions.administration.consents import GrantSearch, find_grants, revoke_grant
from gateway.actions.ledger.archive import Pruned, archive_log, prune_log
from gateway.actions.ledger.archived_leaves import ArchivedLeaves
from gateway.actions.ledger.folder import ArchiveFault, LogFolder
from gateway.actions.ledger.proofs import find_evidence, log_key_words
from gateway.actions.ledger.search import check_log
from gateway.actions.ledger.verification import TreeCheck, verify_tree
from gateway.cli.browser import Browser
from gateway.ledger.checkpoints import check_checkpoint
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tiles import parse_tile_path
from gateway.ledger.tree_check import OrderCheck
from gateway.model.administration.actions import AdminAction
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import append_actions
from gateway.store.ledger.archive import Archive, add_archives, load_archives
from gateway.store.tables import grant_use, handoff, log_archive, log_leaf, log_tile
from tests.gateway.store.samples import run_all
from tests.ledgers import entries, leaves, log_keys, sequence, unguarded
from tests.patience import PATIENCE
from tests.world import NOW, World

VERIFIER = Path(__file__).resolve().parents[4] / "deploy" / "log_verifier.py"
AOIFE = "aoife@northfield.example"
YEAR = 365 * 24 * 3600


def acts(world: World, count: int, name: str) -> None:
    """Have administrators do so many things, so that bundles fill up."""
    at = world.clock()
    run_all(
        world,
        append_actions,
        [AdminAction(f"act_{name}{number:05d}", "cli", "look", "log", "all", at) for number in range(count)],
    )
    sequence(world)


def two_years(world: World) -> tuple[str, str]:
    """Two consents are read; one ends, one goes on; a year goes by; give their grants."""
    tokens = {email: world.tokens(email=email)["access_token"] for email in ("asha@lakeside.example", AOIFE)}
    for _ in range(3):
        world.clock.pass_by(10)
        for token in tokens.values():
            assert world.userinfo(token).status_code == 200
        sequence(world)
    grants = {
        email: world.run(find_grants, world.services, "cli", GrantSearch(email=email)).lines[0].grant.grant_id
        for email in tokens
    }
    ended = grants["asha@lakeside.example"]
    world.run(revoke_grant, world.services, "cli", ended, ReasonCode.USER_REQUEST)
    acts(world, 600, "old")
    world.clock.pass_by(YEAR // 2)
    acts(world, 10, "new")
    return ended, grants[AOIFE]


def archived(world: World, folder: Path, before: int = NOW + 1000) -> Archive:
    found = world.run(archive_log, world.services, "cli", before, LogFolder(folder))
    assert found is not None
    return found


def pruned(world: World, folder: Path) -> Pruned:
    found = world.run(prune_log, world.services, "cli", LogFolder(folder))
    sequence(world)
    return found


def verify(world: World, folder: Path | None = None) -> TreeCheck:
    async def work() -> TreeCheck:
        return await verify_tree(world.services, folder=LogFolder(folder) if folder else None)

    return world.run(work)


def run_verifier(*words: object) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, VERIFIER, *map(str, words), "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout)


def handoffs_of(world: World, grant_id: str) -> int:
    return len([each for each in entries(world) if each["kind"] == "handoff" and each["grant"] == grant_id])


def test_old_leaves_are_archived_and_pruned_and_everything_still_verifies(
    each_world: World, tmp_path: Path
) -> None:
    """Issue of the log, 7: with the files, without them, and by a verifier that has the files alone."""
    ended, live = two_years(each_world)
    before = {each.source_id: each.entry for each in leaves(each_world)}
    gone = [
        each["id"] for each in entries(each_world) if each.get("grant") == ended and each["kind"] == "handoff"
    ]
    # Had it counted its reads: what was pruned is not missed.
    counted = [
        {"grant_id": ended, "use_number": at, "handoff_id": each} for at, each in enumerate(gone, start=1)
    ]
    each_world.store(lambda c, _: [c.execute(insert(grant_use), counted)], None)
    made = archived(each_world, tmp_path)
    assert (made.first_leaf, made.end_leaf) == (0, 512)
    assert len(leaves(each_world)) == len(before)
    assert pruned(each_world, tmp_path) == Pruned(3, 512)
    assert (handoffs_of(each_world, ended), handoffs_of(each_world, live)) == (0, 3)
    left = {each.source_id for each in leaves(each_world)}
    assert set(before) - left == set(gone)

    for folder in (None, tmp_path):
        found = verify(each_world, folder)
        assert (found.faults, found.archived) == ((), 3)
    assert each_world.run(check_log, each_world.services).faults == ()
    (key,) = log_key_words(each_world.services)
    status, said = run_verifier(tmp_path, "--key", key)
    assert (status, said["entries"], said["faults"]) == (0, 512, [])

    acted = [each for each in entries(each_world) if each.get("action") in ("archive_log", "prune_log")]
    assert [each["target"] for each in acted] == ["0-512", "0-512"]
    assert acted[0]["detail"] == {"sha256": made.manifest_digest.hex()}
    one = next(iter(set(before) - set(gone)))
    evidence = each_world.run(find_evidence, each_world.services, one)
    assert evidence is not None
    assert evidence.entry == before[one]


def test_an_archive_goes_on_where_the_one_before_ended(world: World, tmp_path: Path) -> None:
    ended, _ = two_years(world)
    archived(world, tmp_path)
    assert world.run(archive_log, world.services, "cli", NOW + 1000, LogFolder(tmp_path)) is None
    acts(world, 300, "more")
    second = archived(world, tmp_path, NOW + YEAR)
    assert (second.first_leaf, second.end_leaf) == (512, 768)
    # By then the other consent has run out too.
    assert pruned(world, tmp_path).handoffs == 6
    assert pruned(world, tmp_path).handoffs == 0
    (key,) = log_key_words(world.services)
    assert run_verifier(tmp_path, "--key", key)[1]["entries"] == 768
    assert verify(world, tmp_path).faults == ()
    assert handoffs_of(world, ended) == 0


def test_a_consents_hand_offs_go_together(each_world: World, tmp_path: Path) -> None:
    """The page shows every hand-off, or says where they are; never some of them as if they were all."""
    token = each_world.tokens()["access_token"]
    assert each_world.userinfo(token).status_code == 200
    acts(each_world, 255, "first")
    assert each_world.userinfo(token).status_code == 200
    sequence(each_world)
    (line,) = each_world.run(find_grants, each_world.services, "cli", GrantSearch()).lines
    each_world.run(revoke_grant, each_world.services, "cli", line.grant.grant_id, ReasonCode.USER_REQUEST)
    acts(each_world, 10, "next")
    each_world.clock.pass_by(YEAR)
    assert archived(each_world, tmp_path).end_leaf == 256
    assert pruned(each_world, tmp_path).handoffs == 0
    assert handoffs_of(each_world, line.grant.grant_id) == 2
    acts(each_world, 256, "later")
    each_world.clock.pass_by(YEAR)
    assert archived(each_world, tmp_path, each_world.clock()).end_leaf == 512
    assert pruned(each_world, tmp_path).handoffs == 2
    assert verify(each_world, tmp_path).faults == ()


def test_nothing_younger_than_asked_is_archived(world: World, tmp_path: Path) -> None:
    """Up to the first bundle that holds something younger, whatever stands after it."""
    two_years(world)
    acts(world, 300, "young")
    assert archived(world, tmp_path).end_leaf == 512


def test_the_last_leaf_stays_because_it_tells_the_logs_size(each_world: World, tmp_path: Path) -> None:
    """A hand-off that ends a bundle exactly, of a consent that has run out: the log goes on after it."""
    token = each_world.tokens()["access_token"]
    sequence(each_world)
    acts(each_world, 255 - len(leaves(each_world)), "fill")
    assert each_world.userinfo(token).status_code == 200
    assert sequence(each_world).size == 256
    each_world.clock.pass_by(2 * YEAR)
    assert archived(each_world, tmp_path, NOW + 2 * YEAR).end_leaf == 256
    found = each_world.run(prune_log, each_world.services, "cli", LogFolder(tmp_path))
    assert found.handoffs == 0
    sequence(each_world)
    assert verify(each_world, tmp_path).faults == ()
    assert pruned(each_world, tmp_path).handoffs == 1
    assert verify(each_world, tmp_path).faults == ()


def test_the_folder_can_be_served_as_it_is(world: World, tmp_path: Path) -> None:
    """C2SP tlog-tiles: checkpoint, tiles and entries under the names that a client asks for."""
    two_years(world)
    archived(world, tmp_path)
    checkpoint = check_checkpoint((tmp_path / "checkpoint").read_text(), log_keys(world))
    for file in (each for each in (tmp_path / "tile").rglob("*") if each.is_file()):
        path = parse_tile_path(str(file.relative_to(tmp_path / "tile")))
        assert path is not None, file
        if path.level is not None:
            assert file.read_bytes() == world.client().get(f"/log/tile/{path}").content
    assert checkpoint.size >= 512
    assert (tmp_path / "tile" / f"0/002.p/{checkpoint.size - 512}").exists()


@pytest.mark.parametrize("statement", ["handoff", "log_leaf"])
def test_nothing_goes_that_is_not_archived_or_still_in_force(
    each_world: World, tmp_path: Path, statement: str
) -> None:
    """The database's own guards ask for the archive's digest; an update is refused for ever."""
    _, live = two_years(each_world)
    table = {"handoff": handoff, "log_leaf": log_leaf}[statement]
    column = {"handoff": handoff.c.grant_id == live, "log_leaf": log_leaf.c.kind != "handoff"}[statement]

    def refused(work: Any) -> None:
        def operation(connection: Connection, _: object) -> list[None]:
            connection.execute(work)
            return [None]

        with pytest.raises(DBAPIError, match="append-only"):
            each_world.store(operation, None)

    refused(delete(table))
    archived(each_world, tmp_path)
    refused(delete(table).where(column))
    refused(update(table).values({next(iter(table.primary_key)): "0" if statement == "handoff" else 0}))
    if statement == "log_leaf":
        refused(delete(log_leaf).where(log_leaf.c.kind == "handoff"))


def test_nothing_is_pruned_unless_the_very_archive_reads_back(world: World, tmp_path: Path) -> None:
    two_years(world)
    with pytest.raises(ArchiveFault, match="nothing was archived"):
        pruned(world, tmp_path)
    archived(world, tmp_path / "true")
    count = len(leaves(world))
    bundle, manifest = Path("tile/entries/000"), Path("archives/0-512")
    edits = {
        bundle: lambda content: content.replace(b"userinfo", b"userinf0", 1),
        manifest: lambda content: content + b"\n",
    }
    for file, said in ((bundle, "not those that were signed"), (manifest, "not the manifest")):
        shutil.copytree(tmp_path / "true", tmp_path / "copy")
        (tmp_path / "copy" / file).write_bytes(edits[file]((tmp_path / "copy" / file).read_bytes()))
        with pytest.raises(ArchiveFault, match=said):
            pruned(world, tmp_path / "copy")
        (tmp_path / "copy" / file).unlink()
        with pytest.raises(ArchiveFault, match="cannot be read"):
            pruned(world, tmp_path / "copy")
        shutil.rmtree(tmp_path / "copy")
    assert len(leaves(world)) == count


def test_a_log_that_was_tampered_with_is_not_archived(world: World, tmp_path: Path) -> None:
    two_years(world)
    unguarded(
        world,
        lambda c: c.execute(update(log_leaf).where(log_leaf.c.sequence == 300).values(entry=b'{"at":1}')),
    )
    with pytest.raises(ArchiveFault, match="leaves 256 to 511 are not what the tree says"):
        archived(world, tmp_path)
    assert world.store(load_archives, None) == []


def test_two_who_archive_at_once_make_one_archive(world: World, tmp_path: Path) -> None:
    """And whoever commits again after a lost answer is told that it is done."""
    two_years(world)
    made = archived(world, tmp_path)
    act = AdminAction("act_again", "cli", "archive_log", "log", "0-512", NOW)
    assert world.store(add_archives, (made, act))
    other = Archive(0, 256, NOW, b"d" * 32, NOW)
    assert not world.store(add_archives, (other, act))


def test_somebody_else_archived_meanwhile(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_years(world)
    archived(world, tmp_path / "other")
    world.clock.pass_by(1)
    monkeypatch.setattr("gateway.actions.ledger.archive.load_archives", lambda connection, asks: [[]])
    with pytest.raises(ArchiveFault, match="by somebody else"):
        archived(world, tmp_path / "mine")


# Tampering with what is in archives: each is found and named.


def test_whatever_else_disappears_is_named_although_it_is_archived(world: World, tmp_path: Path) -> None:
    """Only hand-offs may go; a consent event that goes with them shows in the archive."""
    two_years(world)
    archived(world, tmp_path)
    place = next(each.sequence for each in leaves(world) if each.kind == "consent_event")
    unguarded(world, lambda c: c.execute(delete(log_leaf).where(log_leaf.c.sequence == place)))
    found = {f"{each.subject}: {each.what}" for each in verify(world, tmp_path).faults}
    assert f"leaf {place} (archived): it is missing, and it is no hand-off" in found


def test_an_archive_that_was_changed_after_pruning_is_named_by_both_verifiers(
    world: World, tmp_path: Path
) -> None:
    two_years(world)
    archived(world, tmp_path)
    pruned(world, tmp_path)
    file = tmp_path / "tile" / "entries" / "000"
    true = file.read_bytes()
    (key,) = log_key_words(world.services)
    for content, said in (
        (true.replace(b'"userinfo"', b'"userinf0"'), "the archive's entry is not what the tree says"),
        (true[:-1], None),
        (true[2 + int.from_bytes(true[:2], "big") :], None),
    ):
        file.write_bytes(content)
        found = verify(world, tmp_path).faults
        assert found[0].subject == "archive 0-512"
        assert said is None or said in {each.what for each in found}
        status, answer = run_verifier(tmp_path, "--key", key)
        assert (status, bool(answer["faults"])) == (1, True)
    file.write_bytes(true)
    manifest = tmp_path / "archives" / "0-512"
    note = manifest.read_text()
    for forged in (note.replace("leaves 0 512", "leaves 0 256"), "nonsense", note.replace("\n— ", "\n— x")):
        manifest.write_text(forged)
        assert [each.subject for each in verify(world, tmp_path).faults] == ["archive 0-512"]
        assert run_verifier(tmp_path, "--key", key)[0] == 1
    manifest.write_text(note)
    assert run_verifier(tmp_path, "--key", key)[0] == 0
    assert verify(world, tmp_path).faults == ()


def test_a_manifest_on_record_that_this_log_never_signed_is_named(world: World, tmp_path: Path) -> None:
    two_years(world)
    archived(world, tmp_path)
    manifest = tmp_path / "archives" / "0-512"
    for note in (b"nonsense", b"\xff"):
        manifest.write_bytes(note)
        digest = hashlib.sha256(note).digest()

        def forge(connection: Connection, digest: bytes = digest) -> None:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS log_archive_no_update")
            connection.execute(update(log_archive).values(manifest_digest=digest))

        unguarded(world, forge)
        assert [each.subject for each in verify(world, tmp_path).faults] == ["archive 0-512"]


def test_a_tile_of_pruned_leaves_that_disappears_is_named(world: World, tmp_path: Path) -> None:
    two_years(world)
    archived(world, tmp_path)
    pruned(world, tmp_path)
    unguarded(
        world, lambda c: c.execute(delete(log_tile).where(log_tile.c.level == 0, log_tile.c.tile_index == 0))
    )
    assert "tile 0/000" in {each.subject for each in verify(world).faults}


def test_entries_that_only_an_archive_holds_are_not_served(world: World, tmp_path: Path) -> None:
    two_years(world)
    archived(world, tmp_path)
    auditor = world.signed_in("auditor@platform.example")
    assert auditor._client.get("/log/tile/entries/000").status_code == 200
    pruned(world, tmp_path)
    assert auditor._client.get("/log/tile/entries/000").status_code == 404
    assert auditor._client.get("/log/tile/entries/001").status_code == 200


def test_the_persons_page_says_where_pruned_hand_offs_are(world: World, tmp_path: Path) -> None:
    """P6: "every hand-off" stays true: here while the consent lives, in the archive when it is long over."""
    ended, live = two_years(world)
    browser, other = world.signed_in(), world.signed_in(AOIFE)
    archived(world, tmp_path)
    assert "Every hand-off" in browser.open(f"/connected/{ended}").text
    assert "kept in the log's archive" not in browser.open(f"/connected/{ended}").text
    pruned(world, tmp_path)
    assert "kept in the log's archive" in browser.open(f"/connected/{ended}").text
    assert "kept in the log's archive" not in other.open(f"/connected/{live}").text


def test_the_persons_record_says_where_pruned_hand_offs_are(world: World, tmp_path: Path) -> None:
    two_years(world)
    browser, other = world.signed_in(), world.signed_in(AOIFE)

    def consent(reader: Browser) -> dict[str, Any]:
        (found,) = reader.open("/connected/my-record.json").response.json()["consents"]
        return found

    assert consent(browser)["archived_before"] is None
    archived(world, tmp_path)
    pruned(world, tmp_path)
    assert (consent(browser)["archived_before"], consent(browser)["handoffs"]) == (NOW + 1000, [])
    assert (consent(other)["archived_before"], len(consent(other)["handoffs"])) == (None, 3)


def test_a_long_gap_is_walked_over_in_little_memory(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many hand-offs of one ended consent, pruned all together; tiles are compared as the walk goes."""
    monkeypatch.setattr("gateway.actions.ledger.verification.MOST_TILES", 1)
    monkeypatch.setattr("gateway.actions.ledger.verification.SLICE", 50)
    monkeypatch.setattr("gateway.actions.ledger.archive.BATCH", 100)
    token = world.tokens()["access_token"]
    for _ in range(300):
        assert world.userinfo(token).status_code == 200
    sequence(world)
    (line,) = world.run(find_grants, world.services, "cli", GrantSearch()).lines
    world.run(revoke_grant, world.services, "cli", line.grant.grant_id, ReasonCode.USER_REQUEST)
    acts(world, 300, "old")
    world.clock.pass_by(YEAR // 2)
    archived(world, tmp_path)
    assert pruned(world, tmp_path).handoffs == 300
    for folder in (None, tmp_path):
        found = verify(world, folder)
        assert (found.faults, found.archived) == ((), 300)


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (b'{"kind":"handoff","kind":"admin_action"}', "it is no entry of this log"),
        (b'{"kind":"admin_action"}', "it is missing, and it is no hand-off"),
    ],
)
def test_what_an_archive_alone_vouches_for_has_one_reading(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: bytes, what: str
) -> None:
    """Whoever holds the log's key could sign it; no row contradicts it any more."""
    monkeypatch.setattr(LogFolder, "find_entries", lambda *_: [entry])
    tile = insert(log_tile).values(level=0, tile_index=0, hashes=leaf_hash(entry))
    world.store(lambda connection, _: [connection.execute(tile)], None)
    leaf = world.run(ArchivedLeaves(world.services, [], LogFolder(tmp_path)).at, 0)
    assert leaf.faults == (what,)


def test_an_entry_of_no_known_kind_is_named() -> None:
    assert list(OrderCheck().faults({"kind": "nothing"})) == ["it is of no kind that this log has"]
    assert list(OrderCheck().faults({"kind": "admin_action"})) == []
