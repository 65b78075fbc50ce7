"""The release gate: the one way in which personal values leave for a partner (promise P13).

token → live grant → granted items → values unsealed → hand-off row → COMMIT → bytes to the socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.actions.introspect import why_dead
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.proofs import look_at_proof, replayed, use_of
from gateway.actions.services import Services, day_of
from gateway.kit.digests import digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.ledger.entries import commitment, encode_entry
from gateway.ledger.merkle import leaf_hash
from gateway.model.handoffs import HandedItem, Handoff
from gateway.model.profile import SealedProfile
from gateway.model.tokens import AccessToken, Held
from gateway.oauth.dpop import Proof
from gateway.oauth.metadata import PATHS
from gateway.oauth.reach import reached
from gateway.store.release import Decided, ReleaseAsk, release_operation
from scopes import FIELDS, release

Answer = Mapping[str, Any] | Refusal


@dataclass(frozen=True, slots=True)
class Reading:
    """A request for values.

    Attributes:
        is_dpop: the token came under the DPoP scheme, so a proof has to be there (RFC 9449 §7.1).
        proofs: every DPoP header's bytes.
        method: of the request, which the proof names.
    """

    access_token: str
    is_dpop: bool
    proofs: tuple[bytes, ...]
    method: str


class Gate:
    """Decides releases; made once, so that every request uses the same lane."""

    def __init__(self, services: Services) -> None:
        """Take the services; the operation is bound to this gate's decision."""
        self._services = services
        self._operation = release_operation(self._decide)

    async def userinfo(self, reading: Reading) -> Mapping[str, Any]:
        """Read what the person shares (OIDC Core §5.3).

        Returns:
            ``sub`` and the claims of the granted items, each in its granted form; absent values stay absent.

        Raises:
            Refusal: ``invalid_token`` or ``insufficient_scope`` (RFC 6750 §3.1).
        """
        services = self._services
        proof = self._proof(reading, "userinfo_endpoint")
        ask = ReleaseAsk(
            digest(reading.access_token),
            "userinfo",
            services.ids(Kind.HANDOFF),
            services.clock(),
            jkt=proof.jkt if proof else None,
            proof=use_of(services, proof) if proof else None,
        )
        # The lane answers when its transaction is committed: the row is durable before a byte is sent.
        answer = await services.store.lane(self._operation).submit(ask)
        if isinstance(answer, Refusal):
            raise answer
        return answer

    def _proof(self, reading: Reading, endpoint: str) -> Proof | None:
        if not reading.is_dpop:
            return None
        proof = look_at_proof(
            self._services, reading.proofs, reading.method, PATHS[endpoint], reading.access_token
        )
        if proof is None:
            raise Refusal("invalid_dpop_proof", detail="no proof", hint="The DPoP header is missing.")
        return proof

    def _decide(
        self,
        ask: ReleaseAsk,
        held: Held[AccessToken] | None,
        profile: SealedProfile | None,
        is_replayed: bool,
    ) -> Decided[Answer]:
        if is_replayed:
            return Decided(None, replayed())
        if held is None or profile is None:
            return Decided(None, Refusal("invalid_token", detail="unknown access token"))
        if held.token.dpop_jkt != ask.jkt:
            return Decided(None, Refusal("invalid_token", detail="not the token's key, or not its scheme"))
        dead = why_dead(held, ask.at)
        if dead is not None:
            return Decided(None, Refusal("invalid_token", detail=dead))
        if profile.wrapped is None:
            return Decided(None, Refusal("invalid_token", detail="the person was erased"))
        if "openid" not in held.token.scope.split():
            return Decided(
                None, Refusal("insufficient_scope", detail="no openid", hint="The scope lacks openid.")
            )
        return self._release(ask, held, profile)

    def _release(self, ask: ReleaseAsk, held: Held[AccessToken], profile: SealedProfile) -> Decided[Answer]:
        token = held.token
        items = sorted(each.item for each in reached(token.scope, token.details, held.grant))
        opened = OpenedProfile(self._services.seal, profile)
        verified = [name for name, field in profile.fields.items() if field.verified_at is not None]
        today = day_of(ask.at)
        claims = release(items, opened.values({item.field for item in items}), today=today, verified=verified)
        handed = tuple(
            HandedItem(
                item,
                commitment(
                    opened.key, held.grant.grant_id, item, claims[FIELDS[item.field].claim_of(item.form)]
                ),
            )
            for item in items
            if FIELDS[item.field].claim_of(item.form) in claims
        )
        client = self._services.registry.clients[held.token.client_id]
        row = Handoff(
            handoff_id=ask.handoff_id,
            grant_id=held.grant.grant_id,
            event_id=held.grant.event_id,
            person_id=held.grant.person_id,
            partner_id=held.grant.partner_id,
            client_id=held.token.client_id,
            token_digest=held.token.token_digest,
            endpoint=ask.endpoint,
            items=handed,
            at=ask.at,
        )
        row = replace(row, entry_digest=leaf_hash(encode_entry(row)))
        return Decided(row, {"sub": self._services.subject(client, held.grant.person_id), **claims})
