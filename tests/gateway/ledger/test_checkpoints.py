"""Checkpoints: origin, size, root, and the time at which the log says it signed (C2SP tlog-checkpoint)."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoints import Checkpoint, check_checkpoint, parse_checkpoint, sign_checkpoint
from gateway.ledger.notes import NoteError, NoteKey

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "gateway.example/log"
KEY = NoteKey(ORIGIN, PRIVATE.public_key().public_bytes_raw())


@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32), st.none() | st.integers(0, 10**18))
def test_it_reads_back_as_it_was_signed(size: int, root: bytes, at: int | None) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root, at)
    assert check_checkpoint(sign_checkpoint(checkpoint, PRIVATE), [KEY]) == checkpoint


def test_the_time_is_a_line_of_its_own_under_the_signature() -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 4, bytes(32), 1_795_000_000), PRIVATE)
    assert note.split("\n")[3] == "time 1795000000"
    with pytest.raises(NoteError, match="does not hold"):
        check_checkpoint(note.replace("time 1795000000", "time 1794000000"), [KEY])


def test_other_extension_lines_are_passed_over() -> None:
    """A checkpoint of another make, or of an earlier version of ours, is one all the same."""
    plain = sign_checkpoint(Checkpoint(ORIGIN, 4, bytes(32)), PRIVATE)
    head, _, signatures = plain.partition("\n\n")
    for more in ("about the weather", "time soon", "time 01"):
        assert parse_checkpoint(f"{head}\n{more}\n\n{signatures}").at is None
    assert parse_checkpoint(plain).at is None
