"""Device authorization (RFC 8628): the device asks, the person types its code and decides, the device fetches."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.actions.authorize import Authorization, seal_authorization
from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.proofs import prove
from gateway.actions.services import Services
from gateway.kit.digests import digest, keyed_digest
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.sealing import SealBroken, seal, unseal
from gateway.model.people import Session
from gateway.oauth.checks import CHECKS, Asked, check_client
from gateway.oauth.device import GRANT_TYPE, device_request, shown_code, typed_code, user_code_of
from gateway.oauth.metadata import PATHS
from gateway.store.devices import (
    DeviceAuthorization,
    Poll,
    Polled,
    Settlement,
    add_devices,
    find_user_codes,
    poll_devices,
    settle_devices,
)
from gateway.store.registry import look_at_registry
from gateway.store.throttles import Take, take_tokens

_PLACE = "device_authorization"
_CODE = "device_code"
PAGE = "/device"
TRIES = 5
"""User codes that are tried before giving up: one that is taken comes once in some thousand million."""

_REFUSED: Mapping[Polled, str] = {
    Polled.UNKNOWN: "invalid_grant",
    Polled.EXPIRED: "expired_token",
    Polled.TOO_SOON: "slow_down",
    Polled.PENDING: "authorization_pending",
    Polled.REFUSED: "access_denied",
}


async def authorize_device(services: Services, request: BackRequest) -> Mapping[str, Any]:
    """Take a device's request (RFC 8628 §3.1).

    Returns:
        The body of §3.2.

    Raises:
        Refusal: ``unauthorized_client`` where the manifest does not name the flow.
    """
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client = await authenticate_client(services, request)
    if GRANT_TYPE not in client.client.grant_types or client.client.message_signing:
        raise Refusal("unauthorized_client", detail="no device flow, or one that cannot be signed")
    settings, now = services.settings, services.clock()
    device_code, client_id = services.ids(Kind.DEVICE_CODE), client.client.client_id
    jkt = await prove(services, request, PATHS["device_authorization_endpoint"])
    asked_for = {**request.parameters, "client_id": client_id, **({"dpop_jkt": jkt} if jkt else {})}
    state = services.seal.ticket(_PLACE, {"d": digest(device_code).hex()})
    parameters = device_request(asked_for, settings.issuer, device_code, state)
    asked = Asked(parameters, services.registry, is_pushed=True, issuer=settings.issuer)
    for check in (check_client, *CHECKS):
        check(asked)
    for _ in range(TRIES):
        user_code = user_code_of(services.ids(Kind.DEVICE_CODE))
        waiting = DeviceAuthorization(
            device_digest=digest(device_code),
            user_code_index=_index(services, user_code),
            client_id=client_id,
            sealed=seal(services.seal.ring.transient, json.dumps(dict(parameters)).encode(), _PLACE),
            created_at=now,
            expires_at=now + settings.device_code_ttl,
            interval=settings.device_interval,
        )
        if await services.store.run(add_devices, waiting):
            break
    else:
        raise Refusal("temporarily_unavailable", detail="no free user code", retry_after=1)
    return {
        "device_code": device_code,
        "user_code": shown_code(user_code),
        "verification_uri": settings.issuer + PAGE,
        "verification_uri_complete": f"{settings.issuer}{PAGE}?user_code={shown_code(user_code)}",
        "expires_in": settings.device_code_ttl,
        "interval": settings.device_interval,
    }


def _index(services: Services, user_code: str) -> bytes:
    return keyed_digest(services.seal.ring.index, "user_code", user_code)


@dataclass(frozen=True, slots=True)
class Wait:
    """Too many codes were tried; seconds until the next one is taken."""

    seconds: int


async def enter_user_code(services: Services, text: str, session: Session, address: str) -> str | Wait | None:
    """Look a typed code up; throttled by person and by address (RFC 8628 §5.1).

    Returns:
        The ticket with which the consent screen begins; None for a code that nobody waits for.
    """
    settings, now, key = services.settings, services.clock(), services.seal.ring.index
    person = keyed_digest(key, "user_code", session.person.person_id)
    takes = [
        Take(person, settings.login_attempts, settings.login_refill, now),
        Take(
            keyed_digest(key, "user_code_address", address),
            settings.address_attempts,
            settings.login_refill,
            now,
        ),
    ]
    wait = max(await services.store.run_all(take_tokens, takes))
    if wait:
        return Wait(wait)
    found = await services.store.read(find_user_codes, (_index(services, typed_code(text)), now))
    if found is None:
        return None
    parameters = json.loads(unseal(services.seal.ring.transient, found.sealed, _PLACE))
    return seal_authorization(
        services, Authorization(parameters, None, now, typed_by=session.person.person_id)
    )


async def settle_device(services: Services, answer: Mapping[str, str]) -> bool:
    """Keep what the consent screen decided for the device to fetch; tells whether it was a yes.

    Raises:
        Refusal: ``stale_form`` when the device waits no more.
    """
    try:
        waiting = bytes.fromhex(services.seal.open_ticket(_PLACE, answer.get("state", ""))["d"])
    except SealBroken:
        raise Refusal("bad_form", detail="a damaged device ticket") from None
    code = answer.get("code")
    sealed = seal(services.seal.ring.transient, code.encode(), _CODE) if code else None
    if not await services.store.run(settle_devices, Settlement(waiting, sealed, services.clock())):
        raise Refusal("stale_form", detail="the device waits no more")
    return code is not None


async def fetch_code(services: Services, client_id: str, device_code: str) -> str:
    """Answer a device's question with its authorization code.

    Raises:
        Refusal: with an error of RFC 8628 §3.5 while there is none.
    """
    poll = Poll(digest(device_code), client_id, services.clock())
    outcome, sealed = await services.store.run(poll_devices, poll)
    if sealed is None:
        raise Refusal(_REFUSED[outcome], detail=f"device: {outcome}")
    return unseal(services.seal.ring.transient, sealed, _CODE).decode()
