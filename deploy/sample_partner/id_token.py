"""Checking an ID token (OpenID Connect Core §3.1.3.7): signature, issuer, audience, nonce, times, at_hash."""

from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

# Public-key algorithms only: `none` proves nothing, and an HMAC could be by anybody who knows our secret.
ALGORITHMS = frozenset({"ES256", "PS256", "RS256", "EdDSA", "Ed25519"})
LEEWAY_SECONDS = 10


class IDTokenError(Exception):
    """The ID token is not one that we may believe; the text is a word for our own log."""


def verify_id_token(
    value: str,
    jwks: Any,
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
    allowed: list[str],
) -> dict[str, Any]:
    """Return the claims of a valid ID token.

    Args:
        jwks: the issuer's JWK set, as it came.
        allowed: the algorithms in the gateway's metadata; those not in `ALGORITHMS` are left out.
    Raises:
        IDTokenError: whatever is wrong with it, a key that the set does not hold included.
    """
    try:
        keys = KeySet.import_key_set(jwks)
        decoded = jwt.decode(value, keys, algorithms=sorted(ALGORITHMS & set(allowed)))
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            {
                "iss": {"essential": True, "values": [issuer]},
                "aud": {"essential": True, "values": [client_id]},
            },
            {"nonce": nonce, "client_id": client_id, "access_token": access_token},
        )
        claims.validate(leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise IDTokenError(type(error).__name__) from error
    return dict(decoded.claims)
