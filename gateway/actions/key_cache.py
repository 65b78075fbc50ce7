"""What clients' own addresses gave (``jwks_uri``, RFC 7591 §2): public keys only, kept in the process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

Keys = tuple[Mapping[str, object], ...]


@dataclass(slots=True)
class Shelf:
    """What one address gave."""

    keys: Keys = ()
    fetched_at: int | None = None
    tried_at: int | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class KeyCache:
    """What every address gave; one for each process, for it holds public keys only."""

    shelves: dict[str, Shelf] = field(default_factory=dict)
