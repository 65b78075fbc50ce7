"""The plan of publishing a manifest: partner, clients, new offer versions and their notices (promise P4)."""

from gateway.actions.partners.review import OfferReview, Review
from gateway.consent.notices import make_notice
from gateway.kit.ids import Ids
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import LiveClient, OfferRow, PartnerRecord, Publication, StateChange
from partners import Partner, PartnerState, client_content, offer_content, partner_content
from scopes import LANGUAGES, missing_wording


def plan_publication(record: PartnerRecord, review: Review, action: AdminAction, ids: Ids) -> Publication:
    """Plan a publication; an offer that has not changed keeps its version and its notices."""
    partner = review.manifest.partner
    return Publication(
        change=StateChange(record.partner_id, record.state, PartnerState.LIVE, action.at, action),
        manifest_version=review.version,
        partner_content=partner_content(partner),
        clients=tuple(LiveClient(each.client_id, client_content(each)) for each in review.manifest.clients),
        offers=tuple(_offer_row(partner, each, action.at, ids) for each in review.offers if each.is_new),
    )


def _offer_row(partner: Partner, review: OfferReview, at: int, ids: Ids) -> OfferRow:
    """Write an offer version with a notice in each language that has every text; English always does."""
    return OfferRow(
        offer_id=review.offer.offer_id,
        version=review.version,
        content=offer_content(review.offer),
        material=review.is_material,
        notices=tuple(
            make_notice(
                partner, review.offer, review.version, language, material=review.is_material, now=at, ids=ids
            )
            for language in LANGUAGES
            if not missing_wording(language)
        ),
        diff=review.diff,
    )
