"""A school administrator's page: which partners the school opens to its members."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from starlette.responses import Response
from starlette.routing import Route

from gateway.actions.school_gate import GatedPartner, see_gate, set_gate
from gateway.kit.errors import Refusal
from gateway.model.people import Power
from gateway.model.registry import Gate
from gateway.web import views
from gateway.web.administration import doors, path_id
from gateway.web.visit import Visit, see_other, show, signed_in_page
from gateway.web.wording import field_label

GATES: Mapping[Gate, Literal["allow", "deny", "ask"]] = MappingProxyType(
    {Gate.ALLOW: "allow", Gate.DENY: "deny", Gate.ASK: "ask"}
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
        offers=tuple(offer.name for offer in offers),
        fields=tuple(fields),
        gate=GATES[gated.gate],
        decided_at=gated.decided_at,
        waiting=gated.waiting,
        action=f"/admin/school/{partner.partner_id}",
    )


async def decide(visit: Visit) -> Response:
    """Set the gate."""
    person = visit.check_power(Power.GATE_PARTNERS).person
    form = await visit.form()
    given = form.one("gate")
    if given not in tuple(Gate):
        raise Refusal("bad_form", detail="no such gate")
    await set_gate(visit.services, person, path_id(visit, "partner_id"), Gate(given))
    return see_other("/admin/school?done=moved")


ROUTES = (
    Route("/admin/school", signed_in_page(school), methods=["GET"]),
    Route("/admin/school/{partner_id}", signed_in_page(decide), methods=["POST"]),
)
