"""The revocation endpoint: a partner gives a token back (RFC 7009)."""

from gateway.actions.clients import BackRequest, authenticate_client, recognise
from gateway.actions.oauth.proofs import prove
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.oauth.metadata import PATHS
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.client_tokens import load_client_tokens
from gateway.store.oauth.tokens import Revocation, load_access_tokens, revoke_tokens
from gateway.store.postgres.optimistic_tokens import try_revocations


async def revoke_token(services: Services, request: BackRequest) -> None:
    """Revoke the client's own token; an unknown or foreign one is answered alike (RFC 7009 §2.2).

    Any ``token_type_hint`` is ignored (trap 5): we find tokens of both kinds. No proof is asked for, because a client
    that lost its key has to be able to revoke; one that is sent has to be in order, and of the key
    that an access token is bound to.

    Raises:
        Refusal: ``invalid_dpop_proof`` or ``use_dpop_nonce`` (RFC 9449 §5); the token lives on.
    """
    store = services.store
    if store.locks_rows and await _try_revoking(services, request):
        return
    await store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request, may_be_paused=True)
    token = request.parameters.get("token")
    if token is None:
        raise Refusal("invalid_request", detail="no token", hint="The parameter token is missing.")
    jkt = await prove(services, request, PATHS["revocation_endpoint"])
    if jkt is not None:
        await _check_key(services, token, client.client.client_id, jkt)
    revocation = Revocation(digest(token), client.client.client_id, services.clock())
    await store.lane(revoke_tokens).submit(revocation)


async def _try_revoking(services: Services, request: BackRequest) -> bool:
    """Decide by the snapshot at hand, and revoke the token where the registry is still that one.

    Returns:
        False for anything but the common case without faults; it is then decided anew.
    """
    version, token = services.registry.version, request.parameters.get("token")
    try:
        client = recognise(services, request)
    except Refusal:
        return False
    if token is None:
        return False
    revocation = Revocation(digest(token), client.client.client_id, services.clock())
    return await services.store.versioned_lane(try_revocations).submit((revocation, version))


async def _check_key(services: Services, token: str, client_id: str, jkt: str) -> None:
    """Compare a proof's key with the client's own access token; another client's token counts as unknown.

    A refresh token is bound to its client alone (RFC 9449 §5).
    """
    name, store = digest(token), services.store
    held = await store.versioned_lane(load_access_tokens, reads=True).submit(name)
    found = held.token if held else await store.lane(load_client_tokens, reads=True).submit(name)
    if found is not None and found.client_id == client_id and found.bound_to not in (None, jkt):
        raise Refusal("invalid_dpop_proof", detail="another key", hint="The proof's key is not the token's.")
