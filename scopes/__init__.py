"""What may be asked for and what is released: fields, forms, purposes, wording, one projection (pure)."""

from scopes.address import parse_address
from scopes.catalogue import CLAIMS, SCOPES, scope_fields
from scopes.denied import (
    PurposeDeniedError,
    PurposeError,
    PurposeUnknownError,
    check_purpose,
    is_denied,
    mentions_denied,
)
from scopes.fields import CONTACT_FIELDS, FIELDS, FORMS, STORED_FIELDS, Field, Form, Sensitivity
from scopes.items import Item, Necessity, shared_form
from scopes.masking import masked
from scopes.projection import CONTACT_FORMS, contact_detail, is_releasable, preview, release
from scopes.purposes import DENIED, PURPOSES, Ceilings, Purpose, PurposeState
from scopes.trade_talk import TradeWord, find_trade_words
from scopes.wording import (
    LANGUAGES,
    duration,
    either,
    field_label,
    form_label,
    missing_wording,
    never_shared,
    notice_line,
    purpose_label,
    retention,
    so_that,
    yes_no,
)

__all__ = [
    "CLAIMS",
    "CONTACT_FIELDS",
    "CONTACT_FORMS",
    "DENIED",
    "FIELDS",
    "FORMS",
    "LANGUAGES",
    "PURPOSES",
    "SCOPES",
    "STORED_FIELDS",
    "Ceilings",
    "Field",
    "Form",
    "Item",
    "Necessity",
    "Purpose",
    "PurposeDeniedError",
    "PurposeError",
    "PurposeState",
    "PurposeUnknownError",
    "Sensitivity",
    "TradeWord",
    "check_purpose",
    "contact_detail",
    "duration",
    "either",
    "field_label",
    "find_trade_words",
    "form_label",
    "is_denied",
    "is_releasable",
    "masked",
    "mentions_denied",
    "missing_wording",
    "never_shared",
    "notice_line",
    "parse_address",
    "preview",
    "purpose_label",
    "release",
    "retention",
    "scope_fields",
    "shared_form",
    "so_that",
    "yes_no",
]
