"""The revocation endpoint: a partner gives a token back (RFC 7009)."""

from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.services import Services
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.store.registry import look_at_registry
from gateway.store.tokens import Revocation, revoke_tokens


async def revoke_token(services: Services, request: BackRequest) -> None:
    """Revoke the client's own token; an unknown or foreign one is answered alike (RFC 7009 §2.2).

    Any ``token_type_hint`` is ignored (trap 5): we find tokens of both kinds.
    """
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request)
    token = request.parameters.get("token")
    if token is None:
        raise Refusal("invalid_request", detail="no token", hint="The parameter token is missing.")
    revocation = Revocation(digest(token), client.client.client_id, services.clock())
    await services.store.lane(revoke_tokens).submit(revocation)
