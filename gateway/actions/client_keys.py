"""Keys that a client publishes itself (``jwks_uri``, RFC 7591 §2): fetched, kept a while, looked up anew by `kid`."""

from dataclasses import replace

from gateway.actions.key_cache import Shelf
from gateway.actions.services import Services
from gateway.kit.clock import DAY
from gateway.kit.logs import log
from gateway.kit.outbound import OutboundFault
from gateway.model.registry import RegisteredClient
from gateway.oauth.jwts import BadJwt, unverified
from gateway.oauth.proofs.certificates import is_listed
from partners import parse_jwks, published_keys

KEEP = 3600
"""Seconds that fetched keys are taken for the present ones."""

LIMIT = DAY
"""Seconds after which they count no more, even though their place does not answer."""

INTERVAL = 60
"""Seconds between two looks at one address, whatever anybody sends."""


async def with_keys(
    services: Services, client: RegisteredClient, *, jwt: str = "", certificate: bytes | None = None
) -> RegisteredClient:
    """Give a client with the keys that it has now.

    Args:
        jwt: that is to be verified; its `kid` may be newer than what we hold.
        certificate: that is to be found among the keys, as above.
    """
    address = client.client.jwks_uri
    if address is None:
        return client
    shelf = services.key_cache.shelves.setdefault(address, Shelf())
    async with shelf.lock:
        now = services.clock()
        if _is_worth_a_look(shelf, now, _kid(jwt), certificate):
            await _look(services, address, shelf, now)
        kept = shelf.keys if shelf.fetched_at is not None and now < shelf.fetched_at + LIMIT else ()
    return replace(client, client=replace(client.client, jwks={"keys": list(kept)}))


def _kid(jwt: str) -> object:
    try:
        return unverified(jwt)[0].get("kid")
    except BadJwt:
        return None


def _is_worth_a_look(shelf: Shelf, now: int, kid: object, certificate: bytes | None) -> bool:
    if shelf.tried_at is not None and now < shelf.tried_at + INTERVAL:
        return False
    if shelf.fetched_at is None or now >= shelf.fetched_at + KEEP:
        return True
    if certificate is not None:
        return not is_listed(certificate, shelf.keys)
    return kid is not None and all(key.get("kid") != kid for key in shelf.keys)


async def _look(services: Services, address: str, shelf: Shelf, now: int) -> None:
    shelf.tried_at = now
    try:
        text = await services.outbound.get(address, "application/json")
        found = published_keys(parse_jwks(text.decode()))
    except (OutboundFault, ValueError) as error:
        log().warning("client_keys_not_fetched", reason=str(error) or error.__class__.__name__)
        return
    shelf.keys, shelf.fetched_at = found, now
