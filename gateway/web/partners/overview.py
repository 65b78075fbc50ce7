"""Administrators' pages of partners: the list, and one under review or in service."""

from collections.abc import Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.partners.overview import ListedPartner, list_partners, see_partner
from gateway.actions.partners.review import ReadTexts
from gateway.model.people import Power
from gateway.web.pages import views
from gateway.web.pages.administrating import path_id
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, show, signed_in_page
from gateway.web.pages.wording import country_name
from gateway.web.partners.choices import end_of_partner, moves, rejection, wishes
from gateway.web.partners.history import events
from gateway.web.partners.views import clients, facts, is_braked, late_deletions, offers, risks, texts_to_read
from partners import PartnerState

STATES: Mapping[PartnerState, views.ShownPartnerState] = MappingProxyType(
    {
        PartnerState.DRAFT: "draft",
        PartnerState.REVIEW: "review",
        PartnerState.LIVE: "live",
        PartnerState.PAUSED: "paused",
        PartnerState.ENDED: "ended",
    }
)


async def partners(visit: Visit) -> Response:
    """List every partner."""
    visit.check_power(Power.SEE_PARTNERS)
    view = views.AdminPartnersView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="partners",
        rows=tuple(_row(each) for each in await list_partners(visit.services)),
    )
    return show("admin_partners", view)


def _row(each: ListedPartner) -> views.PartnerRow:
    return views.PartnerRow(
        url=f"/admin/partners/{each.record.partner_id}",
        brand=each.partner.brand,
        legal_name=each.partner.legal_name,
        country=country_name(each.partner.country),
        state=STATES[PartnerState(each.record.state)],
        offer_count=each.offer_count,
        live_grants=each.live_grants.number,
        more_grants=each.live_grants.is_more,
        changed_at=each.record.changed_at,
    )


async def partner(visit: Visit) -> Response:
    """Show one partner."""
    visit.check_power(Power.SEE_PARTNERS)
    return await partner_page(visit, path_id(visit, "partner_id"))


async def partner_page(
    visit: Visit,
    partner_id: str,
    errors: tuple[views.FieldError, ...] = (),
    *,
    secret: views.ShownSecret | None = None,
    read: ReadTexts | None = None,
    status: int = 200,
) -> Response:
    """Show one partner; after a move, with what was wrong, or with the secret that is shown this once."""
    seen = await see_partner(visit.services, partner_id)
    view = views.AdminPartnerView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="partners",
        brand=seen.partner.brand,
        state=STATES[seen.state],
        live_grants=seen.live_grants.number,
        more_grants=seen.live_grants.is_more,
        facts=facts(seen),
        clients=clients(visit, seen),
        offers=offers(visit, seen),
        risks=risks(seen),
        moves=moves(visit, seen),
        texts=texts_to_read(seen.review, read) if seen.review else None,
        events=events(seen),
        late_deletions=late_deletions(visit, seen),
        is_braked=is_braked(seen),
        complaints_url=f"/admin/complaints?partner={partner_id}",
        wishes=wishes(seen),
        end=end_of_partner(visit, seen),
        reject=rejection(visit, seen),
        secret=secret,
        errors=errors,
    )
    return show("admin_partner", view, status=status)


ROUTES = (
    Route(SECTIONS["partners"].url, signed_in_page(partners), methods=["GET"]),
    Route("/admin/partners/{partner_id}", signed_in_page(partner), methods=["GET"]),
)
