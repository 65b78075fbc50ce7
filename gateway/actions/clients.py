"""Identifying the client that asks: every back-channel endpoint begins with this."""

from dataclasses import dataclass

from gateway.actions.client_keys import with_keys
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.kit.telemetry.metrics import seen
from gateway.model.registry import RegisteredClient
from gateway.oauth.metadata import PATHS
from gateway.oauth.parameters import Parameters
from gateway.oauth.proofs.client_authentication import authenticate, read_credentials
from gateway.store.oauth.requests import Assertion, use_assertions


@dataclass(frozen=True, slots=True)
class BackRequest:
    """A partner's request to an endpoint, after hygiene.

    Attributes:
        authorization: the header's bytes, as they came.
        proofs: every DPoP header's bytes (RFC 9449).
        accept: media types that the client takes, as it sent them.
        certificate: that the client showed in TLS, DER (RFC 8705).
    """

    parameters: Parameters
    authorization: bytes | None
    proofs: tuple[bytes, ...] = ()
    certificate: bytes | None = None
    accept: str = ""


async def authenticate_client(
    services: Services, request: BackRequest, *, may_be_paused: bool = False
) -> RegisteredClient:
    """Authenticate a client; a signed assertion works once (RFC 7523 §3).

    Call it after the endpoint's load: that transaction has made the registry's snapshot true.

    Args:
        may_be_paused: whether a paused partner's client is let in too: where it asks about what it has, or gives it
            back. Elsewhere it is as good as unknown.

    Raises:
        Refusal: ``invalid_client``.
    """
    now = services.clock()
    issuer = services.settings.issuer
    credentials = read_credentials(request.parameters, request.authorization, request.certificate)
    known = _find(services, credentials.client_id, may_be_paused=may_be_paused)
    if known is not None:
        seen().partner_id = known.client.partner_id
    if known is not None and not known.client.auth_method.is_by_secret:
        known = await with_keys(services, known, jwt=credentials.secret, certificate=credentials.certificate)
    found = authenticate(
        credentials,
        lambda _: known,
        issuer=issuer,
        endpoints=tuple(issuer + path for path in PATHS.values()),
        now=now,
        authorities=services.authorities,
    )
    if found.jti is not None:
        use = Assertion(found.client.client.client_id, digest(found.jti), found.expires_at, now)
        if not await services.store.lane(use_assertions).submit(use):
            raise Refusal("invalid_client", detail=f"assertion replayed by {use.client_id}")
    return found.client


def _find(services: Services, client_id: str, *, may_be_paused: bool) -> RegisteredClient | None:
    registry = services.registry
    return registry.find_standing_client(client_id) if may_be_paused else registry.find_client(client_id)


def recognise(services: Services, request: BackRequest) -> RegisteredClient:
    """Authenticate a client, a paused partner's too, by its secret and the registry's snapshot as it is.

    Whoever relies on it writes only where the snapshot is still the true one.

    Raises:
        Refusal: for whoever does not show the right secret, and whoever proves more than that.
    """
    credentials = read_credentials(request.parameters, request.authorization)
    known = services.registry.find_standing_client(credentials.client_id)
    if known is None or not known.client.auth_method.is_by_secret or request.proofs:
        raise Refusal("invalid_client", detail="not by a secret alone")
    seen().partner_id = known.client.partner_id
    issuer, now = services.settings.issuer, services.clock()
    return authenticate(credentials, lambda _: known, issuer=issuer, endpoints=(), now=now).client
