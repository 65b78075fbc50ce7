"""How a long action tells whoever waits for it how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""

Say = Callable[[str], None]
"""Is told in a sentence what happens now."""
