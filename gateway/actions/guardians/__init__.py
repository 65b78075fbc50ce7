"""Guardians: who they are, and what they answer."""
