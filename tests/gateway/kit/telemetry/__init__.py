"""Keys, sealed values and digests."""
