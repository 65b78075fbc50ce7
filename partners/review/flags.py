"""What an administrator should look at twice before a manifest goes live."""

from collections.abc import Iterator
from dataclasses import dataclass

from partners.records import Manifest, Offer, OfferItem
from partners.review.free_texts import free_texts
from scopes import FIELDS, PURPOSES, Form, Necessity, PurposeState, Sensitivity

# Longer than a school term with its examinations.
_LONG_DURATION_DAYS = 180


@dataclass(frozen=True, slots=True)
class Flag:
    """One point for the review; `key` is the manifest's, as in a fault."""

    key: str
    message: str


def review_flags(manifest: Manifest) -> tuple[Flag, ...]:
    """List what is allowed and unusual; an empty list is no approval."""
    return tuple(Flag(*found) for found in _flags(manifest))


def _flags(manifest: Manifest) -> Iterator[tuple[str, str]]:
    abroad = sorted(set(manifest.partner.storage_countries) - {manifest.partner.country})
    if abroad:
        yield (
            "partner.storage_countries",
            "data is kept outside the partner's country, in " + ", ".join(abroad),
        )
    for index, offer in enumerate(manifest.offers):
        yield from _offer_flags(f"offer[{index}]", offer)
    for text in free_texts(manifest):
        if text.words:
            yield text.key, f"the text speaks of marketing or trade in data: {text.found}"


def _offer_flags(path: str, offer: Offer) -> Iterator[tuple[str, str]]:
    if offer.duration_days > _LONG_DURATION_DAYS:
        yield f"{path}.duration_days", f"the preselected duration is long: {offer.duration_days} days"
    for index, item in enumerate(offer.items):
        for name, message in _item_flags(item):
            yield f"{path}.item[{index}].{name}", message


def _item_flags(item: OfferItem) -> Iterator[tuple[str, str]]:
    field = FIELDS[item.field]
    if PURPOSES[item.purpose].state is PurposeState.REVIEW:
        yield "purpose", f"{item.purpose} needs your decision"
    if field.sensitivity is Sensitivity.SENSITIVE and Form.FULL in item.forms:
        yield "field", f"{item.field} is sensitive and asked for in full"
    if item.necessity is Necessity.NEEDED and item.forms == (Form.FULL,) and len(field.forms) > 1:
        yield "forms", f"{item.field} is needed in full, although more private forms exist"
