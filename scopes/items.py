"""The unit of consent: one field, for one purpose, in one form."""

from dataclasses import dataclass
from enum import StrEnum

from scopes.fields import Form


class Necessity(StrEnum):
    """Whether a combined service can work without an item."""

    NEEDED = "needed"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """Field × purpose × form; what is not listed as an item is not granted."""

    field: str
    purpose: str
    form: Form
