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
from partners.distinguished_names import name_of, read_name
from partners.faults import ManifestError, ManifestFault
from partners.keys import jwks_faults, parse_jwks, public_keys, published_keys
from partners.manifest import parse_manifest, referenced_files
from partners.records import OWN_SCOPES, AuthMethod, Client, Manifest, Offer, OfferItem, Partner, Profile
from partners.redirects import leads_to_loopback, redirect_uri_matches
from partners.registration import metadata_of, read_metadata, with_client, with_registered, without_client
from partners.review.diff import OfferDifference, diff_offers, diff_partners
from partners.review.flags import Flag, review_flags
from partners.review.free_texts import FreeText, free_texts, texts_digest
from partners.states import MOVES, STANDING, MoveError, PartnerState, check_move
from scopes import Necessity

__all__ = [
    "MOVES",
    "OWN_SCOPES",
    "STANDING",
    "AuthMethod",
    "Client",
    "Flag",
    "FreeText",
    "Manifest",
    "ManifestError",
    "ManifestFault",
    "MoveError",
    "Necessity",
    "Offer",
    "OfferDifference",
    "OfferItem",
    "Partner",
    "PartnerState",
    "Profile",
    "check_move",
    "client_content",
    "client_from_content",
    "diff_offers",
    "diff_partners",
    "free_texts",
    "jwks_faults",
    "leads_to_loopback",
    "manifest_content",
    "manifest_from_content",
    "metadata_of",
    "name_of",
    "offer_content",
    "offer_digest",
    "offer_from_content",
    "parse_jwks",
    "parse_manifest",
    "partner_content",
    "partner_from_content",
    "public_keys",
    "published_keys",
    "read_metadata",
    "read_name",
    "redirect_uri_matches",
    "referenced_files",
    "review_flags",
    "texts_digest",
    "with_client",
    "with_registered",
    "without_client",
]
