"""The key ring: kept whole, read strictly."""

import json
import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.kit.key_ring import KeyRingError, new_key_ring, read_key_ring, write_key_ring


def test_a_ring_reads_back_as_it_was_written(tmp_path: Path) -> None:
    ring, path = new_key_ring().rotated(), tmp_path / "keys" / "ring.json"
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
    keys = [ring.masters["m1"], ring.index, ring.pairwise, ring.transient, ring.successor, ring.signing]
    assert len({*keys, *new_key_ring().masters.values()}) == 7
    assert {len(key) for key in keys} == {32}


def test_rotation_adds_a_master_and_keeps_the_old_ones_until_they_are_dropped() -> None:
    ring = new_key_ring()
    twice = ring.rotated().rotated()
    assert (twice.current, set(twice.masters)) == ("m3", {"m1", "m2", "m3"})
    assert twice.masters["m1"] == ring.masters["m1"]
    assert set(twice.without("m1").masters) == {"m2", "m3"}
    # Names go on from the highest: a dropped name never comes back with another key.
    assert twice.without("m2").rotated().current == "m4"


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


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    path.write_bytes(b"\xff\x00")
    with pytest.raises(KeyRingError, match="cannot be read"):
        read_key_ring(path)
