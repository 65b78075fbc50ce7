"""Counts that stop: of a million of something nobody needs the exact number, and counting them takes long."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are, counted no further than a bound.

    Attributes:
        is_more: whether there are more than `number`.
    """

    number: int = 0
    is_more: bool = False

    def __str__(self) -> str:
        """Say it in words: for operators, and for what is put on record."""
        return f"more than {self.number}" if self.is_more else str(self.number)


def count_to(bound: int, found: int) -> Count:
    """Give what was found, by whoever looked for one more than the bound."""
    return Count(min(found, bound), found > bound)
