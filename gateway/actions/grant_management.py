"""Grant Management for OAuth 2.0: a partner looks at a grant that it was given, or gives it back."""

from collections.abc import Mapping
from typing import Any

from gateway.actions.connected import commit_change
from gateway.actions.proofs import replayed, use_of
from gateway.actions.release import Reading, check_alive, prove_holder
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.model.grants import ActorKind, Grant, ReasonCode
from gateway.model.tokens import AccessToken, Held
from gateway.oauth.authorization_details import granted_details
from gateway.oauth.metadata import PATHS
from gateway.oauth.wanted import granted_scope
from gateway.store.proofs import use_proofs
from gateway.store.tokens import load_access_tokens
from scopes import FIELDS


async def query_grant(services: Services, reading: Reading, grant_id: str) -> Mapping[str, Any]:
    """Describe a grant as it stands now (Grant Management §6.3): names, never values.

    Raises:
        Refusal: ``not_found`` for an unknown grant and a foreign one alike, ``insufficient_scope``, or what is
            wrong with the token.
    """
    grant = (await _held(services, reading, grant_id, "grant_management_query")).grant
    items = [each.item for each in grant.items]
    return {
        "scopes": [{"scope": granted_scope("", (item.field for item in items))}],
        "claims": sorted(FIELDS[item.field].claim_of(item.form) for item in items),
        "authorization_details": granted_details(grant.items, grant, services.settings.issuer),
    }


async def give_back_grant(services: Services, reading: Reading, grant_id: str) -> Grant:
    """End a grant for its partner (Grant Management §6.4): every token that stands on it dies with it."""
    held = await _held(services, reading, grant_id, "grant_management_revoke")
    actor = Actor(ActorKind.PARTNER, held.token.client_id, "grant_management")
    reason = ReasonCode.PARTNER_ENDED
    outcome = end(held.grant, actor, reason, now=services.clock(), ids=services.ids)
    return await commit_change(services, outcome, reason)


async def _held(services: Services, reading: Reading, grant_id: str, scope: str) -> Held[AccessToken]:
    """Load the token, and with it the one grant that it can speak for: its own."""
    proof = prove_holder(services, reading, f"{PATHS['grant_management_endpoint']}/{grant_id}")
    held = await services.store.lane(load_access_tokens, reads=True).submit(digest(reading.access_token))
    if held is None:
        raise Refusal("invalid_token", detail="unknown access token")
    check_alive(held, proof.jkt if proof else None, reading.certificate, services.clock())
    if proof and not await services.store.lane(use_proofs).submit(use_of(services, proof)):
        raise replayed()
    if scope not in held.token.scope.split():
        raise Refusal("insufficient_scope", detail=f"no {scope}", hint=f"The scope lacks {scope}.")
    if held.grant.grant_id != grant_id:
        raise Refusal("not_found", detail="unknown grant, or a foreign one")
    return held
