"""One-way values: what the database holds in place of a secret or of a searchable personal value."""

import base64
import hashlib
import hmac
from binascii import b2a_base64
from collections.abc import Iterable


def digest(secret: str) -> bytes:
    """Digest a random secret for storage and look-up: SHA-256, 32 bytes.

    The secrets have 256 bits of chance, so neither salt nor slowness would add anything.
    """
    return hashlib.sha256(secret.encode()).digest()


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """Digest low-entropy text under a key: HMAC-SHA-256 over length-framed parts, 32 bytes."""
    return hmac.digest(key, _framed(parts), "sha256")


class KeyedDigests:
    """What `keyed_digest` makes of parts that begin alike: key and beginning, which cost most, are digested once."""

    def __init__(self, key: bytes, *beginning: str) -> None:
        """Begin."""
        self._begun = hmac.new(key, _framed(beginning), "sha256")

    def of(self, *parts: str) -> bytes:
        """Digest the beginning and further parts."""
        digests = self._begun.copy()
        digests.update(_framed(parts))
        return digests.digest()


def _framed(parts: Iterable[str]) -> bytes:
    # A list: a generator would cost more than the framing.
    return b"".join([len(data).to_bytes(4, "big") + data for data in map(str.encode, parts)])


def is_same(left: bytes, right: bytes) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(left, right)


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 §2)."""
    # The library's own way to the other two characters costs four times as much.
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def from_base64url(text: str) -> bytes:
    """Decode what `base64url` made.

    Raises:
        ValueError: the text is not base64url.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
