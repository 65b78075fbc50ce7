"""What the gateway tells us without a browser: somebody signed out, or wants us to delete what we hold."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .discovery import Discovery
from .errors import AnswerNotBelievedError
from .id_token import ALGORITHMS, LEEWAY_SECONDS

LOGOUT, LOGOUT_TYPE = "http://schemas.openid.net/event/backchannel-logout", "logout+jwt"
DELETION, DELETION_TYPE = "/events/deletion-requested", "secevent+jwt"


async def read_notice(
    discovery: Discovery, value: str, *, client_id: str, media_type: str, event: str
) -> dict[str, Any]:
    """Return the claims of a notice that is the gateway's and for us (Back-Channel Logout §2.6, RFC 8417 §2).

    Raises:
        AnswerNotBelievedError: it is anybody else's, for somebody else, or of another kind.
    """
    # A key that we do not know may be newer than our copy of the set: look once more, once.
    for again in (False, True):
        jwks = await discovery.jwks(again=again)
        try:
            return _checked(value, jwks, discovery.issuer, client_id, media_type, event)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            failure = type(error).__name__
    raise AnswerNotBelievedError(f"a notice: {failure}")


def _checked(
    value: str, jwks: Any, issuer: str, client_id: str, media_type: str, event: str
) -> dict[str, Any]:
    decoded = jwt.decode(value, KeySet.import_key_set(jwks), algorithms=sorted(ALGORITHMS))
    claims = decoded.claims
    rules = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
    )
    rules.validate(claims)
    # A nonce makes it an ID token, which is no notice (Back-Channel Logout §2.4).
    if decoded.header["typ"] != media_type or event not in claims["events"] or "nonce" in claims:
        raise ValueError("another kind of token")
    return dict(claims)


def subject_of(claims: Mapping[str, Any], event: str, client_id: str) -> str:
    """Whom a notice is about, by the number under which we know them."""
    return str(claims.get("sub") or claims["events"][event].get("subjects", {}).get(client_id, ""))
