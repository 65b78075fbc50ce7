"""What a person chooses about themselves alone, apart from any consent (promises P10, P11)."""

from dataclasses import dataclass
from enum import StrEnum


class Preference(StrEnum):
    """One choice, on or off."""

    PROMOTIONAL_MAIL = "promotional_mail"
    """News by mail. Receipts and mail about security are no part of it."""
    STATISTICS = "statistics"
    """Being counted in statistics."""


ON_UNASKED = frozenset({Preference.STATISTICS})
"""What is on until the person chooses; everything else is off."""


@dataclass(frozen=True, slots=True)
class PreferenceChoice:
    """How a preference stands; `changed_at` is None while the person has not chosen."""

    preference: Preference
    is_on: bool
    changed_at: int | None = None
