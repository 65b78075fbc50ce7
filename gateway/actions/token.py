"""The token endpoint: a code, a refresh token or the client alone against new tokens (RFC 6749 §4.1.3, §6, §4.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.actions.clients import BackRequest, authenticate_client, recognise
from gateway.actions.device import fetch_code
from gateway.actions.proofs import prove
from gateway.actions.services import Services
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.registry import RegisteredClient
from gateway.oauth.authorization_details import read_details
from gateway.oauth.certificates import confirmation
from gateway.oauth.checks import check_target
from gateway.oauth.desk import Desk, Plan, sit_at
from gateway.oauth.device import GRANT_TYPE, exchange_of
from gateway.oauth.metadata import PATHS
from gateway.store.client_tokens import keep_client_tokens
from gateway.store.codes import Redemption, load_codes, redeem_codes
from gateway.store.registry import look_at_registry
from gateway.store.tokens import Rotation, load_refresh_tokens, rotate_refresh_tokens
from gateway.store.tokens_ahead import keep_client_tokens as keep_ahead
from gateway.store.tokens_ahead import redeem_codes as redeem_ahead
from gateway.store.tokens_ahead import rotate_refresh_tokens as rotate_ahead
from partners import Profile


async def issue_token(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Answer a token request.

    Returns:
        The body of RFC 6749 §5.1, with an ID token where the scope holds ``openid``.
    """
    if request.parameters.get("grant_type") == "refresh_token":
        return await _refresh(services, request)
    if request.parameters.get("grant_type") == "client_credentials":
        return await _own_token(services, request)
    if request.parameters.get("grant_type") == GRANT_TYPE:
        return await _fetch(services, request)
    return await _exchange(services, request)


async def _own_token(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Issue a partner's own token (RFC 6749 §4.4)."""
    if services.store.locks_rows:
        ahead = await _own_token_ahead(services, request)
        if ahead is not None:
            return ahead
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request)
    check_target(request.parameters, services.settings.issuer)
    desk = Desk(services.terms(), client, await _proved(services, request, client))
    body, refusal = _decide(services, desk, request)
    if desk.plan.client_token is not None:
        await services.store.lane(keep_client_tokens, at_once=True).submit(desk.plan.client_token)
    return _answer(body, refusal)


async def _own_token_ahead(services: Services, request: BackRequest) -> Mapping[str, Any] | None:
    """Decide by the snapshot at hand, and keep the token where the registry is still that one.

    Returns:
        None for whatever is not the common case in order; that is looked at anew.
    """
    version = services.registry.version
    try:
        client = recognise(services, request)
        check_target(request.parameters, services.settings.issuer)
        desk = Desk(services.terms(), client, await _proved(services, request, client))
    except Refusal:
        return None
    body, _ = _decide(services, desk, request)
    token = desk.plan.client_token
    if token is None or not await services.store.telling_lane(keep_ahead).submit((token, version)):
        return None
    return body


