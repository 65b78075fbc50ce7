"""Pushed authorization requests (RFC 9126)."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.actions.client_keys import with_keys
from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.oauth.proofs import prove
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest, keyed_digest
from gateway.kit.secrets.sealing import seal, unseal
from gateway.model.people import Session
from gateway.model.registry import RegisteredClient
from gateway.oauth.metadata import PATHS
from gateway.oauth.parameters import Parameters
from gateway.oauth.requests.checks import BEFORE_REDIRECT, CHECKS, ExaminedRequest
from gateway.oauth.requests.request_objects import RequestObject, read_request_object
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.requests import (
    Assertion,
    PushedRequest,
    admit_requests,
    load_requests,
    push_requests,
    use_assertions,
)

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
    opened = await _opened(services, _pushed(request.parameters, client), client)
    parameters = _bound(opened.parameters, await prove(services, request, PATHS[_ENDPOINT]))
    asked = ExaminedRequest(parameters, services.registry, is_pushed=True, issuer=services.settings.issuer)
    for check in (*BEFORE_REDIRECT, *CHECKS):
        check(asked)
    # The jti is used up last, so that a request that fails can be sent again, mended or with a nonce.
    use = _use_of(services, client, opened)
    if use and not await services.store.lane(use_assertions).submit(use):
        raise _replayed()
    secret, ttl = services.ids(Kind.REQUEST_URI), services.settings.request_ttl
    kept = kept_request(services, client.client.client_id, digest(secret), parameters, services.clock() + ttl)
    await services.store.lane(push_requests).submit(kept)
    return {"request_uri": URN + secret, "expires_in": ttl}


def kept_request(
    services: Services, client_id: str, name: bytes, parameters: Parameters, expires_at: int
) -> PushedRequest:
    """Seal a request for the table that keeps it."""
    content = json.dumps(dict(parameters)).encode()
    return PushedRequest(
        request_digest=name,
        client_id=client_id,
        sealed=seal(services.seal.ring.transient, content, _PLACE),
        created_at=services.clock(),
        expires_at=expires_at,
    )


def _use_of(services: Services, client: RegisteredClient, opened: RequestObject) -> Assertion | None:
    """Plan to use a request object up; one without a ``jti`` cannot be told from another like it."""
    if opened.jti is None:
        return None
    name = digest(f"request object {opened.jti}")
    return Assertion(client.client.client_id, name, opened.expires_at, services.clock())


def _replayed() -> Refusal:
    return Refusal(
        "invalid_request_object", detail="replayed", hint="The request object's jti was used before."
    )


def _pushed(parameters: Parameters, client: RegisteredClient) -> Parameters:
    """Leave the credentials out; what is pushed may not itself refer to a pushed request (RFC 9126 §2.1)."""
    if "request_uri" in parameters:
        raise Refusal(
            "invalid_request", detail="request_uri pushed", hint="A request_uri must not be pushed."
        )
    kept = {name: value for name, value in parameters.items() if name not in _CREDENTIALS}
    return {**kept, "client_id": client.client.client_id}


async def _opened(services: Services, parameters: Parameters, client: RegisteredClient) -> RequestObject:
    """Take the parameters out of the request object, if there is one (RFC 9126 §3); some clients have to sign."""
    if "request" in parameters:
        client = await with_keys(services, client, jwt=parameters["request"])
        return read_request_object(parameters, client, issuer=services.settings.issuer, now=services.clock())
    if client.client.message_signing:
        raise Refusal(
            "invalid_request", detail="unsigned request", hint="This client must sign its request (RFC 9101)."
        )
    return RequestObject(parameters, None, 0)


def _bound(parameters: Parameters, jkt: str | None) -> Parameters:
    """Bind the code to the proof's key, which may not differ from ``dpop_jkt`` (RFC 9449 §10.1)."""
    if jkt is None:
        return parameters
    if parameters.get("dpop_jkt", jkt) != jkt:
        raise Refusal(
            "invalid_request", detail="dpop_jkt", hint="The proof's key is not the one of dpop_jkt."
        )
    return {**parameters, "dpop_jkt": jkt}


async def find_kept_request(services: Services, name: bytes) -> Parameters:
    """Load the kept request that a ticket names; whether it may be answered is checked with the answer.

    Raises:
        Refusal: ``late_form`` for one that is no longer kept.
    """
    found = await services.store.lane(load_requests, reads=True).submit(name)
    if found is None:
        raise Refusal("late_form", detail="a request that is no longer kept")
    return _parameters_of(services, found)


def _parameters_of(services: Services, kept: PushedRequest) -> Parameters:
    content: dict[str, str] = json.loads(unseal(services.seal.ring.transient, kept.sealed, _PLACE))
    return content


async def find_request(
    services: Services, parameters: Parameters, session: Session | None
) -> tuple[Parameters, bytes | None]:
    """Resolve a ``request_uri`` if there is one; it has to be ours, of this client, and still valid.

    Args:
        session: of this visit; the registry was brought up to date when it was loaded.

    Returns:
        The parameters to go by, and the name of what their answer uses up: the pushed request that they come
        from, or the request object that the browser carries, where it has a ``jti``.
    """
    request_uri = parameters.get("request_uri")
    if request_uri is None:
        if session is None:
            await services.store.lane(look_at_registry, reads=True).submit(None)
        client = services.registry.find_client(parameters.get("client_id", ""))
        if client is None:
            # The checks that follow refuse such a request.
            return parameters, None
        return await _admitted(services, client, await _opened(services, parameters, client))
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
    return _parameters_of(services, found), request_digest


async def _admitted(
    services: Services, client: RegisteredClient, opened: RequestObject
) -> tuple[Parameters, bytes | None]:
    """Admit a request object sent by value; it may be loaded twice, but is answered once."""
    use = _use_of(services, client, opened)
    if use is None:
        return opened.parameters, None
    # The name is keyed, so that no made-up request_uri can name this request, which was not pushed.
    index = services.seal.ring.index
    name = keyed_digest(index, "request object", use.client_id, use.jti_digest.hex())
    arrival = use, kept_request(services, use.client_id, name, opened.parameters, opened.expires_at)
    found = await services.store.lane(admit_requests).submit(arrival)
    if found is None or found.used_at is not None:
        raise _replayed()
    # The parameters that arrived first count, because another object with the same jti is the same request.
    return _parameters_of(services, found), name
