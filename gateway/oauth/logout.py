"""Logging out (OIDC RP-Initiated Logout 1.0, Back-Channel Logout 1.0): the hint that comes, the token that goes."""

import json
from collections.abc import Sequence

from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.registry import SigningKey
from gateway.oauth.desk import Terms
from gateway.oauth.jwts import BadJwt, verified
from gateway.oauth.signing import ALGORITHMS
from partners import Client

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds that a logout token is valid (Back-Channel Logout §2.4)."""


def client_of_hint(hint: str, keys: Sequence[SigningKey], issuer: str) -> str:
    """Name the client that an ID token of ours was made for; it may have expired long ago (RP-Initiated §2).

    Raises:
        Refusal: ``invalid_request`` for one that we did not make.
    """
    try:
        known = KeySet.import_key_set({"keys": [json.loads(key.public_jwk) for key in keys]})
        claims = verified(hint, known, ALGORITHMS)
    except BadJwt as error:
        raise _refused(f"id_token_hint: {error}") from None
    audience = claims.get("aud")
    # Logout tokens and signed answers have the same issuer and audience; when somebody signed in, none of them says.
    is_id_token = "sub" in claims and "auth_time" in claims
    if claims.get("iss") != issuer or not isinstance(audience, str) or not is_id_token:
        raise _refused("id_token_hint that is no ID token")
    return audience


def logout_token(terms: Terms, client: Client, subject: str, sid: str | None = None) -> str:
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
