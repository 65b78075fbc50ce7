"""Dynamic registration (RFC 7591, RFC 7592): a client is added to its partner's manifest, and waits for its review."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.actions.partners.client_retirement import let_go
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.model.administration.actions import REGISTRATION
from gateway.oauth.metadata import PATHS
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import Submission, load_partners
from gateway.store.partners.registration import (
    Amendment,
    RegistrationToken,
    add_registration_tokens,
    amend_manifests,
    load_registration_tokens,
)
from partners import (
    Client,
    Manifest,
    ManifestError,
    PartnerState,
    manifest_content,
    manifest_from_content,
    metadata_of,
    partner_content,
    read_metadata,
    with_client,
)

INITIAL_TTL = 7 * DAY
"""Seconds that an initial access token can be used."""

MOST_CLIENTS = 20
_ENDPOINT = "registration_endpoint"
_ADDRESSES = ("redirect_uris",)


async def new_registration_token(services: Services, actor_id: str, partner_id: str) -> str:
    """Make an initial access token for a partner (RFC 7591 §3); only its digest is kept.

    Raises:
        Refusal: ``not_found`` for an unknown partner.
    """
    if not await services.store.read(load_partners, partner_id):
        raise Refusal("not_found", detail="unknown partner")
    secret, now = services.ids(Kind.REGISTRATION_TOKEN), services.clock()
    token = RegistrationToken(digest(secret), partner_id, None, now, now + INITIAL_TTL)
    action = AdminAction(
        services.ids(Kind.ACTION), actor_id, "new_registration_token", "partner", partner_id, now
    )
    await services.store.run(add_registration_tokens, (token, action))
    return secret


async def register_client(services: Services, secret: str, body: bytes) -> Mapping[str, Any]:
    """Register a client (RFC 7591 §3.1); it is unknown until an administrator has approved it.

    Raises:
        Refusal: ``invalid_token``, ``invalid_redirect_uri`` or ``invalid_client_metadata`` (§3.2.2).
    """
    token = await _token(services, secret)
    if token.client_id is not None:
        raise Refusal("invalid_token", detail="a client's own token registers no other")
    now, own = services.clock(), services.ids(Kind.REGISTRATION_TOKEN)
    client_id = f"{token.partner_id[:40]}-{digest(own).hex()[:16]}"
    client = await _amended(
        services,
        client_id,
        token.partner_id,
        body,
        RegistrationToken(digest(own), token.partner_id, client_id, now, None),
    )
    return {**_answer(services, client), "registration_access_token": own, "client_id_issued_at": now}


async def read_registration(services: Services, secret: str, client_id: str) -> Mapping[str, Any]:
    """Read a client as it was registered last (RFC 7592 §2.1).

    Raises:
        Refusal: ``invalid_token``; for another client's token and for an unknown client alike.
    """
    token = await _own_token(services, secret, client_id)
    manifest = await _newest(services, token.partner_id)
    for client in manifest.clients:
        if client.client_id == client_id:
            return _answer(services, client)
    raise Refusal("invalid_token", detail="the client is not in the newest manifest")


async def change_registration(
    services: Services, secret: str, client_id: str, body: bytes
) -> Mapping[str, Any]:
    """Change a client (RFC 7592 §2.2): what is live stays as it is until the change was reviewed."""
    token = await _own_token(services, secret, client_id)
    return _answer(services, await _amended(services, client_id, token.partner_id, body, None))


async def delete_registration(services: Services, secret: str, client_id: str) -> None:
    """Delete a client at once (RFC 7592 §2.3): its tokens stop working, and it gets no new ones.

    Consents are for the partner's service and stand; its other clients go on.
    """
    token = await _own_token(services, secret, client_id)
    await let_go(services, f"{REGISTRATION}:{client_id}", "client_left", token.partner_id, client_id)


async def _token(services: Services, secret: str) -> RegistrationToken:
    token = await services.store.read(load_registration_tokens, digest(secret))
    if token is None or (token.expires_at is not None and services.clock() >= token.expires_at):
        raise Refusal("invalid_token", detail="unknown or expired registration token")
    return token


async def _own_token(services: Services, secret: str, client_id: str) -> RegistrationToken:
    token = await _token(services, secret)
    if token.client_id != client_id:
        raise Refusal("invalid_token", detail="not this client's registration token")
    return token


async def _newest(services: Services, partner_id: str) -> Manifest:
    [record] = await services.store.read(load_partners, partner_id)
    return manifest_from_content(record.manifests[0].content)


async def _amended(
    services: Services, client_id: str, partner_id: str, body: bytes, token: RegistrationToken | None
) -> Client:
    client = _client(services, client_id, await _newest(services, partner_id), _metadata(body))

    def amend(content: str, state: str, _: frozenset[str]) -> Submission:
        manifest = with_client(manifest_from_content(content), client)
        if state == PartnerState.ENDED or len(manifest.clients) > MOST_CLIENTS:
            raise Refusal("invalid_token", detail="the partner has ended, or has clients enough")
        partner = partner_content(manifest.partner)
        return Submission(
            partner_id, partner, manifest_content(manifest), f"{REGISTRATION}:{client_id}", services.clock()
        )

    await services.store.run(amend_manifests, Amendment(partner_id, amend, token))
    return client


def _metadata(body: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused("no JSON", "The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _refused("no object", "The body is not a JSON object.")
    return found


def _client(services: Services, client_id: str, manifest: Manifest, metadata: Mapping[str, object]) -> Client:
    try:
        client = read_metadata(
            metadata,
            client_id=client_id,
            manifest=manifest,
            allow_loopback=not services.settings.is_production,
        )
    except ManifestError as error:
        fault = error.faults[0]
        if fault.key.startswith(_ADDRESSES):
            raise Refusal("invalid_redirect_uri", detail="registration", hint=_plain(fault.message)) from None
        raise _refused("a fault", _plain(f"{fault.key}: {fault.message}")) from None
    if client.auth_method.is_by_secret:
        raise _refused("a secret", "Register a key or a certificate; secrets come from the administrator.")
    return client


def _plain(text: str) -> str:
    """Keep only what an error description may hold (RFC 6749 §5.2)."""
    return "".join(each for each in text if " " <= each <= "~" and each not in '"\\\\')[:300]


def _answer(services: Services, client: Client) -> dict[str, Any]:
    address = f"{services.settings.issuer}{PATHS[_ENDPOINT]}/{client.client_id}"
    known = services.registry.clients.get(client.client_id)
    state = "live" if known is not None and known.client == client else "draft"
    return {**metadata_of(client), "registration_client_uri": address, "state": state}


def _refused(detail: str, hint: str) -> Refusal:
    return Refusal("invalid_client_metadata", detail=f"registration: {detail}", hint=hint)
