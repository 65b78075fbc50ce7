"""The Merkle tree of the log: hashes, inclusion and consistency proofs (RFC 6962 §2.1).

A proof is a list of subtree hashes. Which subtrees it needs depends on numbers only, so the ranges come first and
the hashes are read where they are kept.
"""

import hashlib
from collections.abc import Callable, Sequence

Range = tuple[int, int]
"""Leaves from the first number up to, not including, the second."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The hash of the empty tree (RFC 6962 §2.1)."""


class ProofError(Exception):
    """A proof does not hold; the message says what it fails to show."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry as a leaf: SHA-256(0x00 || entry), 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees: SHA-256(0x01 || left || right), 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """Give the largest power of two below a number of at least 2: the left subtree's size."""
    return 1 << ((count - 1).bit_length() - 1)


def is_perfect(part: Range) -> bool:
    """Whether a range is one complete subtree of the log, which never changes again."""
    start, end = part
    width = end - start
    return width & (width - 1) == 0 and start % width == 0


def perfect_parts(part: Range) -> list[Range]:
    """Split a range that begins at a subtree's first leaf into complete subtrees, left to right."""
    start, end = part
    if start == end:
        return []
    if is_perfect(part):
        return [part]
    middle = start + split(end - start)
    return [*perfect_parts((start, middle)), *perfect_parts((middle, end))]


def range_hash(part: Range, read: Callable[[Range], bytes]) -> bytes:
    """Compute the tree hash of a range from its complete subtrees: MTH(D[start:end]).

    Args:
        read: gives the hash of a complete subtree.
    """
    hashes = [read(each) for each in perfect_parts(part)]
    if not hashes:
        return EMPTY_ROOT
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """List the subtrees of an inclusion proof: PATH(m, D[n]) (RFC 6962 §2.1.1), lowest first.

    Raises:
        ProofError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of size {size}")
    start, end, found = 0, size, list[Range]()
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start = middle
    return found[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """List the subtrees of a consistency proof: PROOF(m, D[n]) (RFC 6962 §2.1.2).

    Raises:
        ProofError: the old tree is empty or larger than the new one.
    """
    if not 0 < old <= new:
        raise ProofError(f"no consistency from size {old} to size {new}")
    start, end, found, is_whole = 0, new, list[Range](), True
    while old < end:
        middle = start + split(end - start)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((start, middle))
            start, is_whole = middle, False
    return [*([] if is_whole else [(start, end)]), *reversed(found)]


def check_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> list[tuple[bytes, bytes, bytes]]:
    """Check that a leaf stands at an index of a tree (RFC 9162 §2.1.3.2).

    Returns:
        Every step on the way up: (left, right, their hash).

    Raises:
        ProofError: it does not, or the path has another length than it must.
    """
    ranges = inclusion_ranges(index, size)
    if len(path) != len(ranges):
        raise ProofError(f"the proof has {len(path)} hashes, not {len(ranges)}")
    steps, found = [], leaf
    for part, sibling in zip(ranges, path, strict=True):
        left, right = (sibling, found) if part[1] <= index else (found, sibling)
        found = node_hash(left, right)
        steps.append((left, right, found))
    if found != root:
        raise ProofError("the proof does not lead to the root")
    return steps


def check_consistency(
    old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> list[tuple[bytes, bytes, bytes]]:
    """Check that a tree only grew (RFC 9162 §2.1.4.2).

    Returns:
        Every step towards the new root: (left, right, their hash).

    Raises:
        ProofError: it did not, or the path has another length than it must.
    """
    ranges = consistency_ranges(old, new)
    if len(path) != len(ranges):
        raise ProofError(f"the proof has {len(path)} hashes, not {len(ranges)}")
    hashes = dict(zip(ranges, path, strict=True))
    # Where the old tree is a complete subtree of the new one, its root is not repeated in the proof.
    begin = next((part for part in ranges if part[1] == old), (0, old))
    before = after = hashes.get(begin, old_root)
    steps = list[tuple[bytes, bytes, bytes]]()
    for part in ranges:
        if part == begin:
            continue
        left, right = (hashes[part], after) if part[1] <= begin[0] else (after, hashes[part])
        if part[1] <= begin[0]:
            before = node_hash(hashes[part], before)
        after = node_hash(left, right)
        steps.append((left, right, after))
    if before != old_root:
        raise ProofError("the proof does not lead to the old root")
    if after != new_root:
        raise ProofError("the proof does not lead to the new root")
    return steps


class Frontier:
    """The complete subtrees that a growing tree consists of: its root in memory of 32 bytes a level."""

    def __init__(self) -> None:
        """Begin with the empty tree."""
        self.size = 0
        self._hashes: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append one leaf's hash."""
        self.size += 1
        rest = self.size
        while rest % 2 == 0:
            leaf = node_hash(self._hashes.pop(), leaf)
            rest //= 2
        self._hashes.append(leaf)

    def root(self) -> bytes:
        """Give the tree's root."""
        if not self._hashes:
            return EMPTY_ROOT
        found = self._hashes[-1]
        for each in reversed(self._hashes[:-1]):
            found = node_hash(each, found)
        return found
