"""The tree against RFC 6962's own words, and proofs that hold for nothing but what they prove."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_hash,
)
from gateway.ledger.tiles import (
    TileError,
    TilePath,
    bundle,
    edge_keys,
    grown,
    hash_of,
    hashes_of,
    keys_of,
    leaf_tile,
    parse_tile_path,
    unbundle,
    width_of,
)
from gateway.model.ledger.tiles import Tiles

# The reference: RFC 6962 §2.1 as it is written, and nothing else.


def mth(entries: Sequence[bytes]) -> bytes:
    if len(entries) < 2:
        return hashlib.sha256(b"\x00" + entries[0] if entries else b"").digest()
    k = largest_power_below(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    if len(entries) == 1:
        return []
    k = largest_power_below(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], b: bool) -> list[bytes]:
    if m == len(entries):
        return [] if b else [mth(entries)]
    k = largest_power_below(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], b), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def numbered(count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(count)]


def tiled(entries: Sequence[bytes], *batches: int) -> dict[tuple[int, int], bytes]:
    """Grow a tree batch by batch, each with only the tiles that it may read."""
    tiles: dict[tuple[int, int], bytes] = {}
    size, rest = 0, list(entries)
    for batch in (*batches, len(entries)):
        taken, rest = rest[:batch], rest[batch:]
        edge = {key: tiles[key] for key in edge_keys(size)}
        tiles |= grown(edge, size, [leaf_hash(each) for each in taken])
        size += len(taken)
    return tiles


SIZES = st.integers(1, 300) | st.sampled_from([511, 512, 513, 600])


@given(SIZES, st.lists(st.integers(0, 300), max_size=4))
def test_rfc6962_2_1_tiles_and_frontier_give_the_root(size: int, batches: list[int]) -> None:
    entries = numbered(size)
    tiles = tiled(entries, *batches)
    frontier = Frontier()
    for each in entries:
        frontier.add(leaf_hash(each))
    assert hash_of(tiles, (0, size)) == frontier.root() == mth(entries)
    assert {key: len(tile) // 32 for key, tile in tiles.items()} == {
        (level, index): width_of(level, index, size)
        for level in range(3)
        for index in range(4)
        if width_of(level, index, size)
    }


@given(st.data(), SIZES)
def test_rfc6962_2_1_1_an_inclusion_proof_is_the_rfcs_and_shows_one_leaf_only(
    data: st.DataObject, size: int
) -> None:
    entries = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    ranges = inclusion_ranges(index, size)
    all_tiles = tiled(entries)
    proof = hashes_of({key: all_tiles[key] for key in keys_of(ranges)}, ranges)
    assert proof == path(index, entries)
    root, leaf = mth(entries), leaf_hash(entries[index])
    steps = check_inclusion(leaf, index, size, proof, root)
    assert all(node_hash(left, right) == found for left, right, found in steps)
    assert (steps[-1][2] if steps else leaf) == root
    wrong = [(leaf_hash(b"other"), index, size, proof, root), (leaf, index, size, proof, leaf_hash(b"x"))]
    wrong += [(leaf, index, size, [*proof, root], root), (leaf, size, size, proof, root)]
    for at in range(len(proof)):
        wrong.append((leaf, index, size, [*proof[:at], leaf_hash(b"x"), *proof[at + 1 :]], root))
        wrong.append((leaf, index, size, proof[:at], root))
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        wrong.append((leaf, other, size, proof, root))
    for arguments in wrong:
        with pytest.raises(ProofError):
            check_inclusion(*arguments)


@given(st.data(), SIZES)
def test_rfc6962_2_1_2_a_consistency_proof_is_the_rfcs_and_shows_growth_only(
    data: st.DataObject, size: int
) -> None:
    entries = numbered(size)
    old = data.draw(st.integers(1, size))
    ranges = consistency_ranges(old, size)
    all_tiles = tiled(entries)
    proof = hashes_of({key: all_tiles[key] for key in keys_of(ranges)}, ranges)
    assert proof == subproof(old, entries, True)
    before, after = mth(entries[:old]), mth(entries)
    steps = check_consistency(old, size, proof, before, after)
    assert (steps[-1][2] if steps else before) == after
    forked = mth([b"forked", *entries[1:old]])
    wrong = [(old, size, proof, forked, after), (old, size, proof, before, forked)]
    wrong += [(old, size, [*proof, after], before, after), (0, size, proof, before, after)]
    wrong += [(size + 1, size, proof, before, after)]
    for at in range(len(proof)):
        wrong.append((old, size, [*proof[:at], leaf_hash(b"x"), *proof[at + 1 :]], before, after))
    for arguments in wrong:
        if arguments[3:5] == (forked, forked):
            continue
        with pytest.raises(ProofError):
            check_consistency(*arguments)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert range_hash((0, 0), lambda part: b"") == Frontier().root() == EMPTY_ROOT == mth([])
    assert grown({}, 0, []) == {}


def test_a_tree_of_70000_has_the_tiles_of_the_specifications_example() -> None:
    """C2SP tlog-tiles, Partial Tiles: 273 full and one of 112; one full and one of 17; one of 1."""
    tiles = grown({}, 0, [leaf_hash(b"%d" % number) for number in range(70_000)])
    widths = {key: len(tile) // 32 for key, tile in tiles.items()}
    assert [widths[0, index] for index in range(274)] == [256] * 273 + [112]
    assert [widths[1, 0], widths[1, 1], widths[2, 0]] == [256, 17, 1]
    assert len(widths) == 277
    assert edge_keys(70_000) == [(0, 273), (1, 1), (2, 0)]


def test_a_missing_or_short_tile_is_named_and_never_guessed() -> None:
    tiles: Tiles = tiled(numbered(300))
    with pytest.raises(TileError, match="tile 0/001 is missing or too short"):
        hash_of({**tiles, (0, 1): tiles[0, 1][:-32]}, (0, 300))
    with pytest.raises(TileError, match="tile 0/001 is missing"):
        grown({(1, 0): tiles[1, 0]}, 300, [leaf_hash(b"x")])


@given(st.integers(0, 10**12), st.integers(0, 63) | st.none(), st.integers(1, 256))
def test_a_tiles_address_has_one_spelling(index: int, level: int | None, width: int) -> None:
    path = TilePath(level, index, width)
    assert parse_tile_path(str(path)) == path


def test_tile_addresses_are_those_of_the_specification() -> None:
    assert str(TilePath(0, 1234067)) == "0/x001/x234/067"
    assert str(TilePath(None, 5, 8)) == "entries/005.p/8"
    for wrong in (
        "64/000",
        "00/000",
        "0/1",
        "0/x000/001",
        "0/000.p/256",
        "0/000.p/0",
        "0/000.p/07",
        "0/٠٠٠",
        "",
        "0/000/",
    ):
        assert parse_tile_path(wrong) is None, wrong


@given(st.lists(st.binary(max_size=300), max_size=9))
def test_a_bundle_gives_back_its_entries_and_hashes_to_its_tile(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries
    assert leaf_tile(entries) == b"".join(hashlib.sha256(b"\x00" + each).digest() for each in entries)
    if entries:
        with pytest.raises(TileError):
            unbundle(bundle(entries)[:-1])
