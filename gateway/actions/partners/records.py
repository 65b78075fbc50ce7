"""A partner's row, and the record of an act on it."""

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import PartnerRecord, load_partners


async def get_record(services: Services, partner_id: str) -> PartnerRecord:
    """Load one partner.

    Raises:
        Refusal: ``not_found``.
    """
    found = await services.store.read(load_partners, partner_id)
    if not found:
        raise Refusal("not_found", detail="unknown partner")
    return found[0]


def partner_action(
    services: Services,
    actor_id: str,
    act: str,
    partner_id: str,
    reason: ReasonCode | None = None,
    **detail: str | int,
) -> AdminAction:
    """Make the record of an act on a partner."""
    return AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action=act,
        target_kind="partner",
        target_id=partner_id,
        at=services.clock(),
        reason=str(reason) if reason else None,
        detail=detail,
    )
