"""Grant Management for OAuth 2.0: a partner looks at a grant that it was given, or gives it back."""

from collections.abc import Mapping
from typing import Any

from gateway.actions.oauth.introspect import grant_state, uses_left
from gateway.actions.oauth.proofs import replayed, use_of
from gateway.actions.oauth.release import Reading, check_alive, prove_holder
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.errors import Refusal
from gateway.kit.secrets.digests import digest
from gateway.model.grants import LIVE, ActorKind, Grant, ReasonCode
from gateway.model.tokens import AccessToken, ClientToken, Ground
from gateway.oauth.metadata import PATHS
from gateway.oauth.proofs.certificates import is_confirmed
from gateway.oauth.requests.authorization_details import granted_details
from gateway.oauth.requests.requested_items import scope_of
from gateway.store.consent.grant_changes import GrantChange, commit_changes
from gateway.store.consent.grant_moves import CommitVerdict
from gateway.store.consent.grants import find_grants
from gateway.store.oauth.client_tokens import load_client_tokens
from gateway.store.oauth.grounds import find_grounds
from gateway.store.oauth.proofs import use_proofs
from gateway.store.oauth.tokens import load_access_tokens
from scopes import FIELDS


async def query_grant(services: Services, reading: Reading, grant_id: str) -> Mapping[str, Any]:
    """Describe a grant as it stands now (Grant Management §6.3): names, never values.

    Raises:
        Refusal: ``not_found`` for an unknown grant and a foreign one alike, ``insufficient_scope``, or what is
            wrong with the token.
    """
    _, ground = await _managed(services, reading, grant_id, "grant_management_query")
    grant = ground.grant
    items = [each.item for each in grant.items]
    left = await uses_left(services, grant)
    return {
        "grant_state": grant_state(ground, left, services.registry),
        **({} if left is None else {"uses_left": left}),
        "scopes": [{"scope": scope_of(item.field for item in items)}] if items else [],
        "claims": sorted(FIELDS[item.field].claim_of(item.form) for item in items),
        "authorization_details": granted_details(grant.items, grant, services.settings.issuer),
    }


async def give_back_grant(services: Services, reading: Reading, grant_id: str) -> Grant:
    """End a grant for its partner, with every token that stands on it (Grant Management §6.4)."""
    client_id, ground = await _managed(services, reading, grant_id, "grant_management_revoke")
    grant = ground.grant
    actor, reason = Actor(ActorKind.PARTNER, client_id, "grant_management"), ReasonCode.PARTNER_ENDED
    while True:
        outcome = end(grant, actor, reason, now=services.clock(), ids=services.ids)
        verdict = await services.store.run(
            commit_changes, GrantChange(outcome.grant, outcome.event, services.clock(), reason)
        )
        if verdict is CommitVerdict.DONE:
            return outcome.grant
        # The grant changed in the meantime, so it is ended as it is now, unless it has ended already.
        found = await services.store.read(find_grants, grant_id)
        if found is None or not _is_own(services, client_id, found):
            raise Refusal("not_found", detail="ended in the meantime")
        grant = found


async def _managed(services: Services, reading: Reading, grant_id: str, scope: str) -> tuple[str, Ground]:
    """Find the client that asks, and the grant with what it stands on if the token can speak for it."""
    proof = prove_holder(services, reading, f"{PATHS['grant_management_endpoint']}/{grant_id}")
    jkt, token_digest = proof.jkt if proof else None, digest(reading.access_token)
    held = await services.store.versioned_lane(load_access_tokens, reads=True).submit(token_digest)
    if held is not None:
        check_alive(services, held, jkt, reading.certificate, services.clock())
        token: AccessToken | ClientToken = held.token
    else:
        token = await _own_token(services, token_digest, jkt, reading.certificate)
    if proof and not await services.store.lane(use_proofs).submit(use_of(services, proof)):
        raise replayed()
    if scope not in token.scope.split():
        raise Refusal("insufficient_scope", detail=f"no {scope}", hint=f"The scope lacks {scope}.")
    ground: Ground | None = held or await services.store.read(find_grounds, grant_id)
    if ground is None or ground.grant.grant_id != grant_id:
        raise Refusal("not_found", detail="unknown grant, or not the token's")
    if not _is_own(services, token.client_id, ground.grant):
        raise Refusal("not_found", detail="a foreign grant, or one that is over")
    return token.client_id, ground


async def _own_token(
    services: Services, token_digest: bytes, jkt: str | None, certificate: bytes | None
) -> ClientToken:
    """Load a partner's own token (RFC 6749 §4.4), which speaks for every grant of its client."""
    token = await services.store.lane(load_client_tokens, reads=True).submit(token_digest)
    if token is None or not token.is_live(services.clock()):
        raise Refusal("invalid_token", detail="unknown access token, or an old one")
    if services.registry.find_standing_client(token.client_id) is None:
        raise Refusal("invalid_token", detail="the partner is over, or the client has left")
    if not is_confirmed(token.bound_to, jkt, certificate):
        raise Refusal("invalid_token", detail="not the token's key, or not its scheme")
    return token


def _is_own(services: Services, client_id: str, grant: Grant) -> bool:
    """Whether a grant is for this client's combined service and stands; an ended one counts as unknown."""
    client = services.registry.clients[client_id].client
    is_for_it = (grant.partner_id, grant.offer_id) == (client.partner_id, client.offer_id)
    return is_for_it and grant.state in LIVE
