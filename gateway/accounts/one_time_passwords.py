"""One-time passwords of an authenticator app (RFC 6238), and the codes that help when the app is lost."""

import base64
import hmac
import re

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP = 30
DIGITS = 6
SECRET_BYTES = 20
RECOVERY_CODES = 10
_APART = re.compile(r"[\s-]+")


def _totp(secret: bytes) -> TOTP:
    # Authenticator apps know SHA-1 only; as an HMAC it is sound (RFC 4226 §B.2).
    return TOTP(secret, DIGITS, SHA1(), STEP)  # noqa: S303 - see above


def code_at(secret: bytes, at: int) -> str:
    """Compute the code of a moment."""
    return _totp(secret).generate(at).decode()


def find_step(secret: bytes, code: str, now: int) -> int | None:
    """Find the step that a code is of: the present one or a neighbour, for clocks that are apart (§5.2)."""
    given = _APART.sub("", code)
    if not (given.isascii() and given.isdecimal() and len(given) == DIGITS):
        return None
    found = None
    for near in (-1, 0, 1):
        step = now // STEP + near
        if hmac.compare_digest(code_at(secret, step * STEP), given):
            found = step
    return found


def setup_uri(secret: bytes, account: str, issuer: str) -> str:
    """Write the address that an app reads from a picture."""
    return _totp(secret).get_provisioning_uri(account, issuer)


def spelled(secret: bytes) -> str:
    """Spell a secret for typing, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def recovery_code(chance: bytes) -> str:
    """Write a recovery code: 80 bits in letters that cannot be mistaken for each other (NIST SP 800-63B §3.1.2)."""
    text = base64.b32encode(chance[:10]).decode().lower()
    return "-".join(text[place : place + 4] for place in range(0, len(text), 4))


def plain_code(code: str) -> str:
    """Take out of a typed recovery code what people put in for reading."""
    return _APART.sub("", code).lower()[:40]
