"""The unit of consent: one field, for one purpose, in one form."""

from enum import StrEnum
from typing import NamedTuple

from scopes.fields import Form


class Necessity(StrEnum):
    """Whether a combined service can work without an item."""

    NEEDED = "needed"
    OPTIONAL = "optional"


class Item(NamedTuple):
    """Field × purpose × form; what is not listed as an item is not granted."""

    field: str
    purpose: str
    form: Form
