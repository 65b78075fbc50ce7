"""The introspection endpoint, where a client learns if its token is active and for what (RFC 7662)."""

from collections.abc import Mapping
from typing import Any

from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.services import Services
from gateway.consent.locks import why_held_back
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.model.grants import Grant
from gateway.model.registry import RegisteredClient, Registry
from gateway.model.tokens import AccessToken, ClientToken, Ground, Held
from gateway.oauth.answers.signed_answers import INTROSPECTION, signed_introspection
from gateway.oauth.proofs.certificates import cnf
from gateway.oauth.requests.asked_forms import in_asked_forms
from gateway.oauth.requests.authorization_details import granted_details
from gateway.oauth.requests.token_items import kept_scope, token_items
from gateway.store.consent.grants import count_uses_left
from gateway.store.oauth.client_tokens import load_client_tokens
from gateway.store.oauth.tokens import load_access_tokens


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
    held = await services.store.versioned_lane(load_access_tokens, reads=True).submit(digest(token))
    client = await authenticate_client(services, request, may_be_paused=True)
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
    left = await uses_left(services, held.grant)
    state = grant_state(held, left, services.registry)
    return client, {**_described(services, client, held), "grant_state": state}


def grant_state(ground: Ground, left: int | None, registry: Registry) -> str:
    """Tell partners the state of a consent that is not over, without the reason for a pause.

    Args:
        left: how many uses are left; None for any number.
    """
    return "paused" if left == 0 or why_held_back(ground, registry) else "active"


async def uses_left(services: Services, grant: Grant) -> int | None:
    """Count how often a grant may still be read; None for any number."""
    return None if grant.use_limit is None else await services.store.read(count_uses_left, grant)


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
    bound, granted = cnf(token.bound_to), in_asked_forms(token.asked_forms, grant.items)
    optional: dict[str, Any] = {"auth_time": token.auth_time, "acr": token.acr, "cnf": dict(bound) or None}
    if token.details is not None:
        items = token_items("", token.details, granted)
        optional["authorization_details"] = granted_details(items, grant, issuer)
    return {
        "active": True,
        "scope": kept_scope(token.scope, granted),
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
    """Say why a token is over for good; None while it lives, even where its consent is held back."""
    reasons = (
        (held.token.revoked_at is not None, "the token is revoked"),
        (now >= held.token.expires_at, "the token is expired"),
        (not held.stands(now), "the grant, its partner or the account is over"),
        (registry.find_standing_client(held.token.client_id) is None, "the client has left"),
    )
    return next((reason for is_so, reason in reasons if is_so), None)
