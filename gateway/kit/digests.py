"""One-way values: what the database holds in place of a secret or of a searchable personal value."""

import base64
import hashlib
import hmac


def digest(secret: str) -> bytes:
    """Digest a random secret for storage and look-up: SHA-256, 32 bytes.

    The secrets have 256 bits of chance, so neither salt nor slowness would add anything.
    """
    return hashlib.sha256(secret.encode()).digest()


def keyed_digest(key: bytes, *parts: str) -> bytes:
    """Digest low-entropy text under a key: HMAC-SHA-256 over length-framed parts, 32 bytes."""
    framed = bytearray()
    for part in parts:
        data = part.encode()
        framed += len(data).to_bytes(4, "big")
        framed += data
    return hmac.digest(key, framed, "sha256")


def is_same(left: bytes, right: bytes) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(left, right)


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Decode what `base64url` made.

    Raises:
        ValueError: the text is not base64url.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
