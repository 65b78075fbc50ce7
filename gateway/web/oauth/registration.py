"""Dynamic registration over HTTP: JSON in, JSON out, a bearer token of its own (RFC 7591 §3, RFC 7592 §2)."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.oauth.registration import (
    change_registration,
    delete_registration,
    read_registration,
    register_client,
)
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.oauth.metadata import PATHS
from gateway.web.server.answers import NO_STORE, NO_TOKEN, json_answer, resource_refusal
from gateway.web.server.bodies import media_type, read_body

RegistrationHandler = Callable[[Services, Request, str], Awaitable[Response]]
_PATH = PATHS["registration_endpoint"]


def _endpoint(story: RegistrationHandler) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        services: Services = request.app.state.services
        try:
            return await story(services, request, _bearer(request))
        except Refusal as refusal:
            return resource_refusal(refusal, documentation=services.settings.documentation)

    return handle


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal("invalid_token", detail=NO_TOKEN)
    return token.strip()


async def _json(request: Request) -> bytes:
    if media_type(request) != "application/json":
        raise Refusal("unsupported_media_type", detail="not JSON", hint="Send application/json.")
    return await read_body(request)


async def _register(services: Services, request: Request, token: str) -> Response:
    return json_answer(await register_client(services, token, await _json(request)), 201)


async def _read(services: Services, request: Request, token: str) -> Response:
    return json_answer(await read_registration(services, token, request.path_params["client_id"]))


async def _change(services: Services, request: Request, token: str) -> Response:
    client_id: str = request.path_params["client_id"]
    return json_answer(await change_registration(services, token, client_id, await _json(request)))


async def _delete(services: Services, request: Request, token: str) -> Response:
    await delete_registration(services, token, request.path_params["client_id"])
    return Response(status_code=204, headers=NO_STORE)


ROUTES = (
    Route(_PATH, _endpoint(_register), methods=["POST"]),
    Route(_PATH + "/{client_id}", _endpoint(_read), methods=["GET"]),
    Route(_PATH + "/{client_id}", _endpoint(_change), methods=["PUT"]),
    Route(_PATH + "/{client_id}", _endpoint(_delete), methods=["DELETE"]),
)
