"""The token endpoint: tokens for a code, a refresh token, or the client alone (RFC 6749 §4.1.3, §6, §4.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.actions.clients import BackRequest, authenticate_client, recognise
from gateway.actions.oauth.devices import fetch_code
from gateway.actions.oauth.proofs import prove
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.registry import RegisteredClient
from gateway.oauth.decision_context import DecisionContext, Plan, within_decision
from gateway.oauth.devices import GRANT_TYPE, exchange_of
from gateway.oauth.metadata import PATHS
from gateway.oauth.proofs.certificates import confirmation
from gateway.oauth.requests.asked_forms import AskedForms
from gateway.oauth.requests.authorization_details import read_details
from gateway.oauth.requests.checks import check_target
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.client_tokens import keep_client_tokens
from gateway.store.oauth.codes import Redemption, load_codes, redeem_codes
from gateway.store.oauth.tokens import Rotation, load_refresh_tokens, rotate_refresh_tokens
from gateway.store.postgres.optimistic_tokens import keep_client_tokens as try_keep
from gateway.store.postgres.optimistic_tokens import redeem_codes as try_redeem
from gateway.store.postgres.optimistic_tokens import rotate_refresh_tokens as try_rotate
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
        optimistic = await _try_own_token(services, request)
        if optimistic is not None:
            return optimistic
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request, may_be_paused=True)
    check_target(request.parameters, services.settings.issuer)
    context = DecisionContext(services.terms(), client, await _proved(services, request, client))
    body, refusal = _decide(services, context, request)
    if context.plan.client_token is not None:
        await services.store.lane(keep_client_tokens, at_once=True).submit(context.plan.client_token)
    return _answer(body, refusal)


async def _try_own_token(services: Services, request: BackRequest) -> Mapping[str, Any] | None:
    """Decide by the snapshot at hand, and keep the token where the registry is still that one.

    Returns:
        None for anything but the common case without faults; it is then decided anew.
    """
    version = services.registry.version
    try:
        client = recognise(services, request)
        check_target(request.parameters, services.settings.issuer)
        context = DecisionContext(services.terms(), client, await _proved(services, request, client))
    except Refusal:
        return None
    body, _ = _decide(services, context, request)
    token = context.plan.client_token
    if token is None or not await services.store.versioned_lane(try_keep).submit((token, version)):
        return None
    return body


async def _fetch(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Exchange a device code (RFC 8628 §3.4): what the person decided, or that there is nothing yet."""
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request, may_be_paused=True)
    device_code = request.parameters.get("device_code")
    if device_code is None:
        raise Refusal(
            "invalid_request", detail="no device_code", hint="The parameter device_code is missing."
        )
    # The key is proved first, so that a proof that has to come again with a nonce does not cost the code.
    bound = await _proved(services, request, client)
    code = await fetch_code(services, client.client.client_id, device_code)
    asked = replace(request, parameters=exchange_of(services.settings.issuer, device_code, code))
    held = await services.store.versioned_lane(load_codes, reads=True).submit(digest(code))
    return await _redeem(services, DecisionContext(services.terms(), client, bound, code=held), asked)


async def _exchange(services: Services, request: BackRequest) -> Mapping[str, Any]:
    code = request.parameters.get("code", "")
    held = await services.store.versioned_lane(load_codes, reads=True).submit(digest(code))
    client = await authenticate_client(services, request, may_be_paused=True)
    details, forms = _narrowed(services, request, client)
    bound = await _proved(services, request, client)
    return await _redeem(
        services, DecisionContext(services.terms(), client, bound, details, forms, code=held), request
    )


async def _redeem(services: Services, context: DecisionContext, request: BackRequest) -> Mapping[str, Any]:
    body, refusal = _decide(services, context, request)
    held, plan = context.code, context.plan
    if held is not None and (plan.access_token is not None or plan.is_misused):
        redemption = Redemption(
            code_digest=held.token.code_digest,
            grant_id=held.grant.grant_id,
            family_id=held.token.family_id,
            redemption_id=services.ids(Kind.REDEMPTION),
            access_token=plan.access_token,
            refresh_token=plan.refresh_token,
            at=context.terms.now,
        )
        won = await _use_up(services, redemption)
        if not won and refusal is None:
            refusal = Refusal(
                "invalid_grant", detail="the code was redeemed by somebody else in the meantime"
            )
    return _answer(body, refusal)


async def _use_up(services: Services, redemption: Redemption) -> bool:
    is_optimistic = services.store.locks_rows and redemption.access_token is not None
    if is_optimistic and await services.store.versioned_lane(try_redeem).submit(redemption):
        return True
    return await services.store.lane(redeem_codes).submit(redemption)


async def _refresh(services: Services, request: BackRequest) -> Mapping[str, Any]:
    used_digest = digest(request.parameters.get("refresh_token", ""))
    held = await services.store.versioned_lane(load_refresh_tokens, reads=True).submit(used_digest)
    client = await authenticate_client(services, request, may_be_paused=True)
    details, forms = _narrowed(services, request, client)
    bound = await _proved(services, request, client)
    context = DecisionContext(services.terms(), client, bound, details, forms, refresh_token=held)
    body, refusal = _decide(services, context, request)
    plan = context.plan
    if held is not None and (plan.access_token is not None or plan.is_misused):
        rotation = Rotation(
            used_digest=used_digest,
            family_id=held.token.family_id,
            successor=plan.refresh_token,
            access_token=plan.access_token,
            at=context.terms.now,
        )
        alive = await _rotate(services, rotation)
        if not alive and refusal is None:
            refusal = Refusal("invalid_grant", detail="the refresh token died in the meantime")
    return _answer(body, refusal)


async def _rotate(services: Services, rotation: Rotation) -> bool:
    if services.store.locks_rows and rotation.access_token is not None:
        return await services.store.versioned_lane(try_rotate).submit(rotation)
    return await services.store.lane(rotate_refresh_tokens).submit(rotation)


def _narrowed(
    services: Services, request: BackRequest, client: RegisteredClient
) -> tuple[frozenset[str] | None, AskedForms]:
    """Read what narrows the token: a resource, which can only be this server, and items by name (RFC 9396 §6).

    Returns:
        Keys of the items, None where the request names none, and the forms that it names.
    """
    issuer = services.settings.issuer
    check_target(request.parameters, issuer)
    text = request.parameters.get("authorization_details")
    if text is None:
        return None, {}
    details = read_details(text, services.registry.offers[client.client.offer_id].offer, issuer)
    return details.keys, details.forms


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


def _decide(
    services: Services, context: DecisionContext, request: BackRequest
) -> tuple[Mapping[str, Any], Refusal | None]:
    """Decide in the context; a refusal is returned, because its plan may have to be committed first."""
    with within_decision(context):
        try:
            return services.protocol.decide_token(request.parameters), None
        except Refusal as refusal:
            context.plan = Plan(is_misused=context.plan.is_misused)
            return {}, refusal


def _answer(body: Mapping[str, Any], refusal: Refusal | None) -> Mapping[str, Any]:
    if refusal is not None:
        raise refusal
    return body
