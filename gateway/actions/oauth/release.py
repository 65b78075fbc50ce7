"""The release gate: the one way in which personal values leave for a partner (promise P13).

token → live grant → granted items → values unsealed → hand-off row → COMMIT → bytes to the socket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gateway.actions.oauth.introspect import why_dead
from gateway.actions.oauth.proofs import look_at_proof, replayed, use_of
from gateway.actions.opened_profile import OpenedProfile
from gateway.actions.services import Services, day_of
from gateway.consent.age_policy import needs_guardian
from gateway.consent.locks import Hold, why_held_back
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.ledger.entries import Commitments, encode_entry
from gateway.ledger.merkle import leaf_hash
from gateway.model.grants import GrantedItem
from gateway.model.item_keys import item_key
from gateway.model.ledger.handoffs import HandedItem, Handoff
from gateway.model.people import Acr
from gateway.model.profiles import SealedProfile
from gateway.model.tokens import AccessToken, Held
from gateway.oauth.answers.signed_answers import signed_userinfo
from gateway.oauth.metadata import PATHS
from gateway.oauth.proofs.certificates import is_confirmed
from gateway.oauth.proofs.dpop import Proof
from gateway.oauth.requests.asked_forms import in_asked_forms, narrower_forms
from gateway.oauth.requests.authorization_details import TYPE, read_details
from gateway.oauth.requests.token_items import token_items
from gateway.store.oauth.release import Decided, ReleaseAsk, release_operation
from gateway.store.postgres.optimistic_release import optimistic_operation
from scopes import FIELDS, Form, Item, Sensitivity, is_releasable, release


@dataclass(frozen=True, slots=True)
class ToSign:
    """What leaves as a signed JWT, for a client that is registered so; it is signed after the commit."""

    client_id: str
    claims: Mapping[str, Any]


ReleaseAnswer = Mapping[str, Any] | ToSign | Refusal

SIGNED = "userinfo_jwt"
"""The log's name for signed userinfo, which its holder can show to others as proof."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A request for values.

    Attributes:
        is_dpop: the token came under the DPoP scheme, so a proof has to be there (RFC 9449 §7.1).
        proofs: every DPoP header's bytes.
        method: of the request, which the proof names.
        certificate: that the client showed in TLS (RFC 8705).
        details: the items that are asked for, as they were sent (RFC 9396).
    """

    access_token: str
    is_dpop: bool
    proofs: tuple[bytes, ...]
    method: str
    certificate: bytes | None = None
    details: str | None = None


class ReleaseGate:
    """Decides releases; made once, so that every request uses the same lane."""

    def __init__(self, services: Services) -> None:
        """Take the services; the operation is bound to this gate's decision."""
        self._services = services
        used_up: ReleaseAnswer = _paused(Hold.USES)
        changed: ReleaseAnswer = Refusal(
            "temporarily_unavailable",
            detail="the grant changed while the database did not answer",
            retry_after=1,
        )
        self._operation = release_operation(self._decide, used_up, changed)
        self._optimistic = optimistic_operation(self._decide)

    async def userinfo(self, reading: Reading) -> Mapping[str, Any] | str:
        """Read what the person shares (OIDC Core §5.3).

        Returns:
            ``sub`` and the claims of the granted items, each in its granted form; absent values stay absent. A
            signed JWT of them for a client that is registered so (§5.3.2).

        Raises:
            Refusal: ``invalid_token`` or ``insufficient_scope`` (RFC 6750 §3.1); ``consent_paused`` while the consent
                is held back, for the token lives on.
        """
        return await self._read(reading, "userinfo")

    async def release(self, reading: Reading) -> Mapping[str, Any] | str:
        """Read items by name, each with its purpose and form (RFC 9396); without a name, all that the token reaches.

        Returns:
            ``sub`` and one object of the type ``combined_service`` whose items carry a ``value``. An item that is
            not granted, or that the profile has no value for, is absent.

        Raises:
            Refusal: ``invalid_authorization_details`` for what is not in the offer, or as userinfo does.
        """
        return await self._read(reading, "release")

    async def _read(self, reading: Reading, endpoint: str) -> Mapping[str, Any] | str:
        services = self._services
        proof = prove_holder(services, reading, PATHS[f"{endpoint}_endpoint"])
        ask = ReleaseAsk(
            digest(reading.access_token),
            endpoint,
            services.ids(Kind.HANDOFF),
            services.clock(),
            jkt=proof.jkt if proof else None,
            proof=use_of(services, proof) if proof else None,
            certificate=reading.certificate,
            details=reading.details,
        )
        # The lane answers when its transaction is committed: the row is durable before a byte is sent.
        optimistic = None
        # A proof is used up in the transaction that reads; see `release_operation`.
        if services.store.locks_rows and ask.proof is None:
            optimistic = await services.store.versioned_lane(self._optimistic).submit(ask)
        answer = optimistic.answer if optimistic else await services.store.lane(self._operation).submit(ask)
        if isinstance(answer, Refusal):
            raise answer
        if isinstance(answer, ToSign):
            return signed_userinfo(services.terms(), answer.client_id, answer.claims)
        return answer

    def _decide(
        self,
        ask: ReleaseAsk,
        held: Held[AccessToken] | None,
        profile: SealedProfile | None,
        is_replayed: bool,
    ) -> Decided[ReleaseAnswer]:
        if is_replayed:
            return Decided(None, replayed())
        if held is None or profile is None:
            return Decided(None, Refusal("invalid_token", detail="unknown access token"))
        try:
            check_alive(self._services, held, ask.jkt, ask.certificate, ask.at)
            hold = why_held_back(held, self._services.registry)
            return self._release(ask, held, profile) if hold is None else Decided(None, _paused(hold))
        except Refusal as refusal:
            return Decided(None, refusal)

    def _is_child(self, held: Held[AccessToken], profile: SealedProfile, at: int) -> bool:
        """Whether a guardian decides today, computed because the record may be a sweep out of date."""
        born = OpenedProfile(self._services.seal, profile).birthdate
        return needs_guardian(profile.country, held.person.role, born, day_of(at))

    def _release(
        self, ask: ReleaseAsk, held: Held[AccessToken], profile: SealedProfile
    ) -> Decided[ReleaseAnswer]:
        if profile.wrapped is None:
            raise Refusal("invalid_token", detail="the person was erased")
        if held.grant.is_guarded and not self._is_child(held, profile, ask.at):
            raise _paused(Hold.AGE)
        items = self._items(ask, held)
        self._check_login(ask, held.token, items)
        opened = OpenedProfile(self._services.seal, profile)
        values = opened.values({item.field for item in items})
        today = day_of(ask.at)
        relay = self._relay(held, items)
        if ask.endpoint == "userinfo":
            verified = [name for name, field in profile.fields.items() if field.verified_at is not None]
            claims = release(items, values, today=today, relay_address=relay, verified=verified)
            handed = [
                (item, claims[claim])
                for item in items
                if (claim := FIELDS[item.field].claim_of(item.form)) in claims
            ]
            answer: Mapping[str, Any] = claims
        else:
            # One by one, so that each value stands under its own purpose.
            handed = [
                (item, value)
                for item in items
                for value in release([item], values, today=today, relay_address=relay).values()
            ]
            answer = {"authorization_details": _typed(held, handed)}
        grant = held.grant
        commitments = Commitments(opened.key, grant.grant_id)
        committed = [(item, commitments.to(item, value)) for item, value in handed]
        client = self._services.registry.clients[held.token.client_id]
        body = {"sub": self._services.subject(client, grant.person_id), **answer}
        is_signed = ask.endpoint == "userinfo" and client.client.userinfo_signed_response_alg is not None
        # Signing in alone hands nothing over, because `sub` stands in the ID token, too.
        row = _row(ask, held, committed, SIGNED if is_signed else ask.endpoint) if items else None
        return Decided(row, ToSign(client.client.client_id, body) if is_signed else body)

    def _relay(self, held: Held[AccessToken], items: Iterable[Item]) -> str | None:
        if not any(item.form is Form.RELAY for item in items):
            return None
        return self._services.relay_address(held.grant.partner_id, held.grant.person_id)

    def _items(self, ask: ReleaseAsk, held: Held[AccessToken]) -> tuple[Item, ...]:
        """Choose the granted items that the token reaches and the request is about, in the forms of both."""
        token = held.token
        is_userinfo = ask.endpoint == "userinfo"
        if is_userinfo and "openid" not in token.scope.split():
            raise Refusal("insufficient_scope", detail="no openid", hint="The scope lacks openid.")
        if is_userinfo or ask.details is None:
            return _releasable(token.scope, token.keys, token.asked_forms, held.grant.items)
        registry, issuer = self._services.registry, self._services.settings.issuer
        offer = registry.offers[registry.clients[token.client_id].client.offer_id].offer
        details = read_details(ask.details, offer, issuer)
        forms = narrower_forms(token.asked_forms, details.forms)
        items = _releasable(token.scope, token.keys, forms, held.grant.items)
        return tuple(item for item in items if item_key(item) in details.keys)

    def _check_login(self, ask: ReleaseAsk, token: AccessToken, items: Iterable[Item]) -> None:
        """Require a recent or strong log-in for sensitive fields, where the settings say so (RFC 9470 §3)."""
        most, least = self._services.settings.sensitive_max_age, self._services.settings.sensitive_acr
        if not most and not least:
            return
        is_old = most and (token.auth_time is None or ask.at > token.auth_time + most)
        is_weak = least and (token.acr is None or not Acr(token.acr).reaches(Acr(least)))
        is_sensitive = any(FIELDS[item.field].sensitivity is Sensitivity.SENSITIVE for item in items)
        if is_sensitive and (is_old or is_weak):
            raise Refusal(
                "insufficient_user_authentication",
                detail="an old or a weak log-in",
                max_age=most or None,
                acr_values=least,
            )


