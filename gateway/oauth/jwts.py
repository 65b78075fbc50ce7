"""Reading signed JWTs of partners, by the algorithms of FAPI 2.0 §5.4; every fault raises one exception."""

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey, import_key

PublicKey = ECKey | OKPKey | RSAKey | KeySet

ALGORITHMS = ("PS256", "ES256", "EdDSA", "Ed25519")
"""FAPI 2.0 §5.4; RS256 is refused (trap 8)."""

AHEAD = 10
"""Seconds that a partner's clock may run ahead (FAPI 2.0 §5.3.2.1); over 60 must be refused."""

# Besides its own errors joserfc lets a malformed "crit" and JSON nested a thousand deep through as these.
UNREADABLE = (JoseError, ValueError, TypeError, RecursionError)


class _Registry(jws.JWSRegistry):
    """joserfc's limits, raised so that an RSA key fits into a proof's header and its signature after it."""

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


_FITTING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "PS256": ("RSA", ("PS256",)),
    "ES256": ("EC", ("ES256",)),
    "EdDSA": ("OKP", ("EdDSA", "Ed25519")),
    "Ed25519": ("OKP", ("EdDSA", "Ed25519")),
}
"""For each algorithm the type of its keys and the ``alg`` that they may name (RFC 7518 §6.1, RFC 9864)."""


def verified_by(token: str, keys: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Verify a JWT by the client's key that its header names, or else by each key that fits in turn.

    A key need not have a name (RFC 7517 §4.5), nor a header one (RFC 7515 §4.1.4).

    Raises:
        BadJwt: unreadable, of another algorithm, or signed with none of the keys.
    """
    header, _ = unverified(token)
    fault = "none of the keys is for it"
    for key in _candidates(header, tuple(keys)):
        try:
            return verified(token, import_key({**key}))  # type: ignore[arg-type]  # checked when it was registered
        except BadJwt as error:
            fault = str(error)
    raise BadJwt(fault)


def _candidates(
    header: Mapping[str, Any], keys: tuple[Mapping[str, Any], ...]
) -> Iterator[Mapping[str, Any]]:
    kid, (kind, algorithms) = header.get("kid"), _FITTING.get(str(header.get("alg")), ("", ()))
    is_named = kid is not None and any(key.get("kid") == kid for key in keys)
    for key in keys:
        # A name that no key has may still mean a key without a name.
        is_meant = kid is None or key.get("kid") == (kid if is_named else None)
        if is_meant and key["kty"] == kind and key.get("alg", algorithms[0]) in algorithms:
            yield key


def is_of_type(header: Mapping[str, Any], *names: str) -> bool:
    """Whether a JOSE header's ``typ`` is one of some media types below ``application/``.

    Media types know no case, and the ``application/`` before them may stand or be left out (RFC 7515 §4.1.9,
    RFC 2045 §5.1).
    """
    found = header.get("typ")
    return isinstance(found, str) and found.lower().removeprefix("application/") in names


def jti_faults(claims: Mapping[str, Any]) -> Iterator[str]:
    """Name what is wrong with a ``jti`` that is to be used up (RFC 7519 §4.1.7)."""
    jti = claims.get("jti")
    # A lone surrogate is legal in JSON but cannot be digested; it is not printable, so it is refused here.
    if not isinstance(jti, str) or not 0 < len(jti) <= 255 or not jti.isprintable():
        yield "jti is missing, too long or not printable"


def is_time(value: object) -> TypeGuard[int]:
    """Whether a claim is a time: a JSON number without a fraction will do for everybody we know."""
    return isinstance(value, int) and not isinstance(value, bool)
