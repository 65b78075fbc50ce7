"""DPoP proofs (RFC 9449): the client that presents a token shows that it holds the token's key."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.oauth.jwts import (
    AHEAD,
    ALGORITHMS,
    UNREADABLE,
    BadJwt,
    is_of_type,
    is_time,
    jti_faults,
    unverified,
    verified,
)
from partners import jwks_faults

BEHIND = 60
"""The oldest that a proof may be in seconds; proofs are remembered a little longer than that."""

NONCE_PERIOD = 300
"""Seconds after which a new nonce is given out; the one before it stays valid as long (RFC 9449 §8)."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that passed every check but the one for replay.

    Attributes:
        jkt: the key's thumbprint (RFC 7638), what codes and tokens are bound to.
        proof_digest: names key and ``jti``: to be used up.
        expires_at: from then on its ``iat`` alone refuses it.
    """

    jkt: str
    proof_digest: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class Presented:
    """A proof under examination.

    Attributes:
        proofs: every DPoP header of the request, as bytes.
        addresses: that the endpoint has, made of our settings: never of what a request says about its host.
        access_token: that it comes with; None at endpoints that take none.
        nonces: that are taken now.
        needs_nonce: a proof without one is refused.
    """

    proofs: tuple[bytes, ...]
    method: str
    addresses: tuple[str, ...]
    now: int
    nonces: tuple[str, ...]
    access_token: str | None = None
    needs_nonce: bool = False


@dataclass(slots=True)
class _Found:
    """What each check has read from the proof, for the checks after it."""

    token: str = ""
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    key: ECKey | OKPKey | RSAKey | None = None


def _check_single(asked: Presented, found: _Found) -> None:
    """Check that there is one header, and that it is a JWT."""
    if len(asked.proofs) != 1:
        raise _refused("several DPoP headers", "The DPoP header must be sent once.")
    try:
        found.token = asked.proofs[0].decode("ascii")
        found.header, found.claims = unverified(found.token)
    except (UnicodeDecodeError, BadJwt):
        raise _refused("not a JWT", "The DPoP header is not a JWT.") from None


def _check_type(_: Presented, found: _Found) -> None:
    if not is_of_type(found.header, "dpop+jwt"):
        raise _refused("typ", "The proof's typ must be dpop+jwt.")


def _check_algorithm(_: Presented, found: _Found) -> None:
    if found.header.get("alg") not in ALGORITHMS:
        raise _refused("alg", f"The proof's alg must be one of {', '.join(ALGORITHMS)}.")


def _check_key(_: Presented, found: _Found) -> None:
    """Check that the key is strong and has no private part, which we would know from now on."""
    jwk = found.header.get("jwk")
    named = {**jwk, "kid": "proof"} if isinstance(jwk, dict) else jwk
    for name, message in jwks_faults({"keys": [named]}):
        raise _refused(f"jwk: {name}: {message}", "The proof's jwk must be one public EC, OKP or RSA key.")
    try:
        key = import_key({**found.header["jwk"]})
    except UNREADABLE as error:
        raise _refused(f"jwk: {error.__class__.__name__}", "The proof's jwk cannot be read.") from None
    found.key = key  # type: ignore[assignment]  # jwks_faults has refused symmetric keys


def _check_signature(_: Presented, found: _Found) -> None:
    try:
        verified(found.token, found.key)  # type: ignore[arg-type]  # the check before has set it
    except BadJwt as error:
        raise _refused(f"signature: {error}", "The proof's signature does not fit its jwk.") from None


def _check_method(asked: Presented, found: _Found) -> None:
    if found.claims.get("htm") != asked.method:
        raise _refused("htm", "The proof's htm is not the request's method.")


def _check_address(asked: Presented, found: _Found) -> None:
    htu = found.claims.get("htu")
    if not isinstance(htu, str) or normalised(htu) not in map(normalised, asked.addresses):
        raise _refused("htu", "The proof's htu is not the request's address.")


def _check_times(asked: Presented, found: _Found) -> None:
    """Check ``iat`` (FAPI 2.0 §5.3.2.1), and ``nbf`` and ``exp`` where they are there (RFC 7519 §4.1)."""
    claims, now = found.claims, asked.now
    if not is_time(claims.get("iat")) or not now - BEHIND <= claims["iat"] <= now + AHEAD:
        raise _refused("iat", "The proof's iat is missing, too old or in the future.")
    begins, ends = claims.get("nbf", now), claims.get("exp", now + 1)
    if not is_time(begins) or not is_time(ends) or begins > now + AHEAD or ends <= now:
        raise _refused("nbf or exp", "The proof is not valid yet, or no longer.")


def _check_token(asked: Presented, found: _Found) -> None:
    """Check that the proof names the access token that it comes with (RFC 9449 §7)."""
    if asked.access_token is None:
        return
    ath = base64.urlsafe_b64encode(hashlib.sha256(asked.access_token.encode()).digest()).rstrip(b"=")
    if found.claims.get("ath") != ath.decode():
        raise _refused("ath", "The proof's ath is not the access token's digest.")


def _check_jti(_: Presented, found: _Found) -> None:
    for fault in jti_faults(found.claims):
        raise _refused(fault, "The proof's jti is missing, too long or not printable.")


def _check_nonce(asked: Presented, found: _Found) -> None:
    """Check that a nonce is ours and recent; it may be missing unless settings ask for it (RFC 9449 §8)."""
    nonce = found.claims.get("nonce")
    if nonce is None and not asked.needs_nonce:
        return
    if nonce not in asked.nonces:
        raise Refusal("use_dpop_nonce", detail="no nonce, or an outdated one")


CHECKS: tuple[Callable[[Presented, _Found], None], ...] = (
    _check_single,
    _check_type,
    _check_algorithm,
    _check_key,
    _check_signature,
    _check_method,
    _check_address,
    _check_times,
    _check_token,
    _check_jti,
    _check_nonce,
)
"""The checks of RFC 9449 §4.3, in its order; the store finds replays."""


def read_proof(asked: Presented) -> Proof:
    """Check a request's proof.

    Raises:
        Refusal: ``invalid_dpop_proof``, or ``use_dpop_nonce`` when only the nonce is missing or old.
    """
    found = _Found()
    for check in CHECKS:
        check(asked, found)
    assert found.key is not None  # noqa: S101 - for the type checker: the checks have set it
    jkt = found.key.thumbprint()
    ends = found.claims["iat"] + BEHIND + 1
    return Proof(jkt, digest(f"{jkt} {found.claims['jti']}"), ends)


_PORTS = {"https": 443, "http": 80}
_ESCAPED = re.compile("%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def normalised(uri: str) -> tuple[str, str, int | None, str] | None:
    """Bring an address into the form in which equal ones are equal (RFC 3986 §6.2.2, §6.2.3).

    Query and fragment do not count (RFC 9449 §4.3). None for anything but an http address.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    path = _without_dots(_ESCAPED.sub(_decoded, parts.path) or "/")
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path


def _decoded(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986 §5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    ends_open = segments[-1] in (".", "..")
    return "/" + "/".join([*kept, ""] if ends_open else kept)


def _refused(detail: str, hint: str) -> Refusal:
    return Refusal("invalid_dpop_proof", detail=f"proof: {detail}", hint=hint)
