"""A new secret for a client."""

from gateway.actions.partners.records import partner_action
from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest
from gateway.store.partners.partners import NewSecret, keep_secrets, load_partners


async def new_client_secret(services: Services, actor_id: str, client_id: str) -> str:
    """Give a client a new secret; the old one stops working at once, and only a digest of the new one is kept.

    Raises:
        Refusal: ``not_found`` for a client that is unknown or has no secret.
    """
    await services.store.read(load_partners, None)
    client = services.registry.clients.get(client_id)
    if client is None or client.left_at is not None or not client.client.auth_method.is_by_secret:
        raise Refusal("not_found", detail="no client with a secret has this id")
    secret = services.ids(Kind.CLIENT_SECRET)
    action = partner_action(
        services, actor_id, "new_client_secret", client.client.partner_id, client=client_id
    )
    await services.store.run(keep_secrets, NewSecret(client_id, digest(secret), action))
    return secret
