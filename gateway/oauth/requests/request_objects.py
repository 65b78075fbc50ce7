"""Signed request objects (RFC 9101, FAPI 2.0 Message Signing §5.3): only the parameters inside count."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.kit.errors import Refusal
from gateway.model.registry import RegisteredClient
from gateway.oauth.jwts import AHEAD, BadJwt, is_of_type, is_time, jti_faults, unverified, verified_by
from gateway.oauth.parameters import REPEATABLE, Decoded, Parameters

LONGEST = 3600
"""Most seconds from ``nbf`` to ``exp``, and from ``nbf`` to now (FAPI 2.0 Message Signing §5.3.1)."""

TYPES = ("jwt", "oauth-authz-req+jwt")
"""Accepted types; the second is that of RFC 9101 §10.8, older clients send the first or none."""
_ABOUT_ITSELF = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti", "sub"})


class MalformedInside(Refusal):
    """A signed request with a parameter of the wrong shape.

    Attributes:
        sound: the parameters that are in order, which may say where the answer goes (RFC 6749 §4.1.2.1).
    """

    def __init__(self, fault: Refusal, sound: Parameters) -> None:
        """Refuse for what was found."""
        super().__init__(fault.code, detail=fault.detail, hint=fault.hint)
        self.sound = sound


@dataclass(frozen=True, slots=True)
class RequestObject:
    """A request object that passed every check but the one for replay.

    Attributes:
        jti: to be used up; None where the client gave none.
        expires_at: from then on its ``exp`` alone refuses it.
    """

    parameters: Parameters
    jti: str | None
    expires_at: int


def read_request_object(
    parameters: Parameters, client: RegisteredClient, *, issuer: str, now: int
) -> RequestObject:
    """Take the parameters of an authorization request out of its request object.

    Parameters beside the object are ignored, but for ``client_id``, which has to be the same (RFC 9101 §6.3).

    Raises:
        Refusal: ``invalid_request_object``.
        MalformedInside: an inner parameter has the wrong shape.
    """
    client_id = client.client.client_id
    if not client.keys:
        raise _refused("the client has no keys", "This client has registered no keys to sign with.")
    try:
        header, _ = unverified(parameters["request"])
        claims = verified_by(parameters["request"], client.keys)
    except BadJwt as error:
        raise _refused(f"{error}", "The request object is unreadable or not signed as registered.") from None
    if "typ" in header and not is_of_type(header, *TYPES):
        raise _refused("typ", "The request object's typ must be oauth-authz-req+jwt.")
    for fault in _faults(claims, client_id, issuer, now):
        raise _refused(fault, f"The request object is not in order: {fault}.")
    inner = {name: value for name, value in claims.items() if name not in _ABOUT_ITSELF}
    texts = {name: _text(name, value) for name, value in inner.items() if value is not None}
    decoded = Decoded(texts, frozenset())
    try:
        found = decoded.checked()
    except Refusal as fault:
        raise MalformedInside(fault, decoded.sound()) from None
    return RequestObject(found, claims.get("jti"), claims["exp"])


def _faults(claims: Mapping[str, Any], client_id: str, issuer: str, now: int) -> Iterator[str]:
    if claims.get("iss") != client_id or claims.get("client_id") != client_id:
        yield "iss and client_id must be the client_id"
    if claims.get("sub") == client_id:
        # Such an object could be taken for a client assertion (RFC 9101 §10.8).
        yield "sub must not be the client_id"
    audience = claims.get("aud")
    if audience != issuer and not (isinstance(audience, list) and issuer in audience):
        yield "aud must hold the issuer"
    begins, ends = claims.get("nbf"), claims.get("exp")
    if not is_time(begins) or not now - LONGEST <= begins <= now + AHEAD:
        yield "nbf is missing, too old or in the future"
    elif not is_time(ends) or not now < ends <= begins + LONGEST:
        yield "exp is missing, past, or more than an hour after nbf"
    if "request" in claims or "request_uri" in claims:
        yield "it must not hold another request"
    if "jti" in claims:
        yield from jti_faults(claims)


def _text(name: str, value: Any) -> str:
    """Spell a member as the parameter that it stands for (RFC 9101 §4)."""
    if isinstance(value, str):
        return value
    if is_time(value):
        return str(value)
    if isinstance(value, dict | list) and name in ("claims", "authorization_details"):
        return json.dumps(value)
    if isinstance(value, list) and name in REPEATABLE and all(isinstance(each, str) for each in value):
        return " ".join(value)
    raise _refused(f"a member of type {type(value).__name__}", "Members of a request object must be strings.")


def _refused(detail: str, hint: str) -> Refusal:
    return Refusal("invalid_request_object", detail=f"request object: {detail}", hint=hint)
