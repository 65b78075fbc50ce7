"""Frozen records, states and their legal moves: what the rooms above talk about."""