@lru_cache(1024)
def _releasable(
    scope: str, keys: str, forms: str | None, granted: tuple[GrantedItem, ...]
) -> tuple[Item, ...]:
    """Choose the granted items that a token reaches and that the catalogue lets leave.

    What an older catalogue allowed and this one denies is never opened. The projection would skip it, but
    under a claim that another purpose brings, the hand-off would name the denied one too (promise P1).
    """
    items = (each.item for each in token_items(scope, keys, in_asked_forms(forms, granted)))
    return tuple(sorted(item for item in items if is_releasable(item)))


def _typed(held: Held[AccessToken], handed: Iterable[tuple[Item, object]]) -> list[dict[str, Any]]:
    items = [
        {"field": item.field, "purpose": item.purpose, "form": str(item.form), "value": value}
        for item, value in handed
    ]
    return [{"type": TYPE, "offer": held.grant.offer_id, "items": items}] if items else []


def _paused(hold: Hold) -> Refusal:
    """Refuse values while a consent is held back; only our log names the reason."""
    return Refusal("consent_paused", detail=hold)


def prove_holder(services: Services, reading: Reading, path: str) -> Proof | None:
    """Check the proof that comes with a token under the DPoP scheme; None under Bearer (RFC 9449 §7.1)."""
    if not reading.is_dpop:
        return None
    proof = look_at_proof(services, reading.proofs, reading.method, path, reading.access_token)
    if proof is None:
        raise Refusal("invalid_dpop_proof", detail="no proof", hint="The DPoP header is missing.")
    return proof


def check_alive(
    services: Services, held: Held[AccessToken], jkt: str | None, certificate: bytes | None, at: int
) -> None:
    """Hold a token against the key or certificate that was shown and everything that it stands on.

    Raises:
        Refusal: ``invalid_token``.
    """
    if not is_confirmed(held.token.bound_to, jkt, certificate):
        raise Refusal("invalid_token", detail="not the token's key, or not its scheme")
    dead = why_dead(held, at, services.registry)
    if dead is not None:
        raise Refusal("invalid_token", detail=dead)


def _row(
    ask: ReleaseAsk, held: Held[AccessToken], commitments: Iterable[tuple[Item, str]], endpoint: str
) -> Handoff:
    """Make the hand-off's row."""
    row = Handoff(
        handoff_id=ask.handoff_id,
        grant_id=held.grant.grant_id,
        event_id=held.grant.event_id,
        person_id=held.grant.person_id,
        partner_id=held.grant.partner_id,
        client_id=held.token.client_id,
        token_digest=held.token.token_digest,
        endpoint=endpoint,
        items=tuple(HandedItem(item, committed) for item, committed in commitments),
        at=ask.at,
    )
    return replace(row, entry_digest=leaf_hash(encode_entry(row)))
