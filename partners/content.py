"""Canonical JSON of the records, for storing and for digests (sorted members, no white space, UTF-8)."""

import hashlib
import json
from typing import TypeVar

from pydantic import TypeAdapter

from partners.records import Client, Manifest, Offer, Partner

RecordT = TypeVar("RecordT", Partner, Client, Offer)

_PARTNER = TypeAdapter(Partner)
_CLIENT = TypeAdapter(Client)
_OFFER = TypeAdapter(Offer)


_LATER = frozenset(
    {
        "sending_domains",
        "deletion_uri",
        "message_signing",
        "jwks_uri",
        "tls_client_auth_subject",
        "tls_client_certificate_bound_access_tokens",
        "post_logout_redirect_uris",
        "backchannel_logout_uri",
        "own_scopes",
        "userinfo_signed_response_alg",
        "id_token_signed_response_alg",
        "grant_types",
        "reads",
        "course_ends_on",
        "language",
        "names",
        "benefits",
        "frequencies",
    }
)
"""Members of a partner, a client or an offer that are left out where they say nothing."""


def offer_content(offer: Offer) -> str:
    """Write an offer; equal offers have equal content."""
    return _write(_OFFER, offer)


def offer_from_content(content: str) -> Offer:
    """Read what offer_content wrote; raises ValueError for anything else."""
    return _read(_OFFER, content)


def offer_digest(offer: Offer) -> bytes:
    """Hash an offer's content with SHA-256: 32 bytes that name this version of it."""
    return hashlib.sha256(offer_content(offer).encode()).digest()


def client_content(client: Client) -> str:
    """Write a client; equal clients have equal content."""
    return _write(_CLIENT, client)


def client_from_content(content: str) -> Client:
    """Read what client_content wrote; raises ValueError for anything else."""
    return _read(_CLIENT, content)


def partner_content(partner: Partner) -> str:
    """Write a partner; equal partners have equal content."""
    return _write(_PARTNER, partner)


def partner_from_content(content: str) -> Partner:
    """Read what partner_content wrote; raises ValueError for anything else."""
    return _read(_PARTNER, content)


def manifest_content(manifest: Manifest) -> str:
    """Write a manifest as its partner's, clients' and offers' contents; equal manifests have equal content."""
    return _canonical(
        {
            "partner": json.loads(partner_content(manifest.partner)),
            "clients": [json.loads(client_content(each)) for each in manifest.clients],
            "offers": [json.loads(offer_content(each)) for each in manifest.offers],
        }
    )


def manifest_from_content(content: str) -> Manifest:
    """Read what manifest_content wrote; raises ValueError for anything else."""
    members = json.loads(content)
    if not isinstance(members, dict) or members.keys() != {"partner", "clients", "offers"}:
        raise ValueError("the content is no manifest")
    return Manifest(
        partner_from_content(_canonical(members["partner"])),
        tuple(client_from_content(_canonical(each)) for each in members["clients"]),
        tuple(offer_from_content(_canonical(each)) for each in members["offers"]),
    )


def _write(adapter: TypeAdapter[RecordT], record: RecordT) -> str:
    members: dict[str, object] = adapter.dump_python(record, mode="json")
    # Contents from before these members existed stay what they were.
    kept = {name: value for name, value in members.items() if name not in _LATER or value}
    return _canonical(kept)


def _canonical(members: object) -> str:
    return json.dumps(members, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _read(adapter: TypeAdapter[RecordT], content: str) -> RecordT:
    record = adapter.validate_json(content)
    # A member unknown to this version would be lost, and the digest would no longer be that of the notice.
    if _write(adapter, record) != content:
        raise ValueError("the content is not canonical")
    return record
