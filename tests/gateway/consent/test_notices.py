"""Notices say everything that a decision is bound to, and their hash pins every byte."""

import hashlib
from dataclasses import replace

from gateway.consent.notices import make_notice
from partners import Offer
from scopes import Necessity, field_label, purpose_label
from tests.gateway.consent.samples import MANIFEST, NOW, OFFER, counting_ids


def text_of(offer: Offer = OFFER, version: int = 1) -> str:
    notice = make_notice(MANIFEST.partner, offer, version, "en", material=True, now=NOW, ids=counting_ids())
    assert notice.sha256 == hashlib.sha256(notice.text.encode()).digest()
    assert (notice.offer_version, notice.language, notice.effective_from) == (version, "en", NOW)
    return notice.text


def test_a_notice_names_every_item_its_purpose_and_how_to_stop() -> None:
    """Promise P6: text and behaviour come from the same registry."""
    text = text_of()
    partner = MANIFEST.partner
    for item in OFFER.items:
        assert field_label(item.field) in text
        assert purpose_label(item.purpose) in text
    for words in (
        partner.legal_name,
        partner.contact,
        partner.grievance_contact,
        partner.policy_url,
        OFFER.benefit,
        "may not use it for advertising",
        "You can stop at any time",
        "Notice version 1",
    ):
        assert words in text


def test_the_same_offer_gives_the_same_bytes_and_any_change_gives_others() -> None:
    """Promise P16: a historic notice can be rendered again byte for byte."""
    assert text_of() == text_of()
    changes = (
        replace(OFFER, retention_days=31),
        replace(OFFER, items=OFFER.items[:-1]),
        replace(OFFER, max_duration_days=30),
        replace(OFFER, benefit="Something else."),
    )
    assert len({text_of(), text_of(version=2), *map(text_of, changes)}) == 6


def test_an_offer_without_optional_items_has_no_empty_heading() -> None:
    needed = tuple(item for item in OFFER.items if item.necessity is Necessity.NEEDED)
    text = text_of(replace(OFFER, items=needed))
    assert "Needed for it to work" in text
    assert "Only if you choose" not in text
