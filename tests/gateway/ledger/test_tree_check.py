"""Computing the tiles of a growing tree anew."""

from gateway.ledger.tree_check import TileBuilder


def test_a_tile_that_is_just_full_leaves_no_edge_on_its_level() -> None:
    """256 leaves fill one tile; what goes on growing is the level above it."""
    builder = TileBuilder()
    full = [tile for number in range(256) for tile in builder.add(number.to_bytes(32))]
    assert [key for key, _ in full] == [(0, 0)]
    assert [key for key, _ in builder.rest()] == [(1, 0)]
