"""The partner's endpoints: token, PAR, revocation, introspection, userinfo, discovery, keys."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.clients import BackRequest
from gateway.actions.oauth.devices import authorize_device
from gateway.actions.oauth.grant_management import give_back_grant, query_grant
from gateway.actions.oauth.introspect import introspect_token
from gateway.actions.oauth.par import push_request
from gateway.actions.oauth.proofs import nonce
from gateway.actions.oauth.release import Reading, ReleaseGate
from gateway.actions.oauth.revoke import revoke_token
from gateway.actions.oauth.token import issue_token
from gateway.actions.partners.deletions import answer_deletion
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.oauth.answers.signed_answers import INTROSPECTION, USERINFO
from gateway.oauth.metadata import PATHS, key_set, server_metadata
from gateway.oauth.parameters import Parameters
from gateway.oauth.resource_metadata import PATH as RESOURCE_PATH
from gateway.oauth.resource_metadata import resource_metadata
from gateway.oauth.signing import algorithms_of
from gateway.store.engine.registry import look_at_registry
from gateway.web.oauth.certificates import shown
from gateway.web.server.answers import NO_STORE, NO_TOKEN, json_answer, resource_refusal, token_refusal
from gateway.web.server.bodies import FORM_TYPE, media_type, read_body, read_parameters_of

ProtocolHandler = Callable[[Services, BackRequest], Awaitable[Response]]


def back_channel(story: ProtocolHandler) -> Callable[[Request], Awaitable[Response]]:
    """Make the handler of an endpoint where clients authenticate; refusals become JSON (RFC 6749 §5.2)."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            parameters = await read_parameters_of(request)
            found = BackRequest(
                parameters,
                _authorization(request),
                _headers(request, b"dpop"),
                shown(request),
                request.headers.get("accept", ""),
            )
            return _with_nonce(services, await story(services, found))
        except Refusal as refusal:
            answer = token_refusal(
                refusal,
                documentation=services.settings.documentation,
                tried_header=bool(_headers(request, b"authorization")),
            )
            return _with_nonce(services, answer)

    return handle


def _with_nonce(services: Services, answer: Response) -> Response:
    """Add the nonce that the next proof needs, where the settings ask for one (RFC 9449 §8, §8.2)."""
    if services.settings.dpop_nonce:
        answer.headers["DPoP-Nonce"] = nonce(services)
    return answer


def _headers(request: Request, name: bytes) -> tuple[bytes, ...]:
    return tuple(value for found, value in request.scope["headers"] if found == name)


def _authorization(request: Request) -> bytes | None:
    """Give the Authorization header as bytes, because decoding it could raise (trap 2); refuse two."""
    found = _headers(request, b"authorization")
    if len(found) > 1:
        raise Refusal(
            "invalid_request", detail="two Authorization headers", hint="Authorization was sent twice."
        )
    return found[0] if found else None


async def _token(services: Services, request: BackRequest) -> Response:
    return json_answer(await issue_token(services, request))


async def _par(services: Services, request: BackRequest) -> Response:
    return json_answer(await push_request(services, request), 201)


async def _device(services: Services, request: BackRequest) -> Response:
    return json_answer(await authorize_device(services, request))


async def _revoke(services: Services, request: BackRequest) -> Response:
    await revoke_token(services, request)
    # An empty JSON object: oidc-client-ts and simple-oauth2 throw on an empty answer.
    return json_answer({})


async def _deletion(services: Services, request: BackRequest) -> Response:
    await answer_deletion(services, request)
    return json_answer({})


async def _introspect(services: Services, request: BackRequest) -> Response:
    return _plain_or_signed(await introspect_token(services, request), INTROSPECTION)


def _plain_or_signed(answer: Mapping[str, Any] | str, media_type: str) -> Response:
    """Answer with JSON, or with a JWT under its own type."""
    if isinstance(answer, str):
        return Response(answer, headers=NO_STORE, media_type=media_type)
    return json_answer(answer)


Reader = Callable[[Request, Reading], Awaitable[Response]]


def resource(read: Reader) -> Callable[[Request], Awaitable[Response]]:
    """Make the handler of a protected resource; refusals become challenges (RFC 6750 §3, RFC 9449 §7.1)."""

    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            answer = await read(request, await _reading(request))
        except Refusal as refusal:
            answer = resource_refusal(
                refusal, documentation=services.settings.documentation, is_dpop=_names_dpop(request)
            )
            if "www-authenticate" in answer.headers:
                # A client without a token learns where to get one (RFC 9728 §5.1).
                where = f', resource_metadata="{services.settings.issuer}{RESOURCE_PATH}"'
                answer.headers["WWW-Authenticate"] += where
        return _with_nonce(services, answer)

    return handle


async def _userinfo(request: Request, reading: Reading) -> Response:
    """Read what the person shares (OIDC Core §5.3); GET and POST, the token in the header or the form."""
    gate: ReleaseGate = request.app.state.gate
    return _plain_or_signed(await gate.userinfo(reading), USERINFO)


