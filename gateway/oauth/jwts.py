"""Reading signed JWTs that partners make: algorithms of FAPI 2.0 §5.4 only, every fault of one kind."""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

PublicKey = ECKey | OKPKey | RSAKey | KeySet

ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
"""FAPI 2.0 §5.4; RS256 is refused (trap 8)."""

AHEAD = 10
"""Seconds that a partner's clock may run ahead (FAPI 2.0 §5.3.2.1); over 60 must be refused."""

# Besides its own errors joserfc lets a malformed "crit" and JSON nested a thousand deep through as these.
UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)


class _Registry(jws.JWSRegistry):
    """joserfc's limits, raised so far that an RSA key fits into a proof's header and its signature behind it."""

    max_header_length = 4096
    max_signature_length = 2048


_REGISTRY = _Registry(algorithms=ALGORITHMS)


class BadJwt(Exception):
    """A JWT that cannot be read or whose signature does not fit; the text names the fault's kind."""


def unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Read header and claims without believing them.

    Raises:
        BadJwt: it is no JWT of a JSON object.
    """
    try:
        parts = jws.extract_compact(token.encode(), registry=_REGISTRY)
        claims = json.loads(parts.payload)
    except UNREADABLE as error:
        raise BadJwt(error.__class__.__name__) from None
    if not isinstance(claims, dict):
        raise BadJwt("not a JSON object")
    return parts.protected, claims


def verified(token: str, key: PublicKey, algorithms: Sequence[str] = ALGORITHMS) -> Mapping[str, Any]:
    """Verify a JWT's signature and give its claims.

    Raises:
        BadJwt: unreadable, of another algorithm, or signed with another key.
    """
    try:
        registry = _REGISTRY if algorithms is ALGORITHMS else _Registry(algorithms=algorithms)
        with warnings.catch_warnings():
            # RFC 9864 renames EdDSA to Ed25519; FAPI 2.0 and its partners' libraries still say EdDSA.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(token, key, registry=registry).claims
    except UNREADABLE as error:
        raise BadJwt(error.__class__.__name__) from None


def jti_faults(claims: Mapping[str, Any]) -> Iterator[str]:
    """Name what is wrong with a ``jti`` that is to be used up (RFC 7519 §4.1.7)."""
    jti = claims.get("jti")
    # A lone surrogate is a legal JSON string that no digest can be made of; it is not printable.
    if not isinstance(jti, str) or not 0 < len(jti) <= 255 or not jti.isprintable():
        yield "jti is missing, too long or not printable"


def is_time(value: object) -> TypeGuard[int]:
    """Whether a claim is a time: a JSON number without a fraction will do for everybody we know."""
    return isinstance(value, int) and not isinstance(value, bool)
