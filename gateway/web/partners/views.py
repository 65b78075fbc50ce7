"""What the page of one partner shows: the company, its clients and services, and the texts to read."""

import re

from gateway.actions.partners.overview import SeenPartner
from gateway.actions.partners.review import OfferReview, ReadTexts, Review, own_clients, own_offers
from gateway.kit.clock import DAY
from gateway.model.people import Power, powers_of
from gateway.web.pages import views
from gateway.web.pages.administrating import reason_options
from gateway.web.pages.formats import say
from gateway.web.pages.visit import Visit
from gateway.web.pages.wording import country_name, field_label, form_label, language, purpose_label
from gateway.web.partners.choices import STOP_REASONS
from partners import Client, Offer, PartnerState, Profile

BRAKED = "pause_for_complaints"


def is_braked(seen: SeenPartner) -> bool:
    """Whether complaints paused the partner, and nobody has moved it since."""
    pauses = [each.action for each in seen.actions if each.action in ("pause_partner", BRAKED)]
    return seen.state is PartnerState.PAUSED and pauses[-1:] == [BRAKED]


def late_deletions(visit: Visit, seen: SeenPartner) -> tuple[views.LateDeletion, ...]:
    """List the requests to delete that it is late with, each with a link for those who may see consents."""
    may = Power.SEE_GRANTS in powers_of(visit.signed_in.person.role)
    return tuple(
        views.LateDeletion(
            reference=each.request_id,
            asked_at=each.asked_at,
            received_at=each.received_at,
            complete_by=each.done_by,
            grant_url=f"/admin/grants/{each.grant_id}" if may else "",
        )
        for each in seen.late_deletions
    )


def facts(seen: SeenPartner) -> tuple[views.Fact, ...]:
    """Show the company as it would be after an approval."""
    found = seen.review.manifest.partner if seen.review else seen.partner
    return (
        views.Fact(label=say("Legal name"), value=found.legal_name),
        views.Fact(label=say("Address"), value=found.address),
        views.Fact(label=say("Country"), value=country_name(found.country)),
        views.Fact(label=say("Stores data in"), value=", ".join(map(country_name, found.storage_countries))),
        views.Fact(label=say("Privacy policy"), value=found.policy_url, url=found.policy_url),
        views.Fact(label=say("Contact"), value=found.contact),
        views.Fact(label=say("Complaints"), value=found.grievance_contact),
        views.Fact(label=say("Attested on"), value=found.attested_on.isoformat()),
    )


def clients(visit: Visit, seen: SeenPartner) -> tuple[views.ClientRow, ...]:
    """Show the clients as they would be after an approval."""
    registered = own_clients(visit.services.registry, seen.record.partner_id)
    shown = seen.review.manifest.clients if seen.review else registered
    known = {client.client_id for client in registered}
    return tuple(_client(visit, each, each.client_id in known) for each in shown)


def _client(visit: Visit, client: Client, is_registered: bool) -> views.ClientRow:
    has_secret = is_registered and client.auth_method.is_by_secret
    may = Power.REVIEW_PARTNER in powers_of(visit.signed_in.person.role)
    there = f"/admin/partners/{client.partner_id}/clients/{client.client_id}"
    found = visit.services.registry.clients[client.client_id] if is_registered else None
    nonce_reason = (found and found.may_send_nonce and found.nonce_reason) or ""
    neither_reason = (found and found.may_send_neither and found.neither_reason) or ""
    can_switch = may and is_registered and client.profile is Profile.BASELINE
    can_ask = can_switch and found is not None and found.can_be_let_off and not neither_reason
    return views.ClientRow(
        client_id=client.client_id,
        name=client.name,
        profile=str(client.profile),
        auth_method=str(client.auth_method),
        redirect_uris=client.redirect_uris,
        nonce_reason=nonce_reason,
        neither_reason=neither_reason,
        nonce_action=f"{there}/nonce" if can_switch and not nonce_reason and not neither_reason else "",
        neither_action=f"{there}/neither" if can_ask else "",
        pkce_action=f"{there}/pkce" if can_switch and (nonce_reason or neither_reason) else "",
        secret_action=f"{there}/secret" if has_secret and may else "",
        retire_action=f"{there}/retire" if is_registered and may else "",
        reasons=reason_options(STOP_REASONS),
    )


def offers(visit: Visit, seen: SeenPartner) -> tuple[views.ReviewedOffer, ...]:
    """Show the services: those under review with what changed, otherwise those that are live."""
    if seen.review:
        return tuple(_reviewed(each) for each in seen.review.offers)
    registry = visit.services.registry
    return tuple(
        _offer(offer, registry.offers[offer.offer_id].version)
        for offer in own_offers(registry, seen.record.partner_id)
    )


def _reviewed(review: OfferReview) -> views.ReviewedOffer:
    changes = tuple(
        views.OfferChange(
            what=change.key, before=change.before or "", after=change.after or "", material=change.material
        )
        for change in review.changes
    )
    return _offer(review.offer, review.version, changes)


def _offer(offer: Offer, version: int, changes: tuple[views.OfferChange, ...] = ()) -> views.ReviewedOffer:
    return views.ReviewedOffer(
        name=offer.name,
        version=version,
        benefit=offer.benefit,
        duration_seconds=offer.duration_days * DAY,
        items=tuple(
            views.OfferItemRow(
                field=field_label(item.field),
                purpose=purpose_label(item.purpose),
                forms=tuple(form_label(item.field, form) for form in item.forms),
                needed=str(item.necessity) == "needed",
                kept_seconds=item.retention_days * DAY,
                why=item.why.get(language(), item.why.get("en", "")),
            )
            for item in offer.items
        ),
        changes=changes,
    )


def risks(seen: SeenPartner) -> tuple[views.RiskFlag, ...]:
    """Name what stands in the way, and what to look at before a yes."""
    if seen.review is None:
        return ()
    return (
        *(views.RiskFlag(serious=True, text=each) for each in seen.review.obstacles),
        *(views.RiskFlag(serious=False, text=f"{each.key}: {each.message}") for each in seen.review.flags),
    )


def texts_to_read(review: Review, read: ReadTexts | None) -> views.TextsToRead:
    """List what people will read; what was ticked a moment ago stays ticked."""
    ticked = read.ticked if read else frozenset()
    return views.TextsToRead(
        digest=review.digest,
        texts=tuple(
            views.TextToRead(
                key=each.key,
                name=text_name(each.key),
                text=each.text,
                found=each.found,
                ticked=each.key in ticked,
            )
            for each in review.texts
        ),
        ticked=read is not None and read.digest == review.digest,
    )


def text_name(key: str) -> str:
    """Make ``offer[0].item[1].why.en`` a part of an address within the page."""
    return "text-" + re.sub(r"[^a-z0-9]+", "-", key)
