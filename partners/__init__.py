"""Who may ask: partners, clients, offers, their manifests and states (pure)."""

from partners.content import (
    client_content,
    client_from_content,
    manifest_content,
    manifest_from_content,
    offer_content,
    offer_digest,
    offer_from_content,
    partner_content,
    partner_from_content,
)
from partners.diff import Change, diff_offers, diff_partners
from partners.faults import Fault, ManifestError
from partners.flags import Flag, review_flags
from partners.keys import jwks_faults, parse_jwks, public_keys
from partners.manifest import parse_manifest, referenced_files
from partners.records import OWN_SCOPES, AuthMethod, Client, Manifest, Offer, OfferItem, Partner, Profile
from partners.redirects import redirect_uri_matches
from partners.registration import metadata_of, read_metadata, with_client, with_registered, without_client
from partners.states import MOVES, MoveError, PartnerState, check_move
from scopes import Necessity

__all__ = [
    "MOVES",
    "OWN_SCOPES",
    "AuthMethod",
    "Change",
    "Client",
    "Fault",
    "Flag",
    "Manifest",
    "ManifestError",
    "MoveError",
    "Necessity",
    "Offer",
    "OfferItem",
    "Partner",
    "PartnerState",
    "Profile",
    "check_move",
    "client_content",
    "client_from_content",
    "diff_offers",
    "diff_partners",
    "jwks_faults",
    "manifest_content",
    "manifest_from_content",
    "metadata_of",
    "offer_content",
    "offer_digest",
    "offer_from_content",
    "parse_jwks",
    "parse_manifest",
    "partner_content",
    "partner_from_content",
    "public_keys",
    "read_metadata",
    "redirect_uri_matches",
    "referenced_files",
    "review_flags",
    "with_client",
    "with_registered",
    "without_client",
]
