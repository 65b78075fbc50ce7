"""Log-out hints and tokens (OIDC RP-Initiated Logout 1.0, Back-Channel Logout 1.0)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.registry import SigningKey
from gateway.oauth.decision_context import DecisionMeans
from gateway.oauth.jwts import BadJwt, verified
from gateway.oauth.signing import ALGORITHMS
from partners import Client

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds that a logout token is valid (Back-Channel Logout §2.4)."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The person whom an ID token of ours names, and the client that it was made for."""

    client_id: str
    subject: str


def read_hint(hint: str, keys: Sequence[SigningKey], issuer: str) -> Hint:
    """Read an ``id_token_hint``; the ID token may have expired long ago (OIDC Core §3.1.2.1, RP-Initiated Logout §2).

    Raises:
        Refusal: ``invalid_request`` for one that we did not make.
    """
    try:
        known = KeySet.import_key_set({"keys": [json.loads(key.public_jwk) for key in keys]})
        claims = verified(hint, known, ALGORITHMS)
    except BadJwt as error:
        raise _refused(f"id_token_hint: {error}") from None
    audience, subject = claims.get("aud"), claims.get("sub")
    # Logout tokens and signed answers have the same issuer and audience; only ID tokens have ``auth_time``.
    is_ours = claims.get("iss") == issuer and "auth_time" in claims
    if not is_ours or not isinstance(audience, str) or not isinstance(subject, str):
        raise _refused("id_token_hint that is no ID token")
    return Hint(audience, subject)


def logout_token(terms: DecisionMeans, client: Client, subject: str, sid: str | None = None) -> str:
    """Make the token that tells a client of a log-out; signed as its ID tokens are (Back-Channel Logout §2.4, §2.6)."""
    alg = client.id_token_alg
    key = terms.signing_key(alg)
    claims = {
        "iss": terms.settings.issuer,
        "aud": client.client_id,
        "sub": subject,
        "iat": terms.now,
        "exp": terms.now + LIFETIME,
        "jti": terms.ids(Kind.DELIVERY),
        "events": {EVENT: {}},
        **({"sid": sid} if sid else {}),
    }
    return jwt.encode({"alg": alg, "kid": str(key.kid), "typ": "logout+jwt"}, claims, key)


def _refused(detail: str) -> Refusal:
    return Refusal("invalid_request", detail=detail, hint="The id_token_hint is not an ID token of ours.")