async def _fetch(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Exchange a device code (RFC 8628 §3.4): what the person decided, or that there is nothing yet."""
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request)
    device_code = request.parameters.get("device_code")
    if device_code is None:
        raise Refusal(
            "invalid_request", detail="no device_code", hint="The parameter device_code is missing."
        )
    # The key is proved first: a proof that has to come again with a nonce must not cost the code.
    bound = await _proved(services, request, client)
    code = await fetch_code(services, client.client.client_id, device_code)
    asked = replace(request, parameters=exchange_of(services.settings.issuer, device_code, code))
    held = await services.store.telling_lane(load_codes, reads=True).submit(digest(code))
    return await _redeem(services, Desk(services.terms(), client, bound, code=held), asked)


async def _exchange(services: Services, request: BackRequest) -> Mapping[str, Any]:
    code = request.parameters.get("code", "")
    held = await services.store.telling_lane(load_codes, reads=True).submit(digest(code))
    client = await authenticate_client(services, request)
    details = _narrowed(services, request, client)
    bound = await _proved(services, request, client)
    return await _redeem(services, Desk(services.terms(), client, bound, details, code=held), request)


async def _redeem(services: Services, desk: Desk, request: BackRequest) -> Mapping[str, Any]:
    body, refusal = _decide(services, desk, request)
    held, plan = desk.code, desk.plan
    if held is not None and (plan.access_token is not None or plan.is_misused):
        redemption = Redemption(
            code_digest=held.token.code_digest,
            grant_id=held.grant.grant_id,
            family_id=held.token.family_id,
            redemption_id=services.ids(Kind.REDEMPTION),
            access_token=plan.access_token,
            refresh_token=plan.refresh_token,
            at=desk.terms.now,
        )
        won = await _use_up(services, redemption)
        if not won and refusal is None:
            refusal = Refusal(
                "invalid_grant", detail="the code was redeemed by somebody else in the meantime"
            )
    return _answer(body, refusal)


async def _use_up(services: Services, redemption: Redemption) -> bool:
    is_ahead = services.store.locks_rows and redemption.access_token is not None
    if is_ahead and await services.store.telling_lane(redeem_ahead).submit(redemption):
        return True
    return await services.store.lane(redeem_codes).submit(redemption)


async def _refresh(services: Services, request: BackRequest) -> Mapping[str, Any]:
    used_digest = digest(request.parameters.get("refresh_token", ""))
    held = await services.store.telling_lane(load_refresh_tokens, reads=True).submit(used_digest)
    client = await authenticate_client(services, request)
    details = _narrowed(services, request, client)
    desk = Desk(
        services.terms(), client, await _proved(services, request, client), details, refresh_token=held
    )
    body, refusal = _decide(services, desk, request)
    plan = desk.plan
    if held is not None and (plan.access_token is not None or plan.is_misused):
        rotation = Rotation(
            used_digest=used_digest,
            family_id=held.token.family_id,
            successor=plan.refresh_token,
            access_token=plan.access_token,
            at=desk.terms.now,
        )
        alive = await _rotate(services, rotation)
        if not alive and refusal is None:
            refusal = Refusal("invalid_grant", detail="the refresh token died in the meantime")
    return _answer(body, refusal)


async def _rotate(services: Services, rotation: Rotation) -> bool:
    if services.store.locks_rows and rotation.access_token is not None:
        return await services.store.telling_lane(rotate_ahead).submit(rotation)
    return await services.store.lane(rotate_refresh_tokens).submit(rotation)


def _narrowed(services: Services, request: BackRequest, client: RegisteredClient) -> frozenset[str] | None:
    """Read what narrows the token: a resource, which can only be this server, and items by name (RFC 9396 §6)."""
    issuer = services.settings.issuer
    check_target(request.parameters, issuer)
    text = request.parameters.get("authorization_details")
    if text is None:
        return None
    return read_details(text, services.registry.offers[client.client.offer_id].offer, issuer).keys


async def _proved(services: Services, request: BackRequest, client: RegisteredClient) -> str | None:
    """Give what the tokens will be bound to, certificate or key; `fapi2` issues no others (FAPI 2.0 §5.3.2.1)."""
    if client.client.tls_client_certificate_bound_access_tokens:
        if request.certificate is None:
            raise Refusal(
                "invalid_request",
                detail="no certificate",
                hint="This client must show the certificate that its tokens are bound to.",
            )
        return confirmation(request.certificate)
    jkt = await prove(services, request, PATHS["token_endpoint"])
    if jkt is None and client.client.profile is Profile.FAPI2:
        raise Refusal("invalid_dpop_proof", detail="no proof", hint="This client must send a DPoP proof.")
    return jkt


def _decide(services: Services, desk: Desk, request: BackRequest) -> tuple[Mapping[str, Any], Refusal | None]:
    """Decide at the desk; a refusal is kept until its plan is committed, for it may have to leave a trace."""
    with sit_at(desk):
        try:
            return services.protocol.decide_token(request.parameters), None
        except Refusal as refusal:
            desk.plan = Plan(is_misused=desk.plan.is_misused)
            return {}, refusal


def _answer(body: Mapping[str, Any], refusal: Refusal | None) -> Mapping[str, Any]:
    if refusal is not None:
        raise refusal
    return body
