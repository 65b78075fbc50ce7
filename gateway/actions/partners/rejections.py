"""Rejecting a newer manifest of a partner that is in service: it goes on by the old one, and learns why."""

from gateway.actions.letters import sealed_letter, write_letter
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import load_partners
from gateway.store.partners.rejections import Rejection, reject_manifests
from partners import partner_from_content

LONGEST = 300
LETTER = "rejection"


async def reject_manifest(services: Services, actor_id: str, partner_id: str, seen: int, why: str) -> None:
    """Reject the manifest that waits; nothing that is live changes.

    Args:
        seen: version of the manifest that was looked at; another one is not rejected.

    Raises:
        Refusal: ``not_found``, ``bad_form`` without a reason, or ``stale_form`` when it does not wait (any more), or
            nothing of the partner's is live: then it is returned to draft.
    """
    why = why.strip()
    if not why or len(why) > LONGEST or not why.isprintable():
        raise Refusal("bad_form", detail="no reason, or none that can be printed")
    found = await services.store.read(load_partners, partner_id)
    if not found:
        raise Refusal("not_found", detail="unknown partner")
    known = partner_from_content(found[0].content)
    letter = write_letter(
        services,
        "en",
        known.contact,
        f"Manifest {seen} of {known.brand} was not approved",
        f"We have looked at manifest {seen}. It was not approved, because:",
        why,
        "What is live stays as it is. Hand in a changed manifest whenever you like.",
    )
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action="reject_manifest",
        target_kind="partner",
        target_id=partner_id,
        at=services.clock(),
        detail={"manifest": seen, "why": why},
    )
    no = Rejection(partner_id, seen, sealed_letter(services, LETTER, letter), action)
    if not await services.store.run(reject_manifests, no):
        raise Refusal("stale_form", detail=f"manifest {seen} does not wait beside one that is live")
