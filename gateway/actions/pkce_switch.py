"""The administrator's switch for a client that cannot do PKCE: a nonce instead (RFC 9700 §2.1.1)."""

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.store.admin_actions import AdminAction
from gateway.store.partners import PkceSwitch, load_partners, switch_pkce
from partners import Profile

LONGEST = 300
"""Characters of a reason."""


async def switch_to_nonce(services: Services, actor_id: str, client_id: str, reason: str) -> None:
    """Let a `baseline` client send a nonce where it sends no code challenge; the reason is kept with it.

    Raises:
        Refusal: ``not_found`` for a client that is unknown or `fapi2`, which knows no exception; ``bad_form``
            without a reason.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST or not reason.isprintable():
        raise Refusal("bad_form", detail="no reason, or none that can be printed")
    await _switch(services, actor_id, client_id, reason)


async def switch_to_pkce(services: Services, actor_id: str, client_id: str) -> None:
    """Demand PKCE of a client again.

    Raises:
        Refusal: ``not_found``.
    """
    await _switch(services, actor_id, client_id, None)


async def _switch(services: Services, actor_id: str, client_id: str, reason: str | None) -> None:
    await services.store.read(load_partners, None)
    client = services.registry.clients.get(client_id)
    if client is None or client.client.profile is not Profile.BASELINE:
        raise Refusal("not_found", detail="no baseline client has this id")
    action = AdminAction(
        action_id=services.ids(Kind.ACTION),
        actor_id=actor_id,
        action="demand_pkce" if reason is None else "allow_nonce",
        target_kind="partner",
        target_id=client.client.partner_id,
        at=services.clock(),
        detail={"client": client_id, **({"why": reason} if reason else {})},
    )
    await services.store.run(switch_pkce, PkceSwitch(client_id, reason, action))
