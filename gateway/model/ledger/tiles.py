"""Tiles of the log's tree, as they are named and kept."""

from collections.abc import Mapping

TileKey = tuple[int, int]
"""Level and index of a tile."""

Tiles = Mapping[TileKey, bytes]
"""Tiles by key: hashes one after another; a tile that is not full yet ends where the tree ends."""
