"""Logging out at a partner's wish (OIDC RP-Initiated Logout 1.0), and telling partners (Back-Channel Logout 1.0)."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from gateway.actions.services import Services
from gateway.kit.errors import Refusal
from gateway.kit.ids import Kind
from gateway.kit.logs import log
from gateway.kit.outbound import OutboundFault
from gateway.kit.secrets.sealing import SealBroken
from gateway.model.nodes import Work
from gateway.model.people import Session
from gateway.oauth.answers.logouts import logout_token, read_hint
from gateway.oauth.answers.response_modes import answer_uri
from gateway.oauth.devices import device_redirect_uri
from gateway.oauth.parameters import Parameters
from gateway.store.engine.registry import look_at_registry
from gateway.store.oauth.logouts import (
    Delivery,
    DeliveryClaim,
    DeliveryOutcome,
    SignOut,
    claim_deliveries,
    note_outcomes,
    sign_out,
)
from gateway.store.sessions import EndedSession, RanOut, UntoldQuery, find_untold_ends
from partners import redirect_uri_matches

_PLACE = "end_session"
LEASE = 60
"""Seconds that an attempt has, before another node may try."""

BATCH = 20
MOST_ENDS = 200
"""Sessions of each kind of end that are looked at before what is due goes out."""
WAITS = (10, 60, 300, 1800, 7200, 21_600, 43_200)
"""Seconds between one attempt and the next; after the last the notice is given up."""


@dataclass(frozen=True, slots=True)
class EndSession:
    """A wish to sign out that passed every check.

    Attributes:
        brand: of the partner that sent the browser; empty when nobody is named.
        back: where to go afterwards; empty for our own page.
    """

    brand: str
    back: str


async def begin_end_session(services: Services, parameters: Parameters) -> EndSession:
    """Take a log-out request (RP-Initiated Logout §2).

    Raises:
        Refusal: ``invalid_request``; nobody is redirected to an address that was not registered (§3).
    """
    await services.store.lane(look_at_registry, reads=True).submit(None)
    client_id = parameters.get("client_id")
    hint = parameters.get("id_token_hint")
    if hint is not None:
        named = read_hint(hint, services.registry.signing_keys, services.settings.issuer).client_id
        if client_id not in (None, named):
            raise Refusal(
                "invalid_request", detail="two clients", hint="The id_token_hint is another client's."
            )
        client_id = named
    client = services.registry.find_client(client_id) if client_id else None
    uri = parameters.get("post_logout_redirect_uri")
    if uri is None:
        brand = services.registry.partners[client.client.partner_id].partner.brand if client else ""
        return EndSession(brand, "")
    if client_id is None:
        raise Refusal(
            "invalid_request",
            detail="an address without a client",
            hint="A post_logout_redirect_uri needs an id_token_hint or a client_id.",
        )
    if client is None:
        raise Refusal("invalid_request", detail="unknown client", hint="The client_id is unknown.")
    if not redirect_uri_matches(client.client.post_logout_redirect_uris, uri):
        raise Refusal(
            "invalid_request",
            detail="post_logout_redirect_uri",
            hint="The post_logout_redirect_uri is not registered for this client.",
        )
    state = {"state": parameters["state"]} if "state" in parameters else {}
    brand = services.registry.partners[client.client.partner_id].partner.brand
    return EndSession(brand, answer_uri(uri, state))


def seal_end_session(services: Services, wish: EndSession) -> str:
    """Put the wish into a ticket that the page's form carries."""
    ends_at = services.clock() + services.settings.screen_ttl
    return services.seal.ticket(_PLACE, {"brand": wish.brand, "back": wish.back, "e": ends_at})


def open_end_session(services: Services, ticket: str) -> EndSession:
    """Open what `seal_end_session` made.

    Raises:
        Refusal: ``bad_form`` for a damaged ticket. One whose page waited too long leads to no partner, because the
            address may be no longer registered.
    """
    try:
        content = services.seal.open_ticket(_PLACE, ticket)
    except SealBroken:
        raise Refusal("bad_form", detail="a damaged log-out ticket") from None
    if services.clock() >= content["e"]:
        return EndSession(content["brand"], "")
    return EndSession(content["brand"], content["back"])


