"""A person's profile as it is stored: sealed values and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.kit.secrets.sealing import WrappedKey
from gateway.model.people import Whereabouts


class SealedField(NamedTuple):
    """One sealed value.

    Attributes:
        source: ``self`` or ``school``.
        verified_at: when somebody checked it; None if nobody did.
    """

    sealed: bytes
    source: str
    verified_at: int | None
    changed_at: int


@dataclass(frozen=True, slots=True)
class SealedProfile:
    """All sealed values of one person, by field name.

    Attributes:
        whereabouts: by which their age is counted.
        wrapped: None after erasure.
    """

    person_id: str
    role: str
    organisation: str
    whereabouts: Whereabouts
    wrapped: WrappedKey | None
    fields: Mapping[str, SealedField] = field(default_factory=dict)


def place_of(person_id: str, name: str) -> str:
    """Name the place that a field's seal is bound to."""
    return f"person_field:{person_id}:{name}"
