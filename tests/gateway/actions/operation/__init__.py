"""What keeps running: upkeep, keys, nodes."""
