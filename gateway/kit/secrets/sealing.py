"""Sealing at rest: AES-256-GCM-SIV (RFC 8452), bound to the place where the sealed value stands.

Layout of a sealed value: one version byte, 12 bytes of nonce, ciphertext with its 16-byte tag.
The associated data names table, row and field, so a value moved elsewhere does not open.
"""

import json
import os
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from gateway.kit.ids import random_key
from gateway.kit.secrets.digests import base64url, from_base64url, keyed_digest
from gateway.kit.secrets.key_ring import KeyRing
from gateway.kit.secrets.ring_file import RingFile

_VERSION = b"\x01"
_NONCE = 12


class SealBroken(Exception):
    """A sealed value does not open: wrong key, wrong place, or changed bytes."""


def seal(key: bytes, value: bytes, place: str) -> bytes:
    """Seal a value for one place; 29 bytes longer than the value."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCMSIV(key).encrypt(nonce, value, place.encode())


def unseal(key: bytes, sealed: bytes, place: str) -> bytes:
    """Open a sealed value.

    Raises:
        SealBroken: it was not sealed with this key for this place.
    """
    return unseal_all(key, {place: sealed})[place]


def unseal_all(key: bytes, sealed: Mapping[str, bytes]) -> dict[str, bytes]:
    """Open values sealed with one key, by their places: making the cipher costs more than using it.

    Raises:
        SealBroken: as `unseal`.
    """
    cipher = AESGCMSIV(key)
    return {place: _unseal(cipher, value, place) for place, value in sealed.items()}


def _unseal(cipher: AESGCMSIV, sealed: bytes, place: str) -> bytes:
    if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE + 16:
        raise SealBroken("not a sealed value")
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        return cipher.decrypt(nonce, body, place.encode())
    except InvalidTag:
        raise SealBroken(f"the seal for {place} is broken") from None


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A person's key under a master key."""

    master: str
    wrapped: bytes


class Seal:
    """What the key ring can do."""

    __slots__ = ("_file", "_ring")

    def __init__(self, ring: KeyRing, file: RingFile | None = None) -> None:
        """Take a ring; with its file, a changed one is read while we run."""
        self._ring = ring
        self._file = file

    @property
    def ring(self) -> KeyRing:
        """The ring as it was when somebody last looked at its file."""
        return self._ring

    def look_again(self) -> KeyRing:
        """Look at the ring's file, which costs a few microseconds; give the ring that is to be used."""
        if self._file is not None:
            self._ring = self._file.look()
        return self._ring

    def new_person_key(self, person_id: str) -> WrappedKey:
        """Make a person's key, wrapped under the master key that is current now, not the one at our start."""
        return _wrap(self.look_again(), person_id, random_key())

    def rewrap(self, person_id: str, wrapped: WrappedKey) -> WrappedKey:
        """Wrap the same key under the current master key."""
        return _wrap(self._ring, person_id, self.person_key(person_id, wrapped))

    def person_key(self, person_id: str, wrapped: WrappedKey) -> bytes:
        """Unwrap a person's key. A master key that is not known yet may be in the file by now.

        Raises:
            SealBroken: the master key is gone or not the right one.
        """
        master = self._ring.masters.get(wrapped.master) or self.look_again().masters.get(wrapped.master)
        if master is None:
            raise SealBroken(f"master key {wrapped.master} is not in the key ring")
        return unseal(master, wrapped.wrapped, f"person_key:{person_id}")

    def index(self, kind: str, value: str) -> bytes:
        """Blind index of a searchable value, e.g. ``index("login", "a@x.edu")``: equal values, equal index."""
        return keyed_digest(self._ring.index, kind, value)

    def pairwise(self, sector: str, person_id: str) -> str:
        """Subject identifier towards one sector (OIDC Core §8.1), 43 characters."""
        return base64url(keyed_digest(self._ring.pairwise, "sub", sector, person_id))

    def private_name(self, partner_id: str, person_id: str) -> str:
        """What stands before the @ of a person's private address for one partner: 130 bits, in lower case.

        It is the same at each renewal, nobody can guess it, and two partners' names have nothing in common.
        """
        found = keyed_digest(self._ring.pairwise, "relay", partner_id, person_id)
        return b32encode(found).decode().lower()[:26]

    def successor(self, refresh_token: str) -> str:
        """The one refresh token that may follow this one, without its prefix."""
        return base64url(keyed_digest(self._ring.successor, "refresh", refresh_token))

    def opened_by(self, question: str, answer: str) -> str:
        """The one session secret that an answer to a question opens, however often it is sent; without its prefix."""
        return base64url(keyed_digest(self._ring.successor, "session", question, answer))

    def ticket(self, place: str, content: Mapping[str, Any]) -> str:
        """Seal the state of a screen in progress into text that the browser carries."""
        return base64url(
            seal(self._ring.transient, json.dumps(content, separators=(",", ":")).encode(), place)
        )

    def open_ticket(self, place: str, ticket: str) -> dict[str, Any]:
        """Open what `ticket` made for the same place.

        Raises:
            SealBroken: changed, foreign or not a ticket at all.
        """
        try:
            sealed = from_base64url(ticket)
        except ValueError:
            raise SealBroken("not a ticket") from None
        content: dict[str, Any] = json.loads(unseal(self._ring.transient, sealed, place))
        return content

    def sealed_letter(self, letter_id: str, content: bytes) -> bytes:
        """Seal what waits in the mail's outbox: recipients, and links that open something."""
        return seal(self._ring.transient, content, f"letter:{letter_id}")

    def opened_letter(self, letter_id: str, sealed: bytes) -> bytes:
        """Open what `sealed_letter` sealed."""
        return unseal(self._ring.transient, sealed, f"letter:{letter_id}")

    def sealed_request(self, act_id: str, content: bytes) -> bytes:
        """Seal the personal values of what waits for a second person."""
        return seal(self._ring.transient, content, f"waiting:{act_id}")

    def opened_request(self, act_id: str, sealed: bytes) -> bytes:
        """Open what `sealed_request` sealed."""
        return unseal(self._ring.transient, sealed, f"waiting:{act_id}")

    def signature(self, place: str, *parts: str) -> str:
        """A short-lived proof that this gateway said these words, e.g. a CSRF token."""
        return base64url(keyed_digest(self._ring.transient, place, *parts))


def _wrap(ring: KeyRing, person_id: str, key: bytes) -> WrappedKey:
    return WrappedKey(ring.current, seal(ring.masters[ring.current], key, f"person_key:{person_id}"))
