"""The hand-off log as others can check it: entries, Merkle tree, tiles, signed checkpoints (pure)."""
