"""Hand-offs: one logged release, a leaf of the log (promise P13)."""

from dataclasses import dataclass
from typing import NamedTuple

from scopes import Item


class HandedItem(NamedTuple):
    """One value that left: what it was called, never what it said.

    Attributes:
        commitment: HMAC-SHA-256 of the released value under the person's key, base64url; shows whether the
            partner holds an older copy, and means nothing once the key is shredded.
    """

    item: Item
    commitment: str


@dataclass(frozen=True, slots=True)
class Handoff:
    """One hand-off, committed before its values reach the socket."""

    handoff_id: str
    grant_id: str
    event_id: str
    person_id: str
    partner_id: str
    client_id: str
    token_digest: bytes
    endpoint: str
    items: tuple[HandedItem, ...]
    at: int
    entry_digest: bytes = b""


@dataclass(frozen=True, slots=True)
class ReceivedItem:
    """One item that a partner received under a grant, with the first and the last second in which it did."""

    item: Item
    first_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class LoggedHandoff:
    """A hand-off as the log wants it: only what its entry holds, the items as words.

    Half of what giving rows their places costs would be making a `Handoff` of each.
    """

    handoff_id: str
    grant_id: str
    event_id: str
    partner_id: str
    client_id: str
    token_digest: bytes
    endpoint: str
    words: list[list[str]]
    at: int
