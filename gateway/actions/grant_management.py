"""Grant Management for OAuth 2.0: a partner looks at a grant that it was given, or gives it back."""

from collections.abc import Mapping
from typing import Any

from gateway.actions.proofs import replayed, use_of
from gateway.actions.release import Reading, check_alive, prove_holder
from gateway.actions.services import Services
from gateway.consent.decisions import Actor, end
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.model.grants import LIVE, ActorKind, Grant, ReasonCode
from gateway.model.tokens import AccessToken, ClientToken
from gateway.oauth.authorization_details import granted_details
from gateway.oauth.certificates import is_confirmed
from gateway.oauth.metadata import PATHS
from gateway.oauth.wanted import granted_scope
from gateway.store.client_tokens import load_client_tokens
from gateway.store.consents import Verdict
from gateway.store.grants import Change, commit_changes, count_uses_left, find_grants
from gateway.store.proofs import use_proofs
from gateway.store.tokens import load_access_tokens
from scopes import FIELDS


async def query_grant(services: Services, reading: Reading, grant_id: str) -> Mapping[str, Any]:
    """Describe a grant as it stands now (Grant Management §6.3): names, never values.

    Raises:
        Refusal: ``not_found`` for an unknown grant and a foreign one alike, ``insufficient_scope``, or what is
            wrong with the token.
    """
    _, grant = await _managed(services, reading, grant_id, "grant_management_query")
    items = [each.item for each in grant.items]
    left = await services.store.read(count_uses_left, grant)
    return {
        **({} if left is None else {"uses_left": left}),
        "scopes": [{"scope": granted_scope("", (item.field for item in items))}],
        "claims": sorted(FIELDS[item.field].claim_of(item.form) for item in items),
        "authorization_details": granted_details(grant.items, grant, services.settings.issuer),
    }


async def give_back_grant(services: Services, reading: Reading, grant_id: str) -> Grant:
    """End a grant for its partner (Grant Management §6.4): every token that stands on it dies with it."""
    client_id, grant = await _managed(services, reading, grant_id, "grant_management_revoke")
    actor, reason = Actor(ActorKind.PARTNER, client_id, "grant_management"), ReasonCode.PARTNER_ENDED
    while True:
        outcome = end(grant, actor, reason, now=services.clock(), ids=services.ids)
        verdict = await services.store.run(
            commit_changes, Change(outcome.grant, outcome.event, services.clock(), reason)
        )
        if verdict is Verdict.DONE:
            return outcome.grant
        # Somebody changed it in the meantime: what it is now is given back, unless that was its end.
        found = await services.store.read(find_grants, grant_id)
        if found is None or not _is_own(services, client_id, found):
            raise Refusal("not_found", detail="ended in the meantime")
        grant = found


async def _managed(services: Services, reading: Reading, grant_id: str, scope: str) -> tuple[str, Grant]:
    """Find the client that asks, and the grant if the token can speak for it."""
    proof = prove_holder(services, reading, f"{PATHS['grant_management_endpoint']}/{grant_id}")
    jkt, token_digest = proof.jkt if proof else None, digest(reading.access_token)
    held = await services.store.telling_lane(load_access_tokens, reads=True).submit(token_digest)
    if held is not None:
        check_alive(services, held, jkt, reading.certificate, services.clock())
        token: AccessToken | ClientToken = held.token
    else:
        token = await _own_token(services, token_digest, jkt, reading.certificate)
    if proof and not await services.store.lane(use_proofs).submit(use_of(services, proof)):
        raise replayed()
    if scope not in token.scope.split():
        raise Refusal("insufficient_scope", detail=f"no {scope}", hint=f"The scope lacks {scope}.")
    grant = held.grant if held else await services.store.read(find_grants, grant_id)
    if grant is None or grant.grant_id != grant_id or not _is_own(services, token.client_id, grant):
        raise Refusal("not_found", detail="unknown grant, or a foreign one")
    return token.client_id, grant


async def _own_token(
    services: Services, token_digest: bytes, jkt: str | None, certificate: bytes | None
) -> ClientToken:
    """Load a partner's own token (RFC 6749 §4.4), which speaks for every grant of its client."""
    token = await services.store.lane(load_client_tokens, reads=True).submit(token_digest)
    if token is None or not token.is_live(services.clock()):
        raise Refusal("invalid_token", detail="unknown access token, or an old one")
    if services.registry.find_client(token.client_id) is None:
        raise Refusal("invalid_token", detail="the partner is not live")
    if not is_confirmed(token.bound_to, jkt, certificate):
        raise Refusal("invalid_token", detail="not the token's key, or not its scheme")
    return token


def _is_own(services: Services, client_id: str, grant: Grant) -> bool:
    """Whether a grant is for this client's combined service, and stands: an ended one is as good as unknown."""
    client = services.registry.clients[client_id].client
    is_for_it = (grant.partner_id, grant.offer_id) == (client.partner_id, client.offer_id)
    return is_for_it and grant.state in LIVE
