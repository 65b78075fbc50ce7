"""A client that goes: it leaves by itself (RFC 7592 §2.3), or an administrator retires it. Its record stays."""

from gateway.actions.partners.review import own_clients
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.model.grants import ReasonCode
from gateway.store.admin_actions import AdminAction
from gateway.store.partners.partners import Submission, load_partners
from gateway.store.partners.registration import Amendment, Departure, remove_clients
from partners import manifest_content, manifest_from_content, partner_content, without_client


async def retire_client(
    services: Services, actor_id: str, partner_id: str, client_id: str, reason: ReasonCode
) -> None:
    """Retire a client: its secret and every token and code of it are worth nothing from the next request on.

    Consents are for the partner's service and stand; its other clients go on.

    Raises:
        Refusal: ``not_found`` for a client that is not, or no longer, one of this partner's.
    """
    await services.store.read(load_partners, partner_id)
    if client_id not in {each.client_id for each in own_clients(services.registry, partner_id)}:
        raise Refusal("not_found", detail="not a client of this partner")
    await let_go(services, actor_id, "retire_client", partner_id, client_id, reason)


async def let_go(
    services: Services,
    by: str,
    act: str,
    partner_id: str,
    client_id: str,
    reason: ReasonCode | None = None,
) -> None:
    """Take a client out of the newest manifest and off the list, with everything it holds."""
    now = services.clock()

    def amend(content: str, _state: str, _: frozenset[str]) -> Submission:
        manifest = without_client(manifest_from_content(content), client_id)
        return Submission(partner_id, partner_content(manifest.partner), manifest_content(manifest), by, now)

    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=by,
        action=act,
        target_kind="partner",
        target_id=partner_id,
        at=now,
        reason=str(reason) if reason else None,
        detail={"client": client_id},
    )
    await services.store.run(remove_clients, Departure(client_id, Amendment(partner_id, amend), now, action))
