"""A school administrator's page: which partners the school opens to its members."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.consent.school_gates import GatedPartner, see_gate, set_gate
from gateway.kit.errors import Refusal
from gateway.model.administration.acts import AdminAct
from gateway.model.people import Power
from gateway.model.registry import SchoolGate
from gateway.web.pages import views
from gateway.web.pages.admin_acts import ActRoute, step_up_first
from gateway.web.pages.administrating import password_first, path_id
from gateway.web.pages.sections import SECTIONS, doors
from gateway.web.pages.visit import Visit, see_other, show, signed_in_page
from gateway.web.pages.wording import field_label, offer_name

HERE = SECTIONS["school"].url
GATES: Mapping[SchoolGate, Literal["allow", "deny", "ask"]] = MappingProxyType(
    {SchoolGate.ALLOW: "allow", SchoolGate.DENY: "deny", SchoolGate.ASK: "ask"}
)


async def school(visit: Visit) -> Response:
    """List the partners with what the school says to each."""
    person = visit.check_power(Power.GATE_PARTNERS).person
    found = await see_gate(visit.services, person)
    view = views.AdminSchoolView(
        chrome=visit.chrome("admin"),
        doors=await doors(visit),
        section="school",
        rows=tuple(_row(visit, each) for each in found),
    )
    return show("admin_school", view)


def _row(visit: Visit, gated: GatedPartner) -> views.GateRow:
    partner = gated.partner.partner
    offers = [
        each.offer
        for each in visit.services.registry.offers.values()
        if each.offer.partner_id == partner.partner_id
    ]
    fields = dict.fromkeys(field_label(item.field) for offer in offers for item in offer.items)
    return views.GateRow(
        brand=partner.brand,
        legal_name=partner.legal_name,
        offers=tuple(map(offer_name, offers)),
        fields=tuple(fields),
        gate=GATES[gated.gate],
        decided_at=gated.decided_at,
        waiting=gated.waiting,
        action=f"{HERE}/{partner.partner_id}",
        reauthenticate_url=password_first(visit, HERE),
    )


async def decide(visit: Visit) -> Response:
    """Set the gate; closing it, or opening on request only, is never held up."""
    person = visit.signed_in.person
    form = await visit.form()
    given = form.one("gate")
    if given not in tuple(SchoolGate):
        raise Refusal("bad_form", detail="no such gate")
    if SchoolGate(given) is SchoolGate.ALLOW and (away := step_up_first(visit, AdminAct.OPEN_GATE, HERE)):
        return see_other(away)
    await set_gate(visit.services, person, path_id(visit, "partner_id"), SchoolGate(given))
    return see_other(f"{HERE}?done=moved")


ROUTES = (
    Route(HERE, signed_in_page(school), methods=["GET"]),
    ActRoute(f"{HERE}/{{partner_id}}", AdminAct.CLOSE_GATE, decide, back=HERE),
)
