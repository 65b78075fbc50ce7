"""Client authentication: a secret, a signed assertion, or a certificate (RFC 6749 §2.3, RFC 7523, RFC 8705 §2).

An unknown client, a paused partner, a wrong secret and a wrong method all get the same answer (trap 14).
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest, is_same
from gateway.model.registry import RegisteredClient
from gateway.oauth.jwts import AHEAD, BadJwt, is_time, jti_faults, unverified, verified_by
from gateway.oauth.parameters import Parameters
from gateway.oauth.proofs.certificates import NOBODY, Authorities, carries_name, is_registered
from partners import AuthMethod, Profile

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NO_PUBLIC_CLIENTS = "The client did not authenticate; public clients are not served here."
MAX_LIFETIME = {Profile.FAPI2: 600, Profile.BASELINE: 3600}
"""The most seconds from now at which an assertion may expire (trap 8); Authlib's client says an hour."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says about the client that asks, not yet verified.

    Attributes:
        certificate: that the connection showed, where nothing else proves anything.
    """

    method: AuthMethod
    client_id: str
    secret: str
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A client that has proved its identity.

    Attributes:
        jti: of the assertion, to be used up; None for a secret.
        expires_at: when the assertion would have expired anyway.
    """

    client: RegisteredClient
    jti: str | None = None
    expires_at: int = 0


def read_credentials(
    parameters: Parameters, authorization: bytes | None, certificate: bytes | None = None
) -> Credentials:
    """Find the one set of credentials that a request carries; a certificate counts where there is no other.

    Raises:
        Refusal: ``invalid_client`` for none, several or unreadable ones.
    """
    found = list(_credentials(parameters, authorization))
    if not found and certificate is not None and "client_id" in parameters:
        return Credentials(AuthMethod.TLS_CLIENT_AUTH, parameters["client_id"], "", certificate)
    if not found:
        raise Refusal("invalid_client", detail="no client credentials", hint=NO_PUBLIC_CLIENTS)
    if len(found) != 1:
        raise _refused(f"{len(found)} sets of client credentials")
    client_id = parameters.get("client_id")
    if client_id is not None and client_id != found[0].client_id:
        raise _refused("client_id differs from the credentials")
    return found[0]


def _credentials(parameters: Parameters, authorization: bytes | None) -> Iterator[Credentials]:
    if authorization is not None:
        yield _basic(authorization)
    if "client_secret" in parameters:
        yield Credentials(
            AuthMethod.CLIENT_SECRET_POST, parameters.get("client_id", ""), parameters["client_secret"]
        )
    if "client_assertion" in parameters:
        if parameters.get("client_assertion_type") != ASSERTION_TYPE:
            raise _refused("client_assertion_type is missing or unknown")
        assertion = parameters["client_assertion"]
        yield Credentials(AuthMethod.PRIVATE_KEY_JWT, _unverified_subject(assertion), assertion)


def _basic(authorization: bytes) -> Credentials:
    """Read ``Authorization: Basic``; Authlib would raise on what is not UTF-8 (trap 2)."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        raise _refused("an Authorization header that is not Basic")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise _refused("an unreadable Basic header") from None
    if not colon:
        raise _refused("a Basic header without a secret")
    return Credentials(AuthMethod.CLIENT_SECRET_BASIC, unquote_plus(client_id), unquote_plus(secret))


def _unverified_subject(assertion: str) -> str:
    try:
        _, claims = unverified(assertion)
    except BadJwt:
        raise _refused("a client_assertion that is not a JWT") from None
    subject = claims.get("sub")
    if not isinstance(subject, str):
        raise _refused("a client_assertion without sub")
    return subject


def authenticate(
    credentials: Credentials,
    find_client: Callable[[str], RegisteredClient | None],
    *,
    issuer: str,
    endpoints: tuple[str, ...],
    now: int,
    authorities: Authorities = NOBODY,
) -> Authenticated:
    """Verify the credentials, or refuse them.

    Args:
        find_client: finds a client of a live partner.
        issuer: our issuer identifier, the assertion's audience.
        authorities: that may have issued a client's certificate.
        endpoints: addresses that a `baseline` client may name as audience instead (OIDC Core §9).

    Raises:
        Refusal: ``invalid_client``.
    """
    client = find_client(credentials.client_id)
    if client is None or not _is_its_method(client, credentials):
        # The secret is compared here too, so that known and unknown clients take the same time.
        is_same(digest(credentials.secret), bytes(32))
        raise _refused("unknown client, or another method than the registered one")
    if credentials.certificate is not None:
        return _check_certificate(client, credentials.certificate, authorities, now)
    if credentials.method is AuthMethod.PRIVATE_KEY_JWT:
        audiences = (issuer,) if client.client.profile is Profile.FAPI2 else (issuer, *endpoints)
        return _check_assertion(client, credentials.secret, audiences, now)
    if client.secret_digest is None or not is_same(digest(credentials.secret), client.secret_digest):
        raise _refused(f"wrong secret for {client.client.client_id}")
    return Authenticated(client)


def _is_its_method(client: RegisteredClient, credentials: Credentials) -> bool:
    """Whether the client registered this method; its registration says which one a certificate means."""
    method = client.client.auth_method
    return method.is_by_certificate if credentials.certificate is not None else method is credentials.method


def _check_certificate(
    client: RegisteredClient, certificate: bytes, authorities: Authorities, now: int
) -> Authenticated:
    registered = client.client
    if registered.tls_client_auth_subject is not None:
        is_theirs = authorities.vouch_for(certificate, now) and carries_name(
            certificate, registered.tls_client_auth_subject
        )
    else:
        is_theirs = is_registered(certificate, client.keys, now)
    if not is_theirs:
        raise _refused(f"certificate of {registered.client_id}")
    return Authenticated(client)


def _check_assertion(
    client: RegisteredClient, assertion: str, audiences: tuple[str, ...], now: int
) -> Authenticated:
    if not client.keys:
        raise _refused(f"no keys of {client.client.client_id} are at hand")
    try:
        claims = verified_by(assertion, client.keys)
    except BadJwt as error:
        raise _refused(f"assertion of {client.client.client_id}: {error}") from None
    for fault in _claim_faults(claims, client, audiences, now):
        raise _refused(f"assertion of {client.client.client_id}: {fault}")
    return Authenticated(client, claims["jti"], claims["exp"])


def _claim_faults(
    claims: Mapping[str, Any], client: RegisteredClient, audiences: tuple[str, ...], now: int
) -> Iterator[str]:
    """Name what is wrong with an assertion's claims (RFC 7523 §3, FAPI 2.0 §5.3.2.1)."""
    client_id, longest = client.client.client_id, MAX_LIFETIME[client.client.profile]
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        yield "iss and sub must be the client_id"
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in audiences:
        yield "aud must be the issuer, as a string"
    expires = claims.get("exp")
    if not is_time(expires) or not now < expires <= now + longest:
        yield "exp is missing, past or too far ahead"
    for name in ("iat", "nbf"):
        begins = claims.get(name, now)
        if not is_time(begins) or begins > now + AHEAD:
            yield f"{name} is in the future"
    yield from jti_faults(claims)


def _refused(detail: str) -> Refusal:
    return Refusal("invalid_client", detail=detail)
