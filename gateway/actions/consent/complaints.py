"""Complaints: each is a case with a reference; enough about advertising pause the partner at once."""

from collections.abc import Sequence

from gateway.actions.authentication.sessions import find_marks
from gateway.actions.consent.consents import own_detail
from gateway.actions.letters import sealed_content
from gateway.actions.services import Services
from gateway.consent.complaints import BRAKING, ENOUGH, ComplaintKind, count_people
from gateway.kit.ids import Kind
from gateway.model.administration.actions import SYSTEM
from gateway.model.people import Session
from gateway.store.admin_actions import AdminAction
from gateway.store.consent.complaints import Brake, Complaint, NewComplaint, complain_operation
from gateway.store.letters import BRAKED, HOLDING
from gateway.store.partners.partners import StateChange


async def complain(services: Services, session: Session, grant_id: str, kind: ComplaintKind) -> str:
    """Open a case about one's own service; give its reference.

    It counts towards pausing the partner only if that got data of this person since it was opened or resumed;
    any other complaint is a case like the rest, but stops nobody.

    Raises:
        Refusal: ``not_found`` for an unknown grant and for somebody else's alike.
    """
    grant = (await own_detail(services, session, grant_id)).line.grant
    now = services.clock()
    new = Complaint(services.ids(Kind.COMPLAINT), grant_id, grant.person_id, grant.partner_id, str(kind), now)
    marks = await find_marks(services, grant.person_id) if kind is BRAKING else frozenset()
    action_id = services.ids(Kind.ACTION)
    letters = tuple(
        sealed_content(services, each, {"partner_id": grant.partner_id}) for each in (BRAKED, HOLDING)
    )

    def react(accounts: Sequence[frozenset[str]]) -> Brake | None:
        people = count_people(accounts)
        if people < ENOUGH:
            return None
        action = AdminAction(
            action_id=action_id,
            actor_id=SYSTEM,
            action="pause_for_complaints",
            target_kind="partner",
            target_id=grant.partner_id,
            at=now,
            reason="marketing_complaint",
            detail={"people": people},
        )
        return Brake(StateChange(grant.partner_id, "live", "paused", now, action), letters)

    await services.store.run(complain_operation(react), NewComplaint(new, marks))
    return new.complaint_id
