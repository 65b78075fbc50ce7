"""The key ring: kept whole, read strictly."""

import errno
import json
import os
import stat
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.kit.secrets.key_ring import (
    KeyRing,
    KeyRingError,
    change_key_ring,
    fingerprint_of,
    has_fingerprint,
    new_key_ring,
    number_of,
    read_key_ring,
    write_key_ring,
)
from tests.world import fixed_ring


def test_a_ring_reads_back_as_it_was_written(tmp_path: Path) -> None:
    ring, path = new_key_ring().with_next(), tmp_path / "keys" / "ring.json"
    write_key_ring(path, ring)
    assert read_key_ring(path) == ring
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["ring.json"]


def test_a_ring_never_shows_its_keys_by_accident() -> None:
    """It may stand in a traceback or in a debugger's output."""
    ring = new_key_ring()
    assert repr(ring.index) not in repr(ring)
    assert "masters" not in repr(ring)


def test_every_key_is_a_different_one() -> None:
    ring = new_key_ring()
    keys = [
        ring.masters[ring.current],
        ring.index,
        ring.pairwise,
        ring.transient,
        ring.successor,
        ring.signing,
    ]
    [another] = new_key_ring().masters.values()
    assert len({*keys, another}) == len([*keys, another])
    assert {len(key) for key in keys} == {32}


def test_rotation_announces_a_master_and_keeps_the_old_ones_until_they_are_dropped() -> None:
    ring = new_key_ring()
    first, once = ring.current, ring.with_next()
    assert (once.current, number_of(once.newest)) == (first, 2)
    twice = once.with_next()
    assert {number_of(name) for name in twice.masters} == {1, 2, 3}
    assert twice.masters[first] == ring.masters[first]
    in_use = twice.using(twice.newest)
    assert in_use.current == twice.newest
    # A command that read the ring before another one was done takes nothing back.
    assert in_use.using(once.newest).current == twice.newest
    dropped = in_use.without(first)
    assert set(dropped.masters) == {once.newest, twice.newest}
    assert dropped.with_masters(ring.masters) == in_use
    # Names go on from the highest: a dropped name never comes back with another key.
    assert number_of(in_use.without(once.newest).with_next().newest) == 4


def test_two_installations_never_share_the_name_of_a_master_key() -> None:
    """The name alone tells that a database was sealed by another ring."""
    names = [new_key_ring().current for _ in range(20)]
    assert len(set(names)) == len(names)
    assert all(has_fingerprint(name) and number_of(name) == 1 for name in names)


def test_a_ring_of_an_earlier_version_is_read_and_its_next_key_has_a_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    write_key_ring(path, fixed_ring())
    ring = change_key_ring(path, KeyRing.with_next)
    assert (ring.current, ring.newest) == ("m1", f"m2-{fingerprint_of(ring.masters[ring.newest])}")
    assert not has_fingerprint("m1")
    assert read_key_ring(path) == ring


def test_a_ring_that_continues_another_one_is_told_from_one_that_does_not() -> None:
    ring = new_key_ring().with_next()
    used = ring.using(ring.newest)
    assert not used.why_not_after(ring)
    assert not used.without(ring.current).why_not_after(ring)
    assert not used.with_next().why_not_after(used)
    assert "another installation" in new_key_ring().why_not_after(ring)
    assert "another installation" in replace(ring, index=ring.signing).why_not_after(ring)
    swapped = replace(ring, masters={**ring.masters, ring.current: ring.index})
    assert "another installation" in swapped.why_not_after(ring)
    assert "an older copy" in ring.without(ring.newest).why_not_after(ring)


def test_owner_and_mode_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    """Root may rotate what the gateway's own user reads, and a mounted secret may be a link."""
    place, path = tmp_path / "mounted" / "ring.json", tmp_path / "ring.json"
    write_key_ring(place, new_key_ring())
    place.chmod(0o400)
    if os.geteuid() == 0:
        os.chown(place, 12345, 23456)
    before = place.stat()
    path.symlink_to(place)
    change_key_ring(path, KeyRing.with_next)
    after = place.stat()
    assert path.is_symlink()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert after.st_ino != before.st_ino


def test_what_cannot_be_written_leaves_the_ring_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ring.json"
    write_key_ring(path, new_key_ring())
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(KeyRingError, match="No space left on device"):
            change_key_ring(path, KeyRing.with_next)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["ring.json"]


def test_of_changes_at_once_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    write_key_ring(path, new_key_ring())
    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(change_key_ring, path, KeyRing.with_next) for _ in range(8)]:
            done.result()
    assert {number_of(name) for name in read_key_ring(path).masters} == set(range(1, 10))


def change(content: dict[str, Any], name: str, value: object) -> dict[str, Any]:
    return {**content, name: value}


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: [],
        lambda content: {name: content[name] for name in content if name != "index"},
        lambda content: change(content, "masters", "m1"),
        lambda content: change(content, "masters", {"master": content["index"]}),
        lambda content: change(content, "masters", {"m1": 7}),
        lambda content: change(content, "masters", {"m1-000000000000": content["index"]}),
        lambda content: change(content, "index", b64encode(b"short").decode()),
        lambda content: change(content, "index", "!" * 44),
        lambda content: change(content, "current", "m2"),
    ],
)
def test_a_damaged_ring_is_refused_with_its_place_and_without_its_content(
    tmp_path: Path, damage: Callable[[dict[str, Any]], object]
) -> None:
    path = tmp_path / "ring.json"
    write_key_ring(path, new_key_ring())
    content = json.loads(path.read_text())
    path.write_text(json.dumps(damage(content)))
    with pytest.raises(KeyRingError, match=str(path)) as caught:
        read_key_ring(path)
    assert content["index"] not in str(caught.value)


def test_a_missing_ring_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="backup"):
        read_key_ring(tmp_path / "ring.json")
    with pytest.raises(KeyRingError, match="backup"):
        change_key_ring(tmp_path / "nowhere" / "ring.json", KeyRing.with_next)


def test_a_ring_that_may_not_be_read_says_whose_it_has_to_be(tmp_path: Path) -> None:
    with pytest.raises(KeyRingError, match="let the gateway's user own the file"):
        read_key_ring(tmp_path)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(KeyRingError, match="cannot be read"):
        read_key_ring(path)
