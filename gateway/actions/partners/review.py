"""Reviewing a manifest: what it changes, what to look at, and what stands in the way (pure)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from gateway.model.registry import Registry
from partners import (
    Client,
    Flag,
    FreeText,
    Manifest,
    Offer,
    OfferDifference,
    Partner,
    diff_offers,
    diff_partners,
    free_texts,
    offer_content,
    review_flags,
    texts_digest,
)
from scopes import Form, Item, is_releasable

_UNTOLD = frozenset({"partner_id", "attested_on", "deletion_uri"})
"""What a partner says of itself and a notice does not."""


@dataclass(frozen=True, slots=True)
class OfferReview:
    """One offer under review.

    Attributes:
        version: the number that it has, or would get by being published.
        is_new: whether publishing makes a new version: what people would be told is not what they were told.
        changes: against the version that is live; empty for an offer that never was.
    """

    offer: Offer
    version: int
    is_new: bool
    changes: tuple[OfferDifference, ...]

    @property
    def is_material(self) -> bool:
        """Whether people must decide anew; computed, so nobody can lower it (promise P4)."""
        return any(change.material for change in self.changes)

    @property
    def diff(self) -> str:
        """The changes for machines: JSON."""
        return json.dumps(
            [
                {each.name: getattr(change, each.name) for each in fields(OfferDifference)}
                for change in self.changes
            ]
        )


@dataclass(frozen=True, slots=True)
class ReadTexts:
    """What somebody says that they have read of a partner's texts.

    Attributes:
        digest: of all of them, as they were shown.
        ticked: keys of those in which words of marketing or trade in data were found, each ticked by itself.
    """

    digest: str
    ticked: frozenset[str] = frozenset()


class UnreadTextsError(Exception):
    """Texts that nobody has ticked: without that they are not published."""

    def __init__(self, unread: tuple[FreeText, ...], *, is_whole: bool) -> None:
        """Keep what is missing.

        Args:
            unread: texts with words of marketing or trade in data.
            is_whole: the tick for all the texts is missing, or was for others.
        """
        super().__init__(f"not ticked: {', '.join(each.key for each in unread) or 'the texts as a whole'}")
        self.unread = unread
        self.is_whole = is_whole


@dataclass(frozen=True, slots=True)
class Review:
    """A manifest that waits, held against what is live.

    Attributes:
        version: the manifest's.
        flags: what is allowed and unusual.
        texts: what people read, each with the words that somebody has to look at.
        obstacles: why it cannot be published as it is; empty when it can.
    """

    version: int
    manifest: Manifest
    offers: tuple[OfferReview, ...]
    flags: tuple[Flag, ...]
    obstacles: tuple[str, ...]
    texts: tuple[FreeText, ...] = ()

    @property
    def digest(self) -> str:
        """Name exactly these texts."""
        return texts_digest(self.texts)

    @property
    def reading(self) -> dict[str, str | int]:
        """What goes on record of the texts that were read: their digest, and how many were ticked by themselves."""
        return {"texts": self.digest, "flagged": len(self.flagged)}

    @property
    def flagged(self) -> tuple[FreeText, ...]:
        """List the texts that are ticked each by itself."""
        return tuple(each for each in self.texts if each.words)

    @property
    def all_read(self) -> ReadTexts:
        """What somebody ticks who has read every text."""
        return ReadTexts(self.digest, frozenset(each.key for each in self.flagged))

    def check_read(self, read: ReadTexts) -> None:
        """Refuse to go on before every text was read.

        Raises:
            UnreadTextsError: with what is not ticked.
        """
        unread = tuple(each for each in self.flagged if each.key not in read.ticked)
        if unread or read.digest != self.digest:
            raise UnreadTextsError(unread, is_whole=read.digest != self.digest)

    @property
    def numbers(self) -> dict[str, int]:
        """How many offers get a new version, and how many of those make people decide anew."""
        fresh = [each for each in self.offers if each.is_new]
        return {"offers": len(fresh), "material": sum(each.is_material for each in fresh)}


def review_manifest(
    version: int,
    manifest: Manifest,
    registry: Registry,
    newest: Mapping[str, int],
    *,
    has_relay: bool = False,
) -> Review:
    """Review a manifest.

    Args:
        newest: the newest version of each offer; 0 for one that never was.
        has_relay: whether people can have private addresses here.
    """
    partner_id = manifest.partner.partner_id
    told = _told_changes(registry, manifest.partner)
    return Review(
        version=version,
        manifest=manifest,
        offers=tuple(_review_offer(each, registry, told, newest[each.offer_id]) for each in manifest.offers),
        flags=(*review_flags(manifest), *_left_out(registry, manifest, partner_id)),
        obstacles=tuple(
            [f"{key}: {why}" for key, why in taken_ids(manifest, registry)]
            + [f"{key}: {why}" for key, why in _unpublishable(manifest, has_relay)]
        ),
        texts=free_texts(manifest),
    )


def _told_changes(registry: Registry, partner: Partner) -> tuple[OfferDifference, ...]:
    """Find what notices say about the partner that has changed."""
    known = registry.partners.get(partner.partner_id)
    if known is None:
        return ()
    return tuple(
        OfferDifference(f"partner.{change.key}", change.before, change.after, change.material)
        for change in diff_partners(known.partner, partner)
        if change.key not in _UNTOLD
    )


def _review_offer(
    offer: Offer, registry: Registry, told: tuple[OfferDifference, ...], newest: int
) -> OfferReview:
    live = registry.offers.get(offer.offer_id)
    if live is None or live.offer.partner_id != offer.partner_id:
        return OfferReview(offer, newest + 1, is_new=True, changes=())
    changes = (*diff_offers(live.offer, offer), *told)
    if not told and offer_content(live.offer) == offer_content(offer):
        return OfferReview(offer, live.version, is_new=False, changes=())
    return OfferReview(offer, newest + 1, is_new=True, changes=changes)


def taken_ids(manifest: Manifest, registry: Registry) -> Iterator[tuple[str, str]]:
    """Find ids in a manifest that another partner holds, as (key of the manifest, sentence)."""
    own = manifest.partner.partner_id
    for index, client in enumerate(manifest.clients):
        held = registry.clients.get(client.client_id)
        if held is not None and held.client.partner_id != own:
            yield (
                f"client[{index}].client_id",
                f"{client.client_id} belongs to another partner: choose another",
            )
    for index, offer in enumerate(manifest.offers):
        found = registry.offers.get(offer.offer_id)
        if found is not None and found.offer.partner_id != own:
            yield f"offer[{index}].offer_id", f"{offer.offer_id} belongs to another partner: choose another"


def _unpublishable(manifest: Manifest, has_relay: bool) -> Iterator[tuple[str, str]]:
    """Find items that the catalogue of today does not release: it may have changed since the submission (P1)."""
    for index, offer in enumerate(manifest.offers):
        for place, item in enumerate(offer.items):
            key = f"offer[{index}].item[{place}]"
            if Form.RELAY in item.forms and not has_relay:
                yield (
                    f"{key}.forms",
                    "private addresses are not available here (relay_domain): offer another form",
                )
            if not all(is_releasable(Item(item.field, item.purpose, form)) for form in item.forms):
                yield key, f"{item.field} may not be released for {item.purpose}"


def _left_out(registry: Registry, manifest: Manifest, partner_id: str) -> Iterator[Flag]:
    """Point out what is live and no longer in the manifest: publishing does not take it away."""
    clients = {each.client_id for each in manifest.clients}
    offers = {each.offer_id for each in manifest.offers}
    for client in own_clients(registry, partner_id):
        if client.client_id not in clients:
            yield Flag("client", f"{client.client_id} is no longer in the manifest and stays registered")
    for offer in own_offers(registry, partner_id):
        if offer.offer_id not in offers:
            yield Flag("offer", f"{offer.offer_id} is no longer in the manifest and stays on offer")


def own_clients(registry: Registry, partner_id: str) -> tuple[Client, ...]:
    """List a partner's registered clients."""
    found = (
        each.client
        for each in registry.clients.values()
        if each.client.partner_id == partner_id and each.left_at is None
    )
    return tuple(sorted(found, key=lambda client: client.client_id))


def own_offers(registry: Registry, partner_id: str) -> tuple[Offer, ...]:
    """List a partner's offers that are live."""
    found = (each.offer for each in registry.offers.values() if each.offer.partner_id == partner_id)
    return tuple(sorted(found, key=lambda offer: offer.offer_id))
