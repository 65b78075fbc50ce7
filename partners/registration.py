"""A client's metadata as a registration request has it (RFC 7591 §2), read by the rules of a manifest."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pydantic import ValidationError

from partners.credentials import CERTIFICATE_NAMES
from partners.faults import ManifestError, ManifestFault
from partners.manifest import client_of, found_of
from partners.records import Client, Manifest
from partners.rules import rule_faults
from partners.tables import ClientTable

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "client_name": "name",
        "token_endpoint_auth_method": "auth_method",
        **{
            name: name
            for name in (
                "redirect_uris",
                "post_logout_redirect_uris",
                "backchannel_logout_uri",
                "userinfo_signed_response_alg",
                "id_token_signed_response_alg",
                "grant_types",
                "jwks",
                "jwks_uri",
                "tls_client_certificate_bound_access_tokens",
                *CERTIFICATE_NAMES,
                "offer_id",
                "profile",
            )
        },
    }
)
"""Our names for the registered ones; `offer_id` and `profile` are our own extensions. Others are ignored (§2)."""


def read_metadata(
    metadata: Mapping[str, object], *, client_id: str, manifest: Manifest, allow_loopback: bool = False
) -> Client:
    """Read a client of a partner whose manifest is known.

    Without an `offer_id` the client is for the partner's only offer; without a `profile` it is held to `fapi2`.

    Raises:
        ManifestError: with every fault, each under the name that the request uses.
    """
    offers = manifest.offers
    raw: dict[str, object] = {
        "profile": "fapi2",
        "client_id": client_id,
        "auth_method": "client_secret_basic",
    }
    if len(offers) == 1:
        raw["offer_id"] = offers[0].offer_id
    raw |= {_NAMES[name]: value for name, value in metadata.items() if name in _NAMES}
    known = [{"offer_id": each.offer_id} for each in offers]
    whole = {"client": [raw], "offer": known}
    faults = [each for each in rule_faults(whole, {}) if each[0].startswith("client[0]")]
    table: ClientTable | None = None
    try:
        table = ClientTable.model_validate(raw, context={"allow_loopback": allow_loopback})
    except ValidationError as error:
        faults += map(found_of, error.errors(include_url=False, include_input=False))
    if table is None or faults:
        raise ManifestError(ManifestFault("metadata", _as_sent(key), why) for key, why in sorted(set(faults)))
    return client_of(table, manifest.partner.partner_id, {})


def metadata_of(client: Client) -> dict[str, object]:
    """Spell a client as a registration answer does (RFC 7591 §3.2.1)."""
    found: dict[str, object] = {
        "client_id": client.client_id,
        "client_name": client.name,
        "token_endpoint_auth_method": str(client.auth_method),
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "userinfo_signed_response_alg": client.userinfo_signed_response_alg,
        # Said even where the client did not: the standard's own default is another (OIDC Registration §2).
        "id_token_signed_response_alg": client.id_token_alg,
        "grant_types": ["authorization_code", "refresh_token", *client.grant_types],
        "response_types": ["code"],
        "jwks": client.jwks,
        "jwks_uri": client.jwks_uri,
        "tls_client_certificate_bound_access_tokens": client.tls_client_certificate_bound_access_tokens,
        "offer_id": client.offer_id,
        "profile": str(client.profile),
        **dict([client.tls_client_auth_subject] if client.tls_client_auth_subject else []),
    }
    return {name: value for name, value in found.items() if value not in (None, [], False)}


def with_client(manifest: Manifest, client: Client) -> Manifest:
    """Put a client into a manifest, in the place of the one that has its id."""
    kept = tuple(each for each in manifest.clients if each.client_id != client.client_id)
    return replace(manifest, clients=(*kept, client))


def without_client(manifest: Manifest, client_id: str) -> Manifest:
    """Take a client out of a manifest."""
    return replace(manifest, clients=tuple(each for each in manifest.clients if each.client_id != client_id))


def with_registered(manifest: Manifest, before: Manifest, registered: frozenset[str]) -> Manifest:
    """Keep the clients that registered themselves where a partner hands in a manifest that does not name them.

    One whose service is not in the new manifest is left out: there is nothing that it could ask for.
    """
    named = {each.client_id for each in manifest.clients}
    offers = {each.offer_id for each in manifest.offers}
    kept = tuple(
        each
        for each in before.clients
        if each.client_id in registered and each.client_id not in named and each.offer_id in offers
    )
    return replace(manifest, clients=(*manifest.clients, *kept))


def _as_sent(key: str) -> str:
    name = key.removeprefix("client[0].").removeprefix("client[0]")
    sent = {ours: theirs for theirs, ours in _NAMES.items()}
    head, dot, rest = name.partition(".")
    return sent.get(head, head) + dot + rest
