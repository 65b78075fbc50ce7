"""The introspection endpoint: is this token of mine alive, and for what (RFC 7662)."""

from collections.abc import Mapping
from typing import Any

from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.services import Services
from gateway.consent.locks import why_locked
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.model.registry import RegisteredClient, Registry
from gateway.model.tokens import AccessToken, ClientToken, Held
from gateway.oauth.authorization_details import granted_details
from gateway.oauth.certificates import cnf
from gateway.oauth.reach import kept_scope, reached
from gateway.oauth.signed_answers import INTROSPECTION, signed_introspection
from gateway.store.client_tokens import load_client_tokens
from gateway.store.tokens import load_access_tokens


async def introspect_token(services: Services, request: BackRequest) -> Mapping[str, Any] | str:
    """Describe an access token to the client that holds it; anything else is inactive (RFC 7662 §2.2, §4).

    The scope is what the token reaches now: narrowed with the grant. Refresh tokens are never active here.

    Returns:
        The description, or a signed JWT of it where the client asked for one (RFC 9701 §4).
    """
    client, described = await _looked_up(services, request)
    if INTROSPECTION not in request.accept.lower():
        return described
    return signed_introspection(services.terms(), client.client.client_id, described)


async def _looked_up(services: Services, request: BackRequest) -> tuple[RegisteredClient, Mapping[str, Any]]:
    token = request.parameters.get("token", "")
    held = await services.store.telling_lane(load_access_tokens, reads=True).submit(digest(token))
    client = await authenticate_client(services, request)
    if not token:
        raise Refusal("invalid_request", detail="no token", hint="The parameter token is missing.")
    now = services.clock()
    if held is None:
        own = await services.store.lane(load_client_tokens, reads=True).submit(digest(token))
        if own is not None and own.client_id == client.client.client_id and own.is_live(now):
            return client, _own(services, own)
    if (
        held is None
        or held.token.client_id != client.client.client_id
        or why_dead(held, now, services.registry)
    ):
        return client, {"active": False}
    return client, _described(services, client, held)


def _own(services: Services, token: ClientToken) -> Mapping[str, Any]:
    """Describe a partner's own token; its subject is the partner itself (RFC 9068 §2.2)."""
    bound = cnf(token.bound_to)
    return {
        "active": True,
        "scope": token.scope,
        "client_id": token.client_id,
        "sub": token.client_id,
        "aud": services.settings.issuer,
        "iss": services.settings.issuer,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "token_type": "DPoP" if "jkt" in bound else "Bearer",
        **({"cnf": dict(bound)} if bound else {}),
    }


def _described(services: Services, client: RegisteredClient, held: Held[AccessToken]) -> Mapping[str, Any]:
    token, grant, issuer = held.token, held.grant, services.settings.issuer
    bound = cnf(token.bound_to)
    optional: dict[str, Any] = {"auth_time": token.auth_time, "acr": token.acr, "cnf": dict(bound) or None}
    if token.details is not None:
        items = reached("", token.details, grant.items)
        optional["authorization_details"] = granted_details(items, grant, issuer)
    return {
        "active": True,
        "scope": kept_scope(token.scope, grant.items),
        "client_id": token.client_id,
        "sub": services.subject(client, grant.person_id),
        "aud": issuer,
        "iss": issuer,
        "iat": token.issued_at,
        "exp": token.expires_at,
        "token_type": "DPoP" if "jkt" in bound else "Bearer",
        "grant_id": grant.grant_id,
        **{name: value for name, value in optional.items() if value is not None},
    }


def why_dead(held: Held[AccessToken], now: int, registry: Registry) -> str | None:
    """Say why a token opens nothing any more; None while it lives."""
    reasons = (
        (held.token.revoked_at is not None, "the token is revoked"),
        (now >= held.token.expires_at, "the token is expired"),
        (not held.grant.is_live(now), f"the grant is {held.grant.state} or over"),
        (not held.partner_is_live, "the partner is not live"),
        (registry.find_client(held.token.client_id) is None, "the client has left"),
        (held.person.state != "active", "the account is not active"),
    )
    dead = next((reason for is_so, reason in reasons if is_so), None)
    return dead or why_locked(held.grant, held.person, held.approvals, registry)
