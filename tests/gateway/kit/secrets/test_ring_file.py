"""The ring's file while a gateway runs: a newer ring is taken, a damaged or foreign one changes nothing."""

from pathlib import Path

import pytest
import structlog

from gateway.kit.secrets.key_ring import KeyRing, change_key_ring, new_key_ring, write_key_ring
from gateway.kit.secrets.ring_file import RingFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ring's file."""
    write_key_ring(tmp_path / "ring.json", new_key_ring())
    return tmp_path / "ring.json"


def logged(file: RingFile, times: int = 3) -> tuple[list[str], KeyRing]:
    """Look a few times; give what was logged, and the ring that is used."""
    with structlog.testing.capture_logs() as logs:
        for _ in range(times):
            ring = file.look()
    return [f"{each['event']} {each.get('why', '')}".strip() for each in logs], ring


def test_a_changed_ring_is_read_once(path: Path) -> None:
    file = RingFile(path)
    assert logged(file) == ([], file.ring)
    newer = change_key_ring(path, KeyRing.with_next)
    assert logged(file) == (["key_ring_read"], newer)


def test_a_ring_that_is_half_written_or_gone_changes_nothing_and_is_told_once(path: Path) -> None:
    """Somebody copies it without an atomic replacement; a look falls into the middle."""
    file, before = RingFile(path), RingFile(path).ring
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    events, ring = logged(file)
    assert ring == before
    assert [each.partition(" ")[0] for each in events] == ["key_ring_kept"]
    assert "it is damaged" in events[0]
    path.unlink()
    events, ring = logged(file)
    assert (ring, len(events)) == (before, 1)
    assert "no key ring at" in events[0]
    newer = before.with_next()
    write_key_ring(path, newer)
    assert logged(file) == (["key_ring_read"], newer)


def test_a_ring_of_another_installation_and_an_older_copy_are_not_taken(path: Path) -> None:
    older = RingFile(path).ring
    change_key_ring(path, KeyRing.with_next)
    file = RingFile(path)
    for wrong, why in ((new_key_ring(), "another installation"), (older, "an older copy")):
        write_key_ring(path, wrong)
        events, ring = logged(file)
        assert ring == file.ring != wrong
        assert len(events) == 1
        assert why in events[0]