async def log_out(services: Services, session: Session) -> None:
    """End a session, and owe a notice to every client that got tokens in it and wants one."""
    person_id = session.person.person_id
    await _end(
        services, EndedSession(session.session_digest, person_id, session.created_at, session.sid), None
    )


async def tell_of_ends(services: Services) -> None:
    """Owe the notices of sessions that ended without a log-out: they ran out, or a new password or role ended them.

    Whatever ends a session only has to end it. Two nodes at once owe each notice once.
    """
    now, settings = services.clock(), services.settings
    ran_out = RanOut(now - settings.session_idle_ttl, now - settings.session_ttl)
    for each in await services.store.read(find_untold_ends, UntoldQuery(ran_out, MOST_ENDS)):
        await _end(services, each, ran_out)


async def _end(services: Services, session: EndedSession, ran_out: RanOut | None) -> None:
    # A node that does not know yet where a client wants to be told would owe it nothing, for good.
    await services.store.lane(look_at_registry, reads=True).submit(None)
    now, clients = services.clock(), services.registry.clients

    def is_own(client_id: str, sid: str | None) -> bool:
        return sid is not None and sid == services.sid(clients[client_id], session.sid)

    def owed(used: frozenset[tuple[str, str | None]]) -> tuple[Delivery, ...]:
        # Tokens of another browser's session stay; old tokens do not say which session they belong to.
        told = sorted({client_id for client_id, sid in used if sid is None or is_own(client_id, sid)})
        names = {client_id: services.sid(clients[client_id], session.sid) for client_id in told}
        return tuple(
            Delivery(
                delivery_id=services.ids(Kind.DELIVERY),
                client_id=client_id,
                subject=services.subject(clients[client_id], session.person_id),
                created_at=now,
                due_at=now,
                sid=name if (client_id, name) in used else None,
            )
            for client_id, name in names.items()
            if clients[client_id].client.backchannel_logout_uri is not None
        )

    device_uri = device_redirect_uri(services.settings.issuer)
    end = SignOut(session, now, is_own, owed, services.ids(Kind.REDEMPTION), device_uri, ran_out)
    await services.store.run(sign_out, end)


class Courier:
    """Delivers what is due, now and then; any node may, and a notice is one node's at a time."""

    work = Work.LOGOUTS

    def __init__(self, services: Services) -> None:
        """Take the services."""
        self._services = services

    async def run(self) -> None:
        """Look for what is due until cancelled."""
        while True:
            await asyncio.sleep(self._services.settings.delivery_interval)
            try:
                await self.deliver()
                self._services.background_work.did(self.work, self._services.clock())
            except Exception as error:
                log().error("deliveries_failed", error=error)

    async def deliver(self) -> int:
        """Owe what ended meanwhile, then try everything that is due now; gives the number of attempts."""
        await tell_of_ends(self._services)
        services, now = self._services, self._services.clock()
        due = await services.store.run(claim_deliveries, DeliveryClaim(now, now + LEASE, BATCH))
        outcomes = await asyncio.gather(*map(self._attempt, due))
        if outcomes:
            await services.store.run_all(note_outcomes, outcomes)
        return len(outcomes)

    async def _attempt(self, delivery: Delivery) -> DeliveryOutcome:
        services = self._services
        now, client = services.clock(), services.registry.find_client(delivery.client_id)
        address = client.client.backchannel_logout_uri if client else None
        if client is None or address is None:
            return DeliveryOutcome(delivery.delivery_id, None, None)
        token = logout_token(services.terms(), client.client, delivery.subject, delivery.sid)
        try:
            status = await services.outbound.post(address, urlencode({"logout_token": token}).encode())
        except OutboundFault as fault:
            return self._failed(delivery, now, str(fault))
        if status in (200, 204):
            return DeliveryOutcome(delivery.delivery_id, now, None)
        return self._failed(delivery, now, f"status {status}")

    def _failed(self, delivery: Delivery, now: int, reason: str) -> DeliveryOutcome:
        is_last = delivery.attempts > len(WAITS)
        log().warning(
            "logout_not_delivered", client_id=delivery.client_id, reason=reason, is_given_up=is_last
        )
        due_at = None if is_last else now + WAITS[delivery.attempts - 1]
        return DeliveryOutcome(delivery.delivery_id, None, due_at)
