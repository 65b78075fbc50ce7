"""Tiles: the tree's hashes in rows of 256, as they are stored and served (C2SP tlog-tiles)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.ledger.merkle import Range, leaf_hash, node_hash, perfect_parts, range_hash
from gateway.model.ledger.tiles import TileKey, Tiles

WIDTH = 256
"""Hashes of a full tile."""
HASH = 32
_BITS = 8
_NUMBER = r"(?:x[0-9]{3}/)*[0-9]{3}"
_PATH = re.compile(
    rf"(?P<level>entries|[1-5]?[0-9]|6[0-3])/(?P<index>{_NUMBER})(?:\.p/(?P<width>[1-9][0-9]{{0,2}}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """An address below ``tile/``; `level` is None for a bundle of entries."""

    level: int | None
    index: int
    width: int = WIDTH

    def __str__(self) -> str:
        """Spell it, for example ``1/x001/x234/067.p/8``."""
        level = "entries" if self.level is None else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        index = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
        return f"{level}/{index}" + ("" if self.width == WIDTH else f".p/{self.width}")


def parse_tile_path(text: str) -> TilePath | None:
    """Read an address below ``tile/``; None for anything but the one spelling of a tile."""
    found = _PATH.fullmatch(text)
    if found is None:
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    index = int(found["index"].replace("/", "").replace("x", ""))
    path = TilePath(level, index, int(found["width"] or WIDTH))
    return path if str(path) == text else None


def width_of(level: int, index: int, size: int) -> int:
    """Tell how many hashes a tile has in a tree of a size; 0 when it is not there."""
    return max(0, min(WIDTH, (size >> (_BITS * level)) - index * WIDTH))


def key_of(part: Range) -> TileKey:
    """Find the tile that holds the hashes from which a complete subtree is computed."""
    level = ((part[1] - part[0]).bit_length() - 1) // _BITS
    return level, part[0] >> (_BITS * (level + 1))


def keys_of(parts: Iterable[Range]) -> set[TileKey]:
    """Name the tiles that the hashes of ranges are computed from."""
    return {key_of(each) for part in parts for each in perfect_parts(part)}


class TileError(Exception):
    """A tile is missing or too short."""


def subtree_hash(tiles: Tiles, part: Range) -> bytes:
    """Compute the hash of a complete subtree from its tile.

    Raises:
        TileError: the tile does not have it.
    """
    level, index = key_of(part)
    first = (part[0] >> (_BITS * level)) - index * WIDTH
    count = (part[1] - part[0]) >> (_BITS * level)
    found = tiles.get((level, index), b"")[first * HASH : (first + count) * HASH]
    if len(found) != count * HASH:
        raise TileError(f"tile {TilePath(level, index)} is missing or too short")
    return complete(found)


def complete(hashes: bytes) -> bytes:
    """Hash a power of two of hashes up to one."""
    row = [hashes[at : at + HASH] for at in range(0, len(hashes), HASH)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def hash_of(tiles: Tiles, part: Range) -> bytes:
    """Compute the hash of any range of leaves from tiles; of (0, size) it is the tree's root."""
    return range_hash(part, lambda each: subtree_hash(tiles, each))


def hashes_of(tiles: Tiles, parts: Sequence[Range]) -> list[bytes]:
    """Compute the hashes of a proof."""
    return [hash_of(tiles, part) for part in parts]


def edge_keys(size: int) -> list[TileKey]:
    """Name the tiles that are not full in a tree of a size: what appending needs to read."""
    return [(level, size >> (_BITS * (level + 1))) for level in range(8) if (size >> (_BITS * level)) % WIDTH]


def grown(tiles: Tiles, size: int, leaves: Sequence[bytes]) -> dict[TileKey, bytes]:
    """Append leaves' hashes to a tree.

    Args:
        tiles: those that `edge_keys` names.
        size: of the tree before.

    Returns:
        The tiles that are new or longer.

    Raises:
        TileError: an edge tile is missing or too short.
    """
    changed: dict[TileKey, bytes] = {}
    level, position, row = 0, size, list(leaves)
    while row:
        above: list[bytes] = []
        while row:
            key = (level, position // WIDTH)
            width = position % WIDTH
            before = tiles.get(key, b"")[: width * HASH] if width else b""
            if len(before) != width * HASH:
                raise TileError(f"tile {TilePath(*key)} is missing or too short")
            taken, row = row[: WIDTH - width], row[WIDTH - width :]
            changed[key] = before + b"".join(taken)
            position += len(taken)
            if position % WIDTH == 0:
                above.append(complete(changed[key]))
        level, position, row = level + 1, size >> (_BITS * (level + 1)), above
    return changed


def bundle(entries: Iterable[bytes]) -> bytes:
    """Put entries into a bundle: each with its length in front, two bytes, big-endian."""
    return b"".join(len(each).to_bytes(2, "big") + each for each in entries)


def unbundle(content: bytes) -> list[bytes]:
    """Take entries out of a bundle.

    Raises:
        TileError: it ends within an entry.
    """
    entries = []
    while content:
        end = 2 + int.from_bytes(content[:2], "big")
        if len(content) < end:
            raise TileError("the bundle ends within an entry")
        entries.append(content[2:end])
        content = content[end:]
    return entries


def leaf_tile(entries: Iterable[bytes]) -> bytes:
    """Hash entries into a tile of level 0."""
    return b"".join(map(leaf_hash, entries))