async def _release(request: Request, reading: Reading) -> Response:
    gate: ReleaseGate = request.app.state.gate
    return _plain_or_signed(await gate.release(reading), USERINFO)


async def _query_grant(request: Request, reading: Reading) -> Response:
    services: Services = request.app.state.services
    return json_answer(await query_grant(services, reading, request.path_params["grant_id"]))


async def _give_back_grant(request: Request, reading: Reading) -> Response:
    await give_back_grant(request.app.state.services, reading, request.path_params["grant_id"])
    return Response(status_code=204, headers=NO_STORE)


def _names_dpop(request: Request) -> bool:
    """Whether the request uses DPoP, or should, so that the challenge names that scheme."""
    schemes = [value.partition(b" ")[0].lower() for value in _headers(request, b"authorization")]
    return b"dpop" in schemes or bool(_headers(request, b"dpop"))


async def _reading(request: Request) -> Reading:
    """Find the one access token (RFC 6750 §2.1, §2.2); one in the query is refused (RFC 9700 §4.3.2)."""
    found: list[str] = []
    form: Parameters = {}
    is_dpop = False
    header = _authorization(request)
    if header is not None:
        is_dpop, token = _from_header(header)
        found.append(token)
    if request.method == "POST" and media_type(request) == FORM_TYPE:
        form = await read_parameters_of(request)
        found += [form["access_token"]] if "access_token" in form else []
    elif request.method == "POST" and await read_body(request):
        raise Refusal("unsupported_media_type", detail="not a form")
    if request.scope["query_string"] and "access_token" in request.query_params:
        raise Refusal(
            "invalid_request", detail="token in the query", hint="An access token must not be in the query."
        )
    if len(found) > 1:
        raise Refusal("invalid_request", detail="two tokens", hint="The access token was sent twice.")
    if not found:
        raise Refusal("invalid_token", detail=NO_TOKEN)
    details = form.get("authorization_details")
    return Reading(found[0], is_dpop, _headers(request, b"dpop"), request.method, shown(request), details)


def _from_header(header: bytes) -> tuple[bool, str]:
    """Read scheme and token; scheme names know no case (RFC 9110 §11.1)."""
    scheme, _, token = header.partition(b" ")
    if scheme.lower() not in (b"bearer", b"dpop"):
        raise Refusal("invalid_token", detail=NO_TOKEN)
    try:
        return scheme.lower() == b"dpop", token.strip().decode("ascii")
    except UnicodeDecodeError:
        raise Refusal("invalid_token", detail="a token that is not ASCII") from None


# Discovery and keys are public and the same for all, so any origin may read them. Nothing else has CORS, refusals
# neither: a page that reads them could try secrets from the networks of all its visitors, past the throttles.
_PUBLIC: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "public, max-age=300",
}


async def metadata(request: Request) -> Response:
    """Describe the server (RFC 8414 §3, OpenID Connect Discovery §4)."""
    services: Services = request.app.state.services
    await _look(services)
    return _public(server_metadata(services.settings, algorithms_of(services.registry.signing_keys)))


async def protected_resource(request: Request) -> Response:
    """Describe what tokens open (RFC 9728 §3)."""
    services: Services = request.app.state.services
    return _public(resource_metadata(services.settings))


async def jwks(request: Request) -> Response:
    """Publish the public keys."""
    services: Services = request.app.state.services
    await _look(services)
    return _public(key_set(services.registry.signing_keys))


PATIENCE = 1.0
"""Seconds that public documents wait for the database."""


async def _look(services: Services) -> None:
    """Learn of keys that other nodes have made; if the database is away, use the keys already known."""
    with suppress(Refusal, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await services.store.lane(look_at_registry, reads=True).submit(None)


def _public(body: Mapping[str, Any]) -> Response:
    answer = json_answer(body)
    del answer.headers["Pragma"]
    answer.headers.update(_PUBLIC)
    return answer


_GRANT = PATHS["grant_management_endpoint"] + "/{grant_id}"

ROUTES = (
    Route(PATHS["token_endpoint"], back_channel(_token), methods=["POST"]),
    Route(PATHS["pushed_authorization_request_endpoint"], back_channel(_par), methods=["POST"]),
    Route(PATHS["device_authorization_endpoint"], back_channel(_device), methods=["POST"]),
    Route(PATHS["revocation_endpoint"], back_channel(_revoke), methods=["POST"]),
    Route(PATHS["deletion_endpoint"], back_channel(_deletion), methods=["POST"]),
    Route(PATHS["introspection_endpoint"], back_channel(_introspect), methods=["POST"]),
    Route(PATHS["userinfo_endpoint"], resource(_userinfo), methods=["GET", "POST"]),
    Route(PATHS["release_endpoint"], resource(_release), methods=["POST"]),
    Route(_GRANT, resource(_query_grant), methods=["GET"]),
    Route(_GRANT, resource(_give_back_grant), methods=["DELETE"]),
    Route(PATHS["jwks_uri"], jwks, methods=["GET"]),
    Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
    Route("/.well-known/openid-configuration", metadata, methods=["GET"]),
    Route(RESOURCE_PATH, protected_resource, methods=["GET"]),
)
