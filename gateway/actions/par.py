"""Pushed authorization requests (RFC 9126)."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.actions.client_keys import with_keys
from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.proofs import prove
from gateway.actions.services import Services
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.sealing import seal, unseal
from gateway.model.registry import RegisteredClient
from gateway.oauth.checks import BEFORE_REDIRECT, CHECKS, Asked
from gateway.oauth.metadata import PATHS
from gateway.oauth.parameters import Parameters
from gateway.oauth.request_objects import read_request_object
from gateway.store.registry import look_at_registry
from gateway.store.requests import PushedRequest, load_requests, push_requests

URN = "urn:ietf:params:oauth:request_uri:"
_CREDENTIALS = ("client_secret", "client_assertion", "client_assertion_type")
_PLACE = "pushed_request"
_ENDPOINT = "pushed_authorization_request_endpoint"


async def push_request(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Take an authorization request from its client directly.

    Returns:
        ``request_uri`` and ``expires_in`` (RFC 9126 §2.2).
    """
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request)
    pushed = await _opened(services, _pushed(request.parameters, client), client)
    parameters = _bound(pushed, await prove(services, request, PATHS[_ENDPOINT]))
    asked = Asked(parameters, services.registry, is_pushed=True, issuer=services.settings.issuer)
    for check in (*BEFORE_REDIRECT, *CHECKS):
        check(asked)
    secret = services.ids(Kind.REQUEST_URI)
    now, ttl = services.clock(), services.settings.request_ttl
    content = json.dumps(dict(parameters)).encode()
    await services.store.lane(push_requests).submit(
        PushedRequest(
            request_digest=digest(secret),
            client_id=client.client.client_id,
            sealed=seal(services.seal.ring.transient, content, _PLACE),
            created_at=now,
            expires_at=now + ttl,
        )
    )
    return {"request_uri": URN + secret, "expires_in": ttl}


def _pushed(parameters: Parameters, client: RegisteredClient) -> Parameters:
    """Leave the credentials out; what is pushed may not itself refer to a pushed request (RFC 9126 §2.1)."""
    if "request_uri" in parameters:
        raise Refusal(
            "invalid_request", detail="request_uri pushed", hint="A request_uri must not be pushed."
        )
    kept = {name: value for name, value in parameters.items() if name not in _CREDENTIALS}
    return {**kept, "client_id": client.client.client_id}


async def _opened(services: Services, parameters: Parameters, client: RegisteredClient) -> Parameters:
    """Take the parameters out of the request object, if there is one (RFC 9126 §3); some clients have to sign."""
    if "request" in parameters:
        client = await with_keys(services, client, jwt=parameters["request"])
        return read_request_object(parameters, client, issuer=services.settings.issuer, now=services.clock())
    if client.client.message_signing:
        raise Refusal(
            "invalid_request", detail="unsigned request", hint="This client must sign its request (RFC 9101)."
        )
    return parameters


def _bound(parameters: Parameters, jkt: str | None) -> Parameters:
    """Bind the code to the proof's key, which may not differ from ``dpop_jkt`` (RFC 9449 §10.1)."""
    if jkt is None:
        return parameters
    if parameters.get("dpop_jkt", jkt) != jkt:
        raise Refusal(
            "invalid_request", detail="dpop_jkt", hint="The proof's key is not the one of dpop_jkt."
        )
    return {**parameters, "dpop_jkt": jkt}


async def find_request(services: Services, parameters: Parameters) -> tuple[Parameters, bytes | None]:
    """Resolve ``request_uri``, if there is one: only ours, only for its own client, only while it lives.

    Returns:
        The parameters to go by, and the digest of the pushed request that they come from.
    """
    request_uri = parameters.get("request_uri")
    if request_uri is None:
        await services.store.lane(look_at_registry, reads=True).submit(None)
        client = services.registry.find_client(parameters.get("client_id", ""))
        # An unknown client is refused by the checks that follow.
        return (await _opened(services, parameters, client) if client else parameters), None
    if "request" in parameters:
        raise Refusal(
            "invalid_request", detail="both", hint="Send request or request_uri, not both (RFC 9101 §5)."
        )
    request_digest = digest(request_uri.removeprefix(URN))
    found = await services.store.lane(load_requests, reads=True).submit(request_digest)
    if found is None or not request_uri.startswith(URN):
        raise Refusal("invalid_request_uri", detail="unknown request_uri")
    if found.client_id != parameters.get("client_id"):
        raise Refusal("invalid_request_uri", detail="request_uri of another client")
    if found.used_at is not None or services.clock() >= found.expires_at:
        raise Refusal("invalid_request_uri", detail="request_uri used or expired")
    content: dict[str, str] = json.loads(unseal(services.seal.ring.transient, found.sealed, _PLACE))
    return content, request_digest
