"""A witness's decision: it cosigns what continues what it saw, and nothing else (C2SP tlog-witness)."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.checkpoints import Checkpoint, sign_checkpoint
from gateway.ledger.merkle import Frontier, consistency_ranges, leaf_hash, range_hash
from gateway.ledger.notes import NoteKey
from gateway.ledger.witness import Addition, NotCosigned, consider, parse_addition

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(32))
ORIGIN = "gateway.example/log"
KEY = NoteKey(ORIGIN, PRIVATE.public_key().public_bytes_raw())


def hash_of(leaves: list[bytes], start: int, end: int) -> bytes:
    frontier = Frontier()
    for each in leaves[start:end]:
        frontier.add(each)
    return frontier.root()


def log_of(size: int, seed: str = "") -> list[bytes]:
    return [leaf_hash(f"{seed}{number}".encode()) for number in range(size)]


def checkpoint_of(leaves: list[bytes]) -> Checkpoint:
    return Checkpoint(ORIGIN, len(leaves), hash_of(leaves, 0, len(leaves)))


def addition_of(leaves: list[bytes], old: int) -> Addition:
    ranges = consistency_ranges(old, len(leaves)) if old else []
    proof = tuple(range_hash(part, lambda each: hash_of(leaves, *each)) for part in ranges)
    return Addition(old, proof, sign_checkpoint(checkpoint_of(leaves), PRIVATE))


def refused(addition: Addition, latest: Checkpoint | None = None) -> NotCosigned:
    with pytest.raises(NotCosigned) as found:
        consider(addition, [KEY], lambda _: latest)
    return found.value


@given(st.integers(1, 40), st.integers(0, 40))
def test_what_continues_is_cosigned_and_a_fork_never(old: int, more: int) -> None:
    leaves = log_of(old + more)
    before = checkpoint_of(leaves[:old])
    addition = parse_addition(str(addition_of(leaves, old)))
    assert consider(addition, [KEY], lambda _: before) == checkpoint_of(leaves)
    fork = log_of(old + more, "x")
    assert refused(addition_of(fork, old), before).status in (409, 422)


def test_the_first_one_is_believed_without_a_proof() -> None:
    addition = addition_of(log_of(5), 0)
    assert consider(addition, [KEY], lambda _: None).size == 5
    assert refused(Addition(0, (bytes(32),), addition.note)).status == 422


def test_a_rolled_back_log_is_refused() -> None:
    """The witness remembers a larger log: it says how large, and cosigns nothing smaller."""
    before = checkpoint_of(log_of(9))
    found = refused(addition_of(log_of(5), 5), before)
    assert (found.status, found.known) == (409, 9)
    assert refused(addition_of(log_of(5), 0), before).known == 9
    assert refused(Addition(9, (), addition_of(log_of(5), 5).note), before).status == 400


def test_another_root_of_the_same_size_is_refused() -> None:
    found = refused(addition_of(log_of(9, "x"), 9), checkpoint_of(log_of(9)))
    assert (found.status, found.known) == (409, 9)
    assert "a fork" in str(found)


def test_a_proof_that_does_not_hold_is_refused() -> None:
    leaves = log_of(9)
    good = addition_of(leaves, 4)
    before = checkpoint_of(leaves[:4])
    assert refused(Addition(4, good.proof[:-1], good.note), before).status == 422
    assert refused(Addition(4, (bytes(32), *good.proof[1:]), good.note), before).status == 422


def test_unknown_logs_and_forged_checkpoints_are_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"other").digest())
    checkpoint = checkpoint_of(log_of(3))
    assert refused(Addition(0, (), sign_checkpoint(checkpoint, other))).status == 403
    foreign = Checkpoint("elsewhere.example/log", 3, checkpoint.root)
    assert refused(Addition(0, (), sign_checkpoint(foreign, PRIVATE))).status == 404
    assert refused(Addition(0, (), "no checkpoint\n\n")).status == 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "old 1",
        "old -1\n\nnote",
        "old 01\n\nnote",
        "new 1\n\nnote",
        "old 1\nAAAA\n\nnote",
        "old 1\n" + f"{'A' * 43}=\n" * 64 + "\nnote",
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(NotCosigned) as found:
        parse_addition(text)
    assert found.value.status == 400
