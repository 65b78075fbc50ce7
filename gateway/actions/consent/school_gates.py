"""A school's gate opens or closes a partner to its members; it never consents for them (rule 10)."""

from dataclasses import dataclass

from gateway.actions.letters import sealed_content
from gateway.actions.oauth.authorize import open_authorization
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.people import Person, Session
from gateway.model.registry import RegisteredPartner, SchoolGate
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.school_gates import (
    GateLine,
    NewGate,
    SchoolRequest,
    ask_schools,
    load_gates,
    set_gates,
)
from gateway.store.letters import HOLDING, NewLetter


@dataclass(frozen=True, slots=True)
class GatedPartner:
    """A partner at one school's gate."""

    partner: RegisteredPartner
    gate: SchoolGate
    decided_at: int | None
    waiting: int


async def see_gate(services: Services, administrator: Person) -> tuple[GatedPartner, ...]:
    """List every live partner with the gate of the administrator's own school, those asked for first."""
    organisation_id = administrator.organisation_id
    lines = {each.partner_id: each for each in await services.store.read(load_gates, organisation_id)}
    found = []
    for partner_id, partner in services.registry.partners.items():
        line = lines.get(partner_id, GateLine(partner_id, None, 0))
        if partner.is_live or line.decided_at is not None:
            gate = services.registry.gate_of(organisation_id, partner_id)
            found.append(GatedPartner(partner, gate, line.decided_at, line.waiting))
    return tuple(sorted(found, key=lambda each: (-each.waiting, each.partner.partner.brand)))


async def set_gate(services: Services, administrator: Person, partner_id: str, gate: SchoolGate) -> None:
    """Open or close the administrator's own school to a partner; running consents stop or go on at the next read.

    Raises:
        Refusal: ``not_found`` for an unknown partner.
    """
    if partner_id not in services.registry.partners:
        raise Refusal("not_found", detail="unknown partner")
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=administrator.person_id,
        action=f"gate_{gate}",
        target_kind="partner",
        target_id=partner_id,
        at=services.clock(),
        detail={"organisation": administrator.organisation_id},
    )
    organisation_id = administrator.organisation_id
    letters: tuple[NewLetter, ...] = ()
    if gate is not SchoolGate.ALLOW:
        content = {"partner_id": partner_id, "organisation_id": organisation_id}
        letters = (sealed_content(services, HOLDING, content),)
    new = NewGate(organisation_id, partner_id, str(gate), action, letters)
    await services.store.run(set_gates, new)


async def ask_school(services: Services, session: Session, ticket: str) -> None:
    """Ask the school to open the partner of an authorization, unless the gate is open already."""
    asked = (await open_authorization(services, ticket)).asked(services)
    person, partner_id = session.person, asked.client.client.partner_id
    if services.registry.gate_of(person.organisation_id, partner_id) is SchoolGate.ALLOW:
        return
    request = SchoolRequest(person.organisation_id, partner_id, person.person_id, services.clock())
    await services.store.run(ask_schools, request)
