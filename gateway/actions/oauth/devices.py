"""Device authorization (RFC 8628): the device asks, the person types its code and decides, the device fetches."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.actions.clients import BackRequest, authenticate_client
from gateway.actions.oauth.authorize import Authorization, seal_authorization
from gateway.actions.oauth.par import kept_request
from gateway.actions.oauth.proofs import prove
from gateway.actions.services import Services
from gateway.actions.throttles import bucket_of, held_back, network_takes, throttled
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.secrets.digests import digest, keyed_digest
from gateway.kit.secrets.sealing import SealBroken, seal, unseal
from gateway.model.people import Session
from gateway.oauth.devices import GRANT_TYPE, device_request, shown_code, typed_code, user_code_of
from gateway.oauth.metadata import PATHS
from gateway.oauth.requests.checks import CHECKS, ExaminedRequest, check_client
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.devices import (
    DeviceAuthorization,
    DeviceSettlement,
    Poll,
    Polled,
    add_devices,
    find_user_codes,
    poll_devices,
    settle_devices,
)
from gateway.store.oauth.requests import push_requests
from gateway.store.throttles import Take

_PLACE = "device_authorization"
_CODE = "device_code"
PAGE = "/device"
TRIES = 5
"""User codes that are tried before giving up; the chance that one is taken is about one in 10⁹."""

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
    asked = ExaminedRequest(parameters, services.registry, is_pushed=True, issuer=settings.issuer)
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
    """Look a typed code up, throttled by person and by the wrong codes of a network (RFC 8628 §5.1).

    Returns:
        The ticket with which the consent screen begins; None for a code that nobody waits for.
    """
    settings, now = services.settings, services.clock()
    networks = network_takes(services, "user_code_address", address)
    person = bucket_of(services, "user_code", session.person.person_id)
    own = Take(person, settings.login_attempts, settings.login_refill, now, what="user_code")
    wait = await held_back(services, networks) or await throttled(services, [own])
    if wait:
        return Wait(wait)
    found = await services.store.read(find_user_codes, (_index(services, typed_code(text)), now))
    if found is None:
        await throttled(services, networks)
        return None
    parameters = json.loads(unseal(services.seal.ring.transient, found.sealed, _PLACE))
    # The request is kept like a pushed one: one person answers it, and the ticket names it.
    name = keyed_digest(services.seal.ring.index, "device request", found.device_digest.hex())
    kept = kept_request(services, found.client_id, name, parameters, found.expires_at)
    await services.store.lane(push_requests).submit(kept)
    return seal_authorization(
        services, Authorization(parameters, name, now, typed_by=session.person.person_id)
    )


async def settle_device(services: Services, answer: Mapping[str, str]) -> bool:
    """Keep the consent screen's decision for the device to fetch; tell whether it was a yes.

    Raises:
        Refusal: ``stale_form`` when the device waits no more.
    """
    try:
        waiting = bytes.fromhex(services.seal.open_ticket(_PLACE, answer.get("state", ""))["d"])
    except SealBroken:
        raise Refusal("bad_form", detail="a damaged device ticket") from None
    code = answer.get("code")
    sealed = seal(services.seal.ring.transient, code.encode(), _CODE) if code else None
    if not await services.store.run(settle_devices, DeviceSettlement(waiting, sealed, services.clock())):
        raise Refusal("stale_form", detail="the device waits no more")
    return code is not None


async def fetch_code(services: Services, client_id: str, device_code: str) -> str:
    """Answer a device's polling with its authorization code.

    Raises:
        Refusal: with an error of RFC 8628 §3.5 while there is none.
    """
    poll = Poll(digest(device_code), client_id, services.clock())
    outcome, sealed = await services.store.run(poll_devices, poll)
    if sealed is None:
        raise Refusal(_REFUSED[outcome], detail=f"device: {outcome}")
    return unseal(services.seal.ring.transient, sealed, _CODE).decode()
