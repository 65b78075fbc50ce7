"""Notices: the full text that a decision is bound to, made from the offer and immutable from then on (promise P4)."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial
from itertools import starmap, zip_longest

from gateway.kit.ids import Ids, Kind
from gateway.model.registry import Notice
from partners import Offer, OfferItem, Partner
from scopes import (
    Necessity,
    duration,
    either,
    field_label,
    form_label,
    never_shared,
    notice_line,
    purpose_label,
    retention,
    so_that,
)


@dataclass(frozen=True, slots=True)
class Beside:
    """One line of an older and of a newer notice; None where one of them has none there."""

    old: str | None
    new: str | None

    @property
    def is_same(self) -> bool:
        """Whether nothing changed here."""
        return self.old == self.new


def beside(old: str, new: str) -> tuple[Beside, ...]:
    """Put two notices side by side, line by line and compared to the letter; equal lines stand on one row."""
    before, after = old.split("\n"), new.split("\n")
    rows: list[Beside] = []
    for _, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        rows += starmap(Beside, zip_longest(before[start:end], after[first:last]))
    return tuple(rows)


def make_notice(
    partner: Partner, offer: Offer, version: int, language: str, *, material: bool, now: int, ids: Ids
) -> Notice:
    """Write the notice of an offer version in one language."""
    text = "\n".join(_lines(partner, offer, version, language)) + "\n"
    return Notice(
        notice_id=ids(Kind.NOTICE),
        offer_id=offer.offer_id,
        offer_version=version,
        language=language,
        text=text,
        sha256=hashlib.sha256(text.encode()).digest(),
        effective_from=now,
        material=material,
    )


def _lines(partner: Partner, offer: Offer, version: int, language: str) -> Iterator[str]:
    say, offer = partial(notice_line, language=language), offer.in_language(language)
    yield say("by", offer=offer.name, legal_name=partner.legal_name, brand=partner.brand)
    yield say("version", version=version)
    yield ""
    yield offer.benefit
    yield ""
    for title, necessity in (
        (say("needed"), Necessity.NEEDED),
        (say("optional"), Necessity.OPTIONAL),
    ):
        items = [item for item in offer.items if item.necessity is necessity]
        if items:
            yield title
            for item in items:
                yield from _item(item, partner, offer, language)
            yield ""
    if not offer.items:
        yield say("sign_in", partner=partner.brand)
        yield ""
    yield never_shared([item.field for item in offer.items], language, partner=partner.brand)
    yield say("duration", duration=duration(offer.max_duration_days, language))
    yield f"{retention(offer.retention_days, language, partner=partner.brand)}."
    yield say("places", places=", ".join(partner.storage_countries))
    yield say("advertising", partner=partner.brand)
    yield say("stop")
    yield ""
    yield f"{partner.legal_name}, {partner.address}, {partner.country}"
    yield say("questions", contact=partner.contact)
    yield say("complaints", contact=partner.grievance_contact)
    yield say("policy", url=partner.policy_url)


def _item(item: OfferItem, partner: Partner, offer: Offer, language: str) -> Iterator[str]:
    forms = either([form_label(item.field, form, language) for form in item.forms], language)
    reason = so_that(item.purpose, language, partner=partner.brand, service=offer.name)
    yield f"- {field_label(item.field, language)} ({forms}): {purpose_label(item.purpose, language)}, {reason}"
    yield f"  {retention(item.retention_days, language, partner=partner.brand)}"
