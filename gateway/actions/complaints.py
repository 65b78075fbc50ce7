"""A person's complaint: it gets a reference, and two people who were advertised to pause the partner at once."""

from gateway.actions.connected import own_detail
from gateway.actions.services import Services
from gateway.consent.complaints import ComplaintKind, pauses
from gateway.kit.ids import Kind
from gateway.model.people import Session
from gateway.store.admin_actions import AdminAction
from gateway.store.complaints import Complaint, complain_operation
from gateway.store.partners import StateChange


async def complain(services: Services, session: Session, grant_id: str, kind: ComplaintKind) -> str:
    """Open a case about one's own service; give its reference.

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's alike.
    """
    grant = (await own_detail(services, session, grant_id)).line.grant
    now = services.clock()
    new = Complaint(services.ids(Kind.COMPLAINT), grant_id, grant.person_id, grant.partner_id, str(kind), now)
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id="system",
        action="pause_for_complaints",
        target_kind="partner",
        target_id=grant.partner_id,
        at=now,
        reason="marketing_complaint",
    )

    def react(complaint: Complaint, people: int) -> StateChange | None:
        if not pauses(kind, people):
            return None
        return StateChange(complaint.partner_id, "live", "paused", now, action)

    await services.store.run(complain_operation(react), new)
    return new.complaint_id
