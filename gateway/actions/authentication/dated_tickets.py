"""Tickets that carry something secret through a browser and back, for a while (WebAuthn §13.4.3, RFC 6238)."""

import base64

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.secrets.sealing import SealBroken


def dated_ticket(services: Services, place: str, secret: bytes, expires_at: int) -> str:
    """Seal a secret for one place, which names the session or the person that it is for."""
    return services.seal.ticket(place, {"s": base64.b64encode(secret).decode(), "e": expires_at})


def open_dated(services: Services, place: str, ticket: str) -> tuple[bytes, int]:
    """Open a ticket that came back; give the secret and when it expires.

    Raises:
        Refusal: ``stale_form`` for one of another place, and for one that waited too long.
    """
    try:
        content = services.seal.open_ticket(place, ticket)
    except SealBroken:
        raise Refusal("stale_form", detail="a ticket of another place") from None
    if services.clock() >= content["e"]:
        raise Refusal("stale_form", detail="the ticket waited too long")
    return base64.b64decode(content["s"]), content["e"]
